"""Conversions between strings, numbers, JSON, XML and content."""

from __future__ import annotations

import base64
import re
import urllib.parse
from decimal import Decimal
from typing import Any

from emulator.logic_apps.expressions import json_text, xml_document, xml_json
from emulator.logic_apps.expressions import xpath as xpath_selection
from emulator.logic_apps.expressions.cultures import INVARIANT
from emulator.logic_apps.expressions.decimals import fitted
from emulator.logic_apps.expressions.dotnet_numbers import integer_of, parse_decimal, parse_float, parse_integer
from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import culture, function, invalid, refused, text
from emulator.logic_apps.expressions.values import (
    OCTETS,
    as_decimal,
    content,
    content_of,
    content_text,
    decode_base64,
    is_integer,
    not_convertible,
    to_text,
    type_name,
)

_XML = re.compile(r"\s*(?:application|text)/(?:[\w.\-]+\+)?xml\s*(?:;.*)?", re.IGNORECASE)


@function("string", least=1)
def string(_: Environment, value: Any) -> str:
    """Return the text of a value."""
    return to_text(value)


@function("int", least=1)
def int_(_: Environment, value: Any) -> int:
    """Return the integer that a string, boolean or number stands for; a fraction is an error.

    As in the service, the value passes through a float: from 2**53 on the last digits are lost.
    """
    try:
        if isinstance(value, str):
            return parse_integer(value)
        if isinstance(value, bool | float | Decimal) or is_integer(value):
            return integer_of(float(value))
    except ValueError as error:
        raise not_convertible("int", "an integer", str(error)) from error
    raise not_convertible("int", "an integer", f"a value of type '{type_name(value)}' is none, or does not fit")


@function("float", least=1, most=2)
def float_(_: Environment, value: Any, *locale: Any) -> float:
    """Return the number that a string, number or boolean stands for; with a culture only a string."""
    if isinstance(value, str):
        chosen = culture("float", text("float", locale[0], 2), 2) if locale else INVARIANT
        try:
            return parse_float(value, chosen)
        except ValueError as error:
            raise not_convertible("float", "a float", str(error)) from error
    if locale:
        raise invalid("float", "a string, as there is a culture,", value, 1)
    if isinstance(value, bool | float | Decimal) or is_integer(value):
        return float(value)
    raise not_convertible("float", "a float", f"a value of type '{type_name(value)}' is none")


@function("decimal", least=1)
def decimal_(_: Environment, value: Any) -> Decimal:
    """Return the decimal, of 28 digits, that a string or number stands for."""
    try:
        if isinstance(value, str):
            return fitted(parse_decimal(value))
        if isinstance(value, Decimal):
            return value
        if isinstance(value, float) and "E" not in json_text.float_text(value).replace("Infinity", "E"):
            return fitted(as_decimal(value))
    except (ValueError, OverflowError) as error:
        raise not_convertible("decimal", "a decimal", str(error)) from error
    if is_integer(value):
        return Decimal(value)
    raise not_convertible("decimal", "a decimal", f"'{to_text(value)}' of type '{type_name(value)}' is none")


@function("bool", least=1)
def bool_(_: Environment, value: Any) -> bool:
    """Return the boolean that a value stands for; every number but 0 is true."""
    if isinstance(value, bool | float | Decimal) or is_integer(value):
        return bool(value)
    if isinstance(value, str) and (word := value.strip().lower()) in ("true", "false"):
        return word == "true"
    raise not_convertible("bool", "a boolean", f"'{to_text(value)[:100]}' of type '{type_name(value)}' is none")


@function("array", least=1)
def array(_: Environment, value: Any) -> list[Any]:
    """Return an array of one value, and an array as it is."""
    return value if isinstance(value, list) else [value]


@function("createArray", least=1, most=None)
def create_array(_: Environment, *values: Any) -> list[Any]:
    """Return an array of the values."""
    return list(values)


@function("json", "parse", least=1)
def json_(_: Environment, value: Any) -> Any:
    """Parse JSON text, or turn XML content into an object."""
    if isinstance(value, str):
        return _parsed("json", value)
    found = content_of(value)
    if found is None:
        raise invalid("json", "a string or XML", value)
    if _XML.fullmatch(found[0]):
        return xml_json.to_json(_document("json", found))
    return _parsed("json", to_text(value, "json"))


