"""Workflow: runs another workflow by its Request trigger, and waits for its Response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps import limits
from emulator.logic_apps.actions.http import judge_status
from emulator.logic_apps.definitions.components import Action, ActionType
from emulator.logic_apps.definitions.shapes import NESTED_INPUTS, action_schema
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.http.authentication import shown
from emulator.logic_apps.http.retry_policy import RetryPolicy, is_retried
from emulator.logic_apps.http.workflow_headers import workflow_headers
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError, CallError
from emulator.logic_apps.runs.run_environment import Frame
from emulator.logic_apps.runs.tasks import within


async def workflow(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run a workflow once, however often the emulator is restarted meanwhile; its answer is the action's output."""
    inputs = record.inputs = shown(evaluated(execution, action, frame, record, action.inputs))
    id = inputs["host"]["workflow"]["id"]
    if not isinstance(id, str):
        raise ActionError("InvalidWorkflowReference", f"host.workflow.id of '{action.name}' has to be a string.")
    part = f"nested:{record.path}"
    begun = execution.store.working(execution.state.id, part)
    if begun is None:
        begun = {"run": await _begin(execution, action, record, id, inputs)}
        execution.store.keep_working(execution.state.id, part, begun)
    record.outputs = await _answer(execution, action, id, begun["run"])
    judge_status(record, int(record.outputs["statusCode"]))


async def _begin(
    execution: Execution, action: Action, record: ActionRecord, id: str, inputs: Mapping[str, Any]
) -> str | None:
    """Start the workflow; where it takes no more runs it is asked again, as the retry policy says."""
    headers = {str(name): str(value) for name, value in (inputs.get("headers") or {}).items()}
    outputs: dict[str, Any] = {"headers": {**workflow_headers(execution.state, record), **headers}}
    outputs |= {name: inputs[name] for name in ("queries", "body") if inputs.get(name) is not None}
    try:
        policy = RetryPolicy.parse(inputs.get("retryPolicy"))
    except CallError as error:
        raise ActionError(error.code, error.message) from error
    attempt = 0
    while True:
        attempt, began = attempt + 1, execution.clock.now().isoformat()
        try:
            return execution.runtime.children.begin(
                id, inputs["host"].get("triggerName"), outputs, execution.state.client_tracking_id
            )
        except ArmError as error:
            if not is_retried(error.status) or attempt > policy.count:
                raise ActionError(error.code, error.message) from error
            record.retries.append(
                {"startTime": began, "endTime": execution.clock.now().isoformat(), "code": str(error.status)}
            )
            await execution.clock.sleep(policy.pause(attempt, execution.random))


async def _answer(execution: Execution, action: Action, id: str, run: str | None) -> dict[str, Any]:
    """Return what the workflow responds; the asynchronous pattern waits as long as it takes, else as long as a call."""
    children, headers = execution.runtime.children, {} if run is None else {"x-ms-workflow-run-id": run}
    accepted = {"statusCode": 202, "headers": headers}
    if run is None:
        return accepted
    try:
        if "disableasyncpattern" not in action.options:
            answer = await children.answer(run)
        elif not children.responds(id):
            return accepted
        else:
            answer = await within(children.answer(run), limits.HTTP_SECONDS, execution.clock)
    except ArmError as error:
        raise ActionError(error.code, error.message) from error
    except TimeoutError as error:
        message = f"The run '{run}' of '{id}' did not respond within {limits.HTTP_SECONDS:.0f} seconds."
        raise ActionError("GatewayTimeout", message) from error
    if answer is None:
        raise ActionError("NoResponse", f"The run '{run}' of the workflow '{id}' ended without a Response action.")
    return {**answer, "headers": {**headers, **answer["headers"]}}


TYPES = (
    ActionType(
        "Workflow",
        action_schema("inputs", inputs=NESTED_INPUTS),
        options=("DisableAsyncPattern",),
        waits=True,
    ),
)
HANDLERS: Mapping[str, Handler] = {"workflow": workflow}
