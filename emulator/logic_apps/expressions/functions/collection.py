"""Collection functions. None of them changes what it is given, or shares it with its result."""

from __future__ import annotations

import copy
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, integer, invalid, text
from emulator.logic_apps.expressions.functions.string import only_text_or_list
from emulator.logic_apps.expressions.values import find_key, frozen, same, strictly_same, to_text


@function("contains", least=2)
def contains(_: Environment, collection: Any, value: Any) -> bool:
    """Tell whether an array has an element, an object a key or a string a part."""
    if isinstance(collection, str):
        return text("contains", value) in collection
    if isinstance(collection, list):
        return any(strictly_same(member, value) for member in collection)
    if isinstance(collection, dict):
        return find_key(collection, text("contains", value)) is not None
    raise invalid("contains", "its first parameter to be an object, an array or a string", collection)


@function("length", least=1)
def length(_: Environment, collection: Any) -> int:
    """Return the number of elements or characters."""
    return len(only_text_or_list("length", collection))


@function("empty", least=1)
def empty(_: Environment, collection: Any) -> bool:
    """Tell whether an object, array or string has nothing in it; null has nothing."""
    if collection is None:
        return True
    if isinstance(collection, str | list | dict):
        return not collection
    raise invalid("empty", "its parameter to be an object, an array or a string", collection)


@function("first", least=1)
def first(_: Environment, collection: Any) -> Any:
    """Return the first element, null of nothing."""
    found = only_text_or_list("first", collection)
    if isinstance(found, str):
        return found[:1]
    return copy.deepcopy(found[0]) if found else None


@function("last", least=1)
def last(_: Environment, collection: Any) -> Any:
    """Return the last element, null of nothing."""
    found = only_text_or_list("last", collection)
    if isinstance(found, str):
        return found[-1:]
    return copy.deepcopy(found[-1]) if found else None


def _count(name: str, value: Any) -> int:
    count = integer(name, value)
    if not 0 <= count < 2**31:
        raise ExpressionError(f"The template language function '{name}' expects a count that is not negative.")
    return count


@function("take", least=2)
def take(_: Environment, collection: Any, count: Any) -> Any:
    """Return the first elements."""
    return copy.deepcopy(only_text_or_list("take", collection)[: _count("take", count)])


@function("skip", least=2)
def skip(_: Environment, collection: Any, count: Any) -> Any:
    """Return all but the first elements."""
    return copy.deepcopy(only_text_or_list("skip", collection)[_count("skip", count) :])


@function("join", least=2)
def join(_: Environment, collection: Any, delimiter: Any) -> str:
    """Join the texts of an array's elements."""
    if not isinstance(collection, list):
        raise invalid("join", "its first parameter to be an array", collection)
    return text("join", delimiter).join(to_text(member) for member in collection)


@function("chunk", least=2)
def chunk(_: Environment, collection: Any, size: Any) -> list[Any]:
    """Cut an array or a string into pieces of one length."""
    whole, step = only_text_or_list("chunk", collection), integer("chunk", size)
    if step < 1:
        raise ExpressionError("The template language function 'chunk' expects a length that is greater than zero.")
    return [copy.deepcopy(whole[begin : begin + step]) for begin in range(0, len(whole), step)]


@function("reverse", least=1)
def reverse(_: Environment, collection: Any) -> list[Any]:
    """Return an array from its end to its start."""
    if not isinstance(collection, list):
        raise invalid("reverse", "its parameter to be an array", collection)
    return copy.deepcopy(collection[::-1])


@function("sort", least=1, most=2)
def sort(_: Environment, collection: Any, key: Any = None) -> list[Any]:
    """Return an array sorted by its elements, or by a property of them."""
    if not isinstance(collection, list):
        raise invalid("sort", "its parameter to be an array", collection)
    members = copy.deepcopy(collection)
    if key is None:
        return _sorted(members, members)
    name = text("sort", key)
    return _sorted(members, [member.get(name) if isinstance(member, dict) else None for member in members])


def _sorted(members: list[Any], keys: list[Any]) -> list[Any]:
    kinds = {str if isinstance(key, str) else float for key in keys if key is not None}
    comparable = all(key is None or isinstance(key, str | bool | int | float) for key in keys)
    if len(members) > 1 and (len(kinds) > 1 or not comparable):
        raise ExpressionError("Failed to compare two elements in the array.")
    order = sorted(range(len(members)), key=lambda index: (keys[index] is not None, keys[index] if comparable else 0))
    return [members[index] for index in order]


def _all_of(name: str, collections: tuple[Any, ...]) -> type:
    for kind in (list, dict):
        if all(isinstance(collection, kind) for collection in collections):
            return kind
    raise ExpressionError(
        f"The template language function '{name}' expects either a comma separated list of arrays or a comma separated "
        f"list of objects as its parameters."
    )


@function("union", least=1, most=None)
def union(_: Environment, *collections: Any) -> Any:
    """Return each element once, or the properties of all objects; a later one wins."""
    if _all_of("union", collections) is dict:
        merged: dict[str, Any] = {}
        for collection in collections:
            merged.update(copy.deepcopy(collection))
        return merged
    seen = {frozen(member): member for collection in reversed(collections) for member in reversed(collection)}
    order = dict.fromkeys(frozen(member) for collection in collections for member in collection)
    return [copy.deepcopy(seen[key]) for key in order]


@function("intersection", least=1, most=None)
def intersection(_: Environment, *collections: Any) -> Any:
    """Return the elements that all arrays have, or the properties that all objects have alike."""
    if _all_of("intersection", collections) is dict:
        shared = dict(collections[0])
        for other in collections[1:]:
            shared = {key: value for key, value in shared.items() if key in other and same(value, other[key])}
        return copy.deepcopy(shared)
    keys = [{frozen(member) for member in collection} for collection in collections]
    common = dict.fromkeys(frozen(member) for member in collections[0])
    members = {frozen(member): member for member in collections[0]}
    return [copy.deepcopy(members[key]) for key in common if all(key in each for each in keys)]


@function("createArray", least=1, most=None)
def create_array(_: Environment, *values: Any) -> list[Any]:
    """Return the values as an array."""
    return list(copy.deepcopy(values))


@function("array", least=1)
def array(_: Environment, value: Any) -> list[Any]:
    """Return an array as it is, anything else as an array's only element."""
    return copy.deepcopy(value) if isinstance(value, list) else [copy.deepcopy(value)]


@function("range", least=2)
def range_(_: Environment, start: Any, count: Any) -> list[int]:
    """Return consecutive integers."""
    begin, size = integer("range", start), _count("range", count)
    return list(range(begin, begin + size))
