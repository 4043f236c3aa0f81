"""Conversions between strings, numbers, JSON, XML and binary content."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, invalid, text
from emulator.logic_apps.expressions.values import (
    XML_CONTENT_TYPE,
    XmlValue,
    binary,
    content_bytes,
    decode_base64,
    is_binary,
    to_text,
)


def _not_convertible(name: str, kind: str) -> ExpressionError:
    return ExpressionError(
        f"The template language function '{name}' was invoked with a parameter that is not valid. "
        f"The value cannot be converted to the target type '{kind}'."
    )


@function("string", least=1)
def string(_: Environment, value: Any) -> str:
    """Return the text of a value."""
    return to_text(value)


@function("int", least=1)
def int_(_: Environment, value: Any) -> int:
    """Return the integer that a string, boolean or integer stands for."""
    if isinstance(value, bool | int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value):
        return int(value)
    raise _not_convertible("int", "Integer")


@function("float", "decimal", least=1, most=2)
def float_(_: Environment, value: Any, locale: Any = None) -> float:
    """Return the number that a string or number stands for; a string may group thousands."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value.replace(",", ""))
        except ValueError:
            pass
    raise _not_convertible("float", "Float")


@function("bool", least=1)
def bool_(_: Environment, value: Any) -> bool:
    """Return the boolean that a value stands for."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _not_convertible("bool", "Boolean")


@function("isInt", least=1)
def is_int(_: Environment, value: Any) -> bool:
    """Tell whether a string is an integer."""
    return re.fullmatch(r"[+-]?\d+", text("isInt", value)) is not None


@function("isFloat", least=1, most=2)
def is_float(_: Environment, value: Any, locale: Any = None) -> bool:
    """Tell whether a string is a number."""
    try:
        float(text("isFloat", value).replace(",", ""))
    except ValueError:
        return False
    return True


@function("json", least=1)
def json_(_: Environment, value: Any) -> Any:
    """Parse JSON text, or turn XML into JSON."""
    if isinstance(value, XmlValue):
        return _xml_to_json(value)
    if is_binary(value):
        raw = content_bytes(value, "json").decode("utf-8-sig")
        return _xml_to_json(_parse_xml(raw.encode())) if "xml" in value["$content-type"] else _parse_json(raw)
    if isinstance(value, str):
        return _parse_json(value)
    raise invalid("json", "its parameter to be a string or an XML", value)


def _parse_json(raw: str) -> Any:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ExpressionError(
            f"The template language function 'json' parameter is not valid. The provided value '{raw[:100]}' cannot be "
            f"parsed: '{error}'."
        ) from error


@function("xml", least=1)
def xml(_: Environment, value: Any) -> XmlValue:
    """Parse XML text or content, or turn an object with one property into XML."""
    if isinstance(value, XmlValue):
        return value
    if is_binary(value):
        return _parse_xml(content_bytes(value, "xml"))
    if isinstance(value, str):
        return _parse_xml(value.encode())
    if isinstance(value, dict) and len(value) == 1:
        ((name, content),) = value.items()
        root = etree.Element(name)
        _fill(root, content)
        return XmlValue(root)
    raise invalid("xml", "its parameter to be a string, an object with one property or XML content", value)


def _parse_xml(raw: bytes) -> XmlValue:
    bare = raw.removeprefix(b"\xef\xbb\xbf")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(bare, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ExpressionError(
            f"The template language function 'xml' parameter is not valid. The provided value cannot be converted to "
            f"XML: '{error}'."
        ) from error
    if root.getroottree().docinfo.doctype:
        raise ExpressionError("The template language function 'xml' does not take a document type declaration.")
    return XmlValue(root, declared=bare.lstrip().startswith(b"<?xml"))


def _fill(element: Any, content: Any) -> None:
    if isinstance(content, dict):
        for name, member in content.items():
            if name.startswith("@"):
                element.set(name[1:], to_text(member))
            elif name == "#text":
                element.text = to_text(member)
            else:
                for each in member if isinstance(member, list) else [member]:
                    _fill(etree.SubElement(element, name), each)
    elif content is not None:
        element.text = to_text(content)


def _xml_to_json(value: XmlValue) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if value.declared:
        info = value.element.getroottree().docinfo
        found["?xml"] = {
            "@version": info.xml_version or "1.0",
            **({"@encoding": info.encoding} if info.encoding else {}),
        }
    found[etree.QName(value.element).localname] = _element_to_json(value.element)
    return found


def _element_to_json(element: Any) -> Any:
    members: dict[str, Any] = {f"@{name}": content for name, content in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, content = etree.QName(child).localname, _element_to_json(child)
        if name in members:
            known = members[name]
            members[name] = [*known, content] if isinstance(known, list) else [known, content]
        else:
            members[name] = content
    content = element.text or ""
    if not members:
        return content or None
    if content.strip():
        members["#text"] = content
    return members


@function("xpath", least=2)
def xpath(_: Environment, value: Any, path: Any) -> Any:
    """Return what an XPath expression finds in XML: a number, a string, a boolean, or an array of nodes."""
    root = xml(_, value).element
    try:
        found = root.getroottree().xpath(text("xpath", path))
    except etree.XPathError as error:
        raise ExpressionError(
            f"The template language function 'xpath' parameter is not valid. The XPath expression '{path}' cannot be "
            f"evaluated: '{error}'."
        ) from error
    if isinstance(found, list):
        return [str(node) if isinstance(node, str) else _node_content(node) for node in found]
    return str(found) if isinstance(found, str) else found


def _node_content(node: Any) -> dict[str, str]:
    return binary(etree.tostring(node, encoding="unicode", with_tail=False).encode(), XML_CONTENT_TYPE)


@function("base64", "encodeBase64", least=1)
def base64_(_: Environment, value: Any) -> str:
    """Return the base64 of a text."""
    if is_binary(value):
        return value["$content"]
    if isinstance(value, str | list | dict):
        return base64.b64encode(to_text(value).encode()).decode("ascii")
    raise invalid("base64", "its parameter to be a string, an object or an array", value)


@function("base64ToString", "decodeBase64", least=1)
def base64_to_string(_: Environment, value: Any) -> str:
    """Return the text of base64."""
    return decode_base64(text("base64ToString", value), "base64ToString").decode("utf-8", errors="replace")


@function("base64ToBinary", least=1)
def base64_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Return base64 as content."""
    return binary(decode_base64(text("base64ToBinary", value), "base64ToBinary"))


