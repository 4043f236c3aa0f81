"""What the service refuses when a workflow is saved, of how the parts of its definition go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.components import (
    Action,
    Definition,
    invalid,
    is_expression,
    references_in,
    references_in_condition,
)
from emulator.logic_apps.definition import STATUSES, read
from emulator.logic_apps.expressions import Reference
from emulator.logic_apps.parameters import PARAMETER_TYPES, fits
from emulator.logic_apps.recurrence import Recurrence
from emulator.logic_apps.secure_data import READS_ACTION

VARIABLE_TYPES = ("boolean", "integer", "float", "string", "object", "array")


def check(definition: Definition) -> None:
    """Refuse a definition that cannot run.

    Raises:
        ArmError: 400 InvalidTemplate; the message names the action or trigger and what is allowed.
    """
    if len(definition.index) > limits.ACTIONS:
        raise invalid(f"the definition has {len(definition.index)} actions; the limit is {limits.ACTIONS}.")
    _check_parameters(definition)
    _check_siblings(definition.actions)
    variables = _variables(definition)
    _check_triggers(definition)
    predecessors = _Predecessors(definition)
    for action in definition.index.values():
        for branch in action.branches.values():
            _check_siblings(branch)
        _check_settings(action, definition)
        action.type.check(action)
        _check_references(action, definition, variables, predecessors)
    references_in("the outputs", definition.raw.get("outputs"))


def _check_parameters(definition: Definition) -> None:
    for name, declared in definition.parameters.items():
        if declared["type"].lower() not in PARAMETER_TYPES:
            raise invalid(
                f"the parameter '{name}' has the type '{declared['type']}'; allowed: {', '.join(PARAMETER_TYPES)}."
            )
        if "value" in declared:
            raise invalid(f"the parameter '{name}' of the definition has a 'value'; it may only have a defaultValue.")
        default = declared.get("defaultValue")
        if default is not None and not is_expression(default) and not fits(declared["type"], default):
            raise invalid(
                f"the default value of the parameter '{name}' is not valid: it has to be of the type "
                f"{declared['type']}."
            )


def _check_siblings(actions: Mapping[str, Action]) -> None:
    for action in actions.values():
        for other, statuses in action.run_after.items():
            if other == action.name:
                raise invalid(f"the action '{action.name}' runs after itself.")
            if other not in actions:
                raise invalid(
                    f"the action '{action.name}' runs after '{other}', which is no action beside it; there are: "
                    f"{', '.join(actions)}."
                )
            if not set(statuses) <= set(STATUSES):
                raise invalid(
                    f"the action '{action.name}' runs after '{other}' with the statuses {list(statuses)}; allowed: "
                    f"{', '.join(STATUSES)}."
                )
    left = {name: set(action.run_after) for name, action in actions.items()}
    while ready := [name for name, others in left.items() if not others]:
        for name in ready:
            del left[name]
        for others in left.values():
            others.difference_update(ready)
    if left:
        raise invalid(f"the action '{next(iter(left))}' runs after itself, by way of others: {', '.join(left)}.")


def _variables(definition: Definition) -> set[str]:
    names: set[str] = set()
    for action in definition.index.values():
        if action.kind != "initializevariable":
            continue
        if action.parent is not None:
            raise invalid(f"the action '{action.name}' of type 'InitializeVariable' has to stand at the top level.")
        for variable in action.inputs["variables"]:
            name = str(variable["name"])
            if name.lower() in names:
                raise invalid(f"the action '{action.name}' initializes the variable '{name}', which another one does.")
            if str(variable["type"]).lower() not in VARIABLE_TYPES:
                raise invalid(
                    f"the action '{action.name}' gives the variable '{name}' the type '{variable['type']}'; allowed: "
                    f"{', '.join(VARIABLE_TYPES)}."
                )
            names.add(name.lower())
    if len(names) > limits.VARIABLES:
        raise invalid(f"the definition has {len(names)} variables; the limit is {limits.VARIABLES}.")
    return names


def _check_triggers(definition: Definition) -> None:
    for trigger in definition.triggers.values():
        where = f"the trigger '{trigger.name}'"
        references = references_in(where, trigger.raw.get("inputs")) | references_in(where, trigger.raw.get("splitOn"))
        for expression in trigger.conditions:
            if isinstance(expression, str) and not is_expression(expression):
                raise invalid(f"{where} has the condition '{expression}', which is not an expression.")
            references |= references_in_condition(where, expression)
        for reference in references:
            if reference.function in READS_ACTION | {"variables", "result", "items"}:
                raise invalid(f"{where} uses {reference.function}(), but nothing ran before it.")
            _check_parameter(where, reference, definition)
        if "recurrence" in trigger.raw:
            try:
                Recurrence.parse(trigger.raw["recurrence"])
            except ValueError as error:
                raise invalid(f"{where} has a recurrence that is not valid: {error}.") from error
        if trigger.runs is not None and trigger.single_instance:
            raise invalid(f"{where} has both SingleInstance and a concurrency of runs; only one of them is allowed.")
        if "splitOn" in trigger.raw and any(a.kind == "response" for a in definition.index.values()):
            raise invalid(f"{where} has splitOn, so that no Response action can answer its request.")


def _check_settings(action: Action, definition: Definition) -> None:
    where = f"the action '{action.name}'"
    if action.secured and not action.type.may_secure:
        raise invalid(f"{where} of type '{action.type.name}' cannot have secureData.")
    timeout = action.limit.get("timeout")
    if timeout is not None:
        if not action.type.may_time_out:
            raise invalid(f"{where} of type '{action.type.name}' cannot have a limit.timeout.")
        try:
            duration_seconds(timeout)
        except ValueError as error:
            raise invalid(f"the timeout of {where} is not valid: {error}.") from error
    static = (action.raw.get("runtimeConfiguration") or {}).get("staticResult") or {}
    if static and static["name"] not in (definition.raw.get("staticResults") or {}):
        raise invalid(f"{where} has the static result '{static['name']}', which the definition does not have.")


def _check_references(action: Action, definition: Definition, variables: set[str], predecessors: _Predecessors) -> None:
    where = f"the action '{action.name}'"
    for reference in action.references:
        name = reference.name
        if name is None:
            continue
        if reference.function in READS_ACTION | {"result"}:
            _check_action_reference(action, reference, definition, predecessors)
        if reference.function in ("items", "iterationIndexes"):
            kind = "foreach" if reference.function == "items" else "until"
            loops = [loop for loop in action.loops if definition.index[loop.lower()].kind == kind]
            if action.kind == kind == "until":
                loops.append(action.name)
            if name.lower() not in {loop.lower() for loop in loops}:
                raise invalid(
                    f"{where} refers to the loop '{name}', which it does not stand in; it stands in: "
                    f"{', '.join(loops) or 'none'}."
                )
        _check_parameter(where, reference, definition)
        if reference.function == "variables" and name.lower() not in variables:
            raise invalid(f"{where} refers to the variable '{name}', which no action initializes.")
        if reference.function == "variables" and action.kind == "setvariable" and _target(action) == name.lower():
            raise invalid(f"{where} sets a variable to itself: Self reference is not supported.")
    if "variable" in action.kind and action.kind != "initializevariable" and _target(action) not in variables:
        raise invalid(f"{where} uses the variable '{action.inputs['name']}', which no action initializes.")


def _target(action: Action) -> str:
    return str(action.inputs["name"]).lower()


def _check_action_reference(
    action: Action, reference: Reference, definition: Definition, predecessors: _Predecessors
) -> None:
    where, name = f"the action '{action.name}'", str(reference.name)
    found = definition.index.get(name.lower())
    if found is None:
        if definition.trigger(name) is not None and reference.function != "result":
            return
        raise invalid(f"{where} refers to the action '{name}', which is not in the definition.")
    if reference.function == "result" and not found.type.branches:
        raise invalid(f"{where} asks for result('{name}'), which is no scope.")
    if not predecessors.reach(action, found):
        raise invalid(
            f"the inputs of {where} cannot reference action '{name}'. Action '{name}' must either be in 'runAfter' "
            f"path or within a scope action on the 'runAfter' path of action '{action.name}', or be a Trigger."
        )


def _check_parameter(where: str, reference: Reference, definition: Definition) -> None:
    name = reference.name
    if reference.function != "parameters" or name is None:
        return
    if name.lower() not in {each.lower() for each in definition.parameters}:
        raise invalid(f"{where} refers to the parameter '{name}', which is not declared.")


class _Predecessors:
    """Which actions are over when an action starts."""

    def __init__(self, definition: Definition) -> None:
        self._index = definition.index
        self._before: dict[str, set[str]] = {}

    def reach(self, action: Action, other: Action) -> bool:
        """Tell whether `other`, or a scope around it, lies on the runAfter path of `action` or of a scope around that.

        An Until's own condition sees the actions of the loop.
        """
        around = {other.name, *self._ancestors(other)}
        if action.kind == "until" and action.name in around - {other.name}:
            return True
        return any(around & self._all_before(self._index[each.lower()]) for each in self._chain(action))

    def _chain(self, action: Action) -> list[str]:
        return [action.name, *self._ancestors(action)]

    def _ancestors(self, action: Action) -> list[str]:
        found: list[str] = []
        parent = action.parent
        while parent is not None:
            found.append(parent)
            parent = self._index[parent.lower()].parent
        return found

    def _all_before(self, action: Action) -> set[str]:
        known = self._before.get(action.name)
        if known is None:
            known = set[str]()
            open_ = list(action.run_after)
            while open_:
                name = open_.pop()
                if name not in known:
                    known.add(name)
                    open_.extend(self._index[name.lower()].run_after)
            self._before[action.name] = known
        return known


def parse_checked(raw: Any) -> Definition:
    """Return the definition, read and checked.

    Raises:
        ArmError: 400 InvalidTemplate.
    """
    definition = read(raw)
    check(definition)
    return definition
