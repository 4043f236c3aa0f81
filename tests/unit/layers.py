"""Builds single layers inside a program under mocks."""

import pulumi

from components import settings
from components.data import DataLayer, DataLayerArgs
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
        GROUP, pulumi.Output.from_input(GROUP_ID), _deployment(), settings.load(), data_layer(), ml_layer(), TAGS
    )


def orchestration_layer() -> OrchestrationLayer:
    return OrchestrationLayer("orchestration", orchestration_args())


def monitoring_layer() -> MonitoringLayer:
    args = orchestration_args()
    orchestration = OrchestrationLayer("orchestration", args)
    return MonitoringLayer(
        "monitoring",
        MonitoringLayerArgs(GROUP, _deployment(), args.settings, args.data, args.ml, orchestration, TAGS),
    )
