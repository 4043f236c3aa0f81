"""Builds single layers inside a program under mocks."""

import pulumi
from pulumi_azure_native import operationalinsights

from components import settings
from components.data import DataLayer, DataLayerArgs
from components.existing import Workspace
from components.log_collection import LogCollection, LogCollectionArgs
from components.ml import MLLayer, MLLayerArgs
from components.monitoring import MonitoringLayer, MonitoringLayerArgs
from components.naming import DeploymentName
from components.orchestration import OrchestrationLayer, OrchestrationLayerArgs
from tests.unit.recording import PROJECT, SUBSCRIPTION

TAGS = {"environment": "test"}
GROUP = "rg-test"
GROUP_ID = f"{SUBSCRIPTION}/resourceGroups/{GROUP}"


def _deployment() -> pulumi.Output[DeploymentName]:
    return pulumi.Output.from_input(DeploymentName(PROJECT, "test", "abc123"))


def data_layer() -> DataLayer:
    return DataLayer("data", DataLayerArgs(GROUP, _deployment(), settings.load(), TAGS))


def ml_layer() -> MLLayer:
    return MLLayer("ml", MLLayerArgs(GROUP, _deployment(), settings.load(), TAGS))


def orchestration_args() -> OrchestrationLayerArgs:
    return OrchestrationLayerArgs(
        GROUP,
        pulumi.Output.from_input(GROUP_ID),
        _deployment(),
        settings.load(),
        data_layer(),
        ml_layer(),
        _records(),
        TAGS,
    )


def _records() -> LogCollection:
    made = operationalinsights.Workspace(
        "records-workspace",
        operationalinsights.WorkspaceArgs(workspace_name="log-records", resource_group_name=GROUP),
    )
    workspace = Workspace(made.id, made.name, pulumi.Output.from_input(GROUP), "eastus")
    return LogCollection("records", LogCollectionArgs(GROUP, _deployment(), workspace, TAGS))


def orchestration_layer() -> OrchestrationLayer:
    return OrchestrationLayer("orchestration", orchestration_args())


def monitoring_layer() -> MonitoringLayer:
    config, data, ml = settings.load(), data_layer(), ml_layer()
    monitoring = MonitoringLayer("monitoring", MonitoringLayerArgs(GROUP, _deployment(), config, data, ml, TAGS))
    group_id = pulumi.Output.from_input(GROUP_ID)
    args = OrchestrationLayerArgs(GROUP, group_id, _deployment(), config, data, ml, monitoring.collection, TAGS)
    orchestration = OrchestrationLayer("orchestration", args)
    monitoring.watch(orchestration.workflow, orchestration.rollback)
    return monitoring
