"""Runs a definition: which action starts when, what is skipped, and what becomes of scopes, loops and the run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.definition import CONTAINERS, Action, references_of
from emulator.logic_apps.durations import duration_seconds
from emulator.logic_apps.expressions import ExpressionError, Json, compile_template
from emulator.logic_apps.http_calls import HttpCalls
from emulator.logic_apps.records import (
    CANCELLED,
    FAILED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    TIMED_OUT,
    ActionRecord,
)  # fmt: skip
from emulator.logic_apps.run_environment import Frame, RunEnvironment, RunState
from emulator.logic_apps.run_store import RunStore
from emulator.telemetry import MetricSink

_REPEATS_INPUTS = frozenset({"compose", "parsejson", "response"})
"""Actions whose outputs are their inputs: secured data that goes in is hidden in both."""


class ActionError(Exception):
    """An action failed; `outputs` are what it has nevertheless, e.g. an answer with the status 404."""

    def __init__(self, code: str, message: str, outputs: Json = None, status: str = FAILED) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.outputs = outputs
        self.status = status


class RunTerminatedError(Exception):
    """A Terminate action ends the run."""

    def __init__(self, status: str, error: dict[str, Any] | None) -> None:
        super().__init__(status)
        self.status = status
        self.error = error


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str
    code: str | None
    error: dict[str, Any] | None


class Execution:
    """One run. Finished actions that the state already has, from before a restart, are not done again."""

    def __init__(
        self,
        state: RunState,
        store: RunStore,
        clock: Clock,
        calls: HttpCalls,
        metrics: MetricSink,
        source: random.Random,
        principal_id: str | None,
    ) -> None:
        self.state = state
        self.store = store
        self.clock = clock
        self.calls = calls
        self.random = source
        self.variable_types = {
            str(variable["name"]).lower(): str(variable.get("type")).lower()
            for action in state.definition.index.values()
            if action.kind == "initializevariable"
            for variable in action.inputs["variables"]
        }
        self.principal_id = principal_id
        self.response: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._metrics = metrics
        self._known = {record.path: record for record in store.finished_actions(state.id)}
        self._secured_outputs = _secured_outputs(state)

    async def run(self) -> Outcome:
        """Run to the end and record it."""
        try:
            status = await self.container(self.state.definition.actions, self.state.root)
            error = {"code": "ActionFailed", "message": "An action failed. No dependent actions succeeded."}
            outcome = Outcome(
                status, None if status == SUCCEEDED else "ActionFailed", None if status == SUCCEEDED else error
            )
        except RunTerminatedError as end:
            outcome = Outcome(end.status, "Terminated", end.error)
        self.store.end(self.state.id, outcome.status, self.now(), outcome.code, outcome.error)
        return outcome

    def now(self) -> str:
        """Return the time as records have it."""
        return stamp(self.clock.now())

    def environment(self, frame: Frame, record: ActionRecord | None = None) -> RunEnvironment:
        """Return what the expressions of an action in `frame` see."""
        return RunEnvironment(self.state, frame, self.clock, self.random, record)

    def keep_variables(self) -> None:
        """Save the variables."""
        self.store.keep_working(self.state.id, "variables", self.state.variables)

    async def container(self, actions: Mapping[str, Action], frame: Frame) -> str:
        """Run the actions that stand side by side; return their common status."""
        waiting = dict(actions)
        running: dict[asyncio.Task[None], str] = {}
        finished: dict[str, str] = {}
        try:
            while waiting or running:
                progressed = True
                while progressed:
                    progressed = False
                    for name, action in list(waiting.items()):
                        if not set(action.run_after) <= set(finished):
                            continue
                        del waiting[name]
                        if all(finished[other] in statuses for other, statuses in action.run_after.items()):
                            running[asyncio.create_task(self._run_action(action, frame))] = name
                        else:
                            self._skip(action, frame, "ActionSkipped", _DEPENDENCY)
                            finished[name] = SKIPPED
                            progressed = True
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = running.pop(task)
                    task.result()
                    finished[name] = frame.records[name.lower()].status
        finally:
            await cancel_all(running)
        return _common_status(actions, finished)

    def skip_all(self, actions: Mapping[str, Action], frame: Frame) -> None:
        """Record that a branch was not taken."""
        for action in actions.values():
            self._skip(action, frame, "ActionBranchingConditionNotSatisfied", _NOT_TAKEN)

    def _skip(self, action: Action, frame: Frame, code: str, message: str) -> None:
        path = frame.prefix + action.name
        known = self._known.pop(path, None)
        if known is None:
            at = self.now()
            error = {"code": code, "message": f"The action '{action.name}' {message}"}
            known = ActionRecord(action.name, path, SKIPPED, at, at, code, error=error, tracking_id=self._new_id())
            self.store.keep_action(self.state.id, known)
            self._count("ActionsSkipped")
        frame.records[action.name.lower()] = known
        if action.kind not in ("foreach", "until"):
            for branch in action.branches.values():
                for child in branch.values():
                    self._skip(child, frame, code, message)

    async def _run_action(self, action: Action, frame: Frame) -> None:
        path = frame.prefix + action.name
        known = self._known.pop(path, None)
        if known is not None and action.kind not in CONTAINERS:
            frame.records[action.name.lower()] = known
            return
        record = ActionRecord(
            action.name, path, RUNNING, self.now(), tracking_id=self._new_id(), hidden=self._hidden(action)
        )
        frame.records[action.name.lower()] = record
        self.store.keep_action(self.state.id, record)
        self._count("ActionsStarted")
        try:
            await self._within_limit(action, frame, record)
            record.status, record.code = SUCCEEDED, record.code or "OK"
        except ActionError as error:
            record.status, record.code = error.status, error.code
            record.outputs = error.outputs if error.outputs is not None else record.outputs
            record.error = {"code": error.code, "message": error.message}
        except ExpressionError as error:
            record.status, record.code = FAILED, "InvalidTemplate"
            record.error = {
                "code": "InvalidTemplate",
                "message": (
                    f"Unable to process template language expressions in action '{action.name}': '{error.message}'."
                ),
            }
        except RunTerminatedError:
            if action.kind == "terminate":
                record.status = SUCCEEDED
                self._finish(action, record)
            raise
        self._finish(action, record)

    def _finish(self, action: Action, record: ActionRecord) -> None:
        record.end = self.now()
        self.store.keep_action(self.state.id, record)
        self._count("ActionsCompleted")
        self._count({SUCCEEDED: "ActionsSucceeded", FAILED: "ActionsFailed"}.get(record.status, "ActionsSkipped"))
        self._count("BillableActionExecutions")

    async def _within_limit(self, action: Action, frame: Frame, record: ActionRecord) -> None:
        from emulator.logic_apps.actions import HANDLERS

        work = HANDLERS[action.kind](self, action, frame, record)
        timeout = (action.raw.get("limit") or {}).get("timeout") if action.kind != "until" else None
        if timeout is None:
            await work
            return
        await self.at_most(duration_seconds(timeout), work, action)

    async def at_most(self, seconds: float, work: Awaitable[None], action: Action) -> None:
        """Wait for `work`, but no longer than `seconds` of the clock; then the action is TimedOut."""
        task = asyncio.ensure_future(work)
        timer = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ActionError(
                    "ActionTimedOut", f"The action '{action.name}' took longer than its limit.", status=TIMED_OUT
                )
            task.result()
        finally:
            await cancel_all([task, timer])

    def _hidden(self, action: Action) -> list[str]:
        hidden = set(action.secured)
        reads_secured = any(
            reference.function in ("body", "outputs", "actions", "actionBody", "actionOutputs")
            and str(reference.name).lower() in self._secured_outputs
            for reference in references_of(action)
        )
        if reads_secured and action.kind not in CONTAINERS:
            hidden.add("inputs")
            if action.kind in _REPEATS_INPUTS:
                hidden.add("outputs")
        return sorted(hidden)

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _count(self, metric: str) -> None:
        self._metrics.record(self.state.workflow_id, metric, 1)


_DEPENDENCY = "was not run: its dependencies have not the statuses it runs after."
_NOT_TAKEN = "was not run: the branch it stands in was not taken."


def evaluated(execution: Execution, action: Action, frame: Frame, record: ActionRecord, value: Json) -> Json:
    """Return `value` with its expressions evaluated for `action`."""
    return compile_template(value).evaluate(execution.environment(frame, record))


async def cancel_all(tasks: Any) -> None:
    """Cancel the tasks and wait until they are over."""
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    for task in pending:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def stamp(moment: datetime) -> str:
    """Return a moment as the service writes it: seven decimals, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment_of(text: str) -> datetime:
    """Return the moment of a stamp."""
    return datetime.fromisoformat(text[:26] + "+00:00")


