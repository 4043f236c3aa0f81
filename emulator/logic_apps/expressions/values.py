"""What values are in expressions: their names, their text, equality, binary and XML content."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from emulator.logic_apps.expressions.errors import ExpressionError

CONTENT: Final = "$content"
CONTENT_TYPE: Final = "$content-type"
XML_CONTENT_TYPE: Final = "application/xml;charset=utf-8"
OCTETS: Final = "application/octet-stream"


class XmlValue:
    """The root of an XML document or fragment, as ``xml()`` gives it to ``xpath()`` and ``json()``."""

    def __init__(self, element: Any, *, declared: bool = False) -> None:
        self.element = element
        self.declared = declared

    def text(self) -> str:
        """Return the XML as text."""
        return etree.tostring(self.element, encoding="unicode", with_tail=False)


def type_name(value: Any) -> str:
    """Return the name that the service's messages give to the type of `value`."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, float):
        return "Float"
    if isinstance(value, str):
        return "String"
    return "Array" if isinstance(value, list) else "Object"


def is_binary(value: Any) -> bool:
    """Tell whether `value` is content with its type: ``{"$content-type", "$content"}``."""
    return isinstance(value, dict) and CONTENT in value and CONTENT_TYPE in value


def binary(content: bytes, content_type: str = OCTETS) -> dict[str, str]:
    """Return `content` as a content-typed object."""
    return {CONTENT_TYPE: content_type, CONTENT: base64.b64encode(content).decode("ascii")}


def decode_base64(text: str, function: str) -> bytes:
    """Return the bytes of base64 `text`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ExpressionError(
            f"The template language function '{function}' was invoked with a parameter that is not valid. "
            f"The value cannot be decoded from base64 representation."
        ) from error


def content_bytes(value: dict[str, Any], function: str) -> bytes:
    """Return the bytes of a content-typed object."""
    return decode_base64(str(value[CONTENT]), function)


def number_text(value: float) -> str:
    """Return a float as .NET prints it: 15 significant digits where they suffice, ``1E+21``."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    if mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    if not mark:
        return mantissa
    power = int(exponent)
    return f"{mantissa}E{'+' if power >= 0 else '-'}{abs(power):02}"


def to_text(value: Any) -> str:
    """Return what ``string()`` and interpolation make of `value`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, XmlValue):
        return value.text()
    if is_binary(value):
        return content_bytes(value, "string").decode("utf-8-sig", errors="replace")
    return to_json(value)


def to_json(value: Any) -> str:
    """Return compact JSON."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return `value` with XML in it turned into content-typed objects, as outputs show it."""
    if isinstance(value, XmlValue):
        return binary(value.text().encode(), XML_CONTENT_TYPE)
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return value


def same(left: Any, right: Any) -> bool:
    """Tell whether ``equals()`` holds: numbers by value, strings by code point, arrays and objects by content."""
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return strictly_same(left, right)


def strictly_same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same, types of numbers included, as in collections."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(strictly_same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(strictly_same(left[key], right[key]) for key in left)
    return left == right


def frozen(value: Any) -> Any:
    """Return a hashable stand-in: two values have the same one if they are strictly the same."""
    if isinstance(value, list):
        return ("[", *(frozen(member) for member in value))
    if isinstance(value, dict):
        return ("{", frozenset((key, frozen(member)) for key, member in value.items()))
    return (type(value).__name__, value)


def find_key(mapping: dict[str, Any], key: str) -> str | None:
    """Return the property that `key` selects: the exact one, else the first that differs in case only."""
    if key in mapping:
        return key
    lowered = key.lower()
    return next((name for name in mapping if name.lower() == lowered), None)
