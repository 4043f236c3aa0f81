"""The deployed workflows of one emulator."""

from __future__ import annotations

import random
import secrets
from typing import Any

from emulator.clock import Clock
from emulator.logic_apps.access_control import AccessControl
from emulator.logic_apps.checks import parse_checked, parse_stored
from emulator.logic_apps.components import Definition
from emulator.logic_apps.http_calls import HttpCalls
from emulator.logic_apps.identities import Identities
from emulator.logic_apps.parameters import parameter_values
from emulator.logic_apps.run_store import RunStore
from emulator.logic_apps.runs import Runs, Workflow, workflow_guid
from emulator.logic_apps.triggers import Triggers
from emulator.telemetry import MetricSink


class Workflows:
    """Deploys workflows, takes them up again after a restart, and ends with the emulator."""

    def __init__(self, store: RunStore, clock: Clock, calls: HttpCalls, metrics: MetricSink) -> None:
        source = random.Random(secrets.randbits(128))
        self.store = store
        self.runs = Runs(store, clock, calls, metrics, source)
        self.triggers = Triggers(store, clock, calls, metrics, self.runs, source)
        self._workflows: dict[str, Workflow] = {}

    async def start(self) -> None:
        """Take up the runs and the triggers that a stop had interrupted."""
        for id, body in self.store.workflows():
            self._workflows[id.lower()] = _workflow(id, body, parse_stored(body["properties"]["definition"]))
        for row in self.store.unfinished():
            workflow = self._workflows.get(row.workflow)
            if workflow is not None:
                self.runs.resume(workflow, row.id, row.status)
        for workflow in self._workflows.values():
            if workflow.enabled:
                self.triggers.watch(workflow, resumed=True)

    async def stop(self) -> None:
        """Stop where everything is; unfinished runs go on at the next start."""
        await self.triggers.stop()
        await self.runs.stop()

    def get(self, id: str) -> Workflow:
        """Return a workflow; KeyError where there is none."""
        return self._workflows[id.lower()]

    def by_guid(self, guid: str) -> Workflow | None:
        """Return the workflow that a data-plane address names."""
        return next((workflow for workflow in self._workflows.values() if workflow.guid == guid), None)

    async def put(self, id: str, body: dict[str, Any]) -> Workflow:
        """Deploy a workflow, or another version of it; runs under way keep theirs.

        Raises:
            ArmError: 400 InvalidTemplate; the definition or its parameters are refused, nothing was changed.
        """
        workflow = _workflow(id, body, parse_checked(body["properties"]["definition"]))
        self.store.keep_workflow(id, body)
        await self._replace(workflow)
        return workflow

    async def switch(self, workflow: Workflow, state: str) -> None:
        """Enable or disable a workflow; runs under way go on."""
        body = dict(self.store.workflows())[workflow.id]
        body = {**body, "properties": {**body["properties"], "state": state}}
        self.store.keep_workflow(workflow.id, body)
        await self._replace(_workflow(workflow.id, body, workflow.definition))

    async def delete(self, id: str) -> None:
        """Delete a workflow with its runs."""
        workflow = self._workflows.pop(id.lower(), None)
        if workflow is not None:
            await self.triggers.unwatch(workflow)
            await self.runs.forget(workflow)
        self.store.forget_workflow(id)

    async def _replace(self, workflow: Workflow) -> None:
        self._workflows[workflow.id.lower()] = workflow
        await self.triggers.unwatch(workflow)
        if workflow.enabled:
            self.triggers.watch(workflow, resumed=False)


def _workflow(id: str, body: dict[str, Any], definition: Definition) -> Workflow:
    properties = body["properties"]
    return Workflow(
        id,
        workflow_guid(id),
        str(body.get("location", "")),
        body.get("tags") or {},
        Identities.of(id.rsplit("/", 1)[-1], body.get("identity")),
        properties.get("state", "Enabled") == "Enabled",
        definition,
        parameter_values(definition, properties.get("parameters") or {}),
        AccessControl.parse(properties.get("accessControl")),
    )
