"""Workflow definitions as typed trees, and everything for which one is refused before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps import limits
from emulator.logic_apps.durations import duration_seconds
from emulator.logic_apps.expressions import ExpressionError, Reference, compile_condition, compile_template

STATUSES = ("Succeeded", "Failed", "Skipped", "TimedOut")
PARAMETER_TYPES = ("string", "securestring", "int", "float", "bool", "array", "object", "secureobject")
CONTAINERS = frozenset({"scope", "if", "switch", "foreach", "until"})
LOOPS = frozenset({"foreach", "until"})
VARIABLE_TYPES = ("boolean", "integer", "float", "string", "object", "array")

ACTION_TYPES = {
    name.lower(): name
    for name in (
        "AppendToArrayVariable", "AppendToStringVariable", "Compose", "DecrementVariable", "Foreach", "Http", "If",
        "IncrementVariable", "InitializeVariable", "Join", "ParseJson", "Query", "Response", "Scope", "Select",
        "SetVariable", "Switch", "Table", "Terminate", "Until", "Wait",
    )
}  # fmt: skip
TRIGGER_TYPES = {name.lower(): name for name in ("Http", "Recurrence", "Request")}

_OF_ACTION = frozenset({"actions", "body", "outputs", "actionOutputs", "actionBody"})
_NAME = re.compile(r"[^<>%&\\?/]+")


@dataclass(frozen=True)
class Action:
    """One action. `branches` are its inner actions: "actions", "else", "default" or a case's name.

    `loops` are the names of the Foreach and Until around it, outermost first; `parent` is the action it stands in.
    """

    name: str
    type: str
    raw: Mapping[str, Any]
    run_after: Mapping[str, tuple[str, ...]]
    branches: Mapping[str, Mapping[str, Action]]
    loops: tuple[str, ...]
    parent: str | None
    secured: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def kind(self) -> str:
        """The type in lower case."""
        return self.type.lower()

    @property
    def inputs(self) -> Any:
        """The inputs as written."""
        return self.raw.get("inputs")


@dataclass(frozen=True)
class Trigger:
    """One trigger."""

    name: str
    type: str
    raw: Mapping[str, Any]
    secured: frozenset[str]

    @property
    def kind(self) -> str:
        """The type in lower case."""
        return self.type.lower()

    @property
    def single_instance(self) -> bool:
        """Whether a run that the trigger started has to end before the next one."""
        concurrency = (self.raw.get("runtimeConfiguration") or {}).get("concurrency") or {}
        return self.raw.get("operationOptions") == "SingleInstance" or concurrency.get("runs") == 1


@dataclass(frozen=True)
class Definition:
    """A checked definition; `index` has every action of the tree by lower-case name."""

    raw: Mapping[str, Any]
    triggers: Mapping[str, Trigger]
    actions: Mapping[str, Action]
    index: Mapping[str, Action]
    parameters: Mapping[str, Mapping[str, Any]]


def invalid(message: str) -> ArmError:
    """Return the error with which a definition is refused."""
    return ArmError(400, "InvalidTemplate", f"The template validation failed: '{message}'")


def parse(raw: Any) -> Definition:
    """Return the checked definition.

    Raises:
        ArmError: 400 InvalidTemplate; the message names the action and what is allowed.
    """
    if not isinstance(raw, dict):
        raise invalid("the definition has to be an object.")
    parameters = _parameters(raw.get("parameters") or {})
    triggers = {name: _trigger(name, body) for name, body in _members(raw, "triggers").items()}
    if len(triggers) > limits.TRIGGERS:
        raise invalid(f"the definition has {len(triggers)} triggers; the limit is {limits.TRIGGERS}.")
    index: dict[str, Action] = {}
    actions = _container(_members(raw, "actions"), (), None, 1, index)
    if len(index) > limits.ACTIONS:
        raise invalid(f"the definition has {len(index)} actions; the limit is {limits.ACTIONS}.")
    definition = Definition(raw, triggers, actions, index, parameters)
    _check_references(definition)
    return definition


def _members(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    members = raw.get(name) or {}
    if not isinstance(members, dict):
        raise invalid(f"'{name}' has to be an object.")
    return members


def _parameters(declared: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(declared, dict):
        raise invalid("'parameters' has to be an object.")
    if len(declared) > limits.PARAMETERS:
        raise invalid(f"the definition has {len(declared)} parameters; the limit is {limits.PARAMETERS}.")
    for name, body in declared.items():
        kind = body.get("type") if isinstance(body, dict) else None
        if str(kind).lower() not in PARAMETER_TYPES:
            raise invalid(f"the parameter '{name}' has the type '{kind}'; allowed: {', '.join(PARAMETER_TYPES)}.")
    return declared


def _trigger(name: str, body: Any) -> Trigger:
    _check_name("trigger", name)
    kind = str(body.get("type") if isinstance(body, dict) else None)
    if kind.lower() not in TRIGGER_TYPES:
        raise invalid(
            f"the trigger '{name}' has the type '{kind}', which is not emulated; the emulator has: "
            f"{', '.join(sorted(TRIGGER_TYPES.values()))}."
        )
    if kind.lower() != "request" and not isinstance(body.get("recurrence"), dict):
        raise invalid(f"the trigger '{name}' of type '{kind}' needs a recurrence with frequency and interval.")
    return Trigger(name, TRIGGER_TYPES[kind.lower()], body, _secured(body))


def _secured(body: Mapping[str, Any]) -> frozenset[str]:
    secure = (body.get("runtimeConfiguration") or {}).get("secureData") or {}
    return frozenset(secure.get("properties") or [])


def _check_name(what: str, name: str) -> None:
    if not 1 <= len(name) <= limits.NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise invalid(
            f"the {what} name '{name}' is not valid: 1 to {limits.NAME_CHARACTERS} characters without <>%&\\?/."
        )


def _container(
    members: Any, loops: tuple[str, ...], parent: str | None, depth: int, index: dict[str, Action]
) -> dict[str, Action]:
    if not isinstance(members, dict):
        raise invalid(f"the actions in '{parent or 'the workflow'}' have to be an object.")
    if members and depth > limits.NESTING + 1:
        raise invalid(
            f"the actions in '{parent}' are nested at level '{depth - 1}', which exceeds the maximum nesting limit of "
            f"'{limits.NESTING}'."
        )
    actions = {name: _action(name, body, loops, parent, depth, index) for name, body in members.items()}
    for action in actions.values():
        for other, statuses in action.run_after.items():
            if other not in actions:
                raise invalid(
                    f"the action '{action.name}' runs after '{other}', which is no action beside it; there are: "
                    f"{', '.join(actions)}."
                )
            if not statuses or not set(statuses) <= set(STATUSES):
                raise invalid(
                    f"the action '{action.name}' runs after '{other}' with the statuses {list(statuses)}; allowed: "
                    f"{', '.join(STATUSES)}."
                )
    _check_cycles(actions)
    return actions


def _action(
    name: str, body: Any, loops: tuple[str, ...], parent: str | None, depth: int, index: dict[str, Action]
) -> Action:
    _check_name("action", name)
    kind = str(body.get("type") if isinstance(body, dict) else None)
    if kind.lower() not in ACTION_TYPES:
        raise invalid(
            f"the action '{name}' has the type '{kind}', which is not emulated; the emulator has: "
            f"{', '.join(sorted(ACTION_TYPES.values()))}."
        )
    run_after = {
        other: tuple(_status(status) for status in statuses) for other, statuses in (body.get("runAfter") or {}).items()
    }
    inner_loops = (*loops, name) if kind.lower() in LOOPS else loops
    branches: dict[str, dict[str, Action]] = {}
    for branch, members in _branches(name, kind.lower(), body):
        branches[branch] = _container(members, inner_loops, name, depth + 1, index)
    action = Action(name, ACTION_TYPES[kind.lower()], body, run_after, branches, loops, parent, _secured(body))
    _check_action(action)
    if name.lower() in index:
        raise invalid(f"the action name '{name}' occurs twice; names are unique in the whole definition.")
    index[name.lower()] = action
    return action


def _status(text: str) -> str:
    return next((status for status in STATUSES if status.lower() == str(text).lower()), str(text))


def _branches(name: str, kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if kind in CONTAINERS - {"switch"}:
        yield "actions", body.get("actions") or {}
    if kind == "if":
        yield "else", (body.get("else") or {}).get("actions") or {}
    if kind == "switch":
        cases = body.get("cases") or {}
        if len(cases) > limits.SWITCH_CASES:
            raise invalid(f"the Switch '{name}' has {len(cases)} cases; the limit is {limits.SWITCH_CASES}.")
        values = [repr(case.get("case")) for case in cases.values()]
        if len(set(values)) != len(values):
            raise invalid(f"the Switch '{name}' has two cases of the same value.")
        for case, content in cases.items():
            yield case, content.get("actions") or {}
        yield "default", (body.get("default") or {}).get("actions") or {}


def _check_cycles(actions: Mapping[str, Action]) -> None:
    open_, done = set[str](), set[str]()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in open_:
            raise invalid(f"the action '{name}' runs after itself, by way of others.")
        open_.add(name)
        for other in actions[name].run_after:
            visit(other)
        done.add(name)

    for name in actions:
        visit(name)


def _check_action(action: Action) -> None:
    if action.secured and (action.kind in CONTAINERS | {"terminate"} or "variable" in action.kind):
        raise invalid(f"the action '{action.name}' of type '{action.type}' cannot have secureData.")
    if action.kind == "initializevariable" and action.parent is not None:
        raise invalid(f"the action '{action.name}' of type 'InitializeVariable' has to stand at the top level.")
    if action.kind == "terminate" and action.loops:
        raise invalid(f"the action '{action.name}' of type 'Terminate' cannot stand in the loop '{action.loops[-1]}'.")
    if action.kind == "until":
        limit = action.raw.get("limit") or {}
        count = limit.get("count", limits.UNTIL_COUNT)
        if not isinstance(count, int) or not 1 <= count <= limits.UNTIL_MOST_COUNT:
            raise invalid(
                f"the Until '{action.name}' has the count {count!r}; allowed: 1 to {limits.UNTIL_MOST_COUNT}."
            )
        _check_duration(action, limit.get("timeout", "PT1H"))
        if action.raw.get("operationOptions") not in (None, "FailWhenLimitsReached"):
            raise invalid(f"the Until '{action.name}' has unknown operationOptions; allowed: FailWhenLimitsReached.")
    elif "timeout" in (action.raw.get("limit") or {}):
        _check_duration(action, action.raw["limit"]["timeout"])
    if action.kind == "foreach":
        repetitions = foreach_repetitions(action)
        if not 1 <= repetitions <= limits.FOREACH_MOST_REPETITIONS:
            raise invalid(
                f"the Foreach '{action.name}' has {repetitions} repetitions; allowed: 1 to "
                f"{limits.FOREACH_MOST_REPETITIONS}."
            )


def foreach_repetitions(action: Action) -> int:
    """Return how many iterations of a Foreach run at once; a Foreach in a Foreach is sequential."""
    concurrency = (action.raw.get("runtimeConfiguration") or {}).get("concurrency") or {}
    if action.raw.get("operationOptions") == "Sequential":
        return 1
    return int(concurrency.get("repetitions", limits.FOREACH_REPETITIONS))


def _check_duration(action: Action, text: Any) -> None:
    try:
        duration_seconds(str(text))
    except ValueError as error:
        raise invalid(f"the timeout of the action '{action.name}' is not valid: {error}.") from error


def _check_references(definition: Definition) -> None:
    variables = {
        str(variable.get("name")).lower()
        for action in definition.index.values()
        if action.kind == "initializevariable"
        for variable in (action.inputs or {}).get("variables", [])
    }
    for trigger in definition.triggers.values():
        for part in [trigger.raw.get("inputs"), *(c.get("expression") for c in trigger.raw.get("conditions") or [])]:
            for reference in _references(f"the trigger '{trigger.name}'", part):
                _check_reference(f"the trigger '{trigger.name}'", reference, definition, variables)
    for action in definition.index.values():
        for reference in references_of(action):
            _check_reference(f"the action '{action.name}'", reference, definition, variables)
            if action.kind == "setvariable" and reference.function == "variables" and _sets(action, reference.name):
                raise invalid(f"the action '{action.name}' sets a variable to itself: Self reference is not supported.")
        if "variable" in action.kind and action.kind != "initializevariable":
            name = str((action.inputs or {}).get("name"))
            if name.lower() not in variables:
                raise invalid(f"the action '{action.name}' uses the variable '{name}', which no action initializes.")


def _sets(action: Action, variable: str | None) -> bool:
    return str(variable).lower() == str((action.inputs or {}).get("name")).lower()


def references_of(action: Action) -> frozenset[Reference]:
    """Return what the action's own expressions refer to, its inner actions left out."""
    found: set[Reference] = set()
    where = f"the action '{action.name}'"
    for key in ("inputs", "foreach", "trackedProperties"):
        found |= _references(where, action.raw.get(key))
    expression = action.raw.get("expression")
    if expression is not None:
        if action.kind == "switch":
            found |= _references(where, expression)
        else:
            try:
                found |= compile_condition(expression).references
            except ExpressionError as error:
                raise invalid(f"{where}: {error.message}") from error
    return frozenset(found)


def _references(where: str, part: Any) -> frozenset[Reference]:
    try:
        return compile_template(part).references
    except ExpressionError as error:
        raise invalid(f"{where}: {error.message}") from error


def _check_reference(where: str, reference: Reference, definition: Definition, variables: set[str]) -> None:
    name = reference.name
    if name is None:
        return
    if reference.function in _OF_ACTION | {"result"} and name.lower() not in definition.index:
        raise invalid(f"{where} refers to the action '{name}', which is not in the definition.")
    if reference.function == "result" and definition.index[name.lower()].kind not in CONTAINERS:
        raise invalid(f"{where} asks for result('{name}'), which is no scope.")
    if reference.function in ("items", "iterationIndexes"):
        kind = "foreach" if reference.function == "items" else "until"
        if name.lower() not in definition.index or definition.index[name.lower()].kind != kind:
            raise invalid(f"{where} refers to the loop '{name}', which is not in the definition.")
    if reference.function == "parameters" and name.lower() not in {each.lower() for each in definition.parameters}:
        raise invalid(f"{where} refers to the parameter '{name}', which is not declared.")
    if reference.function == "variables" and name.lower() not in variables:
        raise invalid(f"{where} refers to the variable '{name}', which no action initializes.")
