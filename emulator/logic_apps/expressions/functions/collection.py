"""Collection functions. None of them changes what it is given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import (
    array,
    function,
    integer,
    invalid,
    refused,
    sequence,
    text,
)
from emulator.logic_apps.expressions.introsort import introsorted
from emulator.logic_apps.expressions.utf16 import folded, joined, ordinal, units
from emulator.logic_apps.expressions.values import (
    as_decimal,
    find_key,
    frozen,
    int32,
    strictly_same,
    to_text,
    type_name,
)

_GREATEST_COUNT = 100_000
"""Source: learn.microsoft.com, reference of range(): the count must not be greater."""


@function("contains", least=2)
def contains(_: Environment, collection: Any, value: Any) -> bool:
    """Tell whether an array has an element, an object a key (ignoring case) or a string a part."""
    if isinstance(collection, list):
        return any(strictly_same(member, value) for member in collection)
    if isinstance(collection, str):
        return text("contains", value, 2) in collection
    if isinstance(collection, dict):
        return find_key(collection, text("contains", value, 2)) is not None
    raise invalid("contains", "an object, an array or a string", collection, 1)


@function("length", least=1)
def length(_: Environment, collection: Any) -> int:
    """Return the number of elements, or of a string's UTF-16 units."""
    found = sequence("length", collection)
    return len(units(found)) if isinstance(found, str) else len(found)


@function("empty", least=1)
def empty(_: Environment, collection: Any) -> bool:
    """Tell whether an object, array or string has nothing in it; null has nothing."""
    if collection is None or isinstance(collection, str | list | dict):
        return not collection
    raise invalid("empty", "an object, an array or a string", collection)


@function("first", least=1)
def first(_: Environment, collection: Any) -> Any:
    """Return the first element, null of an empty array."""
    found = sequence("first", collection)
    if isinstance(found, str):
        return joined(units(found)[:1])
    return found[0] if found else None


@function("last", least=1)
def last(_: Environment, collection: Any) -> Any:
    """Return the last element, null of an empty array."""
    found = sequence("last", collection)
    if isinstance(found, str):
        return joined(units(found)[-1:])
    return found[-1] if found else None


def _count(name: str, value: Any) -> int:
    count = int32(integer(name, value, 2))
    if count < 0:
        raise refused(name, f"the count {count} is negative")
    return count


@function("take", least=2)
def take(_: Environment, collection: Any, count: Any) -> Any:
    """Return the first elements or characters."""
    found, wanted = sequence("take", collection, 1), _count("take", count)
    return joined(units(found)[:wanted]) if isinstance(found, str) else found[:wanted]


@function("skip", least=2)
def skip(_: Environment, collection: Any, count: Any) -> Any:
    """Return all but the first elements or characters."""
    found, unwanted = sequence("skip", collection, 1), _count("skip", count)
    return joined(units(found)[unwanted:]) if isinstance(found, str) else found[unwanted:]


@function("join", least=2)
def join(_: Environment, collection: Any, delimiter: Any) -> str:
    """Join the texts of an array's elements."""
    members = array("join", collection, 1)
    return text("join", delimiter, 2).join([to_text(member, "join") for member in members])


@function("chunk", least=2)
def chunk(_: Environment, collection: Any, size: Any) -> list[Any]:
    """Cut an array or a string into pieces of one length; the last may be shorter."""
    whole, step = sequence("chunk", collection, 1), integer("chunk", size, 2)
    if not 1 <= step < 2**31:
        raise refused("chunk", f"the length {step} is not one of 1 to {2**31 - 1}")
    if isinstance(whole, list):
        return [whole[begin : begin + step] for begin in range(0, len(whole), step)]
    cut = units(whole)
    return [joined(cut[begin : begin + step]) for begin in range(0, len(cut), step)]


@function("reverse", least=1)
def reverse(_: Environment, collection: Any) -> list[Any]:
    """Return an array from its end to its start."""
    return array("reverse", collection)[::-1]


