"""String functions. indexOf and its kin ignore case; contains, replace and split do not. All count UTF-16 units."""

from __future__ import annotations

import re
import xml.sax.saxutils
from typing import Any

from emulator.logic_apps.expressions import xml_json
from emulator.logic_apps.expressions.dotnet_numbers import FormatError
from emulator.logic_apps.expressions.dotnet_numbers import format_number as dotnet_format
from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import culture, function, integer, number, refused, text
from emulator.logic_apps.expressions.utf16 import folded, joined, lower, units, upper
from emulator.logic_apps.expressions.values import content_of, int32, to_text

_ABSENT: Any = object()
"""Stands for an argument that is not given: null is one that is."""


@function("concat", least=1, most=None)
def concat(_: Environment, *values: Any) -> str:
    """Join the texts of the values."""
    return "".join([to_text(value, "concat") for value in values])


@function("substring", least=2, most=3)
def substring(_: Environment, value: Any, start: Any, length: Any = _ABSENT) -> str:
    """Return part of a string; it has to begin before the end, and to end in the string."""
    whole, begin = units(text("substring", value, 1)), int32(integer("substring", start, 2))
    count = len(whole) - begin if length is _ABSENT else int32(integer("substring", length, 3))
    if not 0 <= begin < len(whole):
        raise refused("substring", f"the start {begin} does not lie in a string of {len(whole)} characters")
    if count < 0 or begin + count > len(whole):
        raise refused("substring", f"{count} characters from {begin} on do not lie in a string of {len(whole)}")
    return joined(whole[begin : begin + count])


@function("slice", least=2, most=3)
def slice_(_: Environment, value: Any, start: Any, end: Any = _ABSENT) -> str:
    """Return part of a string; what lies outside is left out, negative indexes count from the end."""
    whole, begin = units(text("slice", value, 1)), int32(integer("slice", start, 2))
    return joined(whole[begin : None if end is _ABSENT else int32(integer("slice", end, 3))])


@function("replace", least=3)
def replace(_: Environment, value: Any, old: Any, new: Any) -> str:
    """Replace every occurrence."""
    whole, sought, other = text("replace", value, 1), text("replace", old, 2), text("replace", new, 3)
    if not sought:
        raise refused("replace", "the text to replace is empty")
    return whole.replace(sought, other)


@function("guid", least=0, most=1)
def guid(environment: Environment, form: Any = "D") -> str:
    """Return a new GUID in the format N, D, B, P or X."""
    made, chosen = environment.new_guid(), text("guid", form)
    tail = ",".join(f"0x{byte:02x}" for byte in made.bytes[8:])
    forms = {
        "N": made.hex,
        "D": str(made),
        "B": f"{{{made}}}",
        "P": f"({made})",
        "X": f"{{0x{made.time_low:08x},0x{made.time_mid:04x},0x{made.time_hi_version:04x},{{{tail}}}}}",
    }
    if chosen not in forms:
        raise refused("guid", f"the format '{chosen}' is none of {', '.join(forms)}")
    return forms[chosen]


@function("toLower", least=1)
def to_lower(_: Environment, value: Any) -> str:
    """Return the string in lower case."""
    return lower(text("toLower", value))


@function("toUpper", least=1)
def to_upper(_: Environment, value: Any) -> str:
    """Return the string in upper case."""
    return upper(text("toUpper", value))


@function("indexOf", least=2)
def index_of(_: Environment, value: Any, sought: Any) -> int:
    """Return where a string first occurs, -1 if nowhere."""
    return folded(text("indexOf", value, 1)).find(folded(text("indexOf", sought, 2)))


@function("lastIndexOf", least=2)
def last_index_of(_: Environment, value: Any, sought: Any) -> int:
    """Return where a string last occurs, -1 if nowhere; an empty string at the last character."""
    whole, part = folded(text("lastIndexOf", value, 1)), folded(text("lastIndexOf", sought, 2))
    return whole.rfind(part) if part else max(len(whole) - 1, 0)