def until_deadline(record: ActionRecord, timeout: str) -> datetime:
    """Return when an Until that began at its record's start has to end."""
    return moment_of(record.start) + timedelta(seconds=duration_seconds(timeout))


def _common_status(actions: Mapping[str, Action], finished: Mapping[str, str]) -> str:
    """Leaves decide; a skipped leaf stands for the actions it would have run after."""
    followed = {other for action in actions.values() for other in action.run_after}

    def of(name: str) -> set[str]:
        if finished[name] != SKIPPED:
            return {finished[name]}
        return {status for other in actions[name].run_after for status in of(other)}

    found = {status for name in actions if name not in followed for status in of(name)}
    for status in (FAILED, TIMED_OUT, CANCELLED):
        if status in found:
            return status
    return SUCCEEDED


def _secured_outputs(state: RunState) -> set[str]:
    """Names of the actions whose outputs are hidden, in lower case; Compose and its like pass it on."""
    names = {name for name, action in state.definition.index.items() if "outputs" in action.secured}
    while True:
        more = {
            name
            for name, action in state.definition.index.items()
            if name not in names
            and action.kind in _REPEATS_INPUTS
            and (
                "inputs" in action.secured
                or any(str(reference.name).lower() in names for reference in references_of(action))
            )
        }
        if not more:
            return names
        names |= more


Handler: TypeAlias = Callable[[Execution, Action, Frame, ActionRecord], Awaitable[None]]
"""Does an action: sets inputs and outputs of its record, raises ActionError where it fails."""

REPETITIONS = limits.FOREACH_REPETITIONS
