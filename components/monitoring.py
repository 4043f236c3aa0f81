"""MonitoringLayer: where logs and records of runs go, what is an alert, who is told, and a workbook over all of it.

Log categories: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/, the pages of each type.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

import pulumi
from pulumi_azure_native import applicationinsights, authorization, logic, monitor, operationalinsights

import workflows.monitoring
from components import naming, roles
from components.data import DataLayer
from components.existing import Workspace
from components.log_alerts import TIME_RANGE, LogAlert, log_alerts
from components.log_collection import LogCollection, LogCollectionArgs
from components.metric_alerts import (
    AVAILABILITY,
    ROLLBACKS_FAILED,
    RUNS_FAILED,
    Condition,
    errors_above,
    executions_above,
    throttled_above,
    triggers_failed,
)
from components.ml import MLLayer
from components.naming import DeploymentName
from components.run_notices import run_notices
from components.settings import Settings


@dataclass(frozen=True)
class MonitoringLayerArgs:
    """Inputs of `MonitoringLayer`; without `existing_workspace` it makes one."""

    resource_group_name: pulumi.Input[str]
    deployment: pulumi.Output[DeploymentName]
    settings: Settings
    data: DataLayer
    ml: MLLayer
    tags: dict[str, str]
    existing_workspace: Workspace | None = None


class MonitoringLayer(pulumi.ComponentResource):
    """What tells that something is wrong.

    Attributes:
        workspace: the Log Analytics workspace, the stack's own or an existing one.
        action_group: who is told.
        collection: the tables of the runs' records, and the way in for them.
    """

    def __init__(self, name: str, args: MonitoringLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:MonitoringLayer", name, None, opts)
        self._args = args
        self.workspace = args.existing_workspace or self._workspace(name)
        self.action_group = self._action_group(name)
        self.collection = LogCollection(
            f"{name}-records",
            LogCollectionArgs(args.resource_group_name, args.deployment, self.workspace, args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._name = name
        self._diagnostics(name)
        self._alerts(name)
        self._log_alerts(name)
        self._workbook(name)
        self.register_outputs({"workspaceName": self.workspace.name, "actionGroupId": self.action_group.id})

    def watch(self, workflow: logic.Workflow, rollback: logic.Workflow) -> None:
        """Watch the Logic Apps of retraining and rollback too, and let their identities send their records.

        Apart from the rest, because the workflow's parameters say where the records go.
        """
        name = self._name
        self._diagnostic_setting(f"{name}-workflow-logs", workflow.id, ["WorkflowRuntime"], ["AllMetrics"])
        self._alert(name, "runs-failed", workflow.id, RUNS_FAILED)
        self._diagnostic_setting(f"{name}-rollback-logs", rollback.id, ["WorkflowRuntime"], ["AllMetrics"])
        self._alert(name, "rollbacks-failed", rollback.id, ROLLBACKS_FAILED)
        polling = timedelta(seconds=self._args.settings.poll_interval_seconds)
        self._alert(name, "triggers-failed", workflow.id, triggers_failed(polling))
        spend = executions_above(self._args.settings.alerts.billable_executions_per_day)
        self._alert(name, "executions", workflow.id, spend)
        self._may_send_records(f"{name}-send-records", workflow)
        self._may_send_records(f"{name}-rollback-send-records", rollback)

    def _may_send_records(self, name: str, workflow: logic.Workflow) -> None:
        rule = self.collection.rule.id
        authorization.RoleAssignment(
            name,
            authorization.RoleAssignmentArgs(
                scope=rule,
                principal_id=workflow.identity.apply(principal_of),
                principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
                role_definition_id=rule.apply(
                    lambda scope: roles.definition_id(scope, roles.MONITORING_METRICS_PUBLISHER)
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _workspace(self, name: str) -> Workspace:
        args = self._args
        made = operationalinsights.Workspace(
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
        group = pulumi.Output.from_input(args.resource_group_name)
        return Workspace(made.id, made.name, group, args.settings.location)

    def _action_group(self, name: str) -> monitor.ActionGroup:
        args = self._args
        addresses = [args.settings.alert_email] if args.settings.alert_email else []
        receivers = [
            monitor.MicrosoftCommonEmailReceiverArgs(name="team", email_address=address, use_common_alert_schema=True)
            for address in addresses
        ]
        webhook = args.settings.alerts.alert_webhook
        return monitor.ActionGroup(
            f"{name}-action-group",
            monitor.ActionGroupInitArgs(
                action_group_name=args.deployment.apply(naming.action_group),
                resource_group_name=args.resource_group_name,
                location="Global",
                group_short_name=naming.ACTION_GROUP_SHORT_NAME,
                enabled=True,
                email_receivers=receivers,
                webhook_receivers=[
                    monitor.WebhookReceiverArgs(
                        name="webhook", service_uri=pulumi.Output.secret(address), use_common_alert_schema=True
                    )
                    for address in ([webhook] if webhook else [])
                ],
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _diagnostics(self, name: str) -> None:
        args = self._args
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
        for account, purpose in ((args.ml.training, "training"), (args.ml.prediction, "prediction")):
            self._alert(name, f"{purpose}-availability", account.id, AVAILABILITY)
            self._alert(
                name, f"{purpose}-errors", account.id, errors_above(args.settings.custom_vision_error_threshold)
            )
            self._alert(
                name, f"{purpose}-throttling", account.id, throttled_above(args.settings.custom_vision_error_threshold)
            )

    def _log_alerts(self, name: str) -> None:
        settings = self._args.settings
        for alert in [*log_alerts(settings), run_notices(settings)]:
            self._log_alert(name, alert)

    def _log_alert(self, name: str, alert: LogAlert) -> None:
        args = self._args
        monitor.ScheduledQueryRule(
            f"{name}-{alert.name}",
            monitor.ScheduledQueryRuleArgs(
                rule_name=args.deployment.apply(lambda deployment: naming.scheduled_query_rule(alert.name, deployment)),
                resource_group_name=args.resource_group_name,
                location=self.workspace.location,
                kind=monitor.Kind.LOG_ALERT,
                description=alert.description,
                enabled=alert.enabled,
                severity=alert.severity,
                scopes=[self.workspace.id],
                evaluation_frequency=alert.frequency,
                window_size=alert.frequency,
                override_query_time_range=TIME_RANGE,
                auto_mitigate=alert.lasts,
                criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                    all_of=[
                        monitor.ConditionArgs(
                            query=alert.query,
                            time_aggregation=monitor.TimeAggregation.COUNT,
                            operator=monitor.Operator.GREATER_THAN,
                            threshold=0,
                            dimensions=[
                                monitor.DimensionArgs(
                                    name=each, operator=monitor.DimensionOperator.INCLUDE, values=["*"]
                                )
                                for each in alert.dimensions
                            ]
                            or None,
                            failing_periods=monitor.ConditionFailingPeriodsArgs(
                                number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                            ),
                        )
                    ]
                ),
                actions=monitor.ActionsArgs(action_groups=[self.action_group.id]),
                tags=args.tags,
            ),
            # The service checks the query against the tables.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.collection.tables.values())),
        )

    def _workbook(self, name: str) -> None:
        args = self._args
        # Its name has to be a GUID; the provider makes one and keeps it in the state.
        applicationinsights.Workbook(
            f"{name}-workbook",
            applicationinsights.WorkbookArgs(
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                kind=applicationinsights.WorkbookSharedTypeKind.SHARED,
                display_name=args.deployment.apply(
                    lambda deployment: f"Retraining ({deployment.project}/{deployment.stack})"
                ),
                category="workbook",
                version="Notebook/1.0",
                source_id=self.workspace.id.apply(str.lower),
                serialized_data=self.workspace.id.apply(lambda id: json.dumps(workflows.monitoring.workbook(id))),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
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
                auto_mitigate=condition.lasts,
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


def principal_of(identity: logic.outputs.ManagedServiceIdentityResponse | None) -> str:
    """Return the object id of a Logic App's identity.

    Raises:
        ValueError: it has none.
    """
    if identity is None:
        raise ValueError("the Logic App has no identity")
    return identity.principal_id
