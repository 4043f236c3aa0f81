"""OrchestrationLayer: the Logic Apps of retraining and rollback, their rights, and the project's description."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pulumi
import pulumi_random as random
from pulumi_azure_native import authorization, logic, storage

import workflows
from components import naming, network_rules, roles
from components.data import CONTAINERS, DataLayer
from components.log_collection import LogCollection
from components.ml import MLLayer
from components.naming import DeploymentName
from components.settings import Settings

PROGRAM_VERSION: Final = "0.1.0"
"""That of pyproject.toml, which is not deployed."""
WORKFLOW: Final = "retrain"
ROLLBACK: Final = "rollback"
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
    records: LogCollection
    tags: dict[str, str]


class OrchestrationLayer(pulumi.ComponentResource):
    """What retrains, and what takes a model back.

    Least privilege: one custom role has the three actions that a run needs of Azure Resource Manager. Each of them
    exists on one type of resource only, so assigned on exactly the storage account, the training account and the
    workflow itself it gives what three roles would give (a tenant has a limited number of them). There is no assignment
    on the prediction account, on the resource group or on a whole storage account's blobs. The rollback has the custom
    role on the training account alone, and writes in the artifacts alone.

    Attributes:
        workflow: the Logic App that retrains.
        rollback: the Logic App that takes the model before back into production.
        outgoing_addresses: where the Logic Apps call from, the same for all of a region; the output fails where the
            training account would not let them in.
    """

    def __init__(self, name: str, args: OrchestrationLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:OrchestrationLayer", name, None, opts)
        retraining = with_polling_interval(workflows.load(WORKFLOW), args.settings.poll_interval_seconds)
        self.workflow = self._workflow(name, WORKFLOW, retraining, args)
        self.rollback = self._workflow(name, ROLLBACK, workflows.load(ROLLBACK), args)
        self.outgoing_addresses = self.workflow.endpoints_configuration.apply(
            lambda configuration: _reachable(configuration, args.settings)
        )
        self._control_plane_rights(name, args)
        self._blob_rights(name, args)
        self._project_config(name, args)
        self.register_outputs({"workflowName": self.workflow.name, "workflowId": self.workflow.id})

    def _workflow(
        self, name: str, kind: str, definition: Mapping[str, Any], args: OrchestrationLayerArgs
    ) -> logic.Workflow:
        callers = [logic.IpAddressRangeArgs(address_range=each) for each in args.settings.manual_callers]
        return logic.Workflow(
            f"{name}-{kind}",
            logic.WorkflowArgs(
                workflow_name=args.deployment.apply(lambda deployment: naming.workflow(kind, deployment)),
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                state=logic.WorkflowState.ENABLED,
                identity=logic.ManagedServiceIdentityArgs(type=logic.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
                definition=definition,
                parameters={
                    parameter: logic.WorkflowParameterArgs(value=value)
                    for parameter, value in workflow_parameters(args, definition).items()
                    if parameter in definition["parameters"]
                },
                access_control=logic.FlowAccessControlConfigurationArgs(
                    triggers=logic.FlowAccessControlConfigurationPolicyArgs(allowed_caller_ip_addresses=callers)
                ),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

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
            self._assignment(f"{name}-{purpose}", self.workflow, scope, guid.result, depends_on=[role])
        self._assignment(
            f"{name}-{ROLLBACK}-training-keys", self.rollback, args.ml.training.id, guid.result, depends_on=[role]
        )

    def _blob_rights(self, name: str, args: OrchestrationLayerArgs) -> None:
        for role, purposes in (
            (roles.STORAGE_BLOB_DATA_CONTRIBUTOR, _WRITTEN),
            (roles.STORAGE_BLOB_DATA_READER, _READ),
        ):
            for purpose in purposes:
                self._assignment(f"{name}-{purpose}-blobs", self.workflow, args.data.containers[purpose].id, role)
        self._assignment(
            f"{name}-{ROLLBACK}-artifacts-blobs",
            self.rollback,
            args.data.containers["artifacts"].id,
            roles.STORAGE_BLOB_DATA_CONTRIBUTOR,
        )

    def _assignment(
        self,
        name: str,
        workflow: logic.Workflow,
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
                principal_id=workflow.identity.apply(_principal),
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


def workflow_parameters(args: OrchestrationLayerArgs, definition: Mapping[str, Any]) -> dict[str, pulumi.Input[Any]]:
    """Return the values of the workflows' parameters by name: addresses, ids and names, and no key.

    Each workflow is given those that its definition declares. The one secret, if the user has set it, is the address of
    notices: a SecureString, which Azure Resource Manager does not give back.
    """
    settings = args.settings
    return {
        "blobEndpoint": args.data.blob_endpoint,
        "storageAccountId": args.data.account.id,
        "storageAudience": settings.storage_audience,
        "resourceManagerEndpoint": settings.resource_manager_endpoint,
        "resourceManagerAudience": settings.resource_manager_audience,
        "portalEndpoint": settings.portal_endpoint,
        "trainingEndpoint": args.ml.training_endpoint,
        "trainingAccountId": args.ml.training.id,
        "customRole": args.deployment.apply(naming.custom_role),
        "deployedAt": args.data.account.creation_time,
        "recordsEndpoint": args.records.endpoint,
        "recordsRule": args.records.rule.immutable_id,
        "monitorAudience": settings.monitor_audience,
        "predictionEndpoint": args.ml.prediction_endpoint,
        "predictionAccountId": args.ml.prediction.id,
        "projectId": args.ml.project.id,
        "publishNames": publish_names(settings.publish_name),
        "containers": asdict(CONTAINERS),
        "settings": dict(settings.retraining),
        "trainingPollSeconds": settings.training_poll_seconds,
        "noticeIsWanted": settings.notice_webhook is not None,
        "noticeWebhook": pulumi.Output.secret(settings.notice_webhook) if settings.notice_webhook else "",
        "versions": versions(definition),
    }


def versions(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of the program and, as the beginning of its SHA-256, of a definition."""
    content = json.dumps(definition, sort_keys=True).encode()
    return {"program": PROGRAM_VERSION, "definition": hashlib.sha256(content).hexdigest()[:12]}


def publish_names(production: str) -> dict[str, str]:
    """Return the publish names by what has them: the iteration in production, the one before it, a rejected one."""
    return {"production": production, "previous": f"{production}-previous", "challenger": "challenger"}


def with_polling_interval(definition: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """Return a copy of a workflow definition whose polling trigger looks every `seconds`.

    A recurrence takes no parameter of the workflow, so this one value is set in the definition.

    Raises:
        KeyError: the definition has no trigger of the name `POLLING_TRIGGER`.
    """
    changed = copy.deepcopy(dict(definition))
    changed["triggers"][POLLING_TRIGGER]["recurrence"] = {"frequency": "Second", "interval": seconds}
    return changed


def _reachable(configuration: logic.outputs.FlowEndpointsConfigurationResponse | None, settings: Settings) -> list[str]:
    outgoing = network_rules.outgoing_addresses(configuration)
    network_rules.check_reachable(outgoing, settings.training_allowed_addresses)
    return outgoing


def _principal(identity: logic.outputs.ManagedServiceIdentityResponse | None) -> str:
    if identity is None:
        raise ValueError("the Logic App has no identity")
    return identity.principal_id
