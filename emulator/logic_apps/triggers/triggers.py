"""The triggers of all workflows: what lets them look, and what lets them fire."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps import limits
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.expressions import ExpressionError, compile_template
from emulator.logic_apps.history.records import FAILED, SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.http.http_calls import Sender
from emulator.logic_apps.runs.failures import CallError
from emulator.logic_apps.runs.runs import Runs, StartedRun, Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.tasks import cancel_all
from emulator.logic_apps.triggers.firing import Firing, Look
from emulator.logic_apps.triggers.firing import shown as shown_reason
from emulator.logic_apps.triggers.polling import Polling, owner_of
from emulator.logic_apps.triggers.schedules import Schedules
from emulator.logic_apps.triggers.webhooks import subscribe, unsubscribe

_LOG = logging.getLogger(__name__)
_HOOK = "trigger"
_CALLED = frozenset({"request", "httpwebhook"})
"""The triggers that are called at their address."""


class Triggers:
    """The triggers of all workflows."""

    def __init__(self, runtime: Runtime, runs: Runs) -> None:
        self._runtime = runtime
        self._firing = Firing(runtime, runs)
        self._polling = Polling(runtime, self._firing)
        self._schedules = Schedules(runtime, self._firing, self.look)
        self._tasks: dict[str, dict[str, asyncio.Task[None]]] = {}

    def watch(self, workflow: Workflow, *, resumed: bool) -> None:
        """Let a workflow's triggers look by their recurrences and subscribe; `resumed` ones go on where they were."""
        self._tasks[workflow.id.lower()] = {
            trigger.name: asyncio.create_task(self._watch(workflow, trigger, resumed=resumed))
            for trigger in workflow.definition.triggers.values()
            if trigger.kind != "request"
        }

    async def _watch(self, workflow: Workflow, trigger: Trigger, *, resumed: bool) -> None:
        if trigger.kind == "httpwebhook":
            await self._subscribe(workflow, trigger)
            return
        try:
            if trigger.kind == "slidingwindow":
                await self._schedules.slide(workflow, trigger)
            else:
                await self._schedules.repeat(workflow, trigger, resumed=resumed)
        except (OverflowError, ValueError) as error:
            _LOG.warning("trigger %s of %s looks no more: no time follows (%s)", trigger.name, workflow.id, error)
        finally:
            self._schedules.forget(workflow, trigger)

    async def unwatch(self, workflow: Workflow, kept: Workflow | None = None) -> None:
        """Let a workflow's triggers look no more; subscriptions that `kept`, its next version, has too stay."""
        await cancel_all(self._tasks.pop(workflow.id.lower(), {}).values())
        for trigger in workflow.definition.triggers.values():
            if trigger.kind == "httpwebhook" and not self._keeps(workflow, trigger, kept):
                await unsubscribe(self._runtime, owner_of(workflow, trigger), _HOOK, workflow.identities)

    async def reset(self, workflow: Workflow, trigger: Trigger) -> None:
        """Let a trigger begin anew, as if the workflow had just been deployed; one that does not look stays so."""
        tasks = self._tasks.get(workflow.id.lower(), {})
        if trigger.name not in tasks:
            return
        await cancel_all([tasks[trigger.name]])
        await unsubscribe(self._runtime, owner_of(workflow, trigger), _HOOK, workflow.identities)
        self._forget_state(workflow, trigger)
        tasks[trigger.name] = asyncio.create_task(self._watch(workflow, trigger, resumed=False))

    def due(self, workflow: Workflow, trigger: Trigger) -> datetime | None:
        """Return when a trigger looks next, None where it does not."""
        return self._schedules.due(workflow, trigger)

    def forget(self, workflow: Workflow) -> None:
        """Forget what the triggers of a workflow that is deleted kept."""
        for trigger in workflow.definition.triggers.values():
            self._forget_state(workflow, trigger)

    def _forget_state(self, workflow: Workflow, trigger: Trigger) -> None:
        owner = owner_of(workflow, trigger)
        for part in self._runtime.store.working_parts(owner, ""):
            self._runtime.store.drop_working(owner, part)

    async def stop(self) -> None:
        """Stop all triggers; subscriptions stay."""
        await cancel_all([task for tasks in self._tasks.values() for task in tasks.values()])
        self._tasks.clear()

    async def look(self, workflow: Workflow, trigger: Trigger) -> Look:
        """Let a trigger look now."""
        began = self._firing.now()
        hindrance = self._firing.hindrance(workflow, trigger)
        if hindrance is not None:
            looked = Look(SKIPPED, hindrance)
            self._firing.keep(workflow, trigger, began, looked)
            return looked
        self._firing.began(workflow)
        looked = await self._polling.look(workflow, trigger)
        if looked.record is None:
            self._firing.ended(workflow, trigger, began, looked)
        else:
            self._firing.fire(workflow, trigger, looked.record)
        return looked

    def request(
        self,
        workflow: Workflow,
        trigger: Trigger,
        outputs: dict[str, Any],
        client_tracking_id: str | None = None,
    ) -> list[StartedRun]:
        """Start the runs that a request asks for: one, or with splitOn one for each element.

        Raises:
            ArmError: 429, the workflow is called too often, or as many runs wait as may; 400, a condition or splitOn
                cannot be evaluated.
        """
        began = self._firing.now()
        if self._runtime.throttle.seconds_to_wait(workflow.id, "calls") > 0:
            self._runtime.metrics.record(workflow.id, "TriggerThrottledEvents", 1)
            raise ArmError(
                429,
                "WorkflowTriggerThrottled",
                f"The workflow was called {limits.TRIGGER_CALLS} times in {limits.THROUGHPUT_SECONDS / 60:.0f} "
                f"minutes, which is the limit.",
            )
        if self._firing.is_full(workflow, trigger):
            raise ArmError(
                429,
                "MaximumWaitingRunsReached",
                f"{trigger.waiting_runs} runs of the trigger '{trigger.name}' wait already.",
            )
        self._firing.began(workflow)
        record = TriggerRecord(
            trigger.name, SUCCEEDED, began, began, "OK", None, outputs, sorted(trigger.secured), client_tracking_id
        )
        looked = self._firing.judged(workflow, trigger, record)
        if looked.record is not None:
            return self._firing.fire(workflow, trigger, looked.record)
        self._firing.ended(workflow, trigger, began, looked)
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
        now = self._firing.now()
        return self._firing.begin(workflow, trigger, replace(record, start=now, end=now))

    async def _subscribe(self, workflow: Workflow, trigger: Trigger) -> None:
        """Subscribe a webhook trigger, unless it is subscribed since before a restart or the last deployment."""
        owner, began = owner_of(workflow, trigger), self._firing.now()
        record = TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK")
        try:
            inputs = self._inputs(workflow, trigger, record)
            if self._runtime.subscriptions.inputs(owner, _HOOK) == inputs:
                return
            await unsubscribe(self._runtime, owner, _HOOK, workflow.identities)
            sender = Sender(workflow.identities, self._runtime.random)
            await subscribe(self._runtime, owner, _HOOK, inputs, sender, {})
        except CallError as error:
            looked = Look(FAILED, error.code, message=error.message)
        except ExpressionError as error:
            looked = Look(FAILED, error.code, message=shown_reason(trigger, error))
        except Exception:
            _LOG.exception("trigger %s of %s", trigger.name, workflow.id)
            return
        else:
            return
        self._firing.began(workflow)
        self._firing.ended(workflow, trigger, began, looked)

    def _inputs(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> Any:
        return compile_template(trigger.inputs).evaluate(self._firing.environment(workflow, trigger, record))

    def _keeps(self, workflow: Workflow, trigger: Trigger, kept: Workflow | None) -> bool:
        """Tell whether the next version of a workflow, enabled, has a webhook trigger of that name."""
        same = kept.definition.trigger(trigger.name) if kept is not None and kept.enabled else None
        return same is not None and same.kind == "httpwebhook"


def is_called(trigger: Trigger) -> bool:
    """Tell whether a trigger fires when its address is called."""
    return trigger.kind in _CALLED
