"""Runs a definition: which action starts when, what is skipped, and what becomes of scopes, loops and the run."""

from __future__ import annotations

import asyncio
import json
import math
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.content_limits import check_sizes
from emulator.logic_apps.data_plane.signatures import callback_path, callback_permission
from emulator.logic_apps.definitions.components import LOOPS, Action
from emulator.logic_apps.definitions.secure_data import SecureData
from emulator.logic_apps.expressions import ExpressionError, Json, Template, compile_template, evaluate_traced
from emulator.logic_apps.history.records import (
    FAILED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    TIMED_OUT,
    ActionRecord,
    IterationRecord,
)  # fmt: skip
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.runs.failures import ActionError, RunTerminatedError
from emulator.logic_apps.runs.outcomes import Outcome, common_status
from emulator.logic_apps.runs.run_environment import Frame, RunEnvironment, RunState
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import moment_of, stamp
from emulator.logic_apps.runs.tasks import cancel_all, within
from emulator.logic_apps.triggers.webhooks import unsubscribe


class Execution:
    """One run. Finished actions that the state already has, from before a restart, are not done again."""

    def __init__(
        self, state: RunState, runtime: Runtime, identities: Identities, handlers: Mapping[str, Handler]
    ) -> None:
        self.state = state
        self.runtime = runtime
        self.identities = identities
        self.store, self.clock, self.random = runtime.store, runtime.clock, runtime.random
        self.variable_types = {
            str(variable["name"]).lower(): str(variable.get("type")).lower()
            for action in state.definition.index.values()
            if action.kind == "initializevariable"
            for variable in action.inputs["variables"]
        }
        self.variables_changed = False
        self._handlers = handlers
        self._templates: dict[int, Template] = {}
        self._compiled: list[Json] = []
        self._known = {record.path: record for record in self.store.known_actions(state.id)}
        self._iterations = {record.path: record for record in self.store.iterations(state.id)}
        self._secure = SecureData(state.definition, state.definition.trigger(state.trigger.name))

    async def run(self) -> Outcome:
        """Run to the end and record it."""
        outcome = await self._to_the_end()
        await self.unsubscribe()
        self.store.end(self.state.id, outcome.status, self.now(), outcome.code, outcome.error)
        return outcome

    async def _to_the_end(self) -> Outcome:
        try:
            outcome = Outcome.of(await self.container(self.state.definition.actions, self.state.root))
        except RunTerminatedError as end:
            self._skip_the_rest()
            return Outcome(end.status, end.code, end.error)
        return (self._outputs() or outcome) if outcome.status == SUCCEEDED else outcome

    def _outputs(self) -> Outcome | None:
        """Keep what the definition gives out; return the failure of the run where it cannot be evaluated."""
        outputs: dict[str, Json] = {}
        for name, declared in (self.state.definition.raw.get("outputs") or {}).items():
            template = self.template(declared["value"])
            if self._secure.reads_secured(template.references):
                continue
            try:
                value = template.evaluate(self.environment(self.state.root))
            except ExpressionError as error:
                message = f"The output '{name}' cannot be evaluated: {error.message}"
                return Outcome.failed(FAILED, "InvalidTemplate", message)
            outputs[name] = {"type": declared["type"], "value": value}
        if outputs:
            self.store.keep_outputs(self.state.id, outputs)
        return None

    def now(self) -> str:
        """Return the time as records have it."""
        return stamp(self.clock.now())

    def environment(self, frame: Frame, record: ActionRecord | None = None) -> RunEnvironment:
        """Return what the expressions of an action in `frame` see."""
        callback_url = None if record is None else lambda: self._callback_url(record)
        return RunEnvironment(self.state, frame, self.clock, self.random, record, callback_url=callback_url)

    def _callback_url(self, record: ActionRecord) -> str:
        path, permission = (
            callback_path(self.state.guid, self.state.id, record.path),
            callback_permission(self.state.id, record.path),
        )
        signatures = self.runtime.signatures
        return signatures.url(path, signatures.callback(self.state.workflow_id, path, permission))

    def template(self, value: Json) -> Template:
        """Return a part of the definition ready to be evaluated; it is compiled once in a run."""
        found = self._templates.get(id(value))
        if found is None:
            found = self._templates[id(value)] = compile_template(value)
            self._compiled.append(value)
        return found

    def decided(self, record: ActionRecord, decide: Callable[[], Json]) -> Json:
        """Return what an action decides once in its life: a branch, the elements of a loop; kept over a restart."""
        part = f"decision:{record.path}"
        kept = self.store.working(self.state.id, part) if record.path in self._known else None
        if kept is None:
            kept = {"value": decide()}
            self.store.keep_working(self.state.id, part, kept)
        return kept["value"]

    def finished_iteration(self, action: Action, inner: Frame) -> IterationRecord | None:
        """Return an iteration that was over before a restart, its records put in their places; else None."""
        known = self._iterations.get(inner.prefix)
        if known is not None:
            self._restore_children(action, inner)
        return known

    def end_iteration(
        self, action: Action, inner: Frame, start: str, status: str, *, holds: bool = False
    ) -> IterationRecord:
        """Record that an iteration is over."""
        record = IterationRecord(inner.prefix, inner.index, status, start, self.now(), holds)
        self.store.keep_iteration(self.state.id, action.name, record)
        return record

    async def container(self, actions: Mapping[str, Action], frame: Frame) -> str:
        """Run the actions that stand side by side; return their common status."""
        left = {name: len(action.run_after) for name, action in actions.items()}
        followers: dict[str, list[str]] = {name: [] for name in actions}
        for name, action in actions.items():
            for other in action.run_after:
                followers[other].append(name)
        ready = deque(name for name, count in left.items() if not count)
        running: dict[asyncio.Task[None], str] = {}
        finished: dict[str, str] = {}
        try:
            while ready or running:
                if len(ready) == 1 and not running:
                    over = [ready.popleft()]
                    await self._begin(actions[over[0]], frame, finished)
                elif ready:
                    name = ready.popleft()
                    running[asyncio.create_task(self._begin(actions[name], frame, finished))] = name
                    continue
                else:
                    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                    over = [running.pop(task) for task in done]
                for name in over:
                    finished[name] = frame.records[name.lower()].status
                    for follower in followers[name]:
                        left[follower] -= 1
                        if not left[follower]:
                            ready.append(follower)
        finally:
            await cancel_all(running)
        return common_status(actions, finished)

    async def _begin(self, action: Action, frame: Frame, finished: Mapping[str, str]) -> None:
        if all(finished[other] in statuses for other, statuses in action.run_after.items()):
            await self._wait_for_throughput()
            self._check_duration()
            await self._run_action(action, frame)
        else:
            self._skip(action, frame, "ActionSkipped", _DEPENDENCY)

    async def _wait_for_throughput(self) -> None:
        """Wait where the workflow did as many actions as it may: the service throttles them, it does not fail them."""
        while (pause := self.runtime.throttle.seconds_to_wait(self.state.workflow_id, "actions")) > 0:
            self._count("ActionThrottledEvents")
            await self.clock.sleep(pause)

    def skip_all(self, actions: Mapping[str, Action], frame: Frame) -> None:
        """Record that a branch was not taken."""
        for action in actions.values():
            self._skip(action, frame, "ActionBranchingConditionNotSatisfied", _NOT_TAKEN)

    def _skip_the_rest(self) -> None:
        """Record what a Terminate left undone, loops' insides left out."""
        root = self.state.root
        for action in self.state.definition.index.values():
            if not action.loops and action.name.lower() not in root.records:
                self._skip(action, root, "Terminated", "was not run: the run was terminated before.")

    def _skip(self, action: Action, frame: Frame, code: str, message: str) -> None:
        path = frame.prefix + action.name
        known = self._known.get(path)
        if known is None:
            error = {"code": code, "message": f"The action '{action.name}' {message}"}
            known = self._record(action, frame, SKIPPED)
            known.end, known.code, known.error = known.start, code, error
            self.store.keep_action(self.state.id, known)
            self._count("ActionsSkipped")
        frame.records[action.name.lower()] = known
        if action.kind not in LOOPS:
            for child in action.children:
                self._skip(child, frame, code, message)

    def _restore(self, action: Action, frame: Frame, record: ActionRecord) -> None:
        """Put what was finished before a restart in its place."""
        frame.records[action.name.lower()] = record
        if action.kind not in LOOPS:
            self._restore_children(action, frame)
            return
        index = 0
        while f"{frame.prefix}{action.name}:{index}/" in self._iterations:
            self._restore_children(action, frame.enter(action.name, index, None))
            index += 1

    def _restore_children(self, action: Action, frame: Frame) -> None:
        for child in action.children:
            known = self._known.get(frame.prefix + child.name)
            if known is not None:
                self._restore(child, frame, known)

    async def _run_action(self, action: Action, frame: Frame) -> None:
        path = frame.prefix + action.name
        known = self._known.get(path)
        if known is not None and known.finished:
            self._restore(action, frame, known)
            return
        record = known or self._record(action, frame, RUNNING)
        frame.records[action.name.lower()] = record
        if known is None:
            self.store.keep_action(self.state.id, record)
            self._count("ActionsStarted")
        try:
            await self._done(action, frame, record)
            check_sizes(action, record)
            self._track(action, frame, record)
            record.status, record.code = SUCCEEDED, record.code or "OK"
        except ActionError as error:
            record.status, record.code = error.status, error.code
            record.outputs = error.outputs if error.outputs is not None else record.outputs
            record.error = {"code": error.code, "message": error.message}
        except ExpressionError as error:
            record.status, record.code = FAILED, "InvalidTemplate"
            reason = "the reason is not shown because its inputs are secured" if record.hidden else error.message
            record.error = {
                "code": "InvalidTemplate",
                "message": f"Unable to process template language expressions in action '{action.name}': '{reason}'.",
            }
        except RunTerminatedError:
            if action.kind == "terminate":
                record.status = SUCCEEDED
                self._finish(action, record)
            raise
        if action.kind == "httpwebhook":
            await self._unsubscribe(record.path)
        self._finish(action, record)

    async def unsubscribe(self) -> None:
        """Unsubscribe what the run still waits for; an unsubscription that fails is logged and left."""
        for path in list(self.runtime.subscriptions.places(self.state.id)):
            await self._unsubscribe(path)

    async def _unsubscribe(self, path: str) -> None:
        await unsubscribe(self.runtime, self.state.id, path, self.identities)

    def _finish(self, action: Action, record: ActionRecord) -> None:
        record.end = self.now()
        self.store.keep_action(self.state.id, record, self.state.variables if self.variables_changed else None)
        self.variables_changed = False
        self._count("ActionsCompleted")
        self._count("ActionsSucceeded" if record.status == SUCCEEDED else "ActionsFailed")
        self._count("BillableActionExecutions")
        self._count("TotalBillableExecutions")

    async def _done(self, action: Action, frame: Frame, record: ActionRecord) -> None:
        static = self._static_result(action)
        if static is not None:
            _answer_statically(record, static)
            return
        work = self._handlers[action.kind](self, action, frame, record)
        timeout = action.limit.get("timeout") if action.kind not in LOOPS else None
        left = self._left() if action.type.waits else math.inf
        if timeout is not None:
            left = min(left, duration_seconds(timeout) - (self.clock.now() - moment_of(record.start)).total_seconds())
        if left == math.inf:
            await work
            return
        try:
            await within(work, left, self.clock)
        except TimeoutError as error:
            self._check_duration()
            message = f"The action '{action.name}' took longer than its limit of {timeout}."
            raise ActionError("ActionTimedOut", message, status=TIMED_OUT) from error

    def _left(self) -> float:
        """Return how many seconds the run may still take."""
        return limits.RUN_SECONDS - (self.clock.now() - moment_of(self.state.trigger.end)).total_seconds()

    def _check_duration(self) -> None:
        if self._left() <= 0:
            days = limits.RUN_SECONDS / 86_400
            error = {
                "code": "WorkflowRunTimedOut",
                "message": f"The run takes longer than the limit of {days:.0f} days.",
            }
            raise RunTerminatedError(TIMED_OUT, error, "WorkflowRunTimedOut")

    def _static_result(self, action: Action) -> Mapping[str, Any] | None:
        static = (action.raw.get("runtimeConfiguration") or {}).get("staticResult") or {}
        if static.get("staticResultOptions") != "Enabled":
            return None
        return self.state.definition.raw["staticResults"][static["name"]]

    def _track(self, action: Action, frame: Frame, record: ActionRecord) -> None:
        tracked = action.raw.get("trackedProperties")
        if tracked is not None and not record.hidden:
            record.tracked = evaluated(self, action, frame, record, tracked)
            size = len(json.dumps(record.tracked))
            if size > limits.TRACKED_CHARACTERS:
                record.tracked = None
                raise ActionError(
                    "TrackedPropertiesSizeLimit",
                    f"The trackedProperties of the action '{action.name}' have {size} characters; the limit is "
                    f"{limits.TRACKED_CHARACTERS}.",
                )

    def _record(self, action: Action, frame: Frame, status: str) -> ActionRecord:
        """Return the record of an action that is at its beginning."""
        return ActionRecord(
            action.name,
            frame.prefix + action.name,
            status,
            self.now(),
            tracking_id=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            hidden=self._secure.hidden(action) if status == RUNNING else [],
            client_tracking_id=self.state.client_tracking_id,
        )

    def _count(self, metric: str) -> None:
        self.runtime.metrics.record(self.state.workflow_id, metric, 1)


