"""Runs: list, get, cancel, and the operation behind a run."""

from __future__ import annotations

import uuid
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.history.records import RunRow
from emulator.logic_apps.management.answers import Management, present, version_reference
from emulator.logic_apps.management.listing import (
    STATUS_AND_TIME,
    Filtered,
    after_place,
    check_query,
    conditions,
    page,
    page_size,
)
from emulator.logic_apps.runs.runs import Workflow

_FILTERED: Final = {**STATUS_AND_TIME, "ClientTrackingId": Filtered("id", ("eq",), str)}
"""The client's tracking id of a run is the run's own id: no trigger here takes another one."""


async def list_(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the runs, newest first."""
    check_query(operation, "$top", "$filter", "$skiptoken")
    found = management.workflows.history.runs(
        workflow.id, conditions(operation, _FILTERED), page_size(operation) + 1, after_place(operation)
    )
    return Answer(
        200,
        page(
            operation,
            found,
            lambda each: run_json(management, workflow, each[1]),
            lambda each: (each[0].start, each[0].sequence),
        ),
    )


async def get(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return a run."""
    check_query(operation)
    row = found_run(management, workflow, operation)
    return Answer(200, run_json(management, workflow, row, management.workflows.history.outputs(row.id)))


async def cancel(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Cancel a run."""
    row = found_run(management, workflow, operation)
    await management.workflows.runs.cancel(workflow, row.id)
    return Answer(200)


async def get_operation(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return the run that an operation started; `operation_id` tells its id."""
    row = found_run(management, workflow, operation)
    if operation.path[3].lower() != operation_id(row.id):
        raise ArmError(
            404, "WorkflowRunOperationNotFound", f"The run '{row.id}' has no operation '{operation.path[3]}'."
        )
    return Answer(200, run_json(management, workflow, row, management.workflows.history.outputs(row.id)))


def operation_id(run: str) -> str:
    """Return the id of the operation that a run is, always the same for a run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, run))


def found_run(management: Management, workflow: Workflow, operation: Operation) -> RunRow:
    """Return the run that the request's path names.

    Raises:
        ArmError: 404 WorkflowRunNotFound.
    """
    row = management.workflows.history.run(workflow.id, operation.path[1])
    if row is None:
        raise ArmError(404, "WorkflowRunNotFound", f"The workflow run '{operation.path[1]}' could not be found.")
    return row


def run_json(
    management: Management, workflow: Workflow, row: RunRow, outputs: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a run; a list of runs leaves the outputs out."""
    trigger, contents = row.trigger, f"/runs/{row.id}/contents"
    correlation = {"clientTrackingId": row.trigger.client_tracking_id or row.id}
    return {
        "id": f"{workflow.id}/runs/{row.id}",
        "name": row.id,
        "type": "Microsoft.Logic/workflows/runs",
        "properties": present(
            {
                "waitEndTime": row.start,
                "startTime": row.start,
                "endTime": row.end,
                "status": row.status,
                "code": row.code,
                "error": row.error,
                "correlation": correlation,
                "workflow": version_reference(workflow, row.version),
                "trigger": present(
                    {
                        "name": trigger.name,
                        "startTime": trigger.start,
                        "endTime": trigger.end,
                        "status": trigger.status,
                        "code": trigger.code,
                        "correlation": correlation,
                        "inputsLink": management.link(workflow, f"{contents}/TriggerInputs", trigger.inputs),
                        "outputsLink": management.link(workflow, f"{contents}/TriggerOutputs", trigger.outputs),
                    }
                ),
                "outputs": outputs or {},
            }
        ),
    }
