"""Versions of a workflow: each PUT that changes what it does makes one."""

from __future__ import annotations

from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.history.workflow_store import Version
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.callbacks import callback
from emulator.logic_apps.management.listing import after_text, check_query, page, page_size
from emulator.logic_apps.management.triggers import found_trigger
from emulator.logic_apps.runs.runs import Workflow


async def list_(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the versions, newest first."""
    check_query(operation, "$top", "$skiptoken")
    found = management.workflows.store.versions(workflow.id, page_size(operation) + 1, after_text(operation))
    return Answer(
        200,
        page(operation, found, lambda each: _version_json(management, workflow, each), lambda each: (each.name,)),
    )


async def get(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return a version."""
    check_query(operation)
    version = management.workflows.store.version(workflow.id, operation.path[1])
    if version is None:
        raise _not_found(operation)
    return Answer(200, _version_json(management, workflow, version))


async def callback_url(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return the signed address that runs a version, whatever the workflow is by now."""
    former = management.workflows.at_version(workflow, operation.path[1])
    if former is None:
        raise _not_found(operation)
    trigger = found_trigger(former, operation.path[3])
    return Answer(200, callback(management, former, trigger, operation, former.version))


def _not_found(operation: Operation) -> ArmError:
    return ArmError(404, "WorkflowVersionNotFound", f"The workflow version '{operation.path[1]}' could not be found.")


def _version_json(management: Management, workflow: Workflow, version: Version) -> dict[str, Any]:
    endpoint = management.signatures.base_path(f"/workflows/{workflow.guid}")
    return {
        "id": f"{workflow.id}/versions/{version.name}",
        "name": version.name,
        "type": "Microsoft.Logic/workflows/versions",
        "location": version.location,
        "tags": version.tags,
        "properties": {**version.properties, "accessEndpoint": endpoint},
    }
