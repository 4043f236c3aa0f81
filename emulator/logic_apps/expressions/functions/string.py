"""String functions. indexOf and its kin ignore case; contains, replace and split do not."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.number_format import format_number
from emulator.logic_apps.expressions.functions.registry import function, integer, invalid, number, text
from emulator.logic_apps.expressions.values import is_binary, to_text


@function("concat", least=1, most=None)
def concat(_: Environment, *values: Any) -> str:
    """Join the texts of the values."""
    return "".join(to_text(value) for value in values)


@function("substring", least=2, most=3)
def substring(_: Environment, value: Any, start: Any, length: Any = None) -> str:
    """Return part of a string; the range has to lie in it."""
    whole, begin = text("substring", value), integer("substring", start)
    if not 0 <= begin < len(whole):
        raise ExpressionError(
            "The template language function 'substring' parameter is out of range: 'start index' must be non-negative "
            "integer and should be less than the length of the string."
        )
    count = len(whole) - begin if length is None else integer("substring", length)
    if count < 0 or begin + count > len(whole):
        raise ExpressionError(
            "The template language function 'substring' parameters are out of range: 'start index' and 'length' must "
            "be non-negative integers and their sum must be no larger than the length of the string."
        )
    return whole[begin : begin + count]


@function("slice", least=2, most=3)
def slice_(_: Environment, value: Any, start: Any, end: Any = None) -> str:
    """Return part of a string; what lies outside is left out, negative indexes count from the end."""
    whole = text("slice", value)
    return whole[integer("slice", start) : None if end is None else integer("slice", end)]


@function("replace", least=3)
def replace(_: Environment, value: Any, old: Any, new: Any) -> str:
    """Replace every occurrence."""
    if text("replace", old) == "":
        raise ExpressionError("The template language function 'replace' expects its second parameter not to be empty.")
    return text("replace", value).replace(old, text("replace", new))


@function("guid", least=0, most=1)
def guid(environment: Environment, form: Any = "D") -> str:
    """Return a new GUID in the format N, D, B, P or X."""
    made = environment.new_guid()
    forms = {"N": made.hex, "D": str(made), "B": f"{{{made}}}", "P": f"({made})"}
    chosen = text("guid", form).upper()
    if chosen == "X":
        tail = ",".join(f"0x{byte:02x}" for byte in made.bytes[8:])
        return f"{{0x{made.time_low:08x},0x{made.time_mid:04x},0x{made.time_hi_version:04x},{{{tail}}}}}"
    if chosen not in forms:
        raise ExpressionError(
            f"The template language function 'guid' format parameter '{form}' is not supported. "
            f"The supported formats are: 'N, D, B, P, X'."
        )
    return forms[chosen]


@function("toLower", least=1)
def to_lower(_: Environment, value: Any) -> str:
    """Return the string in lower case."""
    return text("toLower", value).lower()


@function("toUpper", least=1)
def to_upper(_: Environment, value: Any) -> str:
    """Return the string in upper case."""
    return text("toUpper", value).upper()


@function("indexOf", least=2)
def index_of(_: Environment, value: Any, sought: Any) -> int:
    """Return where a string first occurs, -1 if nowhere."""
    return text("indexOf", value).lower().find(text("indexOf", sought).lower())


@function("lastIndexOf", least=2)
def last_index_of(_: Environment, value: Any, sought: Any) -> int:
    """Return where a string last occurs, -1 if nowhere."""
    whole, part = text("lastIndexOf", value).lower(), text("lastIndexOf", sought).lower()
    return whole.rfind(part) if part else max(len(whole) - 1, 0)


@function("nthIndexOf", least=3)
def nth_index_of(_: Environment, value: Any, sought: Any, occurrence: Any) -> int:
    """Return where a string occurs for the n-th time, from the end for a negative n."""
    whole, part, count = (
        text("nthIndexOf", value).lower(),
        text("nthIndexOf", sought).lower(),
        integer("nthIndexOf", occurrence),
    )
    places = [index for index in range(len(whole)) if whole.startswith(part, index)]
    if count == 0 or abs(count) > len(places):
        return -1
    return places[count - 1 if count > 0 else count]


@function("startsWith", least=2)
def starts_with(_: Environment, value: Any, sought: Any) -> bool:
    """Tell whether a string begins with another, ignoring case."""
    return text("startsWith", value).lower().startswith(text("startsWith", sought).lower())


@function("endsWith", least=2)
def ends_with(_: Environment, value: Any, sought: Any) -> bool:
    """Tell whether a string ends with another, ignoring case."""
    return text("endsWith", value).lower().endswith(text("endsWith", sought).lower())


@function("split", least=1, most=2)
def split(_: Environment, value: Any, separator: Any = None) -> list[str]:
    """Split a string at a separator."""
    whole = text("split", value)
    if separator is None:
        return whole.split()
    return whole.split(text("split", separator)) if separator else [whole]


@function("trim", least=1)
def trim(_: Environment, value: Any) -> str:
    """Remove white space at both ends."""
    return text("trim", value).strip()


@function("trimByteOrderMark", least=1)
def trim_byte_order_mark(_: Environment, value: Any) -> str:
    """Remove a byte order mark at the start."""
    if is_binary(value):
        return to_text(value)
    return text("trimByteOrderMark", value).removeprefix("\ufeff")


@function("formatNumber", least=2, most=3)
def format_number_(_: Environment, value: Any, form: Any, locale: Any = "en-US") -> str:
    """Format a number by a .NET format string."""
    return format_number(number("formatNumber", value), text("formatNumber", form))


def only_text_or_list(name: str, value: Any) -> str | list[Any]:
    """Return `value` if it is a string or an array."""
    if isinstance(value, str | list):
        return value
    raise invalid(name, "its parameter to be an array or a string", value)