@function("nthIndexOf", least=3)
def nth_index_of(_: Environment, value: Any, sought: Any, occurrence: Any) -> int:
    """Return where a string occurs for the n-th time, from the end for a negative n; occurrences may overlap."""
    whole, part = folded(text("nthIndexOf", value, 1)), folded(text("nthIndexOf", sought, 2))
    wanted = int32(integer("nthIndexOf", occurrence, 3))
    if not part:
        return 0
    if wanted == 0:
        raise refused("nthIndexOf", "the occurrence 0 is none")
    index = -1 if wanted > 0 else len(whole)
    for _count in range(abs(wanted)):
        index = whole.find(part, index + 1) if wanted > 0 else whole.rfind(part, 0, max(index + len(part) - 1, 0))
        if index < 0:
            return -1
    return index


@function("startsWith", least=2)
def starts_with(_: Environment, value: Any, sought: Any) -> bool:
    """Tell whether a string begins with another, ignoring case."""
    return folded(text("startsWith", value, 1)).startswith(folded(text("startsWith", sought, 2)))


@function("endsWith", least=2)
def ends_with(_: Environment, value: Any, sought: Any) -> bool:
    """Tell whether a string ends with another, ignoring case."""
    return folded(text("endsWith", value, 1)).endswith(folded(text("endsWith", sought, 2)))


@function("split", least=2)
def split(_: Environment, value: Any, separator: Any) -> list[str]:
    """Split a string at a separator; an empty one does not split."""
    whole, mark = text("split", value, 1), text("split", separator, 2)
    return whole.split(mark) if mark else [whole]


@function("trim", least=1)
def trim(_: Environment, value: Any) -> str:
    """Remove white space at both ends."""
    return text("trim", value).strip()


@function("trimByteOrderMark", least=1)
def trim_byte_order_mark(_: Environment, value: Any) -> str:
    """Return a text, or that of content, without a byte order mark at its start."""
    return (value if isinstance(value, str) else _text_of_content(value)).removeprefix("\ufeff")


def _text_of_content(value: Any) -> str:
    if content_of(value) is None:
        text("trimByteOrderMark", value)
    return to_text(value, "trimByteOrderMark")


@function("utf8Length", least=1)
def utf8_length(_: Environment, value: Any) -> int:
    """Return the number of bytes of a text in UTF-8."""
    return len(text("utf8Length", value).encode("utf-8", "replace"))


@function("utf16Length", least=1)
def utf16_length(_: Environment, value: Any) -> int:
    """Return the number of bytes of a text in UTF-16."""
    return len(text("utf16Length", value).encode("utf-16-le", "surrogatepass"))


_ENTITIES = {'"': "&quot;", "'": "&apos;"}


@function("encodeXmlValue", least=1)
def encode_xml_value(_: Environment, value: Any) -> str:
    """Escape the characters that are markup in XML."""
    return xml.sax.saxutils.escape(text("encodeXmlValue", value), _ENTITIES)


@function("decodeXmlValue", least=1)
def decode_xml_value(_: Environment, value: Any) -> str:
    """Replace the five entities of XML and references to characters by what they stand for."""
    return re.sub(r"&(?:#x([0-9A-Fa-f]+)|#(\d+)|(lt|gt|amp|quot|apos));", _entity, text("decodeXmlValue", value))


def _entity(match: re.Match[str]) -> str:
    if match[3]:
        return {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}[match[3]]
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code) if code < 0x11_0000 else match[0]


@function("encodeXmlName", least=1)
def encode_xml_name(_: Environment, value: Any) -> str:
    """Replace each character that XML names do not have by ``_xHHHH_``."""
    return xml_json.encode_name(text("encodeXmlName", value))


@function("decodeXmlName", least=1)
def decode_xml_name(_: Environment, value: Any) -> str:
    """Undo encodeXmlName."""
    return xml_json.decode_name(text("decodeXmlName", value))


@function("formatNumber", least=2, most=3)
def format_number(_: Environment, value: Any, form: Any, locale: Any = "") -> str:
    """Format a number by one of .NET's standard or custom formats, in a culture."""
    amount, pattern = number("formatNumber", value, 1), text("formatNumber", form, 2)
    chosen = culture("formatNumber", text("formatNumber", locale, 3), 3)
    try:
        return dotnet_format(amount if isinstance(amount, int) else float(amount), pattern, chosen)
    except FormatError as error:
        raise refused("formatNumber", str(error)) from error
