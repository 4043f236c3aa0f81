"""Actions of a run: what became of them, their repetitions in loops, the iterations of loops, expression traces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.history.records import (
    ActionGroup,
    ActionSummary,
    IterationRecord,
    indexes_of,
    repetition_name,
)
from emulator.logic_apps.management.answers import Management, present
from emulator.logic_apps.management.listing import (
    STATUS,
    after_number,
    after_text,
    check_query,
    conditions,
    page,
    page_size,
)
from emulator.logic_apps.management.runs import found_run
from emulator.logic_apps.runs.runs import Workflow


async def list_(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the actions of a run in the order in which they began."""
    check_query(operation, "$top", "$filter", "$skiptoken")
    run = found_run(management, workflow, operation).id
    wanted = conditions(operation, STATUS)
    found = management.workflows.history.groups(run, wanted, page_size(operation) + 1, after_number(operation))
    return Answer(
        200,
        page(operation, found, lambda each: _action_json(management, workflow, run, each[1]), lambda each: each[:1]),
    )


async def get(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return an action of a run."""
    check_query(operation)
    run, group = found_action(management, workflow, operation)
    return Answer(200, _action_json(management, workflow, run, group))


async def traces(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return what the expressions of an action's inputs gave; of an action in a loop its repetitions tell that."""
    run, group = found_action(management, workflow, operation)
    return Answer(200, _traces(management, run, "" if group.repeated else group.first.record.path))


async def repetitions(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the repetitions of an action in a loop; an action outside of loops has none."""
    check_query(operation, "$top", "$skiptoken")
    run, group = found_action(management, workflow, operation)
    if not group.repeated:
        return Answer(200, {"value": []})
    found = management.workflows.history.executions(
        run, group.first.record.name, page_size(operation) + 1, after_number(operation)
    )
    return Answer(
        200,
        page(
            operation, found, lambda each: _repetition_json(management, workflow, run, each[1]), lambda each: each[:1]
        ),
    )


async def repetition(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return one repetition."""
    check_query(operation)
    run, summary = found_repetition(management, workflow, operation)
    return Answer(200, _repetition_json(management, workflow, run, summary))


async def repetition_traces(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return what the expressions of a repetition's inputs gave."""
    run, summary = found_repetition(management, workflow, operation)
    return Answer(200, _traces(management, run, summary.record.path))


async def scope_repetitions(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the finished iterations of a loop."""
    check_query(operation, "$top", "$skiptoken")
    run, group = found_action(management, workflow, operation)
    loop = group.first.record.name
    found = management.workflows.history.iterations(run, loop, page_size(operation) + 1, after_text(operation))
    return Answer(
        200,
        page(
            operation,
            found,
            lambda each: _iteration_json(workflow, run, loop, each),
            lambda each: (repetition_name(indexes_of(each.path)),),
        ),
    )


async def scope_repetition(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return one finished iteration of a loop."""
    check_query(operation)
    run, group = found_action(management, workflow, operation)
    loop = group.first.record.name
    record = management.workflows.history.iteration(run, loop, operation.path[5])
    if record is None:
        raise _no_repetition(operation)
    return Answer(200, _iteration_json(workflow, run, loop, record))


def found_action(management: Management, workflow: Workflow, operation: Operation) -> tuple[str, ActionGroup]:
    """Return the run and the action that the request's path names.

    Raises:
        ArmError: 404 WorkflowRunNotFound, WorkflowRunActionNotFound.
    """
    run = found_run(management, workflow, operation).id
    group = management.workflows.history.group(run, operation.path[3])
    if group is None:
        raise ArmError(
            404, "WorkflowRunActionNotFound", f"The workflow run action '{operation.path[3]}' could not be found."
        )
    return run, group


def found_repetition(management: Management, workflow: Workflow, operation: Operation) -> tuple[str, ActionSummary]:
    """Return the run and the repetition of an action that the request's path names.

    Raises:
        ArmError: 404 WorkflowRunNotFound, WorkflowRunActionNotFound, RepetitionNotFound.
    """
    run, group = found_action(management, workflow, operation)
    history = management.workflows.history
    path = history.path_of(run, group.first.record.name, operation.path[5])
    found = history.execution(run, path) if path is not None and group.repeated else None
    if found is None:
        raise _no_repetition(operation)
    return run, found


def content_place(run: str, summary: ActionSummary) -> str:
    """Return where the contents of an execution of an action stand below the workflow."""
    record = summary.record
    repetition = f"/repetitions/{record.repetition}" if record.repetition else ""
    return f"/runs/{run}/actions/{record.name}{repetition}"


def _no_repetition(operation: Operation) -> ArmError:
    return ArmError(404, "RepetitionNotFound", f"The repetition '{operation.path[5]}' could not be found.")


def _traces(management: Management, run: str, path: str) -> dict[str, Any]:
    found = management.workflows.history.traces(run, path)
    return {
        "inputs": [
            {
                "path": _json_path(["inputs", *trace["keys"]]),
                **{name: trace[name] for name in ("text", "value", "error") if name in trace},
            }
            for trace in found
        ]
    }


def _json_path(keys: Sequence[str | int]) -> str:
    """Return a JSON path from the action on, e.g. ``inputs.headers['X-Name'][0]``."""
    path = ""
    for key in keys:
        if isinstance(key, str) and re.fullmatch(r"[A-Za-z_$]\w*", key):
            path += f".{key}"
        else:
            path += f"[{key}]" if isinstance(key, int) else "['{}']".format(key.replace("'", "\\'"))
    return path.removeprefix(".")


def _action_json(management: Management, workflow: Workflow, run: str, group: ActionGroup) -> dict[str, Any]:
    """Return an action of a run; that of an action in a loop sums up its repetitions."""
    first = group.first
    if group.repeated:
        properties = present(
            {
                "startTime": group.start,
                "endTime": group.end,
                "status": group.status,
                "repetitionCount": group.count,
                "canResubmit": False,
            }
        )
    else:
        properties = _execution(management, workflow, run, first)
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{first.record.name}",
        "name": first.record.name,
        "type": "Microsoft.Logic/workflows/runs/actions",
        "properties": properties,
    }


def _repetition_json(management: Management, workflow: Workflow, run: str, summary: ActionSummary) -> dict[str, Any]:
    record = summary.record
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{record.name}/repetitions/{record.repetition}",
        "name": record.repetition,
        "type": "Microsoft.Logic/workflows/runs/actions/repetitions",
        "properties": {
            **_execution(management, workflow, run, summary),
            "repetitionIndexes": _indexes_json(record.path),
        },
    }


def _iteration_json(workflow: Workflow, run: str, loop: str, record: IterationRecord) -> dict[str, Any]:
    name = repetition_name(indexes_of(record.path))
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{loop}/scopeRepetitions/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows/runs/actions/scopeRepetitions",
        "properties": {
            "startTime": record.start,
            "endTime": record.end,
            "status": record.status,
            "code": record.status,
            "correlation": {"clientTrackingId": run},
            "repetitionIndexes": _indexes_json(record.path),
        },
    }


def _indexes_json(path: str) -> list[dict[str, Any]]:
    return [{"scopeName": loop, "itemIndex": index} for loop, index in indexes_of(path)]


def _execution(management: Management, workflow: Workflow, run: str, summary: ActionSummary) -> dict[str, Any]:
    record, contents = summary.record, f"{content_place(run, summary)}/contents"
    return present(
        {
            "startTime": record.start,
            "endTime": record.end,
            "status": record.status,
            "code": record.code,
            "error": record.error,
            "trackingId": record.tracking_id,
            "correlation": {
                "actionTrackingId": record.tracking_id,
                "clientTrackingId": record.client_tracking_id or run,
            },
            "inputsLink": management.link(workflow, f"{contents}/ActionInputs", summary.inputs),
            "outputsLink": management.link(workflow, f"{contents}/ActionOutputs", summary.outputs),
            "retryHistory": record.retries or None,
            "trackedProperties": record.tracked,
            "canResubmit": False,
        }
    )
