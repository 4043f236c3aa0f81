"""What comes of a look of a trigger: conditions, splitOn, runs, and the trigger's history."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.data_plane.signatures import invoke_path, invoke_permission
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.expressions import ExpressionError, compile_condition, compile_template
from emulator.logic_apps.history.records import FAILED, SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.runs.run_environment import RunEnvironment
from emulator.logic_apps.runs.runs import Runs, StartedRun, Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import stamp

_READS_STATUS = re.compile(r"""triggers?\(\)\s*\??(\.\s*code\b|\[\s*'code'\s*\])|'?statusCode\b""", re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """What came of a look: the run's trigger record where the trigger fires, and how it stands in the history.

    The source wants to be asked again `again_after` so many seconds, or `not_before` them.
    """

    status: str
    code: str
    record: TriggerRecord | None = None
    message: str | None = None
    again_after: float | None = None
    not_before: float | None = None


class Firing:
    """Starts the runs of triggers."""

    def __init__(self, runtime: Runtime, runs: Runs) -> None:
        self._runtime = runtime
        self._runs = runs

    def now(self) -> str:
        """Return the time as records have it."""
        return stamp(self._runtime.clock.now())

    def hindrance(self, workflow: Workflow, trigger: Trigger) -> str | None:
        """Return why a trigger cannot start a run now, None where it can."""
        if trigger.single_instance and self._runtime.store.active(workflow.id, trigger.name):
            return "SingleInstance"
        if self.is_full(workflow, trigger):
            return "MaximumWaitingRunsReached"
        return None

    def is_full(self, workflow: Workflow, trigger: Trigger) -> bool:
        """Tell whether as many runs of a trigger wait as may."""
        return self._runs.waiting(workflow, trigger) >= trigger.waiting_runs

    def began(self, workflow: Workflow) -> None:
        """Count that a trigger looks."""
        self._count(workflow, "TriggersStarted", "BillableTriggerExecutions", "TotalBillableExecutions")

    def ended(self, workflow: Workflow, trigger: Trigger, began: str, looked: Look) -> None:
        """Record a look that started no run."""
        self.keep(workflow, trigger, began, looked)
        self._count(workflow, "TriggersCompleted", f"Triggers{looked.status}")

    def judged(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> Look:
        """Return whether the trigger's conditions hold."""
        environment = self.environment(workflow, trigger, record)
        try:
            if all(compile_condition(condition).evaluate(environment) for condition in trigger.conditions):
                return Look(SUCCEEDED, "OK", record)
        except ExpressionError as error:
            return Look(FAILED, error.code, message=shown(trigger, error))
        return Look(SKIPPED, "ConditionNotMet")

    def environment(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> RunEnvironment:
        """Return what the expressions of a trigger see."""
        state = workflow.state("", record)
        signatures = self._runtime.signatures

        def callback_url() -> str:
            if trigger.kind != "httpwebhook":
                raise ExpressionError("The function 'listCallbackUrl' stands in no webhook trigger.")
            path = invoke_path(workflow.guid, trigger.name)
            return signatures.url(path, signatures.callback(workflow.id, path, invoke_permission(trigger.name)))

        return RunEnvironment(state, state.root, self._runtime.clock, self._runtime.random, callback_url=callback_url)

    def fire(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> list[StartedRun]:
        """Start the runs: one, or with splitOn one for each element."""
        try:
            records = [self._tracked(workflow, trigger, each) for each in self._split(workflow, trigger, record)]
        except ExpressionError as error:
            self.ended(workflow, trigger, record.start, Look(FAILED, error.code, message=shown(trigger, error)))
            return []
        if not records:
            self.ended(workflow, trigger, record.start, Look(SKIPPED, "SplitOnEmpty"))
            return []
        self._count(workflow, "TriggersCompleted", "TriggersSucceeded")
        return [self.begin(workflow, trigger, each) for each in records]

    def begin(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> StartedRun:
        """Start one run."""
        started = self._runs.begin(workflow, trigger, record)
        self.keep(workflow, trigger, record.start, Look(SUCCEEDED, "OK", record), started.id)
        self._count(workflow, "TriggersFired")
        return started

    def keep(self, workflow: Workflow, trigger: Trigger, began: str, looked: Look, run: str | None = None) -> None:
        """Record a look in the trigger's history."""
        record: dict[str, Any] = {
            "name": run or self._runs.new_id(),
            "startTime": began,
            "endTime": self.now(),
            "status": looked.status,
            "code": looked.code,
            "fired": run is not None,
        }
        if run is not None:
            record["run"] = run
        if looked.message is not None:
            record["error"] = {"code": looked.code, "message": looked.message}
        self._runtime.histories.keep(workflow.id, trigger.name, record)

    def _split(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> list[TriggerRecord]:
        """Return a record for each run: all of it, or with splitOn one element each as the body.

        With a concurrency, more elements than `limits.SPLIT_ITEMS_WITH_CONCURRENCY` stay together in one run.
        """
        if "splitOn" not in trigger.raw:
            return [record]
        items = compile_template(trigger.raw["splitOn"]).evaluate(self.environment(workflow, trigger, record))
        if not isinstance(items, list):
            raise ExpressionError(f"The splitOn of the trigger '{trigger.name}' has to give an array.")
        if len(items) > limits.SPLIT_ITEMS:
            raise ExpressionError(
                f"The splitOn of the trigger '{trigger.name}' has {len(items)} elements; the limit is "
                f"{limits.SPLIT_ITEMS}."
            )
        if trigger.runs is not None and len(items) > limits.SPLIT_ITEMS_WITH_CONCURRENCY:
            return [record]
        return [replace(record, outputs={**(record.outputs or {}), "body": item}) for item in items]

    def _tracked(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> TriggerRecord:
        """Return the record with the client tracking id that the trigger's correlation gives."""
        wanted = (trigger.raw.get("correlation") or {}).get("clientTrackingId")
        if wanted is None:
            return record
        found = compile_template(wanted).evaluate(self.environment(workflow, trigger, record))
        if not isinstance(found, str) or not found:
            raise ExpressionError(
                f"The correlation.clientTrackingId of the trigger '{trigger.name}' has to give a string."
            )
        return replace(record, client_tracking_id=found)

    def _count(self, workflow: Workflow, *metrics: str) -> None:
        for metric in metrics:
            self._runtime.metrics.record(workflow.id, metric, 1)


def decides_on_status(trigger: Trigger) -> bool:
    """Tell whether the conditions read the status of the answer, so that they decide and not the status."""
    return any(_READS_STATUS.search(str(condition)) for condition in trigger.conditions)


def shown(trigger: Trigger, error: ExpressionError) -> str:
    """Return the reason of a failure as the history may have it."""
    return "The reason is not shown because the trigger is secured." if trigger.secured else error.message
