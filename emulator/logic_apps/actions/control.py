"""Actions that decide what runs: scopes, branches, loops, waits, the end."""

from __future__ import annotations

import asyncio
from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.definition import Action, foreach_repetitions
from emulator.logic_apps.durations import interval_seconds
from emulator.logic_apps.execution import (
    ActionError,
    Execution,
    RunTerminatedError,
    cancel_all,
    evaluated,
    moment_of,
    until_deadline,
)
from emulator.logic_apps.expressions import compile_condition, compile_template
from emulator.logic_apps.expressions.functions.moments import TICKS_A_SECOND, parse_moment
from emulator.logic_apps.expressions.functions.moments import moment_of as universal
from emulator.logic_apps.records import FAILED, SUCCEEDED, TIMED_OUT, ActionRecord
from emulator.logic_apps.run_environment import Frame

_RUN_STATUSES = ("Failed", "Cancelled", "Succeeded")


def _judge(status: str) -> None:
    """Raise where inner actions make the action around them fail."""
    if status != SUCCEEDED:
        raise ActionError(
            "ActionFailed",
            "An action failed. No dependent actions succeeded.",
            status=status if status == TIMED_OUT else FAILED,
        )


async def scope(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run the inner actions; their common status is the scope's."""
    _judge(await execution.container(action.branches["actions"], frame))


async def if_(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run one of two branches."""
    holds = compile_condition(action.raw.get("expression")).evaluate(execution.environment(frame, record))
    record.outputs = {"expressionResult": holds}
    taken, left = ("actions", "else") if holds else ("else", "actions")
    execution.skip_all(action.branches[left], frame)
    _judge(await execution.container(action.branches[taken], frame))


async def switch(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run the first case whose value is the expression's, else the default."""
    value = compile_template(action.raw.get("expression")).evaluate(execution.environment(frame, record))
    record.inputs = {"expression": value}
    cases: dict[str, Any] = action.raw.get("cases") or {}
    taken = next(
        (name for name, case in cases.items() if type(case.get("case")) is type(value) and case.get("case") == value),
        "default",
    )
    record.outputs = {"case": taken}
    for name, branch in action.branches.items():
        if name != taken:
            execution.skip_all(branch, frame)
    _judge(await execution.container(action.branches[taken], frame))


async def foreach(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run the inner actions for each element, several elements at a time."""
    items = compile_template(action.raw.get("foreach")).evaluate(execution.environment(frame, record))
    if not isinstance(items, list):
        raise ActionError(
            "ExpressionEvaluationFailed",
            f"The result of the expression of the Foreach '{action.name}' is not an array.",
        )
    if len(items) > limits.FOREACH_ITEMS:
        raise ActionError(
            "ForeachItemsLimit",
            f"The Foreach '{action.name}' has {len(items)} elements; the limit is {limits.FOREACH_ITEMS}.",
        )
    record.inputs = {"foreachItemsCount": len(items)}
    nested = any(execution.state.definition.index[loop.lower()].kind == "foreach" for loop in action.loops)
    slots = asyncio.Semaphore(1 if nested else foreach_repetitions(action))
    frame.iterations[action.name.lower()] = []
    frames = [frame.enter(action.name, index, item) for index, item in enumerate(items)]

    async def iterate(inner: Frame) -> str:
        async with slots:
            return await execution.container(action.branches["actions"], inner)

    tasks = [asyncio.create_task(iterate(inner)) for inner in frames]
    try:
        statuses = await asyncio.gather(*tasks)
    finally:
        await cancel_all(tasks)
    failed = [status for status in statuses if status != SUCCEEDED]
    _judge(FAILED if FAILED in failed else failed[0] if failed else SUCCEEDED)


async def until(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Repeat the inner actions until the condition holds, a count is reached or time is up."""
    condition = compile_condition(action.raw.get("expression"))
    limit = action.raw.get("limit") or {}
    deadline = until_deadline(record, str(limit.get("timeout", "PT1H")))
    count = int(limit.get("count", limits.UNTIL_COUNT))
    frame.iterations[action.name.lower()] = []
    status, index, holds = SUCCEEDED, 0, False
    while not holds and index < count and (index == 0 or execution.clock.now() < deadline):
        inner = frame.enter(action.name, index, None)
        status = await execution.container(action.branches["actions"], inner)
        holds = condition.evaluate(execution.environment(inner, record))
        index += 1
        if len(frame.iterations[action.name.lower()]) > 1:
            del frame.iterations[action.name.lower()][0]
    record.outputs = {"iterationCount": index}
    _judge(status)
    if not holds and action.raw.get("operationOptions") == "FailWhenLimitsReached":
        raise ActionError(
            "UntilLimitsReached",
            f"The Until '{action.name}' ended after {index} iterations at its limit of {count} iterations or "
            f"{limit.get('timeout', 'PT1H')}.",
        )


async def wait(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Wait for an interval, or until a moment."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    if "until" in inputs:
        moment = parse_moment("Wait", str(inputs["until"]["timestamp"]))
        seconds = (moment.ticks - universal(execution.clock.now()).ticks) / TICKS_A_SECOND
    else:
        try:
            seconds = interval_seconds(float(inputs["interval"]["count"]), str(inputs["interval"]["unit"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ActionError(
                "InvalidWait", f"The interval of the Wait '{action.name}' is not valid: {error}."
            ) from error
        seconds -= (execution.clock.now() - moment_of(record.start)).total_seconds()
    await execution.clock.sleep(max(0.0, seconds))


async def terminate(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """End the run."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    status = str(inputs.get("runStatus"))
    if status not in _RUN_STATUSES:
        raise ActionError("InvalidTerminate", f"runStatus is {status!r}; allowed: {', '.join(_RUN_STATUSES)}")
    raise RunTerminatedError(status, inputs.get("runError"))
