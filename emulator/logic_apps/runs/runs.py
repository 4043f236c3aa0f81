"""Runs under way: started, waiting for their turn, cancelled, and taken up again after a restart."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from emulator.logic_apps.actions import HANDLERS
from emulator.logic_apps.data_plane.access_control import AccessControl
from emulator.logic_apps.data_plane.responses import Answer
from emulator.logic_apps.definitions.checks import parse_stored
from emulator.logic_apps.definitions.components import Definition, Trigger
from emulator.logic_apps.history.records import CANCELLED, FAILED, RUNNING, SUCCEEDED, TriggerRecord
from emulator.logic_apps.history.run_store import WAITING
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.runs.execution import Execution, Handler
from emulator.logic_apps.runs.run_environment import RunState
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import moment_of, stamp
from emulator.logic_apps.runs.tasks import cancel_all

_LOG = logging.getLogger(__name__)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass
class Workflow:
    """A deployed workflow; `parameters` are values by name, `guid` names it on the data plane, `version` what it is."""

    id: str
    guid: str
    location: str
    tags: Mapping[str, str]
    identities: Identities
    enabled: bool
    definition: Definition
    parameters: Mapping[str, Any]
    access: AccessControl
    version: str

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.id.rsplit("/", 1)[-1]

    def state(self, run: str, trigger: TriggerRecord) -> RunState:
        """Return the state of a new run of this workflow."""
        return RunState(run, self.id, self.location, self.tags, self.definition, self.parameters, trigger, {})


@dataclass(frozen=True)
class StartedRun:
    """A run; `over` is done when it has ended."""

    workflow: Workflow
    execution: Execution
    over: asyncio.Future[None]
    limit: int | None

    @property
    def id(self) -> str:
        """The run's id."""
        return self.execution.state.id

    @property
    def key(self) -> tuple[str, str]:
        """What its turn is counted by: the workflow and the trigger."""
        return self.workflow.id.lower(), self.execution.state.trigger.name.lower()


