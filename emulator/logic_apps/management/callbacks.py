"""Callback addresses of request triggers, and the keys that sign them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.data_plane.signatures import invoke_path, invoke_permission
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.history.workflow_store import KeyKind
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.triggers import found_trigger
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.triggers.request_triggers import method, path_parameters, relative_path
from emulator.logic_apps.triggers.triggers import is_called

_KINDS: Final[Mapping[str, KeyKind]] = {"primary": "Primary", "secondary": "Secondary"}
_UNSPECIFIED: Final = "notspecified"


async def of_workflow(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return the signed address of the workflow's request trigger."""
    requests = [each for each in workflow.definition.triggers.values() if is_called(each)]
    if not requests:
        raise ArmError(400, "TriggerRequestNotFound", "The workflow has no request trigger.")
    return Answer(200, callback(management, workflow, requests[0], operation))


async def of_trigger(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return the signed address of a request trigger."""
    return Answer(200, callback(management, workflow, found_trigger(workflow, operation.path[1]), operation))


async def regenerate(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Replace one of the two access keys: the addresses that it signed are refused from now on."""
    kind = _kind(_members(operation))
    management.workflows.store.regenerate_access_key(workflow.id, kind)
    return Answer(200)


def callback(
    management: Management, workflow: Workflow, trigger: Trigger, operation: Operation, version: str | None = None
) -> dict[str, Any]:
    """Return a callback address as the API has it, signed and expiring as the request's body asks for.

    Raises:
        ArmError: 400, the trigger is not called, or a member of the body is not valid.
    """
    if not is_called(trigger):
        raise ArmError(
            400,
            "TriggerIsNotRequest",
            f"The trigger '{trigger.name}' is of type {trigger.type} and has no callback URL.",
        )
    members = _members(operation)
    path = invoke_path(workflow.guid, trigger.name, version)
    queries = management.signatures.callback(
        workflow.id, path, invoke_permission(trigger.name, version), _kind(members), _not_after(members)
    )
    relative, names = relative_path(trigger), path_parameters(trigger)
    return {
        "value": management.signatures.url(path + relative, queries),
        "method": method(trigger),
        "basePath": management.signatures.base_path(path),
        **({"relativePath": relative} if relative else {}),
        **({"relativePathParameters": names} if names else {}),
        "queries": queries,
    }


def _members(operation: Operation) -> Mapping[str, Any]:
    if operation.body is None:
        return {}
    if not isinstance(operation.body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content is invalid: a JSON object is expected.")
    return cast(dict[str, Any], operation.body)


def _kind(members: Mapping[str, Any]) -> KeyKind:
    kind = str(members.get("keyType") or _UNSPECIFIED).lower()
    if kind != _UNSPECIFIED and kind not in _KINDS:
        raise ArmError(
            400,
            "InvalidKeyType",
            f"keyType is {members['keyType']!r}; allowed: NotSpecified, {', '.join(_KINDS.values())}.",
            "keyType",
        )
    return _KINDS.get(kind, "Primary")


def _not_after(members: Mapping[str, Any]) -> datetime | None:
    text = members.get("notAfter")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ArmError(400, "InvalidNotAfter", f"notAfter is {text!r}, which is no time.", "notAfter") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
