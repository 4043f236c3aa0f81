"""When triggers with a recurrence look: polls and recurrences now and then, sliding windows one after the other."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from emulator.durations import duration_seconds
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.history.records import SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import moment_of, stamp
from emulator.logic_apps.triggers.firing import Firing, Look
from emulator.logic_apps.triggers.polling import owner_of
from emulator.logic_apps.triggers.recurrence import Recurrence

_LOG = logging.getLogger(__name__)
_WINDOW = "window"
_TRY_AGAIN_SECONDS = 60.0
"""After how long a window that cannot start a run yet is tried again."""

Looking = Callable[[Workflow, Trigger], Awaitable[Look]]


class Schedules:
    """Waits for the times of triggers, one coroutine for each trigger."""

    def __init__(self, runtime: Runtime, firing: Firing, look: Looking) -> None:
        self._runtime = runtime
        self._firing = firing
        self._look = look
        self._next: dict[tuple[str, str], datetime] = {}

    async def repeat(self, workflow: Workflow, trigger: Trigger, *, resumed: bool) -> None:
        """Let a trigger look by its recurrence; a resumed one goes on from its last look."""
        clock = self._runtime.clock
        recurrence = Recurrence.parse(trigger.raw["recurrence"])
        last = self._runtime.histories.newest(workflow.id, trigger.name) if resumed else None
        due = recurrence.next(moment_of(last["startTime"])) if last else recurrence.first(clock.now())
        while due is not None:
            self._wait_for(workflow, trigger, due)
            await clock.sleep((due - clock.now()).total_seconds())
            looked = None
            try:
                looked = await self._look(workflow, trigger)
            except Exception:
                _LOG.exception("trigger %s of %s", trigger.name, workflow.id)
            due = _due(recurrence, due, clock.now(), looked)

    def due(self, workflow: Workflow, trigger: Trigger) -> datetime | None:
        """Return when a trigger looks next, None where it does not."""
        return self._next.get((workflow.id.lower(), trigger.name))

    def forget(self, workflow: Workflow, trigger: Trigger) -> None:
        """Forget when a trigger looks next: it does no more."""
        self._next.pop((workflow.id.lower(), trigger.name), None)

    def _wait_for(self, workflow: Workflow, trigger: Trigger, due: datetime) -> None:
        self._next[workflow.id.lower(), trigger.name] = due

    async def slide(self, workflow: Workflow, trigger: Trigger) -> None:
        """Fire for each window in turn, those that were missed too; the first begins at the start time, or now.

        A window fires when it begins, later by the delay of the trigger.
        """
        clock = self._runtime.clock
        recurrence = Recurrence.parse(trigger.raw["recurrence"])
        delay = timedelta(seconds=duration_seconds(str(trigger.inputs.get("delay", "PT0S"))))
        start: datetime | None = self._next_window(workflow, trigger, recurrence)
        while start is not None:
            end = recurrence.next(start)
            self._wait_for(workflow, trigger, start + delay)
            await clock.sleep((start + delay - clock.now()).total_seconds())
            began = self._firing.now()
            hindrance = self._firing.hindrance(workflow, trigger)
            if hindrance is not None:
                self._firing.keep(workflow, trigger, began, Look(SKIPPED, hindrance))
                await clock.sleep(_TRY_AGAIN_SECONDS)
                continue
            self._fire_window(workflow, trigger, began, start, end or recurrence.after(start))
            if end is not None:
                self._keep_window(workflow, trigger, end)
            start = end

    def _fire_window(self, workflow: Workflow, trigger: Trigger, began: str, start: datetime, end: datetime) -> None:
        self._firing.began(workflow)
        outputs = {"windowStartTime": stamp(start), "windowEndTime": stamp(end)}
        record = TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK", None, outputs, sorted(trigger.secured))
        looked = self._firing.judged(workflow, trigger, record)
        if looked.record is None:
            self._firing.ended(workflow, trigger, began, looked)
        else:
            self._firing.fire(workflow, trigger, looked.record)

    def _next_window(self, workflow: Workflow, trigger: Trigger, recurrence: Recurrence) -> datetime:
        """Return where the windows go on: behind the last one that fired, unless the recurrence is another since."""
        kept = self._runtime.store.working(owner_of(workflow, trigger), _WINDOW)
        if kept is not None and kept["recurrence"] == trigger.raw["recurrence"]:
            return moment_of(kept["start"])
        start = recurrence.start or self._runtime.clock.now()
        self._keep_window(workflow, trigger, start)
        return start

    def _keep_window(self, workflow: Workflow, trigger: Trigger, start: datetime) -> None:
        kept = {"recurrence": trigger.raw["recurrence"], "start": stamp(start)}
        self._runtime.store.keep_working(owner_of(workflow, trigger), _WINDOW, kept)


def _due(recurrence: Recurrence, due: datetime, now: datetime, looked: Look | None) -> datetime | None:
    """Return when a trigger looks next: by its recurrence, or as the source of its last look wants it."""
    if looked is not None and looked.again_after is not None:
        return now + timedelta(seconds=looked.again_after)
    following = recurrence.next(due)
    if following is not None and following < now:
        following = recurrence.next(now)
    if looked is not None and looked.not_before is not None and following is not None:
        return max(following, now + timedelta(seconds=looked.not_before))
    return following
