"""Actions on variables."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.definitions.components import Action, ActionType
from emulator.logic_apps.definitions.shapes import TEXT, Schema, inputs_schema
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.expressions.values import to_text
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError
from emulator.logic_apps.runs.run_environment import Frame

_KINDS: dict[str, type | tuple[type, ...]] = {
    "boolean": bool, "integer": int, "float": (int, float), "string": str, "object": dict, "array": list,
}  # fmt: skip


async def initialize(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Make variables with their types and values."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    for variable in inputs["variables"]:
        kind, name, value = str(variable["type"]).lower(), str(variable["name"]), variable.get("value")
        if value is not None and not _fits(kind, value):
            raise ActionError("InvalidVariable", f"the value of '{name}' is not of the type {kind}")
        execution.state.variables[name] = copy.deepcopy(value)
    execution.variables_changed = True


def _fits(kind: str, value: Json) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _target(execution: Execution, name: str) -> str:
    for known in execution.state.variables:
        if known.lower() == name.lower():
            return known
    raise ActionError("InvalidVariable", f"The variable '{name}' is not initialized.")


def _inputs(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> tuple[str, Any]:
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    return _target(execution, str(inputs["name"])), inputs.get("value")


def _set(execution: Execution, record: ActionRecord, name: str, value: Json) -> None:
    execution.state.variables[name] = value
    record.outputs = {"body": {"name": name, "value": value}}
    execution.variables_changed = True


async def set_(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Give a variable another value of its type."""
    name, value = _inputs(execution, action, frame, record)
    kind = execution.variable_types.get(name.lower())
    if kind is not None and value is not None and not _fits(kind, value):
        raise ActionError("InvalidVariable", f"the value for '{name}' is not of the type {kind}")
    _set(execution, record, name, copy.deepcopy(value))


def _number(name: str, value: Json) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ActionError("InvalidVariable", f"'{name}' takes a number, not a value of another type")
    return value


async def increment(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Add to a number, one by default."""
    name, value = _inputs(execution, action, frame, record)
    step = 1 if value is None else _number(name, value)
    _set(execution, record, name, _number(name, execution.state.variables[name]) + step)


async def decrement(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Subtract from a number, one by default."""
    name, value = _inputs(execution, action, frame, record)
    step = 1 if value is None else _number(name, value)
    _set(execution, record, name, _number(name, execution.state.variables[name]) - step)


async def append_to_array(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Add an element."""
    name, value = _inputs(execution, action, frame, record)
    known = execution.state.variables[name] or []
    if not isinstance(known, list):
        raise ActionError("InvalidVariable", f"'{name}' is not an array")
    _set(execution, record, name, [*known, copy.deepcopy(value)])


async def append_to_string(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Add text."""
    name, value = _inputs(execution, action, frame, record)
    _set(execution, record, name, to_text(execution.state.variables[name]) + to_text(value))


_CHANGES = inputs_schema("name", "value", name=TEXT)
_STEPS = inputs_schema("name", name=TEXT)
_INITIALIZES = inputs_schema(
    "variables",
    variables={
        "type": "array",
        "minItems": 1,
        "items": {"type": "object", "required": ["name", "type"], "properties": {"name": TEXT, "type": TEXT}},
    },
)


def _type(name: str, schema: Schema) -> ActionType:
    return ActionType(name, schema, repeats_inputs=True, may_secure=False, may_time_out=False)


TYPES = (
    _type("InitializeVariable", _INITIALIZES),
    _type("SetVariable", _CHANGES),
    _type("IncrementVariable", _STEPS),
    _type("DecrementVariable", _STEPS),
    _type("AppendToArrayVariable", _CHANGES),
    _type("AppendToStringVariable", _CHANGES),
)
HANDLERS: Mapping[str, Handler] = {
    "initializevariable": initialize,
    "setvariable": set_,
    "incrementvariable": increment,
    "decrementvariable": decrement,
    "appendtoarrayvariable": append_to_array,
    "appendtostringvariable": append_to_string,
}
