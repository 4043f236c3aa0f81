"""What values are in expressions: their types, text, equality and the way out of an evaluation.

A value is a JSON value. Integers are Python's `int` in the range of 64 bits, floats `float`. .NET's decimals, which
only ``decimal()`` and arithmetic with its results give, are `decimal.Decimal` inside an evaluation, floats outside.
Binary and XML content is the object ``{"$content-type", "$content"}`` with base64.
"""

from __future__ import annotations

import base64
import binascii
import math
from decimal import Decimal
from typing import Any, Final

from emulator.logic_apps.expressions import json_text
from emulator.logic_apps.expressions.errors import ExpressionError

CONTENT: Final = "$content"
CONTENT_TYPE: Final = "$content-type"
OCTETS: Final = "application/octet-stream"

LEAST_INTEGER: Final = -(2**63)
GREATEST_INTEGER: Final = 2**63 - 1
_DECIMAL_BOUND: Final = 2.0**96
"""The least float that is too great for a .NET decimal."""


def type_name(value: Any) -> str:
    """Return the name that the service's messages give to the type of `value`."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, float | Decimal):
        return "Float"
    if isinstance(value, str):
        return "String"
    return "Array" if isinstance(value, list) else "Object"


def is_integer(value: Any) -> bool:
    """Tell whether `value` is an integer of 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and LEAST_INTEGER <= value <= GREATEST_INTEGER


def is_number(value: Any) -> bool:
    """Tell whether `value` is an integer, float or decimal."""
    return isinstance(value, float | Decimal) or is_integer(value)


def int32(value: int) -> int:
    """Return the lower 32 bits as a signed integer: the service narrows indexes, counts and intervals like that."""
    return (value + 2**31) % 2**32 - 2**31


def content_of(value: Any) -> tuple[str, str] | None:
    """Return the content type and the base64 of content, or None if `value` is none.

    The names of its two properties ignore case; null in one of them makes it a common object.
    """
    if not isinstance(value, dict):
        return None
    kind, content = value.get(CONTENT_TYPE), value.get(CONTENT)
    if kind is None or content is None:
        lowered = {str(name).lower(): member for name, member in value.items()}
        kind, content = lowered.get(CONTENT_TYPE), lowered.get(CONTENT)
    return (str(kind), str(content)) if kind is not None and content is not None else None


def content(data: bytes, content_type: str = OCTETS) -> dict[str, str]:
    """Return `data` as content."""
    return {CONTENT_TYPE: content_type, CONTENT: base64.b64encode(data).decode("ascii")}


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64; white space in it is skipped.

    Raises:
        ValueError: it is no base64.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def charset_of(content_type: str) -> str:
    """Return the charset that a content type names, UTF-8 if none.

    Raises:
        ValueError: the content type is not well formed.
    """
    kind, *parameters = content_type.split(";")
    if "/" not in kind or any("=" not in parameter for parameter in parameters):
        raise ValueError(f"'{content_type}' is not a content type")
    for parameter in parameters:
        name, _, given = parameter.partition("=")
        if name.strip().lower() == "charset":
            return given.strip().strip('"')
    return "utf-8"


def content_text(content_type: str, encoded: str) -> str:
    """Return the text of content, decoded by its charset.

    Raises:
        ValueError: it cannot be decoded.
    """
    charset = charset_of(content_type)
    if charset.lower() == "utf-16":
        charset = "utf-16-le"
    try:
        return decode_base64(encoded).decode(charset, errors="replace")
    except LookupError as error:
        raise ValueError(f"the charset '{charset}' is not known") from error


def to_text(value: Any, function: str = "string") -> str:
    """Return what ``string()`` and interpolation make of `value`.

    Raises:
        ExpressionError: content cannot be decoded, an integer does not fit into 64 bits.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int) and is_integer(value):
        return str(value)
    if isinstance(value, float):
        return json_text.float_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | dict):
        found = content_of(value)
        if found is None:
            return json_text.write(value)
        try:
            return content_text(*found)
        except ValueError as error:
            raise not_convertible(function, "a string", str(error)) from error
    raise not_convertible(function, "a string", "the value has no text")


def not_convertible(function: str, target: str, reason: str) -> ExpressionError:
    """Return the error of a conversion."""
    return ExpressionError(
        f"The template language function '{function}' cannot convert its parameter to {target}: {reason}."
    )


def same(left: Any, right: Any) -> bool:
    """Tell whether ``equals()`` holds: numbers by value, all else strictly."""
    if is_number(left) and is_number(right):
        return numeric(left, right, float.__eq__, Decimal.__eq__) if type(left) is not type(right) else left == right
    return strictly_same(left, right)


def numeric(left: Any, right: Any, floats: Any, decimals: Any) -> Any:
    """Return the result of an operation on two numbers of different types: as decimals if one is, else as floats.

    Raises:
        OverflowError: one is a decimal and the other too great for one.
    """
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return decimals(as_decimal(left), as_decimal(right))
    return floats(float(left), float(right))


def as_decimal(value: Any) -> Decimal:
    """Return a number as a decimal; of a float 15 digits count, as in .NET's conversion.

    Raises:
        OverflowError: the float is too great, or no number.
    """
    if isinstance(value, float):
        if not abs(value) < _DECIMAL_BOUND:
            raise OverflowError("the number does not fit into a decimal")
        return Decimal(format(value, ".15g"))
    return Decimal(value)


def strictly_same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same, the types of numbers included, as in collections."""
    if isinstance(left, Decimal):
        left = float(left)
    if isinstance(right, Decimal):
        right = float(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(strictly_same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(strictly_same(left[key], right[key]) for key in left)
    return left == right


def frozen(value: Any) -> Any:
    """Return a hashable stand-in: two values have the same one if they are strictly the same."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ("[", *map(frozen, value))
    if isinstance(value, dict):
        return ("{", frozenset((key, frozen(member)) for key, member in value.items()))
    if isinstance(value, Decimal):
        value = float(value)
    return (type(value), value)


def find_key(mapping: dict[str, Any], key: str) -> str | None:
    """Return the property that `key` selects: the exact one, else the first that differs in case only."""
    if key in mapping:
        return key
    lowered = key.lower()
    return next((name for name in mapping if name.lower() == lowered), None)


def exported(value: Any) -> Any:
    """Return a copy that shares nothing with `value`, of JSON types only: decimals as floats, NaN as its name."""
    if isinstance(value, dict):
        return {key: exported(member) for key, member in value.items()}
    if isinstance(value, list):
        return [exported(member) for member in value]
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return json_text.float_text(value)
    return value
