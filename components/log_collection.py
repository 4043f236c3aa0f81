"""LogCollection: the tables that runs write their records to, and the way in for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from components import naming
from components.existing import Workspace
from components.naming import DeploymentName
from workflows import monitoring

_DESTINATION: Final = "workspace"


@dataclass(frozen=True)
class LogCollectionArgs:
    """Inputs of `LogCollection`."""

    resource_group_name: pulumi.Input[str]
    deployment: pulumi.Output[DeploymentName]
    workspace: Workspace
    tags: dict[str, str]


class LogCollection(pulumi.ComponentResource):
    """Custom tables, a data collection endpoint, and one rule with a stream for each table.

    Endpoint and rule lie in the region of the workspace, as Azure wants it ("Data collection rules in Azure Monitor",
    learn.microsoft.com).

    Attributes:
        tables: by name.
        endpoint: where rows are sent, without a trailing slash.
        rule: who may send them is a matter of a role on it.
    """

    def __init__(self, name: str, args: LogCollectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:LogCollection", name, None, opts)
        self._args = args
        self.tables = {table: self._table(name, table) for table in monitoring.tables()}
        endpoint = self._endpoint(name)
        self.endpoint = endpoint.logs_ingestion.apply(lambda ingestion: (ingestion and ingestion.endpoint) or "")
        self.rule = self._rule(name, endpoint)
        self.register_outputs({"ruleId": self.rule.id})

    def _table(self, name: str, table: str) -> operationalinsights.Table:
        declared = monitoring.tables()[table]
        return operationalinsights.Table(
            f"{name}-{table}",
            operationalinsights.TableArgs(
                table_name=table,
                resource_group_name=self._args.workspace.resource_group_name,
                workspace_name=self._args.workspace.name,
                plan=operationalinsights.TablePlanEnum.ANALYTICS,
                retention_in_days=self._args.workspace.retention_days,
                schema=operationalinsights.SchemaArgs(
                    name=table,
                    description=declared["description"],
                    columns=[
                        operationalinsights.ColumnArgs(
                            name=column["name"], type=column["type"], description=column["description"]
                        )
                        for column in declared["columns"]
                    ],
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _endpoint(self, name: str) -> monitor.DataCollectionEndpoint:
        args = self._args
        return monitor.DataCollectionEndpoint(
            f"{name}-endpoint",
            monitor.DataCollectionEndpointArgs(
                data_collection_endpoint_name=args.deployment.apply(naming.data_collection_endpoint),
                resource_group_name=args.resource_group_name,
                location=args.workspace.location,
                network_acls=monitor.DataCollectionEndpointNetworkAclsArgs(
                    public_network_access=monitor.KnownPublicNetworkAccessOptions.ENABLED
                ),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rule(self, name: str, endpoint: monitor.DataCollectionEndpoint) -> monitor.DataCollectionRule:
        args = self._args
        return monitor.DataCollectionRule(
            f"{name}-rule",
            monitor.DataCollectionRuleArgs(
                data_collection_rule_name=args.deployment.apply(naming.data_collection_rule),
                resource_group_name=args.resource_group_name,
                location=args.workspace.location,
                data_collection_endpoint_id=endpoint.id,
                stream_declarations={
                    stream(table): monitor.StreamDeclarationArgs(
                        columns=[
                            monitor.ColumnDefinitionArgs(name=column["name"], type=column["type"].lower())
                            for column in declared["columns"]
                        ]
                    )
                    for table, declared in monitoring.tables().items()
                },
                destinations=monitor.DataCollectionRuleDestinationsArgs(
                    log_analytics=[
                        monitor.LogAnalyticsDestinationArgs(workspace_resource_id=args.workspace.id, name=_DESTINATION)
                    ]
                ),
                data_flows=[
                    monitor.DataFlowArgs(
                        streams=[stream(table)],
                        destinations=[_DESTINATION],
                        transform_kql="source",
                        output_stream=stream(table),
                    )
                    for table in monitoring.tables()
                ],
                tags=args.tags,
            ),
            # The service looks for the tables that the streams go to.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.tables.values())),
        )


def stream(table: str) -> str:
    """Return the name of the stream into a table."""
    return f"Custom-{table}"
