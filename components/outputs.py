"""What a deployment tells about itself: the stack's outputs, none of them a secret."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pulumi

from components.data import CONTAINERS, DataLayer
from components.existing import ResourceGroup
from components.ml import MLLayer
from components.monitoring import MonitoringLayer
from components.orchestration import OrchestrationLayer
from components.settings import Settings


def stack_outputs(
    settings: Settings,
    group: ResourceGroup,
    data: DataLayer,
    ml: MLLayer,
    orchestration: OrchestrationLayer,
    monitoring: MonitoringLayer,
) -> dict[str, pulumi.Output[Any] | str]:
    """Return the outputs by name: what one needs to upload images, follow a run and ask for a prediction."""
    return {
        "pulumiProject": pulumi.get_project(),
        "pulumiStack": pulumi.get_stack(),
        "resourceGroupName": group.name,
        "resourceGroupOrigin": "existing" if settings.existing_resource_group else "stack",
        "storageAccountName": data.account.name,
        "blobEndpoint": data.blob_endpoint,
        "trainingImagesContainer": CONTAINERS.training,
        "processedImagesContainer": CONTAINERS.processed,
        "rejectedImagesContainer": CONTAINERS.rejected,
        "modelArtifactsContainer": CONTAINERS.artifacts,
        "evaluationImagesContainer": CONTAINERS.evaluation,
        "customVisionTrainingAccount": ml.training.name,
        "customVisionTrainingEndpoint": ml.training_endpoint,
        "customVisionPredictionAccount": ml.prediction.name,
        "customVisionPredictionEndpoint": ml.prediction_endpoint,
        "customVisionProjectId": ml.project.id,
        "publishName": settings.publish_name,
        "predictionUrl": pulumi.Output.concat(
            ml.prediction_endpoint,
            "customvision/v3.1/prediction/",
            ml.project.id,
            f"/classify/iterations/{quote(settings.publish_name)}/image",
        ),
        "logicAppName": orchestration.workflow.name,
        "logicAppId": orchestration.workflow.id,
        "workflowOutgoingAddresses": orchestration.outgoing_addresses,
        "rollbackLogicAppName": orchestration.rollback.name,
        "rollbackLogicAppId": orchestration.rollback.id,
        "logAnalyticsWorkspaceName": monitoring.workspace.name,
        "logAnalyticsWorkspaceId": monitoring.workspace.id,
        "actionGroupId": monitoring.action_group.id,
    }
