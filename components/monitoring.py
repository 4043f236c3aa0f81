"""MonitoringLayer: where logs go, what is an alert, and who is told.

Metrics and their aggregations: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
microsoft-logic-workflows-metrics and .../microsoft-cognitiveservices-accounts-metrics. Log categories: the pages
supported-logs of the same types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from components import naming
from components.data import DataLayer
from components.ml import MLLayer
from components.naming import DeploymentName
from components.orchestration import OrchestrationLayer
from components.settings import Settings

LOWEST_SUCCESS_RATE_PERCENT: Final = 90
"""The recipe's figure. SuccessRate counts server errors only; client errors show in TotalErrors."""


@dataclass(frozen=True)
class MonitoringLayerArgs:
    """Inputs of `MonitoringLayer`."""

    resource_group_name: pulumi.Input[str]
    deployment: pulumi.Output[DeploymentName]
    settings: Settings
    data: DataLayer
    ml: MLLayer
    orchestration: OrchestrationLayer
    tags: dict[str, str]


@dataclass(frozen=True)
class Condition:
    """When a metric is an alert: its `aggregation` over `window` compared with `threshold`, every `frequency`.

    `severity` is 0 (critical) to 4 (verbose); `window` and `frequency` are ISO 8601 durations of those that Azure
    Monitor allows.
    """

    metric: str
    namespace: str
    aggregation: monitor.AggregationTypeEnum
    operator: monitor.Operator
    threshold: float
    description: str
    severity: int
    frequency: str
    window: str


class MonitoringLayer(pulumi.ComponentResource):
    """What tells that something is wrong.

    Attributes:
        workspace: the Log Analytics workspace.
        action_group: who is told.
    """

    def __init__(self, name: str, args: MonitoringLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:MonitoringLayer", name, None, opts)
        self._args = args
        self.workspace = self._workspace(name)
        self.action_group = self._action_group(name)
        self._diagnostics(name)
        self._alerts(name)
        self.register_outputs({"workspaceName": self.workspace.name, "actionGroupId": self.action_group.id})

    def _workspace(self, name: str) -> operationalinsights.Workspace:
        args = self._args
        return operationalinsights.Workspace(
            f"{name}-workspace",
            operationalinsights.WorkspaceArgs(
                workspace_name=args.deployment.apply(naming.workspace),
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
                retention_in_days=args.settings.log_retention_days,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _action_group(self, name: str) -> monitor.ActionGroup:
        args = self._args
        addresses = [args.settings.alert_email] if args.settings.alert_email else []
        receivers = [
            monitor.MicrosoftCommonEmailReceiverArgs(name="team", email_address=address, use_common_alert_schema=True)
            for address in addresses
        ]
        return monitor.ActionGroup(
            f"{name}-action-group",
            monitor.ActionGroupInitArgs(
                action_group_name=args.deployment.apply(naming.action_group),
                resource_group_name=args.resource_group_name,
                location="Global",
                group_short_name=naming.ACTION_GROUP_SHORT_NAME,
                enabled=True,
                email_receivers=receivers,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _diagnostics(self, name: str) -> None:
        args = self._args
        for workflow, purpose in ((args.orchestration.workflow, "workflow"), (args.orchestration.rollback, "rollback")):
            self._diagnostic_setting(f"{name}-{purpose}-logs", workflow.id, ["WorkflowRuntime"], ["AllMetrics"])
        for account, purpose in ((args.ml.training, "training"), (args.ml.prediction, "prediction")):
            self._diagnostic_setting(
                f"{name}-{purpose}-logs", account.id, ["Audit", "RequestResponse", "Trace"], ["AllMetrics"]
            )
        blobs = pulumi.Output.concat(args.data.account.id, "/blobServices/default")
        self._diagnostic_setting(f"{name}-blob-logs", blobs, ["StorageRead", "StorageWrite", "StorageDelete"], [])

    def _diagnostic_setting(
        self, name: str, resource: pulumi.Output[str], logs: list[str], metrics: list[str]
    ) -> monitor.DiagnosticSetting:
        return monitor.DiagnosticSetting(
            name,
            monitor.DiagnosticSettingArgs(
                name="to-log-analytics",
                resource_uri=resource,
                workspace_id=self.workspace.id,
                logs=[monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in logs],
                metrics=[
                    monitor.DiagnosticsMetricSettingsArgs(category=category, enabled=True) for category in metrics
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _alerts(self, name: str) -> None:
        args = self._args
        self._alert(name, "runs-failed", args.orchestration.workflow.id, RUNS_FAILED)
        self._alert(name, "rollbacks-failed", args.orchestration.rollback.id, ROLLBACKS_FAILED)
        for account, purpose in ((args.ml.training, "training"), (args.ml.prediction, "prediction")):
            self._alert(name, f"{purpose}-availability", account.id, AVAILABILITY)
            self._alert(
                name, f"{purpose}-errors", account.id, errors_above(args.settings.custom_vision_error_threshold)
            )

    def _alert(self, name: str, kind: str, scope: pulumi.Output[str], condition: Condition) -> None:
        args = self._args
        monitor.MetricAlert(
            f"{name}-{kind}",
            monitor.MetricAlertArgs(
                rule_name=args.deployment.apply(lambda deployment: naming.metric_alert(kind, deployment)),
                resource_group_name=args.resource_group_name,
                location="global",
                description=condition.description,
                enabled=True,
                severity=condition.severity,
                scopes=[scope],
                evaluation_frequency=condition.frequency,
                window_size=condition.window,
                auto_mitigate=True,
                criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                    odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                    all_of=[
                        monitor.MetricCriteriaArgs(
                            name=condition.metric,
                            metric_name=condition.metric,
                            metric_namespace=condition.namespace,
                            criterion_type="StaticThresholdCriterion",
                            time_aggregation=condition.aggregation,
                            operator=condition.operator,
                            threshold=condition.threshold,
                        )
                    ],
                ),
                actions=[monitor.MetricAlertActionArgs(action_group_id=self.action_group.id)],
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


RUNS_FAILED: Final = Condition(
    metric="RunsFailed",
    namespace="Microsoft.Logic/workflows",
    aggregation=monitor.AggregationTypeEnum.TOTAL,
    operator=monitor.Operator.GREATER_THAN,
    threshold=0,
    description="A retraining run failed; its manifest and its run history say where and why.",
    severity=1,
    frequency="PT1M",
    window="PT5M",
)

ROLLBACKS_FAILED: Final = replace(RUNS_FAILED, description="A rollback failed; its answer and its run history say why.")

AVAILABILITY: Final = Condition(
    metric="SuccessRate",
    namespace="Microsoft.CognitiveServices/accounts",
    aggregation=monitor.AggregationTypeEnum.AVERAGE,
    operator=monitor.Operator.LESS_THAN,
    threshold=LOWEST_SUCCESS_RATE_PERCENT,
    description="Custom Vision answers too many calls with a server error.",
    severity=2,
    frequency="PT5M",
    window="PT15M",
)


def errors_above(threshold: int) -> Condition:
    """Return the condition that a Custom Vision account refused more than `threshold` calls in 15 minutes."""
    return Condition(
        metric="TotalErrors",
        namespace="Microsoft.CognitiveServices/accounts",
        aggregation=monitor.AggregationTypeEnum.TOTAL,
        operator=monitor.Operator.GREATER_THAN,
        threshold=threshold,
        description="Calls of Custom Vision failed: throttling, a wrong key, a full quota or a fault of the service.",
        severity=2,
        frequency="PT5M",
        window="PT15M",
    )
