"""Microsoft.Logic/workflows on Azure Resource Manager, 2019-05-01."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType
from emulator.clock import Clock
from emulator.logic_apps.checks import parse_checked
from emulator.logic_apps.components import Trigger
from emulator.logic_apps.history import (
    action_json,
    repetition_json,
    repetition_path,
    run_json,
    scope_repetition_json,
    trigger_history_json,
    trigger_json,
)
from emulator.logic_apps.parameters import SECURE_TYPES, parameter_values
from emulator.logic_apps.records import ActionGroup
from emulator.logic_apps.run_store import Condition
from emulator.logic_apps.runs import Workflow
from emulator.logic_apps.signatures import Signatures, invoke_path
from emulator.logic_apps.stamps import stamp
from emulator.logic_apps.workflows import Workflows

TYPE: Final = "Microsoft.Logic/workflows"
API_VERSION: Final = "2019-05-01"
_PAGE: Final = 30
_LARGEST_PAGE: Final = 250

_ADDRESSES: Final = {
    "type": "object",
    "properties": {
        "allowedCallerIpAddresses": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["addressRange"],
                "properties": {"addressRange": {"type": "string"}},
            },
        },
    },
    "additionalProperties": False,
}
_SCHEMA: Final = {
    "type": "object",
    "required": ["location", "properties"],
    "properties": {
        "location": {"type": "string"},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "identity": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["SystemAssigned", "UserAssigned", "None"]}},
        },
        "properties": {
            "type": "object",
            "required": ["definition"],
            "properties": {
                "state": {"enum": ["Enabled", "Disabled"]},
                "definition": {"type": "object"},
                "parameters": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "type": {"type": "string"},
                            "value": {},
                            "metadata": {},
                            "description": {"type": "string"},
                        },
                        "additionalProperties": False,
                    },
                },
                **{
                    name: {"readOnly": True}
                    for name in ("provisioningState", "createdTime", "changedTime", "version", "accessEndpoint")
                },
                "accessControl": {
                    "type": "object",
                    "properties": dict.fromkeys(("triggers", "contents"), _ADDRESSES),
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
    },
}
_FILTER = re.compile(
    r"(?P<name>status|startTime)\s+(?P<word>eq|lt|le|gt|ge)\s+(?P<quote>'?)(?P<value>[^'\s]+)(?P=quote)"
)
_COMPARISONS: Final[dict[str, Literal["=", "<", "<=", ">", ">="]]] = {
    "eq": "=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}

Answering = Callable[["LogicAppsProvider", Workflow, Operation], Awaitable[Answer]]


class LogicAppsProvider:
    """Workflows, and what is below them: triggers, runs, actions."""

    def __init__(self, workflows: Workflows, clock: Clock, signatures: Signatures) -> None:
        self._workflows = workflows
        self._clock = clock
        self._signatures = signatures

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The one type."""
        rule = NameRule(
            re.compile(r"[A-Za-z0-9_.()-]{1,80}"), "1 to 80 letters, digits, hyphens, underscores, dots and parentheses"
        )
        return [ResourceType(TYPE, (API_VERSION,), rule, _SCHEMA, "required", identity=True)]

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Deploy a workflow."""
        body = resource.body
        properties = body["properties"]
        workflow = await self._workflows.put(str(resource.id), body)
        now = stamp(self._clock.now())
        known = (previous.body if previous else {}).get("properties", {})
        declared = workflow.definition.parameters
        secure = {name.lower() for name, each in declared.items() if each["type"].lower() in SECURE_TYPES}
        shown = {
            name: {key: value for key, value in parameter.items() if key != "value"}
            if name.lower() in secure
            else parameter
            for name, parameter in (properties.get("parameters") or {}).items()
        }
        version = f"0858{int(self._clock.now().timestamp() * 1e6):017d}"
        return {
            **body,
            "properties": {
                "state": "Enabled",
                **properties,
                "parameters": shown,
                "provisioningState": "Succeeded",
                "createdTime": known.get("createdTime", now),
                "changedTime": now,
                "version": version,
                "accessEndpoint": self._signatures.base_path(f"/workflows/{workflow.guid}"),
            },
        }

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body with its present state."""
        workflow = self._workflows.get(str(resource.id))
        state = "Enabled" if workflow.enabled else "Disabled"
        return {**resource.body, "properties": {**resource.body["properties"], "state": state}}

    async def delete(self, resource: Resource) -> None:
        """Delete a workflow with its runs."""
        await self._workflows.delete(str(resource.id))

    async def operate(self, operation: Operation) -> Answer:
        """Answer what is below a workflow."""
        workflow = self._workflows.get(str(operation.resource.id))
        shape = (
            operation.method,
            *(part.lower() if index % 2 == 0 else "*" for index, part in enumerate(operation.path)),
        )
        answering = _OPERATIONS.get(shape)
        if answering is None:
            raise ArmError(
                404,
                "NotImplemented",
                f"The emulator does not implement {operation.method} .../{'/'.join(operation.path)} below a workflow.",
            )
        return await answering(self, workflow, operation)

    async def switch(self, workflow: Workflow, operation: Operation) -> Answer:
        """Enable or disable."""
        state = "Enabled" if operation.path[0].lower() == "enable" else "Disabled"
        await self._workflows.switch(workflow, state)
        return Answer(200)

    async def validate(self, workflow: Workflow, operation: Operation) -> Answer:
        """Check a workflow without deploying it."""
        properties = (operation.body or {}).get("properties") or {}
        parameter_values(parse_checked(properties.get("definition")), properties.get("parameters") or {})
        return Answer(200)

    async def triggers(self, workflow: Workflow, operation: Operation) -> Answer:
        """List the triggers."""
        return Answer(200, {"value": [trigger_json(workflow, each) for each in workflow.definition.triggers.values()]})

    async def trigger(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return a trigger."""
        return Answer(200, trigger_json(workflow, _trigger(workflow, operation.path[1])))

    async def run_trigger(self, workflow: Workflow, operation: Operation) -> Answer:
        """Let a trigger look, or fire, now."""
        if not workflow.enabled:
            raise ArmError(400, "WorkflowDisabled", "The workflow is disabled; enable it to run its triggers.")
        trigger = _trigger(workflow, operation.path[1])
        if trigger.kind == "request":
            body = {} if operation.body is None else {"body": operation.body}
            self._workflows.triggers.request(workflow, trigger, {"headers": {}, **body})
        else:
            await self._workflows.triggers.look(workflow, trigger)
        return Answer(202)

    async def callback_url(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return the signed address of a request trigger."""
        if operation.path[0].lower() == "triggers":
            trigger = _trigger(workflow, operation.path[1])
        else:
            requests = [each for each in workflow.definition.triggers.values() if each.kind == "request"]
            if not requests:
                raise ArmError(400, "TriggerRequestNotFound", "The workflow has no request trigger.")
            trigger = requests[0]
        if trigger.kind != "request":
            raise ArmError(
                400,
                "TriggerIsNotRequest",
                f"The trigger '{trigger.name}' is of type {trigger.type} and has no callback URL.",
            )
        path, permission = invoke_path(workflow.guid, trigger.name), f"/triggers/{trigger.name}/run"
        queries = self._signatures.queries(path, permission)
        return Answer(
            200,
            {
                "value": self._signatures.url(path, permission),
                "method": str((trigger.raw.get("inputs") or {}).get("method", "POST")).upper(),
                "basePath": self._signatures.base_path(path),
                "queries": queries,
            },
        )

    async def trigger_histories(self, workflow: Workflow, operation: Operation) -> Answer:
        """List what a trigger did, newest first."""
        trigger = _trigger(workflow, operation.path[1])
        top, skip = _page(operation)
        records = self._workflows.store.histories(workflow.id, trigger.name, top + 1, skip)
        listed = [trigger_history_json(workflow, trigger.name, record) for record in records[:top]]
        return Answer(200, _listed(operation, listed, top, skip, more=len(records) > top))

    async def trigger_history(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return one look of a trigger."""
        trigger = _trigger(workflow, operation.path[1])
        return Answer(200, trigger_history_json(workflow, trigger.name, self._look(workflow, operation)))

    async def resubmit(self, workflow: Workflow, operation: Operation) -> Answer:
        """Start a run again with what its trigger gave."""
        trigger, look = _trigger(workflow, operation.path[1]), self._look(workflow, operation)
        row = self._workflows.store.run(workflow.id, look.get("run", ""))
        if row is None:
            raise ArmError(400, "TriggerHistoryNotFired", f"The trigger history '{look['name']}' started no run.")
        started = self._workflows.triggers.again(workflow, trigger, row.trigger)
        return Answer(202, None, {"x-ms-workflow-run-id": started.id})

    def _look(self, workflow: Workflow, operation: Operation) -> dict[str, Any]:
        trigger = _trigger(workflow, operation.path[1])
        found = self._workflows.store.history(workflow.id, trigger.name, operation.path[3])
        if found is None:
            raise ArmError(
                404, "TriggerHistoryNotFound", f"The trigger history '{operation.path[3]}' could not be found."
            )
        return found

    async def runs(self, workflow: Workflow, operation: Operation) -> Answer:
        """List the runs, newest first."""
        top, skip = _page(operation)
        rows = self._workflows.store.runs(workflow.id, _conditions(operation), top + 1, skip)
        listed = [run_json(workflow, row, self._signatures) for row in rows[:top]]
        return Answer(200, _listed(operation, listed, top, skip, more=len(rows) > top))

    async def run(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return a run."""
        row = self._workflows.store.run(workflow.id, operation.path[1])
        if row is None:
            raise ArmError(404, "WorkflowRunNotFound", f"The workflow run '{operation.path[1]}' could not be found.")
        outputs = self._workflows.store.outputs(row.id)
        return Answer(200, run_json(workflow, row, self._signatures, outputs))

    async def cancel_run(self, workflow: Workflow, operation: Operation) -> Answer:
        """Cancel a run."""
        await self.run(workflow, operation)
        await self._workflows.runs.cancel(workflow, operation.path[1])
        return Answer(200)

    async def actions(self, workflow: Workflow, operation: Operation) -> Answer:
        """List the actions of a run."""
        await self.run(workflow, operation)
        top, skip = _page(operation)
        groups = self._workflows.store.groups(operation.path[1], top + 1, skip)
        listed = [action_json(workflow, operation.path[1], group, self._signatures) for group in groups[:top]]
        return Answer(200, _listed(operation, listed, top, skip, more=len(groups) > top))

    async def action(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return an action of a run."""
        group = await self._group(workflow, operation)
        return Answer(200, action_json(workflow, operation.path[1], group, self._signatures))

    async def repetitions(self, workflow: Workflow, operation: Operation) -> Answer:
        """List the repetitions of an action in a loop; an action outside of loops has none."""
        group = await self._group(workflow, operation)
        if not group.repeated:
            return Answer(200, {"value": []})
        top, skip = _page(operation)
        found = self._workflows.store.summaries(operation.path[1], group.first.record.name, top + 1, skip)
        listed = [repetition_json(workflow, operation.path[1], each, self._signatures) for each in found[:top]]
        return Answer(200, _listed(operation, listed, top, skip, more=len(found) > top))

    async def repetition(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return one repetition."""
        group = await self._group(workflow, operation)
        record = group.first.record
        loops = [part.rpartition(":")[0] for part in record.path.split("/")[:-1]]
        path = repetition_path(loops, operation.path[5], record.name)
        found = self._workflows.store.summary(operation.path[1], path) if path is not None else None
        if found is None:
            raise _no_repetition(operation)
        return Answer(200, repetition_json(workflow, operation.path[1], found, self._signatures))

    async def scope_repetitions(self, workflow: Workflow, operation: Operation) -> Answer:
        """List the finished iterations of a loop."""
        name = (await self._group(workflow, operation)).first.record.name
        top, skip = _page(operation)
        found = self._workflows.store.iterations(operation.path[1], name)
        listed = [
            scope_repetition_json(workflow, operation.path[1], name, record) for record in found[skip : skip + top]
        ]
        return Answer(200, _listed(operation, listed, top, skip, more=len(found) > skip + top))

    async def scope_repetition(self, workflow: Workflow, operation: Operation) -> Answer:
        """Return one finished iteration of a loop."""
        name = (await self._group(workflow, operation)).first.record.name
        for record in self._workflows.store.iterations(operation.path[1], name):
            found = scope_repetition_json(workflow, operation.path[1], name, record)
            if found["name"] == operation.path[5]:
                return Answer(200, found)
        raise _no_repetition(operation)

    async def _group(self, workflow: Workflow, operation: Operation) -> ActionGroup:
        await self.run(workflow, operation)
        group = self._workflows.store.group(operation.path[1], operation.path[3])
        if group is None:
            raise ArmError(
                404, "WorkflowRunActionNotFound", f"The workflow run action '{operation.path[3]}' could not be found."
            )
        return group


def _no_repetition(operation: Operation) -> ArmError:
    return ArmError(404, "RepetitionNotFound", f"The repetition '{operation.path[5]}' could not be found.")


_OPERATIONS: Final[dict[tuple[str, ...], Answering]] = {
    ("POST", "enable"): LogicAppsProvider.switch,
    ("POST", "disable"): LogicAppsProvider.switch,
    ("POST", "validate"): LogicAppsProvider.validate,
    ("POST", "listcallbackurl"): LogicAppsProvider.callback_url,
    ("GET", "triggers"): LogicAppsProvider.triggers,
    ("GET", "triggers", "*"): LogicAppsProvider.trigger,
    ("POST", "triggers", "*", "run"): LogicAppsProvider.run_trigger,
    ("POST", "triggers", "*", "listcallbackurl"): LogicAppsProvider.callback_url,
    ("GET", "triggers", "*", "histories"): LogicAppsProvider.trigger_histories,
    ("GET", "triggers", "*", "histories", "*"): LogicAppsProvider.trigger_history,
    ("POST", "triggers", "*", "histories", "*", "resubmit"): LogicAppsProvider.resubmit,
    ("GET", "runs"): LogicAppsProvider.runs,
    ("GET", "runs", "*"): LogicAppsProvider.run,
    ("POST", "runs", "*", "cancel"): LogicAppsProvider.cancel_run,
    ("GET", "runs", "*", "actions"): LogicAppsProvider.actions,
    ("GET", "runs", "*", "actions", "*"): LogicAppsProvider.action,
    ("GET", "runs", "*", "actions", "*", "repetitions"): LogicAppsProvider.repetitions,
    ("GET", "runs", "*", "actions", "*", "repetitions", "*"): LogicAppsProvider.repetition,
    ("GET", "runs", "*", "actions", "*", "scoperepetitions"): LogicAppsProvider.scope_repetitions,
    ("GET", "runs", "*", "actions", "*", "scoperepetitions", "*"): LogicAppsProvider.scope_repetition,
}
"""By method and path; names are ``*``."""


def _trigger(workflow: Workflow, name: str) -> Trigger:
    for trigger in workflow.definition.triggers.values():
        if trigger.name.lower() == name.lower():
            return trigger
    raise ArmError(
        404,
        "WorkflowTriggerNotFound",
        f"The workflow trigger '{name}' could not be found; there are: {', '.join(workflow.definition.triggers)}.",
    )


def _page(operation: Operation) -> tuple[int, int]:
    top = operation.query.get("$top", str(_PAGE))
    skip = operation.query.get("$skiptoken", "0")
    if not top.isdigit() or not 1 <= int(top) <= _LARGEST_PAGE:
        raise ArmError(400, "InvalidTop", f"$top is {top!r}; allowed: 1 to {_LARGEST_PAGE}.")
    if not skip.isdigit():
        raise ArmError(400, "InvalidSkipToken", f"$skiptoken is {skip!r}, which no answer of this service gave.")
    return int(top), int(skip)


def _listed(operation: Operation, listed: list[dict[str, Any]], top: int, skip: int, *, more: bool) -> dict[str, Any]:
    if not more:
        return {"value": listed}
    query = {**operation.query, "$top": str(top), "$skiptoken": str(skip + top)}
    parts = urlsplit(operation.url)
    query = {**{name: values[-1] for name, values in parse_qs(parts.query).items()}, **query}
    return {"value": listed, "nextLink": f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"}


def _conditions(operation: Operation) -> list[Condition]:
    text = operation.query.get("$filter", "").strip()
    found: list[Condition] = []
    for part in re.split(r"\s+and\s+", text) if text else []:
        match = _FILTER.fullmatch(part)
        if match is None or (match["name"] == "status" and match["word"] != "eq"):
            raise ArmError(
                400,
                "InvalidFilter",
                f"$filter is {text!r}; the emulator implements: status eq '<status>', and startTime with eq, lt, le, "
                f"gt or ge and a time, joined by 'and'.",
            )
        if match["name"] == "status":
            found.append(Condition("status", "=", match["value"]))
        else:
            found.append(Condition("start", _COMPARISONS[match["word"]], _stamp(match["value"])))
    return found


def _stamp(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArmError(400, "InvalidFilter", f"$filter has {text!r}, which is no time.") from error
    return stamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