@function("range", least=2)
def range_(_: Environment, start: Any, count: Any) -> list[int]:
    """Return so many integers from `start` on."""
    begin, many = int32(integer("range", start, 1)), int32(integer("range", count, 2))
    if not 0 <= many <= _GREATEST_COUNT or begin + many - 1 > 2**31 - 1:
        raise refused("range", f"a count of 0 to {_GREATEST_COUNT} is allowed, and no result greater than {2**31 - 1}")
    return list(range(begin, begin + many))


@function("sort", least=1, most=2)
def sort(_: Environment, collection: Any, *key: Any) -> list[Any]:
    """Return an array sorted by its elements, or by a property of them; strings of properties ignore case."""
    members = array("sort", collection, 1)
    if not key:
        if len({type(member) for member in members}) == 1 and isinstance(members[0], int | float):
            return sorted(members)
        if all(isinstance(member, str) for member in members):
            return sorted(members, key=ordinal)
        return introsorted(members, _compare)
    name = text("sort", key[0], 2)
    keyed = [(_sort_key(member, name), member) for member in members]
    kinds = {type_name(value) for value, _ in keyed}
    if len(keyed) > 1 and (len(kinds) > 1 or not kinds <= {"String", "Integer", "Float", "Boolean"}):
        raise refused(
            "sort", f"the property '{name}' has to be a string, integer, float or boolean, the same in all elements"
        )
    ordered = introsorted(keyed, lambda left, right: _compare(_without_case(left[0]), _without_case(right[0])))
    return [member for _, member in ordered]


def _without_case(value: Any) -> Any:
    return folded(value) if isinstance(value, str) else value


def _sort_key(member: Any, name: str) -> Any:
    found = find_key(member, name) if isinstance(member, dict) else None
    if found is None:
        raise refused("sort", f"an element has no property '{name}'")
    return member[found]


def _compare(left: Any, right: Any) -> int:
    """Compare as Newtonsoft.Json's JValue does: in the type of the left value, of the right one beside a string."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    decisive = right if isinstance(left, str) and not isinstance(right, str) else left
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        raise refused("sort", "arrays and objects have no order")
    try:
        first_key, second_key = _comparable(decisive, left, right)
    except ValueError as error:
        raise refused("sort", f"'{left}' and '{right}' cannot be compared") from error
    return (first_key > second_key) - (first_key < second_key)


def _comparable(decisive: Any, left: Any, right: Any) -> tuple[Any, Any]:
    convert: Callable[[Any], Any]
    if isinstance(left, str) and isinstance(right, str):
        return ordinal(left), ordinal(right)
    if isinstance(decisive, bool):
        convert = _as_boolean
    elif isinstance(left, Decimal) or isinstance(right, Decimal):
        convert = as_decimal
    elif isinstance(left, float) or isinstance(right, float):
        convert = float
    else:
        convert = int
    return convert(left), convert(right)


def _as_boolean(value: Any) -> bool:
    if isinstance(value, str):
        if value.strip().lower() not in ("true", "false"):
            raise ValueError(value)
        return value.strip().lower() == "true"
    return bool(value)


def _all_of(name: str, collections: tuple[Any, ...]) -> type:
    kinds = list(dict.fromkeys(type_name(collection) for collection in collections))
    if len(kinds) > 1:
        raise refused(name, f"its parameters have different types: {', '.join(kinds)}")
    if kinds[0] not in ("Array", "Object"):
        raise refused(name, f"it takes arrays or objects, not values of type '{kinds[0]}'")
    return list if kinds[0] == "Array" else dict


@function("union", least=2, most=None)
def union(_: Environment, *collections: Any) -> Any:
    """Return what is in any: each element once, of a property the last value."""
    if _all_of("union", collections) is dict:
        return {key: value for collection in collections for key, value in collection.items()}
    return list({frozen(member): member for collection in collections for member in collection}.values())


@function("intersection", least=2, most=None)
def intersection(_: Environment, *collections: Any) -> Any:
    """Return what is in all: of objects the properties that have the same value in each."""
    head, *others = collections
    if _all_of("intersection", collections) is dict:
        return {
            key: value
            for key, value in head.items()
            if all(key in other and strictly_same(other[key], value) for other in others)
        }
    kept = [{frozen(member) for member in other} for other in others]
    once = dict[Any, Any]()
    for member in head:
        once.setdefault(frozen(member), member)
    return [member for key, member in once.items() if all(key in each for each in kept)]
