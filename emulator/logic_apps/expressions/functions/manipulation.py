"""Functions on the properties of objects. They return another object and leave the given one as it is."""

from __future__ import annotations

from typing import Any, Final

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import function, invalid, refused, text
from emulator.logic_apps.expressions.values import find_key

_NOT_IN_NAMES: Final = "[]."


def _object(name: str, value: Any, place: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise invalid(name, "an object", value, place)


def _property(name: str, value: Any) -> str:
    key = text(name, value, 2)
    wrong = [character for character in _NOT_IN_NAMES if character in key]
    if wrong:
        raise refused(name, f"the property name '{key}' has the characters {' '.join(wrong)}, which it cannot have")
    return key


@function("addProperty", least=3)
def add_property(_: Environment, value: Any, name: Any, member: Any) -> dict[str, Any]:
    """Add a property that is not there, in any case."""
    given, key = _object("addProperty", value, 1), _property("addProperty", name)
    if find_key(given, key) is not None:
        raise refused("addProperty", f"the property '{key}' already exists")
    return {**given, key: member}


@function("setProperty", least=3)
def set_property(_: Environment, value: Any, name: Any, member: Any) -> dict[str, Any]:
    """Add or replace a property; one that is there keeps its name, and becomes the last."""
    given, key = _object("setProperty", value, 1), _property("setProperty", name)
    found = find_key(given, key)
    return {**{other: kept for other, kept in given.items() if other != found}, found or key: member}


@function("removeProperty", least=2)
def remove_property(_: Environment, value: Any, name: Any) -> dict[str, Any]:
    """Remove a property, if it is there."""
    given = _object("removeProperty", value, 1)
    found = find_key(given, _property("removeProperty", name))
    return {key: member for key, member in given.items() if key != found}


@function("mergeObjects", least=2)
def merge_objects(_: Environment, head: Any, other: Any) -> dict[str, Any]:
    """Return the properties of both objects; where both have one, that of the second.

    The function is documented by its signature only: objects in objects are not merged here, as ``union()`` does not.
    """
    return {**_object("mergeObjects", head, 1), **_object("mergeObjects", other, 2)}
