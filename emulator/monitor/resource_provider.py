"""Microsoft.Insights, Microsoft.AlertsManagement and Microsoft.OperationalInsights on Azure Resource Manager."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.clock import Clock
from emulator.monitor.alerts import Alert, AlertStore
from emulator.monitor.catalogue import AGGREGATIONS, LOG_CATEGORIES, METRICS
from emulator.monitor.durations import duration
from emulator.monitor.metrics import MetricStore, aggregate
from emulator.monitor.resource_types import ACTION_GROUPS, DIAGNOSTIC_SETTINGS, METRIC_ALERTS, TYPES, WORKSPACES
from emulator.monitor.rules import Rules

_WITH_PAUSE: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")


class MonitorProvider:
    """Rules and settings; ScopeOperations: metrics of any resource, alerts of the subscription."""

    def __init__(
        self,
        rules: Rules,
        metrics: MetricStore,
        alerts: AlertStore,
        clock: Clock,
        reschedule: Callable[[str], Awaitable[None]],
    ) -> None:
        self._rules = rules
        self._metrics = metrics
        self._alerts = alerts
        self._clock = clock
        self._reschedule = reschedule

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types of the three namespaces that are emulated."""
        return TYPES

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """Metrics of any resource, alerts of the subscription."""
        return {
            "Microsoft.Insights/metrics": ("2024-02-01", "2018-01-01"),
            "Microsoft.AlertsManagement/alerts": ("2019-05-05-preview", "2019-03-01", "2018-05-05"),
        }

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update."""
        type, body = resource.id.type.lower(), resource.body
        if type == DIAGNOSTIC_SETTINGS.lower():
            _check_diagnostic_setting(resource)
            return body
        if type == WORKSPACES.lower():
            return _workspace(resource, previous, self._clock.now())
        if type == METRIC_ALERTS.lower():
            _check_metric_alert(body)
            body = {**body, "properties": {"autoMitigate": True, **body["properties"]}}
        self._rules.put(resource.id.type, str(resource.id), body)
        if type == METRIC_ALERTS.lower():
            await self._reschedule(str(resource.id))
        return body

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body."""
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Forget a rule."""
        if resource.id.type.lower() in (METRIC_ALERTS.lower(), ACTION_GROUPS.lower()):
            self._rules.delete(str(resource.id))
            await self._reschedule(str(resource.id))

    async def operate(self, operation: Operation) -> Answer:
        """Answer metrics of a resource, and alerts of the subscription."""
        path = [part.lower() for part in operation.path]
        if operation.method == "GET" and path == ["providers", "microsoft.insights", "metrics"]:
            return Answer(200, self._query(operation))
        if operation.method == "GET" and path == ["providers", "microsoft.alertsmanagement", "alerts"]:
            subscription = "/".join(str(operation.resource.id).split("/")[:3])
            return Answer(200, {"value": [_alert_json(subscription, alert) for alert in self._alerts.all()]})
        raise not_operable(operation)

    def _query(self, operation: Operation) -> dict[str, Any]:
        resource, query = operation.resource, operation.query
        known = METRICS.get(resource.id.type.lower())
        if known is None:
            raise ArmError(400, "BadRequest", f"'{resource.id.type}' has no metrics in the emulator.")
        names = [name.strip() for name in query.get("metricnames", "").split(",") if name.strip()] or list(known)
        unknown = [name for name in names if name.lower() not in {each.lower() for each in known}]
        if unknown:
            raise ArmError(
                400, "BadRequest", f"No such metric: {', '.join(unknown)}. Valid metrics: {', '.join(known)}"
            )
        since, until = self._timespan(query.get("timespan"))
        values: list[dict[str, Any]] = []
        for name in names:
            canonical = next(each for each in known if each.lower() == name.lower())
            chosen = [part.strip() for part in query.get("aggregation", known[canonical].aggregation).split(",")]
            wrong = [part for part in chosen if part.title() not in AGGREGATIONS]
            if wrong:
                raise ArmError(
                    400, "BadRequest", f"aggregation is {', '.join(wrong)!r}; allowed: {', '.join(AGGREGATIONS)}."
                )
            values.append(self._series(resource, canonical, chosen, since, until, query.get("interval", "PT1M")))
        return {
            "timespan": f"{since:%Y-%m-%dT%H:%M:%SZ}/{until:%Y-%m-%dT%H:%M:%SZ}",
            "interval": query.get("interval", "PT1M"),
            "namespace": resource.id.type,
            "value": values,
        }

    def _series(
        self, resource: Resource, metric: str, aggregations: list[str], since: datetime, until: datetime, interval: str
    ) -> dict[str, Any]:
        if interval not in _WITH_PAUSE:
            raise ArmError(400, "BadRequest", f"interval is {interval!r}; allowed: {', '.join(_WITH_PAUSE)}.")
        points = self._metrics.points(str(resource.id), metric, since, until)
        data: list[dict[str, Any]] = []
        step = duration(interval)
        start = since
        while start < until:
            here = [point for point in points if start <= point.minute < start + step]
            entry: dict[str, Any] = {"timeStamp": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
            for aggregation in aggregations:
                value = aggregate(here, aggregation.title())
                if value is not None:
                    entry[aggregation.lower()] = value
            data.append(entry)
            start += step
        unit = METRICS[resource.id.type.lower()][metric].unit
        return {
            "id": f"{resource.id}/providers/Microsoft.Insights/metrics/{metric}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": metric, "localizedValue": metric},
            "unit": unit,
            "timeseries": [{"metadatavalues": [], "data": data}],
            "errorCode": "Success",
        }

    def _timespan(self, text: str | None) -> tuple[datetime, datetime]:
        now = self._clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
        if text is None:
            return now - timedelta(hours=1), now
        try:
            since, _, until = text.partition("/")
            return tuple(  # type: ignore[return-value] - two members
                datetime.fromisoformat(part.replace("Z", "+00:00")).astimezone(UTC).replace(second=0, microsecond=0)
                for part in (since, until)
            )
        except ValueError as error:
            raise ArmError(
                400, "BadRequest", f"timespan is {text!r}; allowed: START/END, both ISO 8601 times."
            ) from error


def _workspace(resource: Resource, previous: Resource | None, now: datetime) -> dict[str, Any]:
    before: dict[str, Any] = (previous.body.get("properties") or {}) if previous else {}
    stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    return {
        **resource.body,
        "properties": {
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            **(resource.body.get("properties") or {}),
            "customerId": before.get("customerId", str(uuid.uuid4())),
            "createdDate": before.get("createdDate", stamp),
            "modifiedDate": stamp,
            "provisioningState": "Succeeded",
        },
    }


def _check_metric_alert(body: dict[str, Any]) -> None:
    properties = body["properties"]
    if duration(properties["windowSize"]) < duration(properties["evaluationFrequency"]):
        raise ArmError(
            400,
            "BadRequest",
            f"windowSize {properties['windowSize']} is shorter than evaluationFrequency "
            f"{properties['evaluationFrequency']}.",
            "properties.windowSize",
        )
    type = _type_of(properties["scopes"][0])
    known = METRICS.get(type.lower())
    if known is None:
        raise ArmError(400, "BadRequest", f"'{type}' has no metrics in the emulator.", "properties.scopes")
    for criterion in properties["criteria"]["allOf"]:
        metric = known.get(criterion["metricName"])
        if metric is None and not criterion.get("skipMetricValidation"):
            raise ArmError(
                400,
                "BadRequest",
                f"Couldn't find a metric named {criterion['metricName']}. Valid metrics of {type}: {', '.join(known)}.",
                "properties.criteria",
            )
        for dimension in criterion.get("dimensions") or []:
            if metric is not None and dimension["name"] not in metric.dimensions:
                raise ArmError(
                    400,
                    "BadRequest",
                    f"The metric {criterion['metricName']} has no dimension {dimension['name']}; it has: "
                    f"{', '.join(metric.dimensions) or 'none'}.",
                    "properties.criteria",
                )


def _check_diagnostic_setting(resource: Resource) -> None:
    properties = resource.body["properties"]
    if not properties.get("workspaceId") and not properties.get("storageAccountId"):
        raise ArmError(
            400,
            "BadRequest",
            "At least one data sink needs to be specified: workspaceId or storageAccountId.",
            "properties",
        )
    type = _type_of(str(resource.id).rsplit("/providers/", 1)[0])
    known = LOG_CATEGORIES.get(type.lower())
    if known is None:
        raise ArmError(
            400, "ResourceTypeNotSupported", f"The resource type '{type}' doesn't support diagnostic settings."
        )
    for log in properties.get("logs") or []:
        if "categoryGroup" in log:
            if log["categoryGroup"] not in ("allLogs", "audit"):
                raise ArmError(
                    400, "BadRequest", f"categoryGroup is {log['categoryGroup']!r}; allowed: allLogs, audit."
                )
        elif log.get("category") not in known:
            raise ArmError(
                400, "BadRequest", f"Category '{log.get('category')}' is not supported; {type} has: {', '.join(known)}."
            )


def _type_of(id: str) -> str:
    tail = re.split("/providers/", id, flags=re.IGNORECASE)[-1].split("/")
    return "/".join([tail[0], *tail[1::2]])


def _alert_json(subscription: str, alert: Alert) -> dict[str, Any]:
    return {
        "id": f"{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert.id}",
        "name": alert.name,
        "type": "Microsoft.AlertsManagement/alerts",
        "properties": {
            "essentials": {
                "severity": f"Sev{alert.severity}",
                "signalType": "Metric",
                "alertState": "New",
                "monitorCondition": "Resolved" if alert.resolved else "Fired",
                "targetResource": alert.target,
                "alertRule": alert.rule,
                "startDateTime": alert.fired,
                "monitorConditionResolvedDateTime": alert.resolved,
                "description": alert.description,
            },
            "context": {"values": alert.values},
        },
    }