def _parsed(name: str, raw: str) -> Any:
    try:
        return json_text.read(raw)
    except ValueError as error:
        raise not_convertible(name, "JSON", f"'{raw[:100]}' cannot be parsed, {error}") from error


@function("base64ToJson", least=1)
def base64_to_json(_: Environment, value: Any) -> Any:
    """Parse JSON text in base64."""
    return _parsed("base64ToJson", _decoded("base64ToJson", value).decode("utf-8", "replace"))


@function("xml", least=1)
def xml(_: Environment, value: Any) -> dict[str, str]:
    """Return XML content: of XML text, of an object with one property, or of other content as it is."""
    if isinstance(value, str):
        try:
            return content(xml_document.write(xml_document.parse(value)).encode(), xpath_selection.XML_CONTENT_TYPE)
        except ValueError as error:
            raise not_convertible("xml", "XML", str(error)) from error
    found = content_of(value)
    if found is not None:
        kind, encoded = found
        return {
            "$content-type": kind if _XML.fullmatch(kind) else xpath_selection.XML_CONTENT_TYPE,
            "$content": encoded,
        }
    if not isinstance(value, dict):
        raise invalid("xml", "a string or an object", value)
    try:
        return content(xml_document.write(xml_json.from_json(value)).encode(), xpath_selection.XML_CONTENT_TYPE)
    except ValueError as error:
        raise not_convertible("xml", "XML", str(error)) from error


def _document(name: str, found: tuple[str, str]) -> xml_document.Document:
    try:
        # The charset of the content type counts more than what the bytes say of themselves.
        if "charset=" in found[0].lower():
            return xml_document.parse(content_text(*found).removeprefix("\ufeff"))
        return xml_document.parse(xml_document.decode(decode_base64(found[1])))
    except ValueError as error:
        raise not_convertible(name, "XML", str(error)) from error


@function("xpath", least=2)
def xpath(_: Environment, value: Any, path: Any) -> Any:
    """Return what an XPath finds in XML content: a number, a string, a boolean, or an array of nodes."""
    found = content_of(value)
    if found is None or not _XML.fullmatch(found[0]):
        raise invalid("xpath", "XML", value, 1)
    wanted = text("xpath", path, 2)
    try:
        return xpath_selection.select(_document("xpath", found), wanted)
    except ValueError as error:
        raise refused("xpath", str(error)) from error


def _decoded(name: str, value: Any) -> bytes:
    try:
        return decode_base64(text(name, value))
    except ValueError as error:
        raise not_convertible(name, "bytes", "it is no base64") from error


@function("base64", "encodeBase64", least=1)
def base64_(_: Environment, value: Any) -> str:
    """Return the base64 of a text, of JSON, or of content."""
    if not isinstance(value, str | list | dict):
        raise invalid("base64", "a string, an object or an array", value)
    found = content_of(value)
    return found[1] if found is not None else base64.b64encode(_encoded_text("base64", value)).decode("ascii")


def _base64_decoder(name: str) -> None:
    @function(name, least=1)
    def decode(_: Environment, value: Any) -> str:
        return _decoded(name, value).decode("utf-8", "replace")


_base64_decoder("base64ToString")
_base64_decoder("decodeBase64")


@function("base64ToBinary", least=1)
def base64_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Return base64 as content."""
    _decoded("base64ToBinary", value)
    return {"$content-type": OCTETS, "$content": value}


def _encoded_text(name: str, value: Any) -> bytes:
    if value is None:
        raise not_convertible(name, "content", "null has none")
    return to_text(value, name).encode("utf-8", "replace")


@function("binary", least=1)
def binary(_: Environment, value: Any) -> dict[str, str]:
    """Return a value's text as content, and content as it is; XML becomes bytes without a type."""
    found = content_of(value)
    if found is None:
        return content(_encoded_text("binary", value))
    kind = found[0].partition(";")[0].strip().lower()
    if not kind:
        raise not_convertible("binary", "content", "it has no type")
    return content(_content_bytes("binary", found[1])) if kind == "application/xml" else value


