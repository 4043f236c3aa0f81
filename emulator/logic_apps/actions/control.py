"""Actions that decide what runs: scopes, branches, loops, waits, the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.definitions.components import Action, ActionType, invalid, is_expression, references_in
from emulator.logic_apps.definitions.shapes import ACTIONS, TEXT, action_schema, inputs_schema
from emulator.logic_apps.expressions import compile_condition, compile_template
from emulator.logic_apps.expressions.functions.moments import parse_moment
from emulator.logic_apps.history.records import FAILED, SUCCEEDED, TIMED_OUT, ActionRecord
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError, RunTerminatedError
from emulator.logic_apps.runs.run_environment import Frame
from emulator.logic_apps.runs.stamps import moment_of
from emulator.logic_apps.runs.tasks import cancel_all
from emulator.logic_apps.triggers.intervals import interval_seconds

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
    condition = compile_condition(action.raw["expression"])
    holds = execution.decided(record, lambda: condition.evaluate(execution.environment(frame, record)))
    record.outputs = {"expressionResult": holds}
    taken, left = ("actions", "else") if holds else ("else", "actions")
    execution.skip_all(action.branches[left], frame)
    _judge(await execution.container(action.branches[taken], frame))


async def switch(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Run the first case whose value is the expression's, else the default."""
    template = compile_template(action.raw["expression"])
    value = execution.decided(record, lambda: template.evaluate(execution.environment(frame, record)))
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
    template = compile_template(action.raw["foreach"])
    items = execution.decided(record, lambda: template.evaluate(execution.environment(frame, record)))
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
    frame.iterations[action.name.lower()] = []
    frames = [frame.enter(action.name, index, item) for index, item in enumerate(items)]
    waiting = iter(frames)
    statuses: list[str] = []

    async def iterate() -> None:
        for inner in waiting:
            record = execution.finished_iteration(action, inner)
            if record is None:
                start = execution.now()
                status = await execution.container(action.branches["actions"], inner)
                record = execution.end_iteration(action, inner, start, status)
            statuses.append(record.status)

    at_once = 1 if nested else _repetitions(action)
    tasks = [asyncio.create_task(iterate()) for _ in range(min(at_once, len(frames)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancel_all(tasks)
    failed = [status for status in statuses if status != SUCCEEDED]
    _judge(FAILED if FAILED in failed else failed[0] if failed else SUCCEEDED)


async def until(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Repeat the inner actions until the condition holds, a count is reached or time is up."""
    condition = compile_condition(action.raw["expression"])
    timeout = str(action.limit.get("timeout", limits.UNTIL_TIMEOUT))
    deadline = moment_of(record.start) + timedelta(seconds=duration_seconds(timeout))
    count = int(action.limit.get("count", limits.UNTIL_COUNT))
    iterations = frame.iterations[action.name.lower()] = []
    status, index, holds = SUCCEEDED, 0, False
    while not holds and index < count and (index == 0 or execution.clock.now() < deadline):
        inner = frame.enter(action.name, index, None)
        done = execution.finished_iteration(action, inner)
        if done is None:
            start = execution.now()
            status = await execution.container(action.branches["actions"], inner)
            holds = condition.evaluate(execution.environment(inner, record))
            done = execution.end_iteration(action, inner, start, status, holds=holds)
        status, holds = done.status, done.holds
        index += 1
        del iterations[:-1]
    record.outputs = {"iterationCount": index}
    _judge(status)
    if not holds and "failwhenlimitsreached" in action.options:
        raise ActionError(
            "UntilLimitsReached",
            f"The Until '{action.name}' ended after {index} iterations at its limit of {count} iterations or "
            f"{timeout}.",
        )


async def wait(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Wait for an interval, or until a moment."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    if "until" in inputs:
        seconds = (
            parse_moment("Wait", str(inputs["until"]["timestamp"])).when.replace(tzinfo=UTC) - execution.clock.now()
        ).total_seconds()
    else:
        try:
            seconds = interval_seconds(float(inputs["interval"]["count"]), str(inputs["interval"]["unit"]))
        except (TypeError, ValueError, OverflowError) as error:
            raise ActionError(
                "InvalidWait", f"The interval of the Wait '{action.name}' is not valid: {error}."
            ) from error
        seconds -= (execution.clock.now() - moment_of(record.start)).total_seconds()
    await execution.clock.sleep(min(max(0.0, seconds), limits.RUN_SECONDS))


async def terminate(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """End the run; its error is shown whatever it was made of: a Terminate is there to tell."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    status = str(inputs.get("runStatus"))
    if status not in _RUN_STATUSES:
        raise ActionError("InvalidTerminate", f"runStatus is {status!r}; allowed: {', '.join(_RUN_STATUSES)}")
    raise RunTerminatedError(status, inputs.get("runError"))


def _repetitions(action: Action) -> int:
    concurrency = (action.raw.get("runtimeConfiguration") or {}).get("concurrency") or {}
    return 1 if "sequential" in action.options else int(concurrency.get("repetitions", limits.FOREACH_REPETITIONS))


def _check_foreach(action: Action) -> None:
    concurrency = (action.raw.get("runtimeConfiguration") or {}).get("concurrency") or {}
    if "sequential" in action.options and concurrency:
        raise invalid(
            f"the Foreach '{action.name}' has both operationOptions Sequential and a concurrency of repetitions; only "
            f"one of them is allowed.",
            "operationOptions",
            rule="foreach-concurrency",
        )


def _check_switch(action: Action) -> None:
    cases = action.raw.get("cases") or {}
    seen: list[Any] = []
    for name, case in cases.items():
        value = case["case"]
        other_than_parameters = is_expression(value) and any(
            reference.function != "parameters" for reference in references_in(f"the case '{name}'", value)
        )
        if other_than_parameters or isinstance(value, bool | dict | list | None):
            raise invalid(
                f"the Switch '{action.name}' has at '{name}' the case {value!r}; allowed: a string, a number or an "
                f"expression with parameters().",
                "cases",
                name,
                "case",
                rule="switch-case",
            )
        if any(type(value) is type(other) and value == other for other in seen):
            raise invalid(
                f"the Switch '{action.name}' has at '{name}' the case {value!r} again: values of cases are distinct.",
                "cases",
                name,
                "case",
                rule="switch-case",
            )
        if seen and not is_expression(value) and not is_expression(seen[0]) and type(value) is not type(seen[0]):
            raise invalid(
                f"the Switch '{action.name}' has at '{name}' the case {value!r}, of another type than the first one: "
                f"{seen[0]!r}.",
                "cases",
                name,
                "case",
                rule="switch-case",
            )
        seen.append(value)


def _check_wait(action: Action) -> None:
    if ("interval" in action.inputs) == ("until" in action.inputs):
        raise invalid(f"the Wait '{action.name}' needs either 'interval' or 'until'.", "inputs")


_BRANCH = {"type": "object", "properties": {"actions": ACTIONS}}
_CONCURRENCY = {
    "type": "object",
    "properties": {
        "concurrency": {
            "type": "object",
            "properties": {
                "repetitions": {"type": "integer", "minimum": 1, "maximum": limits.FOREACH_MOST_REPETITIONS}
            },
        }
    },
}
_UNTIL_LIMIT = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": limits.UNTIL_MOST_COUNT},
        "timeout": TEXT,
    },
}
_CASES = {
    "type": "object",
    "maxProperties": limits.SWITCH_CASES,
    "additionalProperties": {"type": "object", "required": ["case"], "properties": {"actions": ACTIONS}},
}
_WAIT = inputs_schema(
    interval={"type": "object", "required": ["count", "unit"]},
    until={"type": "object", "required": ["timestamp"]},
)
TYPES = (
    ActionType("Scope", action_schema(actions=ACTIONS), branches=("actions",), may_secure=False, may_time_out=False),
    ActionType(
        "If",
        action_schema("expression", **{"actions": ACTIONS, "else": _BRANCH}),
        branches=("actions", "else"),
        may_secure=False,
        may_time_out=False,
    ),
    ActionType(
        "Switch",
        action_schema("expression", cases=_CASES, default=_BRANCH),
        _check_switch,
        branches=("cases", "default"),
        may_secure=False,
        may_time_out=False,
    ),
    ActionType(
        "Foreach",
        action_schema("foreach", actions=ACTIONS, runtimeConfiguration=_CONCURRENCY),
        _check_foreach,
        options=("Sequential",),
        branches=("actions",),
        may_secure=False,
        may_time_out=False,
    ),
    ActionType(
        "Until",
        action_schema("expression", actions=ACTIONS, limit=_UNTIL_LIMIT),
        options=("FailWhenLimitsReached",),
        branches=("actions",),
        may_secure=False,
    ),
    ActionType("Wait", _WAIT, _check_wait, waits=True),
    ActionType("Terminate", inputs_schema("runStatus"), may_secure=False, may_time_out=False),
)
HANDLERS: Mapping[str, Handler] = {
    "scope": scope,
    "if": if_,
    "switch": switch,
    "foreach": foreach,
    "until": until,
    "wait": wait,
    "terminate": terminate,
}
