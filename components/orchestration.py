"""OrchestrationLayer: the retraining Logic App, the rights of its identity, and the project's description."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pulumi
import pulumi_random as random
from pulumi_azure_native import authorization, logic, storage

import workflows
from components import naming, roles
from components.data import CONTAINERS, DataLayer
from components.ml import MLLayer
from components.naming import DeploymentName
from components.settings import Settings

WORKFLOW: Final = "retrain"
POLLING_TRIGGER: Final = "When_a_blob_is_added_or_modified"
PROJECT_CONFIG: Final = "project-config.json"

_WRITTEN: Final = ("training", "processed", "rejected", "artifacts")
"""Containers in which a run writes: a moved image is written in one and deleted from another, and the record, the lock
and the pointer to production lie in the artifacts."""
_READ: Final = ("evaluation",)
"""Containers in which a run only reads: held-out images are never changed by it."""


@dataclass(frozen=True)
class OrchestrationLayerArgs:
    """Inputs of `OrchestrationLayer`; `resource_group_id` is the scope that the custom role may be assigned in."""

    resource_group_name: pulumi.Input[str]
    resource_group_id: pulumi.Output[str]
    deployment: pulumi.Output[DeploymentName]
    settings: Settings
    data: DataLayer
    ml: MLLayer
    tags: dict[str, str]


class OrchestrationLayer(pulumi.ComponentResource):
    """What retrains.

    Least privilege: one custom role has the three actions that a run needs of Azure Resource Manager. Each of them
    exists on one type of resource only, so assigned on exactly the storage account, the training account and the
    workflow itself it gives what three roles would give (a tenant has a limited number of them). There is no assignment
    on the prediction account, on the resource group or on a whole storage account's blobs.

    Attributes:
        workflow: the Logic App.
    """

    def __init__(self, name: str, args: OrchestrationLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:OrchestrationLayer", name, None, opts)
        self.workflow = self._workflow(f"{name}-{WORKFLOW}", args)
        self._control_plane_rights(name, args)
        self._blob_rights(name, args)
        self._project_config(name, args)
        self.register_outputs({"workflowName": self.workflow.name, "workflowId": self.workflow.id})

    def _workflow(self, name: str, args: OrchestrationLayerArgs) -> logic.Workflow:
        definition = with_polling_interval(workflows.load(WORKFLOW), args.settings.poll_interval_seconds)
        return logic.Workflow(
            name,
            logic.WorkflowArgs(
                workflow_name=args.deployment.apply(lambda deployment: naming.workflow(WORKFLOW, deployment)),
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                state=logic.WorkflowState.ENABLED,
                identity=logic.ManagedServiceIdentityArgs(type=logic.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
                definition=definition,
                parameters={
                    parameter: logic.WorkflowParameterArgs(value=value)
                    for parameter, value in workflow_parameters(args).items()
                },
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    @property
    def _principal_id(self) -> pulumi.Output[str]:
        return self.workflow.identity.apply(_principal)

    def _control_plane_rights(self, name: str, args: OrchestrationLayerArgs) -> None:
        # A role definition is named by a GUID that must not change from one deployment to the next.
        guid = random.RandomUuid(f"{name}-role-id", opts=pulumi.ResourceOptions(parent=self))
        role = authorization.RoleDefinition(
            f"{name}-role",
            authorization.RoleDefinitionArgs(
                role_definition_id=guid.result,
                role_name=args.deployment.apply(naming.custom_role),
                description="What a Custom Vision retraining run asks Azure Resource Manager for.",
                role_type="CustomRole",
                scope=args.resource_group_id,
                assignable_scopes=[args.resource_group_id],
                permissions=[
                    authorization.PermissionArgs(
                        actions=list(roles.RETRAINING_ACTIONS), not_actions=[], data_actions=[], not_data_actions=[]
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        scopes = {
            "sign-images": args.data.account.id,
            "training-keys": args.ml.training.id,
            "read-runs": self.workflow.id,
        }
        for purpose, scope in scopes.items():
            self._assignment(f"{name}-{purpose}", scope, guid.result, depends_on=[role])

    def _blob_rights(self, name: str, args: OrchestrationLayerArgs) -> None:
        for role, purposes in (
            (roles.STORAGE_BLOB_DATA_CONTRIBUTOR, _WRITTEN),
            (roles.STORAGE_BLOB_DATA_READER, _READ),
        ):
            for purpose in purposes:
                self._assignment(f"{name}-{purpose}-blobs", args.data.containers[purpose].id, role)

    def _assignment(
        self,
        name: str,
        scope: pulumi.Output[str],
        role: pulumi.Input[str],
        depends_on: list[pulumi.Resource] | None = None,
    ) -> None:
        # The provider names it by a GUID of its own, which stays in the state: one made of scope, principal and role
        # would be unknown in the preview of a first deployment.
        authorization.RoleAssignment(
            name,
            authorization.RoleAssignmentArgs(
                scope=scope,
                principal_id=self._principal_id,
                # Without it Azure looks the identity up, and for some minutes after its creation does not find it.
                principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
                role_definition_id=pulumi.Output.all(scope, role).apply(lambda pair: roles.definition_id(*pair)),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )

    def _project_config(self, name: str, args: OrchestrationLayerArgs) -> None:
        # For people and scripts. It names the project and holds no key: whoever may use the project gets one from ARM.
        content = pulumi.Output.json_dumps({"projectId": args.ml.project.id, "endpoint": args.ml.training_endpoint})
        storage.Blob(
            f"{name}-project-config",
            storage.BlobArgs(
                account_name=args.data.account.name,
                resource_group_name=args.resource_group_name,
                container_name=args.data.containers["artifacts"].name,
                blob_name=PROJECT_CONFIG,
                type=storage.BlobType.BLOCK,
                content_type="application/json",
                source=content.apply(pulumi.StringAsset),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def workflow_parameters(args: OrchestrationLayerArgs) -> dict[str, pulumi.Input[Any]]:
    """Return the values of the workflow's parameters by name: addresses, ids and names, and no key."""
    settings = args.settings
    return {
        "blobEndpoint": args.data.blob_endpoint,
        "storageAccountId": args.data.account.id,
        "storageAudience": settings.storage_audience,
        "resourceManagerEndpoint": settings.resource_manager_endpoint,
        "resourceManagerAudience": settings.resource_manager_audience,
        "trainingEndpoint": args.ml.training_endpoint,
        "trainingAccountId": args.ml.training.id,
        "predictionEndpoint": args.ml.prediction_endpoint,
        "predictionAccountId": args.ml.prediction.id,
        "projectId": args.ml.project.id,
        "publishName": settings.publish_name,
        "containers": asdict(CONTAINERS),
        "settings": dict(settings.retraining),
        "trainingPollSeconds": settings.training_poll_seconds,
    }


def with_polling_interval(definition: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """Return a copy of a workflow definition whose polling trigger looks every `seconds`.

    A recurrence takes no parameter of the workflow, so this one value is set in the definition.

    Raises:
        KeyError: the definition has no trigger of the name `POLLING_TRIGGER`.
    """
    changed = copy.deepcopy(dict(definition))
    changed["triggers"][POLLING_TRIGGER]["recurrence"] = {"frequency": "Second", "interval": seconds}
    return changed


def _principal(identity: logic.outputs.ManagedServiceIdentityResponse | None) -> str:
    if identity is None:
        raise ValueError("the Logic App has no identity")
    return identity.principal_id