def _content_bytes(name: str, encoded: str) -> bytes:
    try:
        return decode_base64(encoded)
    except ValueError as error:
        raise not_convertible(name, "content", "it is no base64") from error


@function("dataUri", least=1)
def data_uri(_: Environment, value: Any) -> str:
    """Return a data URI of a text, of JSON, or of content."""
    found = content_of(value)
    if found is not None:
        return f"data:{found[0]};base64,{found[1]}"
    kind = "text/plain" if isinstance(value, str) else "application/json"
    encoded = base64.b64encode(_encoded_text("dataUri", value)).decode("ascii")
    return f"data:{kind};charset=utf-8;base64,{encoded}"


_DATA_URI = re.compile(
    r"data:(?P<kind>[^;,]*)(?P<parameters>(?:;[^;,=]+=[^;,]*)*)(?P<base64>;base64)?,(?P<data>.*)",
    re.DOTALL | re.IGNORECASE,
)


def _data_uri_parts(name: str, value: Any) -> tuple[str, str, bytes]:
    """Return the type, its parameters and the data of a data URI."""
    match = _DATA_URI.fullmatch(text(name, value))
    if match is None or (match["parameters"] and not match["kind"]):
        raise not_convertible(name, "content", f"'{value}' is no data URI")
    if match["base64"]:
        return match["kind"], match["parameters"], _content_bytes(name, match["data"])
    return match["kind"], match["parameters"], _form_decoded(match["data"]).encode("utf-8", "replace")


@function("dataUriToString", least=1)
def data_uri_to_string(_: Environment, value: Any) -> str:
    """Return the text of a data URI in UTF-8 or ASCII."""
    return _data_text("dataUriToString", *_data_uri_parts("dataUriToString", value)[1:])


def _data_text(name: str, parameters: str, data: bytes) -> str:
    charset = re.search(r";\s*charset=([^;]+)", parameters, re.IGNORECASE)
    if charset is not None and charset[1].strip('" ').lower() not in ("utf-8", "us-ascii", "ascii"):
        raise refused(name, f"the charset '{charset[1]}' is not supported")
    return data.decode("utf-8", "replace")


@function("dataUriToBinary", least=1)
def data_uri_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Return the content of a data URI."""
    kind, parameters, data = _data_uri_parts("dataUriToBinary", value)
    return content(data, f"{kind or 'text/plain'}{parameters}")


@function("decodeDataUri", least=1)
def decode_data_uri(_: Environment, value: Any) -> Any:
    """Return the text of a data URI with text in it, else its content."""
    kind, parameters, data = _data_uri_parts("decodeDataUri", value)
    if not kind or kind.lower().startswith("text/"):
        return _data_text("decodeDataUri", parameters, data)
    return content(data, f"{kind}{parameters or ';charset=us-ascii'}")


@function("uriComponent", "encodeUriComponent", least=1, most=None)
def uri_component(_: Environment, *values: Any) -> str:
    """Percent-encode everything but letters, digits and - _ . ~ of the values' texts."""
    return urllib.parse.quote("".join(to_text(value, "uriComponent") for value in values), safe="", errors="replace")


_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%u[0-9A-Fa-f]{4}")


def _form_decoded(value: str) -> str:
    """Decode percent-encoding, and a plus to a space; what is no encoding stays as it is."""
    return _PERCENT.sub(_unescaped, value.replace("+", " "))


def _unescaped(match: re.Match[str]) -> str:
    if match[0].startswith("%u"):
        return chr(int(match[0][2:], 16))
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")


def _uri_decoder(name: str) -> None:
    @function(name, least=1)
    def decode(_: Environment, value: Any) -> str:
        return _form_decoded(text(name, value))


_uri_decoder("uriComponentToString")
_uri_decoder("decodeUriComponent")


@function("uriComponentToBinary", least=1)
def uri_component_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Decode percent-encoding to content."""
    return content(_form_decoded(text("uriComponentToBinary", value)).encode("utf-8", "replace"))
