"""The deployed workflows of one emulator."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.logic_apps.data_plane.access_control import AccessControl
from emulator.logic_apps.data_plane.responses import Responses
from emulator.logic_apps.data_plane.signatures import Signatures, workflow_guid
from emulator.logic_apps.definitions.checks import parse_checked, parse_stored
from emulator.logic_apps.definitions.components import Definition, is_expression
from emulator.logic_apps.definitions.parameters import SECURE_TYPES, parameter_values
from emulator.logic_apps.history.database import Database
from emulator.logic_apps.history.run_history import RunHistory
from emulator.logic_apps.history.run_store import RunStore
from emulator.logic_apps.history.trigger_histories import TriggerHistories
from emulator.logic_apps.history.workflow_store import Version, WorkflowStore
from emulator.logic_apps.http.http_calls import HttpCalls
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.runs.nested import NestedWorkflows, check_nested
from emulator.logic_apps.runs.runs import Runs, Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import stamp
from emulator.logic_apps.throttle import Throttle
from emulator.logic_apps.triggers.subscriptions import Subscriptions
from emulator.logic_apps.triggers.triggers import Triggers
from emulator.telemetry import MetricSink

ENABLED: Final = "Enabled"
DISABLED: Final = "Disabled"
"""The states of a workflow."""
_VERSIONED: Final = ("definition", "parameters", "accessControl")
"""The properties whose change makes another version."""


class Workflows:
    """Deploys workflows, takes them up again after a restart, and ends with the emulator."""

    def __init__(
        self,
        database: Database,
        store: WorkflowStore,
        clock: Clock,
        calls: HttpCalls,
        metrics: MetricSink,
        signatures: Signatures,
    ) -> None:
        self.store = store
        self.history = RunHistory(database, clock)
        self.trigger_histories = TriggerHistories(database, clock)
        self._run_store = RunStore(database)
        self._clock = clock
        self.responses = Responses(self._run_store)
        self.subscriptions = Subscriptions(self._run_store)
        runtime = Runtime(
            self._run_store,
            clock,
            calls,
            metrics,
            random.Random(secrets.randbits(128)),
            self.trigger_histories,
            signatures,
            self.responses,
            self.subscriptions,
            NestedWorkflows(self),
            Throttle(clock),
        )
        self.runs = Runs(runtime)
        self.triggers = Triggers(runtime, self.runs)
        self._workflows: dict[str, Workflow] = {}

    async def start(self) -> None:
        """Take up the runs and the triggers that a stop had interrupted."""
        for id, body in self.store.all():
            version = self.store.versions(id, 1, None)[0].name
            self._workflows[id.lower()] = _workflow(id, body, parse_stored(body["properties"]["definition"]), version)
        for row in self._run_store.unfinished():
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

    def at_version(self, workflow: Workflow, version: str) -> Workflow | None:
        """Return a workflow with the definition and the parameters of one of its versions, None where it has not it."""
        body = self.store.version_body(workflow.id, version)
        if body is None:
            return None
        definition = parse_stored(body["properties"]["definition"])
        parameters = parameter_values(definition, body["properties"].get("parameters") or {})
        return replace(workflow, definition=definition, parameters=parameters, version=version)

    async def put(self, id: str, body: dict[str, Any]) -> Version:
        """Deploy a workflow, or another version of it; runs under way keep theirs.

        Raises:
            ArmError: 400 InvalidTemplate; the definition or its parameters are refused, nothing was changed.
        """
        definition = parse_checked(body["properties"]["definition"])
        self._check_nested(id, definition)
        body = self._with_hidden_values(id, body, definition)
        newest = next(iter(self.store.versions(id, 1, None)), None)
        version = newest if newest is not None and self._is(id, newest, body) else self._version(id, body, definition)
        workflow = _workflow(id, body, definition, version.name)
        if version is newest:
            self.store.keep(id, body)
        else:
            self.store.keep_version(id, body, version)
        await self._replace(workflow)
        return version

    async def switch(self, workflow: Workflow, state: str) -> None:
        """Enable or disable a workflow; runs under way go on."""
        body = self.store.body(workflow.id) or {}
        body = {**body, "properties": {**body["properties"], "state": state}}
        self.store.keep(workflow.id, body)
        await self._replace(replace(workflow, enabled=state == ENABLED))

    async def delete(self, id: str) -> None:
        """Delete a workflow with its runs."""
        workflow = self._workflows.pop(id.lower(), None)
        if workflow is not None:
            await self.triggers.unwatch(workflow)
            self.triggers.forget(workflow)
            await self.runs.forget(workflow)
        self.store.forget(id)

    def _check_nested(self, id: str, definition: Definition) -> None:
        """Refuse a Workflow action whose workflow is not there, or cannot be run as the action says."""
        for action in definition.index.values():
            if action.kind != "workflow" or is_expression(action.inputs["host"]["workflow"]["id"]):
                continue
            other = action.inputs["host"]["workflow"]["id"]
            known = self._workflows.get(other.lower())
            nested = definition if other.lower() == id.lower() else known.definition if known is not None else None
            if nested is None:
                message = f"The workflow '{other}' that the action '{action.name}' runs could not be found."
                raise ArmError(404, "WorkflowNotFound", message)
            check_nested(action, nested)

    def _is(self, id: str, version: Version, body: Mapping[str, Any]) -> bool:
        known = (self.store.version_body(id, version.name) or {}).get("properties", {})
        return all((known.get(name) or {}) == (body["properties"].get(name) or {}) for name in _VERSIONED)

    def _with_hidden_values(self, id: str, body: dict[str, Any], definition: Definition) -> dict[str, Any]:
        """Return the body with the values that no answer shows: a PATCH, made from what a GET answers, lacks them."""
        parameters: dict[str, Any] = body["properties"].get("parameters") or {}
        without = [name for name in secure_parameters(definition, parameters) if "value" not in parameters[name]]
        if not without:
            return body
        known = ((self.store.body(id) or {}).get("properties") or {}).get("parameters") or {}
        filled = {**parameters, **{name: known[name] for name in without if name in known}}
        return {**body, "properties": {**body["properties"], "parameters": filled}}

    def _version(self, id: str, body: Mapping[str, Any], definition: Definition) -> Version:
        now = self._clock.now()
        name = self.store.next_version(id, now)
        created = next((each.properties["createdTime"] for each in self.store.versions(id, 1, None)), stamp(now))
        properties = {
            "state": ENABLED,
            **body["properties"],
            "parameters": shown_parameters(definition, body["properties"].get("parameters") or {}),
            "provisioningState": "Succeeded",
            "createdTime": created,
            "changedTime": stamp(now),
            "version": name,
        }
        return Version(name, str(body.get("location", "")), body.get("tags") or {}, properties)

    async def _replace(self, workflow: Workflow) -> None:
        previous = self._workflows.get(workflow.id.lower())
        self._workflows[workflow.id.lower()] = workflow
        if previous is not None:
            await self.triggers.unwatch(previous, kept=workflow)
        if workflow.enabled:
            self.triggers.watch(workflow, resumed=False)


def shown_parameters(definition: Definition, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workflow's parameters as answers have them: without the values of the secure ones."""
    shown = dict(parameters)
    for name in secure_parameters(definition, parameters):
        shown[name] = {key: value for key, value in parameters[name].items() if key != "value"}
    return shown


def secure_parameters(definition: Definition, parameters: Mapping[str, Any]) -> list[str]:
    """Return the names of those parameters that are secure."""
    secure = {name.lower() for name, each in definition.parameters.items() if each["type"].lower() in SECURE_TYPES}
    return [name for name in parameters if name.lower() in secure]


def _workflow(id: str, body: dict[str, Any], definition: Definition, version: str) -> Workflow:
    properties = body["properties"]
    return Workflow(
        id,
        workflow_guid(id),
        str(body.get("location", "")),
        body.get("tags") or {},
        Identities.of(id.rsplit("/", 1)[-1], body.get("identity")),
        properties.get("state", ENABLED) == ENABLED,
        definition,
        parameter_values(definition, properties.get("parameters") or {}),
        AccessControl.parse(properties.get("accessControl")),
        version,
    )
