"""Triggers: polls and recurrences on the clock, requests, conditions, splitOn, and the history of all of them."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.components import Trigger
from emulator.logic_apps.expressions import ExpressionError, compile_condition, compile_template
from emulator.logic_apps.http_calls import CallError, HttpCalls, prepare, seconds_to_wait
from emulator.logic_apps.records import FAILED, SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.recurrence import Recurrence
from emulator.logic_apps.run_environment import RunEnvironment
from emulator.logic_apps.run_store import RunStore
from emulator.logic_apps.runs import Runs, StartedRun, Workflow
from emulator.logic_apps.stamps import moment_of, stamp
from emulator.logic_apps.tasks import cancel_all
from emulator.logic_apps.trigger_histories import TriggerHistories
from emulator.telemetry import MetricSink

_LOG = logging.getLogger(__name__)
_REFUSED = 400
_ACCEPTED = 202


@dataclass(frozen=True)
class _Look:
    """What came of a look: the run's trigger record where the trigger fires, and how it stands in the history."""

    status: str
    code: str
    record: TriggerRecord | None = None
    message: str | None = None
    again_after: float | None = None


class Triggers:
    """The triggers of all workflows."""

    def __init__(
        self,
        store: RunStore,
        histories: TriggerHistories,
        clock: Clock,
        calls: HttpCalls,
        metrics: MetricSink,
        runs: Runs,
        source: random.Random,
    ) -> None:
        self._store = store
        self._histories = histories
        self._clock = clock
        self._calls = calls
        self._metrics = metrics
        self._runs = runs
        self._random = source
        self._loops: dict[str, dict[str, asyncio.Task[None]]] = {}
        self._due: dict[tuple[str, str], datetime] = {}

    def watch(self, workflow: Workflow, *, resumed: bool) -> None:
        """Let a workflow's triggers look by their recurrences; `resumed` ones go on from their last look."""
        self._loops[workflow.id.lower()] = {
            trigger.name: asyncio.create_task(self._look_for_ever(workflow, trigger, resumed=resumed))
            for trigger in workflow.definition.triggers.values()
            if trigger.kind != "request"
        }

    async def unwatch(self, workflow: Workflow) -> None:
        """Let a workflow's triggers look no more."""
        await cancel_all(self._loops.pop(workflow.id.lower(), {}).values())

    async def reset(self, workflow: Workflow, trigger: Trigger) -> None:
        """Let a trigger begin anew, as if the workflow had just been deployed; one that does not look stays so."""
        loops = self._loops.get(workflow.id.lower(), {})
        if trigger.name in loops:
            await cancel_all([loops[trigger.name]])
            loops[trigger.name] = asyncio.create_task(self._look_for_ever(workflow, trigger, resumed=False))

    def due(self, workflow: Workflow, trigger: Trigger) -> datetime | None:
        """Return when a trigger looks next, None where it does not."""
        return self._due.get((workflow.id.lower(), trigger.name))

    async def stop(self) -> None:
        """Stop all triggers."""
        await cancel_all([task for tasks in self._loops.values() for task in tasks.values()])
        self._loops.clear()

    async def look(self, workflow: Workflow, trigger: Trigger) -> float | None:
        """Let a trigger look now; return after how many seconds its source wants to be asked again, if it says so."""
        began = stamp(self._clock.now())
        if trigger.single_instance and self._store.active(workflow.id, trigger.name):
            self._history(workflow, trigger, began, _Look(SKIPPED, "SingleInstance"))
            return None
        if self._runs.waiting(workflow, trigger) >= trigger.waiting_runs:
            self._history(workflow, trigger, began, _Look(SKIPPED, "MaximumWaitingRunsReached"))
            return None
        self._count(workflow, "TriggersStarted", "BillableTriggerExecutions")
        looked = await self._looked(workflow, trigger, began)
        if looked.record is None:
            self._history(workflow, trigger, began, looked)
            self._count(workflow, "TriggersCompleted", f"Triggers{looked.status}")
        else:
            self._fire(workflow, trigger, looked.record)
        return looked.again_after

    def request(self, workflow: Workflow, trigger: Trigger, outputs: dict[str, Any]) -> list[StartedRun]:
        """Start the runs that a request asks for: one, or with splitOn one for each element.

        Raises:
            ArmError: 429, as many runs wait as may; 400, a condition or splitOn cannot be evaluated.
        """
        began = stamp(self._clock.now())
        if self._runs.waiting(workflow, trigger) >= trigger.waiting_runs:
            raise ArmError(
                429,
                "MaximumWaitingRunsReached",
                f"{trigger.waiting_runs} runs of the trigger '{trigger.name}' wait already.",
            )
        self._count(workflow, "TriggersStarted", "BillableTriggerExecutions")
        record = TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK", None, outputs, sorted(trigger.secured))
        looked = self._judged(workflow, trigger, record)
        if looked.record is not None:
            return self._fire(workflow, trigger, looked.record)
        self._history(workflow, trigger, began, looked)
        self._count(workflow, "TriggersCompleted", f"Triggers{looked.status}")
        if looked.status == FAILED:
            raise ArmError(400, looked.code, looked.message or "The trigger failed.")
        return []

    def again(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> StartedRun:
        """Start a run with what an earlier one was started with.

        Raises:
            ArmError: 409, that was secured, so that it was not kept.
        """
        if record.hidden:
            raise ArmError(
                409, "SecuredTriggerData", f"What the trigger '{trigger.name}' gave is secured and was not kept."
            )
        now = stamp(self._clock.now())
        return self._begin(workflow, trigger, replace(record, start=now, end=now))

    async def _look_for_ever(self, workflow: Workflow, trigger: Trigger, *, resumed: bool) -> None:
        recurrence = Recurrence.parse(trigger.raw["recurrence"])
        last = self._histories.newest(workflow.id, trigger.name) if resumed else None
        due = recurrence.next(moment_of(last["startTime"])) if last else recurrence.first(self._clock.now())
        try:
            await self._look_from(workflow, trigger, recurrence, due)
        finally:
            self._due.pop((workflow.id.lower(), trigger.name), None)

    async def _look_from(
        self, workflow: Workflow, trigger: Trigger, recurrence: Recurrence, due: datetime | None
    ) -> None:
        while due is not None:
            self._due[workflow.id.lower(), trigger.name] = due
            await self._clock.sleep((due - self._clock.now()).total_seconds())
            again_after = None
            try:
                again_after = await self.look(workflow, trigger)
            except Exception:
                _LOG.exception("trigger %s of %s", trigger.name, workflow.id)
            now = self._clock.now()
            if again_after is not None:
                await self._clock.sleep(again_after)
                due = self._clock.now()
                continue
            due = recurrence.next(due)
            if due is not None and due < now:
                due = recurrence.next(now)

    async def _looked(self, workflow: Workflow, trigger: Trigger, began: str) -> _Look:
        record = TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK", hidden=sorted(trigger.secured))
        try:
            if trigger.kind == "http":
                template = compile_template(trigger.inputs)
                record.inputs = template.evaluate(self._environment(workflow, record))
                call = prepare(record.inputs, asynchronous=False)
                record.outputs = await self._calls.send(call, workflow.identities, self._random, [])
        except CallError as error:
            return _Look(FAILED, error.code, message=error.message)
        except ExpressionError as error:
            return _Look(FAILED, error.code, message=_shown(trigger, error))
        record.end = stamp(self._clock.now())
        status = int((record.outputs or {}).get("statusCode", 200))
        if status >= _REFUSED:
            return _Look(FAILED, str(status), message=f"The call was answered with {status}.")
        if status == _ACCEPTED:
            return _Look(SKIPPED, "Accepted", again_after=seconds_to_wait(record.outputs["headers"]))
        return self._judged(workflow, trigger, record)

    def _judged(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> _Look:
        environment = self._environment(workflow, record)
        try:
            if all(compile_condition(condition).evaluate(environment) for condition in trigger.conditions):
                return _Look(SUCCEEDED, "OK", record)
        except ExpressionError as error:
            return _Look(FAILED, error.code, message=_shown(trigger, error))
        return _Look(SKIPPED, "ConditionNotMet")

    def _environment(self, workflow: Workflow, record: TriggerRecord) -> RunEnvironment:
        state = workflow.state("", record)
        return RunEnvironment(state, state.root, self._clock, self._random)

    def _fire(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> list[StartedRun]:
        try:
            records = self._split(workflow, trigger, record)
        except ExpressionError as error:
            looked = _Look(FAILED, error.code, message=_shown(trigger, error))
            self._history(workflow, trigger, record.start, looked)
            self._count(workflow, "TriggersCompleted", "TriggersFailed")
            return []
        if not records:
            self._history(workflow, trigger, record.start, _Look(SKIPPED, "SplitOnEmpty"))
            self._count(workflow, "TriggersCompleted", "TriggersSkipped")
            return []
        self._count(workflow, "TriggersCompleted", "TriggersSucceeded")
        return [self._begin(workflow, trigger, each) for each in records]

    def _split(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> list[TriggerRecord]:
        """Return a record for each run: all of it, or with splitOn one element each as the body."""
        if "splitOn" not in trigger.raw:
            return [record]
        items = compile_template(trigger.raw["splitOn"]).evaluate(self._environment(workflow, record))
        if not isinstance(items, list):
            raise ExpressionError(f"The splitOn of the trigger '{trigger.name}' has to give an array.")
        most = limits.SPLIT_ITEMS if trigger.runs is None else limits.SPLIT_ITEMS_WITH_CONCURRENCY
        if len(items) > most:
            raise ExpressionError(
                f"The splitOn of the trigger '{trigger.name}' has {len(items)} elements; the limit is {most}."
            )
        return [replace(record, outputs={**(record.outputs or {}), "body": item}) for item in items]

    def _begin(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> StartedRun:
        started = self._runs.begin(workflow, trigger, record)
        self._history(workflow, trigger, record.start, _Look(SUCCEEDED, "OK", record), started.id)
        self._count(workflow, "TriggersFired")
        return started

    def _history(self, workflow: Workflow, trigger: Trigger, began: str, looked: _Look, run: str | None = None) -> None:
        record: dict[str, Any] = {
            "name": run or self._runs.new_id(),
            "startTime": began,
            "endTime": stamp(self._clock.now()),
            "status": looked.status,
            "code": looked.code,
            "fired": run is not None,
        }
        if run is not None:
            record["run"] = run
        if looked.message is not None:
            record["error"] = {"code": looked.code, "message": looked.message}
        self._histories.keep(workflow.id, trigger.name, record)

    def _count(self, workflow: Workflow, *metrics: str) -> None:
        for metric in metrics:
            self._metrics.record(workflow.id, metric, 1)


def _shown(trigger: Trigger, error: ExpressionError) -> str:
    return "The reason is not shown because the trigger is secured." if trigger.secured else error.message
