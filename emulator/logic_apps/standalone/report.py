"""How a run reads: the tree of its actions for people, an object for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from emulator.logic_apps.history.records import SKIPPED, SUCCEEDED
from emulator.logic_apps.runs.action_tree import PlacedAction, placed_actions
from emulator.logic_apps.standalone.result import NOT_RUN, ActionResult, Repetition, RunResult
from emulator.logic_apps.standalone.running import Ran

_MARKS = {"Succeeded": "+", "Failed": "x", "TimedOut": "x", "Cancelled": "x", "Skipped": "-", NOT_RUN: " "}
_LONGEST = 2000
_SECURED = "(secured)"


def ran_lines(ran: Ran, *, trace: bool = False) -> Iterator[str]:
    """Yield the lines that tell what came of a trigger; with `trace` the inputs and outputs of every action."""
    if not ran.runs:
        message = f": {ran.trigger_message}" if ran.trigger_message else ""
        yield f"trigger {ran.trigger}: {ran.trigger_status}{message}; no run was started"
    for number, result in enumerate(ran.runs, 1):
        if len(ran.runs) > 1:
            yield f"run {number} of {len(ran.runs)}"
        yield from run_lines(result, trace=trace)


def run_lines(result: RunResult, *, trace: bool = False) -> Iterator[str]:
    """Yield the lines that tell what came of a run."""
    yield f"{result.workflow}: {result.status} ({_duration(result.seconds)})"
    tree = placed_actions(result.definition.raw)
    width = max((2 * place.depth + len(_label(place)) for place in tree), default=0)
    for place in tree:
        action = result.actions[place.name]
        yield _line(place, action, width)
        yield from _details(place, action, trace=trace)
    if result.error:
        yield f"error: {result.error.get('code')}: {result.error.get('message')}"
    if result.fault:
        yield f"error: {result.fault}"
    for name, value in result.outputs.items():
        yield f"output {name}: {_shown(value)}"
    if result.response is not None:
        yield f"response: {result.response.get('statusCode')} {_response_text(result)}".rstrip()


def _response_text(result: RunResult) -> str:
    """Return the body of the answer; what a secured Response says is not told."""
    answers = [action for action in result.actions.values() if action.type.lower() == "response"]
    if any(repetition.hidden for action in answers for repetition in action.repetitions):
        return _SECURED
    body = (result.response or {}).get("body")
    return "" if body is None else _shown(body)


def _label(place: PlacedAction) -> str:
    return f"[{place.branch}] {place.name}" if place.branch else place.name


def _line(place: PlacedAction, action: ActionResult, width: int) -> str:
    indent = "  " * place.depth
    label = f"{indent}{_label(place)}"
    status = action.status
    counts = action.counts
    if sum(counts.values()) > 1:
        status = ", ".join(f"{name} x{count}" for name, count in counts.items())
    code = action.repetitions[0].code if len(action.repetitions) == 1 else None
    told = [f"  {_MARKS.get(action.status, ' ')} {label.ljust(width)}  {place.type:<12} {status}"]
    if code and code not in ("OK", status):
        told.append(f"({code})")
    seconds = sum(repetition.seconds for repetition in action.repetitions)
    if seconds:
        told.append(_duration(seconds))
    return " ".join(told)


def _details(place: PlacedAction, action: ActionResult, *, trace: bool) -> Iterator[str]:
    indent = "  " * (place.depth + 3)
    folded = len(action.repetitions) > 1
    told = 0
    for repetition in action.repetitions:
        failed = repetition.status not in (SUCCEEDED, SKIPPED)
        if not (trace or failed):
            continue
        told += 1
        if not trace and told > 1:
            continue
        where = f"[{repetition.name}] " if folded else ""
        if repetition.error and failed:
            yield f"{indent}{where}error: {repetition.error.get('code')}: {repetition.error.get('message')}"
        if repetition.status != SKIPPED:
            yield from (f"{indent}{where}{part}: {text}" for part, text in _contents(repetition))
    if told > 1 and not trace:
        yield f"{indent}and {told - 1} more that failed; see all with --trace"


def _contents(repetition: Repetition) -> Iterator[tuple[str, str]]:
    for part in ("inputs", "outputs"):
        if part in repetition.hidden:
            yield part, _SECURED
        elif getattr(repetition, part) is not None:
            yield part, _shown(getattr(repetition, part))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def ran_object(ran: Ran) -> dict[str, Any]:
    """Return what came of a trigger for scripts; secured inputs and outputs are left out and named in ``secured``."""
    return {
        "trigger": {"name": ran.trigger, "status": ran.trigger_status, "message": ran.trigger_message},
        "warnings": list(ran.warnings),
        "interrupted": ran.interrupted,
        "runs": [run_object(result) for result in ran.runs],
    }


def run_object(result: RunResult) -> dict[str, Any]:
    """Return what came of a run for scripts."""
    secured = {name.lower() for name, action in result.actions.items() if any(r.hidden for r in action.repetitions)}
    response = None
    if result.response is not None:
        hidden = _response_text(result) == _SECURED
        response = {"statusCode": result.response.get("statusCode")} if hidden else dict(result.response)
    return {
        "workflow": result.workflow,
        "status": result.status,
        "code": result.code,
        "error": result.error,
        "fault": result.fault,
        "seconds": result.seconds,
        "outputs": dict(result.outputs),
        "response": response,
        "branches": dict(result.branches),
        "actions": {name: _action_object(action) for name, action in result.actions.items()},
        "calls": [_call_object(call, call.action.lower() in secured) for call in result.calls],
    }


def _action_object(action: ActionResult) -> dict[str, Any]:
    return {
        "type": action.type,
        "status": action.status,
        "repetitions": [_repetition_object(repetition) for repetition in action.repetitions],
    }


def _repetition_object(repetition: Repetition) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": repetition.name,
        "status": repetition.status,
        "code": repetition.code,
        "error": repetition.error,
        "startTime": repetition.record.start,
        "endTime": repetition.record.end,
        "inputs": repetition.inputs,
        "outputs": repetition.outputs,
        "secured": list(repetition.hidden),
        "retries": list(repetition.record.retries),
    }
    return {name: value for name, value in found.items() if value not in (None, [], "")}


def _call_object(call: Any, secured: bool) -> dict[str, Any]:
    return {
        "action": call.action,
        "repetition": call.repetition,
        "method": call.method,
        "url": _SECURED if secured else call.url,
        "statusCode": call.status_code,
        "answeredBy": call.answered_by,
    }


def succeeded(ran: Ran) -> bool:
    """Tell whether there was a run, and all of them succeeded."""
    return bool(ran.runs) and all(result.status == SUCCEEDED and result.fault is None for result in ran.runs)
