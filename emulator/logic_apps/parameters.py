"""Workflow parameters: their types and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps.components import Definition

PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "securestring": (str,), "int": (int,), "float": (float,), "bool": (bool,),
    "array": (list,), "object": (dict,), "secureobject": (dict,),
}  # fmt: skip
"""The Python types of each parameter type, by lower-case name."""
SECURE_TYPES = frozenset({"securestring", "secureobject"})


def fits(kind: str, value: Any) -> bool:
    """Tell whether a value is of a parameter type; a whole number is no Float, as in the service's engine."""
    return isinstance(value, PARAMETER_TYPES[kind.lower()]) and (kind.lower() == "bool" or not isinstance(value, bool))


def parameter_values(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every declared parameter.

    Pulumi and ARM templates write 1.0 as 1, so that a number given for a Float or an Int may be of either form.

    Raises:
        ArmError: 400 InvalidTemplate; a parameter has no value, is of another type, or is not declared.
    """
    declared = {name.lower() for name in definition.parameters}
    for name in given:
        if name.lower() not in declared:
            raise _refused(
                f"The template parameters '{name}' in the parameters file are not valid; they are not present in the "
                f"original template and can therefore not be provided at deployment time. The only supported "
                f"parameters for this template are '{', '.join(definition.parameters)}'."
            )
    by_name = {name.lower(): value for name, value in given.items()}
    values: dict[str, Any] = {}
    for name, declaration in definition.parameters.items():
        kind = declaration["type"].lower()
        value = _number(kind, (by_name.get(name.lower()) or {}).get("value", declaration.get("defaultValue")))
        if value is None:
            raise _refused(f"The value for the workflow parameter '{name}' is not provided.")
        if not fits(kind, value):
            raise _refused(
                f"The provided value for the workflow parameter '{name}' is not valid: it has to be of the type "
                f"{declaration['type']}."
            )
        allowed = declaration.get("allowedValues")
        if allowed is not None and value not in allowed:
            raise _refused(f"The value for the workflow parameter '{name}' is not one of its allowed values.")
        values[name] = value
    return values


def _number(kind: str, value: Any) -> Any:
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _refused(message: str) -> ArmError:
    return ArmError(400, "InvalidTemplate", message)