@function("binary", least=1)
def binary_(_: Environment, value: Any) -> dict[str, str]:
    """Return a text as content."""
    return value if is_binary(value) else binary(to_text(value).encode())


@function("dataUri", "encodeDataUri", least=1)
def data_uri(_: Environment, value: Any) -> str:
    """Return a data URI of a text."""
    if is_binary(value):
        return f"data:{value['$content-type']};base64,{value['$content']}"
    return "data:text/plain;charset=utf-8;base64," + base64.b64encode(to_text(value).encode()).decode("ascii")


def _data_uri_parts(name: str, value: Any) -> tuple[str, bytes]:
    match = re.fullmatch(r"data:([^,]*?)(;base64)?,(.*)", text(name, value), re.DOTALL)
    if match is None:
        raise ExpressionError(f"The template language function '{name}' expects its parameter to be a data URI.")
    raw = decode_base64(match[3], name) if match[2] else urllib.parse.unquote_to_bytes(match[3])
    return match[1], raw


@function("dataUriToString", "decodeDataUri", least=1)
def data_uri_to_string(_: Environment, value: Any) -> str:
    """Return the text of a data URI."""
    return _data_uri_parts("dataUriToString", value)[1].decode("utf-8", errors="replace")


@function("dataUriToBinary", least=1)
def data_uri_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Return the content of a data URI."""
    content_type, raw = _data_uri_parts("dataUriToBinary", value)
    return binary(raw, content_type or "text/plain;charset=US-ASCII")


@function("uriComponent", "encodeUriComponent", least=1)
def uri_component(_: Environment, value: Any) -> str:
    """Percent-encode everything but letters, digits and - _ . ~."""
    return urllib.parse.quote(text("uriComponent", value), safe="")


@function("uriComponentToString", "decodeUriComponent", least=1)
def uri_component_to_string(_: Environment, value: Any) -> str:
    """Decode percent-encoding; a plus becomes a space."""
    return urllib.parse.unquote_plus(text("uriComponentToString", value))


@function("uriComponentToBinary", least=1)
def uri_component_to_binary(_: Environment, value: Any) -> dict[str, str]:
    """Decode percent-encoding to content."""
    return binary(urllib.parse.unquote_plus(text("uriComponentToBinary", value)).encode())
