"""Triggers and what they did: list, get, run, reset, their schema, their histories, resubmission."""

from __future__ import annotations

import json
from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.management.answers import Management, present, reference, version_reference
from emulator.logic_apps.management.listing import (
    STATUS_AND_TIME,
    Filtered,
    after_place,
    after_text,
    check_query,
    conditions,
    page,
    page_size,
)
from emulator.logic_apps.management.resource_type import API_VERSION
from emulator.logic_apps.management.runs import operation_id
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.runs.stamps import stamp
from emulator.logic_apps.triggers.triggers import is_called
from emulator.logic_apps.workflows import DISABLED, ENABLED

_HISTORIES_FILTERED = {**STATUS_AND_TIME, "ClientTrackingId": Filtered("name", ("eq",), str)}


async def list_(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the triggers by their names."""
    check_query(operation, "$top", "$skiptoken")
    after = after_text(operation)
    triggers = sorted(workflow.definition.triggers.values(), key=lambda each: each.name)
    found = [trigger for trigger in triggers if trigger.name > after]
    return Answer(
        200, page(operation, found, lambda each: _trigger_json(management, workflow, each), lambda each: (each.name,))
    )


async def get(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return a trigger."""
    check_query(operation)
    return Answer(200, _trigger_json(management, workflow, found_trigger(workflow, operation.path[1])))


async def run(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Let a trigger look, or fire, now; the answer names the run that it started, if it did."""
    trigger = found_trigger(workflow, operation.path[1])
    _check_enabled(workflow, "run its triggers")
    if not is_called(trigger):
        before = _newest_run(management, workflow, trigger)
        await management.workflows.triggers.look(workflow, trigger)
        after = _newest_run(management, workflow, trigger)
        return _started(operation, workflow, after) if after is not None and after != before else Answer(202)
    body = {} if operation.body is None else {"body": operation.body}
    runs = management.workflows.triggers.request(workflow, trigger, {"headers": {}, **body})
    return _started(operation, workflow, runs[0].id) if runs else Answer(202)


async def reset(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Let a trigger forget when it last looked: it begins anew, as after a deployment."""
    await management.workflows.triggers.reset(workflow, found_trigger(workflow, operation.path[1]))
    return Answer(200)


async def schema(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return the JSON Schema of what a request trigger is called with."""
    check_query(operation)
    trigger = found_trigger(workflow, operation.path[1])
    if trigger.kind != "request":
        raise ArmError(
            400,
            "TriggerIsNotRequest",
            f"The trigger '{trigger.name}' is of type {trigger.type}; only Request triggers have a schema.",
        )
    return Answer(200, {"title": trigger.name, "content": json.dumps(trigger.inputs.get("schema") or {})})


async def histories(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List what a trigger did, newest first."""
    check_query(operation, "$top", "$filter", "$skiptoken")
    trigger = found_trigger(workflow, operation.path[1])
    found = management.workflows.trigger_histories.all(
        workflow.id,
        trigger.name,
        conditions(operation, _HISTORIES_FILTERED),
        page_size(operation) + 1,
        after_place(operation),
    )
    return Answer(
        200,
        page(
            operation,
            found,
            lambda each: _history_json(management, workflow, trigger, each[1]),
            lambda each: (each[0].start, each[0].sequence),
        ),
    )


async def history(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return one look of a trigger."""
    check_query(operation)
    trigger = found_trigger(workflow, operation.path[1])
    return Answer(200, _history_json(management, workflow, trigger, _look(management, workflow, trigger, operation)))


async def resubmit(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Start a run again with what its trigger gave."""
    trigger = found_trigger(workflow, operation.path[1])
    look = _look(management, workflow, trigger, operation)
    _check_enabled(workflow, "resubmit")
    row = management.workflows.history.run(workflow.id, look.get("run", ""))
    if row is None:
        raise ArmError(400, "TriggerHistoryNotFired", f"The trigger history '{look['name']}' started no run.")
    started = management.workflows.triggers.again(workflow, trigger, management.workflows.history.trigger(row))
    return _started(operation, workflow, started.id)


def found_trigger(workflow: Workflow, name: str) -> Trigger:
    """Return the trigger of that name, whatever its case.

    Raises:
        ArmError: 404 WorkflowTriggerNotFound; names those that there are.
    """
    trigger = workflow.definition.trigger(name)
    if trigger is None:
        raise ArmError(
            404,
            "WorkflowTriggerNotFound",
            f"The workflow trigger '{name}' could not be found; there are: {', '.join(workflow.definition.triggers)}.",
        )
    return trigger


def _check_enabled(workflow: Workflow, purpose: str) -> None:
    if not workflow.enabled:
        raise ArmError(400, "WorkflowDisabled", f"The workflow is disabled; enable it to {purpose}.")


def _newest_run(management: Management, workflow: Workflow, trigger: Trigger) -> str | None:
    newest = management.workflows.trigger_histories.newest(workflow.id, trigger.name)
    return newest.get("run") if newest else None


def _started(operation: Operation, workflow: Workflow, run: str) -> Answer:
    host = operation.url[: operation.url.lower().index(workflow.id.lower())]
    location = f"{host}{workflow.id}/runs/{run}/operations/{operation_id(run)}?api-version={API_VERSION}"
    return Answer(202, None, {"x-ms-workflow-run-id": run, "Location": location})


def _look(management: Management, workflow: Workflow, trigger: Trigger, operation: Operation) -> dict[str, Any]:
    found = management.workflows.trigger_histories.one(workflow.id, trigger.name, operation.path[3])
    if found is None:
        raise ArmError(404, "TriggerHistoryNotFound", f"The trigger history '{operation.path[3]}' could not be found.")
    return found


def _trigger_json(management: Management, workflow: Workflow, trigger: Trigger) -> dict[str, Any]:
    version = management.workflows.store.version(workflow.id, workflow.version)
    times = version.properties if version is not None else {}
    last = management.workflows.trigger_histories.newest(workflow.id, trigger.name)
    due = management.workflows.triggers.due(workflow, trigger)
    return {
        "id": f"{workflow.id}/triggers/{trigger.name}",
        "name": trigger.name,
        "type": "Microsoft.Logic/workflows/triggers",
        "properties": present(
            {
                "provisioningState": "Succeeded",
                "createdTime": times.get("createdTime"),
                "changedTime": times.get("changedTime"),
                "state": ENABLED if workflow.enabled else DISABLED,
                "status": last["status"] if last else None,
                "lastExecutionTime": last["startTime"] if last else None,
                "nextExecutionTime": stamp(due) if due else None,
                "recurrence": trigger.raw.get("recurrence"),
                "workflow": version_reference(workflow, workflow.version),
            }
        ),
    }


def _history_json(
    management: Management, workflow: Workflow, trigger: Trigger, record: dict[str, Any]
) -> dict[str, Any]:
    properties = {key: value for key, value in record.items() if key not in ("name", "run")}
    properties["correlation"] = {"clientTrackingId": record["name"]}
    if "run" in record:
        properties["run"] = reference(f"{workflow.id}/runs/{record['run']}", "Microsoft.Logic/workflows/runs")
        row = management.workflows.history.run(workflow.id, record["run"])
        if row is not None:
            contents = f"/runs/{row.id}/contents"
            properties |= present(
                {
                    "inputsLink": management.link(workflow, f"{contents}/TriggerInputs", row.trigger.inputs),
                    "outputsLink": management.link(workflow, f"{contents}/TriggerOutputs", row.trigger.outputs),
                }
            )
    return {
        "id": f"{workflow.id}/triggers/{trigger.name}/histories/{record['name']}",
        "name": record["name"],
        "type": "Microsoft.Logic/workflows/triggers/histories",
        "properties": properties,
    }