_DEPENDENCY = "was not run: its dependencies have not the statuses it runs after."
_NOT_TAKEN = "was not run: the branch it stands in was not taken."


def evaluated(execution: Execution, action: Action, frame: Frame, record: ActionRecord, value: Json) -> Json:
    """Return `value`, a part of the definition, with its expressions evaluated for `action`.

    What the expressions of its inputs gave is kept in the record, which shows it where the inputs are not secured.
    """
    keys = _keys_in(action.inputs, value)
    if keys is not None and "inputs" not in record.hidden:
        return evaluate_traced(value, execution.environment(frame, record), keys, record.traces)
    return execution.template(value).evaluate(execution.environment(frame, record))


def _keys_in(inputs: Json, value: Json) -> list[str | int] | None:
    """Return where in an action's inputs a part of the definition stands; None where it stands elsewhere."""
    if value is inputs:
        return []
    if not isinstance(inputs, dict):
        return None
    return next(([name] for name, member in inputs.items() if member is value), None)


def _answer_statically(record: ActionRecord, static: Mapping[str, Any]) -> None:
    """Give an action the result that the definition has for it ("staticResults")."""
    record.outputs = static.get("outputs")
    status = static.get("status", SUCCEEDED)
    if status != SUCCEEDED:
        error = static.get("error") or {}
        raise ActionError(
            str(error.get("code", "ActionFailed")), str(error.get("message", "A static result.")), status=str(status)
        )


Handler: TypeAlias = Callable[[Execution, Action, Frame, ActionRecord], Coroutine[Any, Any, None]]
"""Does an action: sets inputs and outputs of its record, raises ActionError where it fails."""
