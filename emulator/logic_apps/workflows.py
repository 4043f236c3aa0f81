"""The deployed workflows of one emulator: their definitions, their triggers' loops and their runs."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.logic_apps.definition import Definition, Trigger, parse
from emulator.logic_apps.durations import interval_seconds
from emulator.logic_apps.execution import Execution, cancel_all, moment_of, stamp
from emulator.logic_apps.expressions import ExpressionError, compile_condition, compile_template
from emulator.logic_apps.http_calls import CallError, HttpCalls, prepare
from emulator.logic_apps.records import CANCELLED, FAILED, SKIPPED, SUCCEEDED, TriggerRecord
from emulator.logic_apps.run_environment import RunEnvironment, RunState
from emulator.logic_apps.run_store import RunStore
from emulator.telemetry import MetricSink

_LOG = logging.getLogger(__name__)
_REFUSED = 400
_FIRES = 200


@dataclass
class Workflow:
    """A deployed workflow; `parameters` are values by name, `guid` names it on the data plane."""

    id: str
    guid: str
    location: str
    tags: Mapping[str, str]
    principal_id: str | None
    enabled: bool
    definition: Definition
    parameters: Mapping[str, Any]


class Workflows:
    """Starts runs, takes them up again after a restart, and ends with the emulator."""

    def __init__(self, store: RunStore, clock: Clock, calls: HttpCalls, metrics: MetricSink) -> None:
        self.store = store
        self._clock = clock
        self._calls = calls
        self._metrics = metrics
        self._random = random.Random(secrets.randbits(128))
        self._workflows: dict[str, Workflow] = {}
        self._loops: dict[str, list[asyncio.Task[None]]] = {}
        self._runs: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Take up the runs and the triggers that a stop had interrupted."""
        for id, body in self.store.workflows():
            self._workflows[id.lower()] = _workflow(id, body)
        for row in self.store.unfinished():
            workflow = self._workflows.get(row.workflow)
            if workflow is not None:
                self._resume(workflow, row.id)
        for workflow in self._workflows.values():
            self._watch(workflow)

    async def stop(self) -> None:
        """Stop where everything is; unfinished runs go on at the next start."""
        await cancel_all([task for tasks in self._loops.values() for task in tasks])
        await cancel_all(list(self._runs.values()))
        self._loops.clear()

    def get(self, id: str) -> Workflow:
        """Return a workflow; KeyError where there is none."""
        return self._workflows[id.lower()]

    def by_guid(self, guid: str) -> Workflow | None:
        """Return the workflow that a data-plane address names."""
        return next((workflow for workflow in self._workflows.values() if workflow.guid == guid), None)

    async def put(self, id: str, body: dict[str, Any]) -> None:
        """Deploy a workflow, or another version of it; runs under way keep theirs."""
        workflow = _workflow(id, body)
        self.store.keep_workflow(id, body)
        self._workflows[id.lower()] = workflow
        await self._rewatch(workflow)

    async def switch(self, workflow: Workflow, state: str) -> None:
        """Enable or disable a workflow; runs under way go on."""
        body = dict(self.store.workflows())[workflow.id]
        await self.put(workflow.id, {**body, "properties": {**body["properties"], "state": state}})

    async def delete(self, id: str) -> None:
        """Delete a workflow with its runs."""
        workflow = self._workflows.pop(id.lower())
        await cancel_all(self._loops.pop(workflow.id.lower(), []))
        for row in self.store.unfinished():
            if row.workflow == id.lower():
                await cancel_all([task for run, task in self._runs.items() if run == row.id])
        self.store.forget_workflow(id)

    async def fire(self, workflow: Workflow, name: str) -> None:
        """Let a trigger look, or fire, now."""
        trigger = workflow.definition.triggers[name]
        if trigger.kind == "request":
            self.request(workflow, trigger, {"headers": {}, "body": None})
        else:
            await self._poll(workflow, trigger)

    def request(self, workflow: Workflow, trigger: Trigger, outputs: dict[str, Any]) -> tuple[str, Execution]:
        """Start a run for a request; return its id and the execution, whose `response` a Response action sets."""
        now = stamp(self._clock.now())
        record = TriggerRecord(trigger.name, SUCCEEDED, now, now, "OK", None, outputs, sorted(trigger.secured))
        return self._fired(workflow, trigger, record)

    async def cancel(self, workflow: Workflow, run: str) -> None:
        """Cancel a run."""
        task = self._runs.get(run)
        if task is not None:
            await cancel_all([task])
        row = self.store.run(workflow.id, run)
        if row is not None and row.end is None:
            error = {"code": "WorkflowRunCancelled", "message": "The run was cancelled."}
            self.store.end(run, CANCELLED, stamp(self._clock.now()), "Cancelled", error)
            self._count(workflow, "RunsCancelled", "RunsCompleted")

    async def _rewatch(self, workflow: Workflow) -> None:
        await cancel_all(self._loops.pop(workflow.id.lower(), []))
        self._watch(workflow)

    def _watch(self, workflow: Workflow) -> None:
        if workflow.enabled:
            self._loops[workflow.id.lower()] = [
                asyncio.create_task(self._poll_for_ever(workflow, trigger))
                for trigger in workflow.definition.triggers.values()
                if trigger.kind != "request"
            ]

    async def _poll_for_ever(self, workflow: Workflow, trigger: Trigger) -> None:
        recurrence = trigger.raw["recurrence"]
        seconds = interval_seconds(float(recurrence["interval"]), str(recurrence["frequency"]))
        while True:
            try:
                await self._poll(workflow, trigger)
            except Exception:
                _LOG.exception("trigger %s of %s", trigger.name, workflow.id)
            await self._clock.sleep(seconds)

    async def _poll(self, workflow: Workflow, trigger: Trigger) -> None:
        began = stamp(self._clock.now())
        if trigger.single_instance and self.store.active(workflow.id, trigger.name):
            self._history(workflow, trigger.name, SKIPPED, began, "SingleInstance", None)
            return
        self._count(workflow, "TriggersStarted", "BillableTriggerExecutions")
        environment = self._trigger_environment(workflow, TriggerRecord(trigger.name, SUCCEEDED, began, began, "OK"))
        try:
            inputs = compile_template(trigger.raw.get("inputs") or {}).evaluate(environment)
            outputs = await self._look(workflow, trigger, inputs)
            record = TriggerRecord(
                trigger.name, SUCCEEDED, began, stamp(self._clock.now()), "OK", inputs, outputs, sorted(trigger.secured)
            )
            fires = outputs.get("statusCode", _FIRES) == _FIRES and self._conditions_hold(workflow, trigger, record)
        except (CallError, ExpressionError) as error:
            self._history(workflow, trigger.name, FAILED, began, error.code, None, error.message)
            self._count(workflow, "TriggersCompleted", "TriggersFailed")
            return
        status = outputs.get("statusCode", _FIRES)
        if status >= _REFUSED:
            self._history(
                workflow, trigger.name, FAILED, began, str(status), None, f"The call was answered with {status}."
            )
            self._count(workflow, "TriggersCompleted", "TriggersFailed")
        elif not fires:
            self._history(workflow, trigger.name, SKIPPED, began, "ConditionNotMet", None)
            self._count(workflow, "TriggersCompleted", "TriggersSkipped")
        else:
            self._fired(workflow, trigger, record)

    async def _look(self, workflow: Workflow, trigger: Trigger, inputs: dict[str, Any]) -> dict[str, Any]:
        if trigger.kind == "recurrence":
            return {}
        return await self._calls.send(prepare(inputs, None), workflow.principal_id, self._random, [])

    def _conditions_hold(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> bool:
        environment = self._trigger_environment(workflow, record)
        return all(
            compile_condition(condition.get("expression")).evaluate(environment)
            for condition in trigger.raw.get("conditions") or []
        )

    def _trigger_environment(self, workflow: Workflow, record: TriggerRecord) -> RunEnvironment:
        state = self._state(workflow, "", record, workflow.definition, {})
        return RunEnvironment(state, state.root, self._clock, self._random)

    def _fired(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> tuple[str, Execution]:
        run = self._new_run_id()
        self.store.begin(run, workflow.id, record, dict(workflow.definition.raw))
        self._history(workflow, trigger.name, SUCCEEDED, record.start, "OK", run)
        self._count(workflow, "TriggersCompleted", "TriggersSucceeded", "TriggersFired", "RunsStarted")
        return run, self._launch(workflow, self._state(workflow, run, record, workflow.definition, {}))

    def _resume(self, workflow: Workflow, run: str) -> None:
        record = TriggerRecord(**self.store.working(run, "trigger"))
        definition = parse(self.store.working(run, "definition"))
        variables = self.store.working(run, "variables") or {}
        self._launch(workflow, self._state(workflow, run, record, definition, variables))

    def _state(
        self, workflow: Workflow, run: str, record: TriggerRecord, definition: Definition, variables: dict[str, Any]
    ) -> RunState:
        return RunState(
            run, workflow.id, workflow.location, workflow.tags, definition, workflow.parameters, record, variables
        )

    def _launch(self, workflow: Workflow, state: RunState) -> Execution:
        execution = Execution(
            state, self.store, self._clock, self._calls, self._metrics, self._random, workflow.principal_id
        )
        task = asyncio.create_task(self._run(workflow, execution))
        self._runs[state.id] = task
        task.add_done_callback(lambda _: self._runs.pop(state.id, None))
        return execution

    async def _run(self, workflow: Workflow, execution: Execution) -> None:
        began = self._clock.now()
        try:
            outcome = await execution.run()
        except Exception:
            _LOG.exception("run %s of %s", execution.state.id, workflow.id)
            error = {"code": "InternalServerError", "message": "The emulator failed; its log says why."}
            self.store.end(execution.state.id, FAILED, stamp(self._clock.now()), "InternalServerError", error)
            self._count(workflow, "RunsCompleted", "RunsFailed")
            return
        metric = {SUCCEEDED: "RunsSucceeded", CANCELLED: "RunsCancelled"}.get(outcome.status, "RunsFailed")
        self._count(workflow, "RunsCompleted", metric)
        self._metrics.record(workflow.id, "RunLatency", (self._clock.now() - began).total_seconds())

    def _history(
        self,
        workflow: Workflow,
        trigger: str,
        status: str,
        began: str,
        code: str,
        run: str | None,
        message: str | None = None,
    ) -> None:
        record: dict[str, Any] = {
            "name": self._new_run_id(),
            "startTime": began,
            "endTime": stamp(self._clock.now()),
            "status": status,
            "code": code,
            "fired": run is not None,
        }
        if run is not None:
            record["run"] = run
        if message is not None:
            record["error"] = {"code": code, "message": message}
        self.store.keep_history(workflow.id, trigger, record)

    def _new_run_id(self) -> str:
        """Like the service's: sorts newest first, and is unique."""
        ticks = int(moment_of("9999-12-31T00:00:00.0000000Z").timestamp() * 1e6) - int(
            self._clock.now().timestamp() * 1e6
        )
        return f"0858{ticks:018d}{self._random.randrange(10**6):06d}CU00"

    def _count(self, workflow: Workflow, *metrics: str) -> None:
        for metric in metrics:
            self._metrics.record(workflow.id, metric, 1)


def _workflow(id: str, body: dict[str, Any]) -> Workflow:
    properties = body["properties"]
    definition = parse(properties.get("definition") or {})
    return Workflow(
        id,
        uuid.uuid5(uuid.NAMESPACE_URL, id.lower()).hex,
        str(body.get("location", "")),
        body.get("tags") or {},
        (body.get("identity") or {}).get("principalId"),
        properties.get("state", "Enabled") == "Enabled",
        definition,
        parameter_values(definition, properties.get("parameters") or {}),
    )


_PARAMETER_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "securestring": (str,), "int": (int,), "float": (int, float), "bool": (bool,),
    "array": (list,), "object": (dict,), "secureobject": (dict,),
}  # fmt: skip


def parameter_values(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every declared parameter.

    Raises:
        ArmError: 400; a parameter has no value, is of another type, or is not declared.
    """
    declared = {name.lower(): name for name in definition.parameters}
    for name in given:
        if name.lower() not in declared:
            raise ArmError(
                400,
                "InvalidTemplate",
                f"The template parameters '{name}' in the parameters file are not valid; they are not present in the "
                f"original template and can therefore not be provided at deployment time. The only supported "
                f"parameters for this template are '{', '.join(definition.parameters)}'.",
            )
    values: dict[str, Any] = {}
    by_name = {name.lower(): value for name, value in given.items()}
    for name, declaration in definition.parameters.items():
        value = (by_name.get(name.lower()) or {}).get("value", declaration.get("defaultValue"))
        kind = str(declaration["type"]).lower()
        fits = isinstance(value, _PARAMETER_KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))
        whole = kind == "int" and isinstance(value, float) and value.is_integer()
        if value is None:
            raise ArmError(400, "InvalidTemplate", f"The value for the workflow parameter '{name}' is not provided.")
        if not fits and not whole:
            raise ArmError(
                400,
                "InvalidTemplate",
                f"The provided value for the workflow parameter '{name}' is not valid: it has to be of the type "
                f"{declaration['type']}.",
            )
        values[name] = int(value) if whole else value
    return values
