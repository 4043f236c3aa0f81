"""Workflows as resources of Azure Resource Manager, and the operations below and beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId
from emulator.arm.validation import check_location
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.operations import answering
from emulator.logic_apps.management.resource_type import API_VERSION, WORKFLOWS
from emulator.logic_apps.management.workflow_filter import matching
from emulator.logic_apps.management.workflows import check_workflow
from emulator.logic_apps.runs.stamps import stamp
from emulator.logic_apps.workflows import DISABLED, ENABLED

_VALIDATE: Final = "Microsoft.Logic/locations/workflows/validate"
_LOOPBACK: Final = {
    side: {name: [{"address": "127.0.0.1"}] for name in ("outgoingIpAddresses", "accessEndpointIpAddresses")}
    for side in ("workflow", "connector")
}
"""Where workflows call from and are called at; on Azure, the addresses of their region."""


class LogicAppsProvider:
    """Workflows, and what is below them: versions, triggers, runs, actions."""

    def __init__(self, management: Management) -> None:
        self._management = management
        self._workflows = management.workflows

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The one type."""
        return [WORKFLOWS]

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """The check of a workflow that need not exist."""
        return {_VALIDATE: (API_VERSION,)}

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Deploy a workflow."""
        body = resource.body
        version = await self._workflows.put(str(resource.id), body)
        workflow = self._workflows.get(str(resource.id))
        return {
            **body,
            "properties": {
                "state": ENABLED,
                **body["properties"],
                "parameters": version.properties["parameters"],
                "provisioningState": "Succeeded",
                "createdTime": version.properties["createdTime"],
                "changedTime": stamp(self._management.clock.now()),
                "version": version.name,
                "accessEndpoint": self._management.signatures.base_path(f"/workflows/{workflow.guid}"),
                "endpointsConfiguration": _LOOPBACK,
            },
        }

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body with its present state."""
        workflow = self._workflows.get(str(resource.id))
        state = ENABLED if workflow.enabled else DISABLED
        return {**resource.body, "properties": {**resource.body["properties"], "state": state}}

    async def delete(self, resource: Resource) -> None:
        """Delete a workflow with its runs."""
        await self._workflows.delete(str(resource.id))

    async def find(self, id: ResourceId) -> Resource | None:
        """Return None: every workflow comes to be by a PUT."""
        return None

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return the workflows for which the filter holds."""
        return matching(recorded, filter)

    async def operate(self, operation: Operation) -> Answer:
        """Answer what is below a workflow, or checks one that need not exist."""
        if operation.path[0] == "providers":
            return self._validate(operation)
        workflow = self._workflows.get(str(operation.resource.id))
        return await answering(operation)(self._management, workflow, operation)

    def _validate(self, operation: Operation) -> Answer:
        if operation.method != "POST" or operation.resource.id.resource_group is None:
            raise not_operable(operation)
        if not isinstance(operation.body, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content is invalid: a JSON object is expected.")
        location = check_location(WORKFLOWS, {"location": operation.path[3]})["location"]
        given = check_location(WORKFLOWS, {"location": location, **operation.body})
        if given["location"] != location:
            raise ArmError(
                400,
                "InvalidRequestContent",
                f"location: '{given['location']}' differs from the request's address, which says '{location}'.",
                "location",
            )
        check_workflow(given)
        return Answer(200)
