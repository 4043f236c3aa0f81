"""Microsoft.Insights and Microsoft.AlertsManagement on Azure Resource Manager.

Diagnostic settings are checked and kept; the logs that they name are not carried anywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.monitor.alerts import Alert, AlertStore
from emulator.monitor.checks import (
    check_action_group,
    check_diagnostic_setting,
    check_metric_alert,
    check_rule_query,
    check_scheduled_query_rule,
    check_workbook,
)
from emulator.monitor.kql import KqlError
from emulator.monitor.log_conditions import LogConditions
from emulator.monitor.metrics import MetricStore
from emulator.monitor.notifications import MONITORING_SERVICES
from emulator.monitor.queries import query_metrics
from emulator.monitor.resource_types import (
    ACTION_GROUPS,
    DIAGNOSTIC_SETTINGS,
    METRIC_ALERTS,
    SCHEDULED_QUERY_RULES,
    TYPES,
    WORKBOOKS,
)
from emulator.monitor.rules import Rules

_SCOPE_OPERATIONS: Final = {
    "Microsoft.Insights/metrics": ("2024-02-01", "2018-01-01"),
    "Microsoft.AlertsManagement/alerts": ("2019-05-05-preview", "2019-03-01", "2018-05-05"),
}


class MonitorProvider:
    """Rules and settings; ScopeOperations: metrics of any resource, alerts of the subscription."""

    def __init__(
        self,
        rules: Rules,
        log_conditions: LogConditions,
        metrics: MetricStore,
        alerts: AlertStore,
        clock: Clock,
        reschedule: Callable[[str], Awaitable[None]],
    ) -> None:
        self._rules = rules
        self._log_conditions = log_conditions
        self._metrics = metrics
        self._alerts = alerts
        self._clock = clock
        self._reschedule = reschedule

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types that are emulated."""
        return TYPES

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """Metrics of any resource, alerts of the subscription."""
        return _SCOPE_OPERATIONS

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update."""
        id, body = resource.id, resource.body
        match _kind(resource):
            case "diagnostic setting":
                check_diagnostic_setting(id, body)
            case "workbook":
                check_workbook(body)
            case "scheduled query rule":
                body = self._checked_query_rule(body)
                self._rules.put(id.type, str(id), body)
                await self._reschedule(str(id))
            case "metric alert":
                check_metric_alert(body)
                body = {**body, "properties": {"autoMitigate": True, **body["properties"]}}
                self._rules.put(id.type, str(id), body)
                await self._reschedule(str(id))
            case _:
                check_action_group(body)
                self._rules.put(id.type, str(id), body)
        return body

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body."""
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Forget a rule, group, setting or workbook."""
        match _kind(resource):
            case "metric alert" | "scheduled query rule":
                self._rules.delete(str(resource.id))
                await self._reschedule(str(resource.id))
                self._alerts.abandon(str(resource.id))
            case "action group":
                self._rules.delete(str(resource.id))
            case _:
                pass  # The control plane alone keeps diagnostic settings and workbooks.

    async def operate(self, operation: Operation) -> Answer:
        """Answer metrics of a resource and alerts of the subscription."""
        resource = operation.resource
        path = "/".join(operation.path).lower()
        match (operation.method, path):
            case ("GET", "providers/microsoft.insights/metrics"):
                answer = query_metrics(
                    self._metrics, str(resource.id), resource.id.type, operation.query, self._clock.now()
                )
                return Answer(200, answer)
            case ("GET", "providers/microsoft.alertsmanagement/alerts"):
                return Answer(200, {"value": self._alerts_of(resource, operation.query)})
            case _:
                raise not_operable(operation)

    def _checked_query_rule(self, body: dict[str, Any]) -> dict[str, Any]:
        check_scheduled_query_rule(body)
        properties = body["properties"]
        body = {
            "kind": "LogAlert",
            **body,
            "properties": {"autoMitigate": True, "enabled": True, "skipQueryValidation": False, **properties},
        }
        if not body["properties"]["skipQueryValidation"]:
            try:
                check_rule_query(body, self._log_conditions.compiled(body, self._clock.now()))
            except KqlError as error:
                text = f"The request is invalid: properties.criteria.allOf[0].query: {error}."
                raise ArmError(400, "BadRequest", text, "properties.criteria.allOf[0].query") from error
        return body

    def _alerts_of(self, resource: Resource, query: Mapping[str, str]) -> list[dict[str, Any]]:
        unknown = sorted(name for name in query if name.lower() != "api-version")
        if unknown:
            raise ArmError(400, "BadRequest", f"{', '.join(unknown)}: not emulated; the emulator lists all alerts.")
        subscription = "/".join(str(resource.id).split("/")[:3])
        return [
            _alert_json(subscription, alert)
            for alert in self._alerts.all()
            if resource.id.contains(ResourceId.parse(alert.target))
        ]


_KINDS: Final = {
    METRIC_ALERTS.lower(): "metric alert",
    ACTION_GROUPS.lower(): "action group",
    DIAGNOSTIC_SETTINGS.lower(): "diagnostic setting",
    SCHEDULED_QUERY_RULES.lower(): "scheduled query rule",
    WORKBOOKS.lower(): "workbook",
}


def _kind(resource: Resource) -> str:
    return _KINDS[resource.id.type.lower()]


def _alert_json(subscription: str, alert: Alert) -> dict[str, Any]:
    return {
        "id": f"{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert.id}",
        "name": alert.name,
        "type": "Microsoft.AlertsManagement/alerts",
        "properties": {
            "essentials": {
                "severity": f"Sev{alert.severity}",
                "signalType": alert.signal,
                "alertState": "New",
                "monitorCondition": "Resolved" if alert.resolved else "Fired",
                "monitorService": MONITORING_SERVICES[alert.signal],
                "targetResource": alert.target,
                "alertRule": alert.rule,
                "startDateTime": alert.fired,
                "monitorConditionResolvedDateTime": alert.resolved,
                "description": alert.description,
            },
            "context": {"condition": alert.condition},
        },
    }
