"""Workflow parameters: their types and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps.definitions.components import Definition

PARAMETER_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "securestring": (str,), "int": (int,), "float": (float,), "bool": (bool,),
    "array": (list,), "object": (dict,), "secureobject": (dict,),
}  # fmt: skip
"""The Python types of each parameter type, by lower-case name."""
SECURE_TYPES = frozenset({"securestring", "secureobject"})


def fits(kind: str, value: Any) -> bool:
    """Tell whether a value is of a parameter type; a whole number is no Float, as in the service's engine."""
    return isinstance(value, PARAMETER_TYPES[kind.lower()]) and (kind.lower() == "bool" or not isinstance(value, bool))


class ParameterError(ArmError):
    """A value of a parameter is missing or not valid: 400 InvalidTemplate."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "InvalidTemplate", message)


def parameter_values(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every declared parameter.

    Raises:
        ParameterError: a parameter has no value, is of another type, or is not declared.
    """
    declared = {name.lower() for name in definition.parameters}
    for name in given:
        if name.lower() not in declared:
            raise ParameterError(
                f"The template parameters '{name}' in the parameters file are not valid; they are not present in the "
                f"original template and can therefore not be provided at deployment time. The only supported "
                f"parameters for this template are '{', '.join(definition.parameters)}'."
            )
    by_name = {name.lower(): value for name, value in given.items()}
    return {
        name: parameter_value(name, declaration, by_name.get(name.lower()))
        for name, declaration in definition.parameters.items()
    }


def parameter_value(name: str, declaration: Mapping[str, Any], given: Mapping[str, Any] | None) -> Any:
    """Return the value of a parameter of a known type: the given ``{"value": ...}``, else the default.

    Pulumi and ARM templates write 1.0 as 1, so that a number given for a Float or an Int may be of either form.

    Raises:
        ParameterError: there is no value, it is of another type, or not one of the allowed values.
    """
    kind = declaration["type"].lower()
    value = _number(kind, (given or {}).get("value", declaration.get("defaultValue")))
    if value is None:
        raise ParameterError(f"The value for the workflow parameter '{name}' is not provided.")
    if not fits(kind, value):
        raise ParameterError(
            f"The provided value for the workflow parameter '{name}' is not valid: it has to be of the type "
            f"{declaration['type']}."
        )
    allowed = declaration.get("allowedValues")
    if allowed is not None and value not in allowed:
        raise ParameterError(f"The value for the workflow parameter '{name}' is not one of its allowed values.")
    return value


def _number(kind: str, value: Any) -> Any:
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
