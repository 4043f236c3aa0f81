"""Workflows that are run by others, by a Workflow action, in the same process."""

from __future__ import annotations

from typing import Any, Protocol

from emulator.arm.errors import ArmError
from emulator.logic_apps.data_plane.responses import Answer
from emulator.logic_apps.definitions.components import Action, Definition, Trigger, is_expression
from emulator.logic_apps.runs.runs import Runs, Workflow
from emulator.logic_apps.triggers.request_triggers import schema_fault
from emulator.logic_apps.triggers.triggers import Triggers


class Registry(Protocol):
    """The deployed workflows."""

    @property
    def runs(self) -> Runs:
        """Their runs."""
        ...

    @property
    def triggers(self) -> Triggers:
        """Their triggers."""
        ...

    def get(self, id: str) -> Workflow:
        """Return a workflow; KeyError where there is none."""
        ...


class NestedWorkflows:
    """Starts workflows of a registry by their Request triggers, and waits for what they respond."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def begin(self, id: str, trigger: str | None, outputs: dict[str, Any], client_tracking_id: str) -> str | None:
        """Start a workflow; return its run, None where the trigger's conditions skip it.

        Raises:
            ArmError: there is no such workflow or trigger, it is disabled, or it takes no more runs.
        """
        workflow = self._workflow(id)
        if not workflow.enabled:
            raise ArmError(400, "WorkflowDisabled", f"The workflow '{id}' is disabled.")
        found = request_trigger(workflow.definition, id, trigger)
        fault = schema_fault(found, outputs.get("body"))
        if fault is not None:
            raise ArmError(400, "TriggerInputSchemaMismatch", fault)
        started = self._registry.triggers.request(workflow, found, outputs, client_tracking_id)
        return started[0].id if started else None

    def responds(self, id: str) -> bool:
        """Tell whether a workflow has a Response action."""
        return has_response(self._workflow(id).definition)

    async def answer(self, run: str) -> Answer | None:
        """Return what the Response action of a run says, None where the run ends without one."""
        return await self._registry.runs.answer(run)

    def _workflow(self, id: str) -> Workflow:
        try:
            return self._registry.get(id)
        except KeyError as error:
            raise ArmError(404, "WorkflowNotFound", f"The workflow '{id}' could not be found.") from error


def has_response(definition: Definition) -> bool:
    """Tell whether a definition has a Response action."""
    return any(action.kind == "response" for action in definition.index.values())


def request_trigger(definition: Definition, id: str, name: str | None) -> Trigger:
    """Return the Request trigger by which others run a workflow; without a name the only one.

    Raises:
        ArmError: there is none, or several and no name.
    """
    requests = [each for each in definition.triggers.values() if each.kind == "request"]
    found = [each for each in requests if name is None or each.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in requests) or "none"
    wanted = "one Request trigger" if name is None else f"the Request trigger '{name}'"
    raise ArmError(
        400, "NestedWorkflowTriggerNotFound", f"The workflow '{id}' has not {wanted}; its Request triggers: {names}."
    )


def check_nested(action: Action, definition: Definition) -> None:
    """Refuse a Workflow action whose workflow has no Request trigger, or nothing to wait for.

    Raises:
        ArmError: 400; the message names the action, the workflow and what it lacks.
    """
    host = action.inputs["host"]
    name = host.get("triggerName")
    if not is_expression(name):
        request_trigger(definition, host["workflow"]["id"], name)
    if not has_response(definition) and "disableasyncpattern" not in action.options:
        raise ArmError(
            400,
            "NestedWorkflowDoesNotContainResponseAction",
            f"The action '{action.name}' waits for the workflow '{host['workflow']['id']}', which has no Response "
            f"action; add one, or set the operationOptions of the action to DisableAsyncPattern.",
        )
