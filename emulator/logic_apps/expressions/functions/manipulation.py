"""Functions on the properties of objects. They return a copy."""

from __future__ import annotations

import copy
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, invalid, text
from emulator.logic_apps.expressions.values import find_key


def _object(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return copy.deepcopy(value)
    raise invalid(name, "its first parameter to be an object", value)


def _name(function_name: str, value: Any) -> str:
    """The engine selects properties by paths, so it takes no name that would be one."""
    name = text(function_name, value)
    wrong = [symbol for symbol in "[]." if symbol in name]
    if wrong:
        raise ExpressionError(
            f"The provided property name '{name}' has these invalid characters '{', '.join(wrong)}'. The name cannot "
            f"contain any of the following symbols: '[, ], .'."
        )
    return name


@function("addProperty", least=3)
def add_property(_: Environment, value: Any, name: Any, member: Any) -> dict[str, Any]:
    """Add a property that is not there."""
    made, key = _object("addProperty", value), _name("addProperty", name)
    if find_key(made, key) is not None:
        raise ExpressionError(
            f"The template language function 'addProperty' expects the property to not exist in the object. Unable to "
            f"add property '{key}' to the object."
        )
    return {**made, key: copy.deepcopy(member)}


@function("setProperty", least=3)
def set_property(_: Environment, value: Any, name: Any, member: Any) -> dict[str, Any]:
    """Add or replace a property."""
    made, key = _object("setProperty", value), _name("setProperty", name)
    return {**made, find_key(made, key) or key: copy.deepcopy(member)}


@function("removeProperty", least=2)
def remove_property(_: Environment, value: Any, name: Any) -> dict[str, Any]:
    """Remove a property, if it is there."""
    made = _object("removeProperty", value)
    made.pop(find_key(made, _name("removeProperty", name)) or "", None)
    return made