class Runs:
    """All runs of all workflows that are not over. A trigger's concurrency decides how many go on at once."""

    def __init__(self, runtime: Runtime, handlers: Mapping[str, Handler] = HANDLERS) -> None:
        self._runtime = runtime
        self._handlers = handlers
        self._store, self._clock, self._metrics = runtime.store, runtime.clock, runtime.metrics
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._under_way: dict[str, StartedRun] = {}
        self._waiting: dict[tuple[str, str], deque[StartedRun]] = {}

    def new_id(self) -> str:
        """Return a run id like the service's: unique, and sorting newest first."""
        left = int((_LAST - self._clock.now()).total_seconds() * 1e6)
        return f"0858{left:018d}{self._runtime.random.randrange(10**6):06d}CU00"

    def begin(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> StartedRun:
        """Start a run, or let it wait for its turn."""
        run = self.new_id()
        start = {"definition": workflow.definition.raw, "parameters": workflow.parameters}
        self._store.begin(run, workflow.id, workflow.version, record, start)
        self._metrics.record(workflow.id, "RunsStarted", 1)
        return self._enter(workflow, workflow.state(run, record), trigger.runs, WAITING)

    def resume(self, workflow: Workflow, run: str, status: str) -> None:
        """Take up a run that a stop had interrupted, with the definition and the parameters of its start."""
        record = TriggerRecord(**self._store.working(run, "trigger"))
        start = self._store.working(run, "start")
        definition = parse_stored(start["definition"])
        trigger = definition.trigger(record.name)
        state = replace(
            workflow.state(run, record),
            definition=definition,
            parameters=start["parameters"],
            variables=self._store.working(run, "variables") or {},
        )
        self._enter(workflow, state, trigger.runs if trigger is not None else None, status)

    def waiting(self, workflow: Workflow, trigger: Trigger) -> int:
        """Return how many runs of a trigger wait for their turn."""
        return len(self._waiting.get((workflow.id.lower(), trigger.name.lower()), ()))

    async def answer(self, run: str) -> Answer | None:
        """Return what the Response action of a run says as soon as it does, None where the run ends without one."""
        responses, started = self._runtime.responses, self._under_way.get(run)
        if started is not None and responses.given(run) is None:
            waiting = asyncio.ensure_future(responses.wait(run))
            try:
                await asyncio.wait({waiting, started.over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await cancel_all([waiting])
        return responses.given(run)

    def is_under_way(self, run: str) -> bool:
        """Tell whether a run is not over."""
        return run in self._under_way

    async def cancel(self, workflow: Workflow, run: str) -> None:
        """Cancel a run that is not over; one that is over stays as it is."""
        started = self._under_way.get(run)
        if started is not None:
            self._drop_waiting(started)
            await cancel_all([task for task in [self._tasks.get(run)] if task is not None])
        row = self._store.run(workflow.id, run)
        if row is None or row.end is not None:
            return
        if started is not None:
            await started.execution.unsubscribe()
        error = {"code": "WorkflowRunCancelled", "message": "The run was cancelled."}
        self._store.end(run, CANCELLED, stamp(self._clock.now()), "Cancelled", error)
        for metric in ("RunsCancelled", "RunsCompleted"):
            self._metrics.record(workflow.id, metric, 1)
        if started is not None:
            self._leave(started)

    async def forget(self, workflow: Workflow) -> None:
        """Stop every run of a workflow that is being deleted."""
        for started in [each for each in self._under_way.values() if each.workflow.id.lower() == workflow.id.lower()]:
            await self.cancel(workflow, started.id)

    async def stop(self) -> None:
        """Stop every run where it is; `resume` takes it up."""
        self._waiting.clear()
        await cancel_all(list(self._tasks.values()))

    def _enter(self, workflow: Workflow, state: RunState, limit: int | None, status: str) -> StartedRun:
        execution = Execution(state, self._runtime, workflow.identities, self._handlers)
        started = StartedRun(workflow, execution, asyncio.get_running_loop().create_future(), limit)
        self._under_way[started.id] = started
        if status == RUNNING or self._has_room(started):
            self._launch(started)
        else:
            self._waiting.setdefault(started.key, deque()).append(started)
        return started

    def _has_room(self, started: StartedRun) -> bool:
        if started.limit is None:
            return True
        going = sum(self._under_way[run].key == started.key for run in self._tasks)
        return going < started.limit

    def _launch(self, started: StartedRun) -> None:
        self._store.set_running(started.id)
        self._tasks[started.id] = asyncio.create_task(self._run(started))

    def _drop_waiting(self, started: StartedRun) -> None:
        queue = self._waiting.get(started.key)
        if queue is not None and started in queue:
            queue.remove(started)

    def _leave(self, started: StartedRun) -> None:
        self._tasks.pop(started.id, None)
        self._under_way.pop(started.id, None)
        self._runtime.responses.forget(started.id)
        if not started.over.done():
            started.over.set_result(None)
        queue = self._waiting.get(started.key)
        while queue and self._has_room(queue[0]):
            self._launch(queue.popleft())

    async def _run(self, started: StartedRun) -> None:
        execution, id = started.execution, started.workflow.id
        try:
            outcome = await execution.run()
            status = outcome.status
        except Exception:
            _LOG.exception("run %s of %s", started.id, id)
            status = FAILED
            error = {"code": "InternalServerError", "message": "The emulator failed; its log says why."}
            self._store.end(started.id, FAILED, stamp(self._clock.now()), "InternalServerError", error)
        seconds = (self._clock.now() - moment_of(execution.state.trigger.end)).total_seconds()
        metric = {SUCCEEDED: "RunsSucceeded", CANCELLED: "RunsCancelled"}.get(status, "RunsFailed")
        for name in ("RunsCompleted", metric):
            self._metrics.record(id, name, 1)
        self._metrics.record(id, "RunLatency", seconds)
        if status == SUCCEEDED:
            self._metrics.record(id, "RunSuccessLatency", seconds)
        self._leave(started)
