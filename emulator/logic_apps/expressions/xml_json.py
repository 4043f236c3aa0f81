"""XML to JSON and back, by the rules of Newtonsoft.Json that ``json()`` and ``xml()`` follow.

Source: newtonsoft.com/json/help, "Converting between JSON and XML".
"""

from __future__ import annotations

import re
from typing import Any

from emulator.logic_apps.expressions import json_text
from emulator.logic_apps.expressions.xml_document import Aside, Document, Element, Node, Text

_NAME_START = re.compile(r"[^\W\d]")
_NAME_CHARACTER = re.compile(r"[\w.\-·]")


def to_json(document: Document) -> dict[str, Any]:
    """Return a document as an object: attributes as ``@name``, text as ``#text``, comments left out."""
    found: dict[str, Any] = {}
    if document.declaration is not None:
        found["?xml"] = {f"@{name}": value for name, value in document.declaration.items()}
    for child in document.children:
        if isinstance(child, Element):
            found[child.name] = _value(child)
        elif isinstance(child, Aside) and child.target is not None:
            found[f"?{child.target}"] = child.value
    return found


def _value(element: Element) -> Any:
    if not element.attributes:
        if not element.children:
            return None if element.closed else ""
        if len(element.children) == 1 and isinstance(only := element.children[0], Text) and only.kind == "text":
            return only.value
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attributes.items()}
    groups: dict[str, list[Any]] = {}
    for child in element.children:
        name = _member_name(child)
        if name is not None:
            groups.setdefault(name, []).append(_value(child) if isinstance(child, Element) else child.value)
    for name, members in groups.items():
        found[name] = members if len(members) > 1 else members[0]
    return found


def _member_name(node: Node) -> str | None:
    if isinstance(node, Element):
        return node.name
    if isinstance(node, Text):
        return "#text" if node.kind == "text" else "#cdata-section"
    return None if node.target is None else f"?{node.target}"


def from_json(value: dict[str, Any]) -> Document:
    """Return the document that an object with one property, beside ``?xml``, stands for.

    Raises:
        ValueError: it has more, or a name that XML cannot have.
    """
    document = Document()
    for name, member in value.items():
        if name == "?xml" and isinstance(member, dict):
            document.declaration = {key.removeprefix("@"): scalar_text(each) for key, each in member.items()}
            continue
        document.children.extend(_elements(name, member, frozenset()))
    if len([child for child in document.children if isinstance(child, Element)]) > 1:
        raise ValueError("an XML document has one root: the object must have a single property, and that no array")
    return document


def _elements(name: str, value: Any, prefixes: frozenset[str]) -> list[Node]:
    if not isinstance(value, list):
        return [_element(name, value, prefixes)]
    return [_wrapped(name, member, prefixes) for member in value]


def _wrapped(name: str, member: Any, prefixes: frozenset[str]) -> Node:
    if not isinstance(member, list):
        return _element(name, member, prefixes)
    return Element(_encoded(name, prefixes), {}, [_wrapped(name, each, prefixes) for each in member])


def _element(name: str, value: Any, prefixes: frozenset[str]) -> Element:
    if not name:
        raise ValueError("a property without a name cannot become an element")
    if not isinstance(value, dict):
        element = Element(_encoded(name, prefixes), closed=value is None)
        if value is not None and value != "":
            element.children.append(Text(scalar_text(value)))
        return element
    declared = prefixes | {key.removeprefix("@xmlns:") for key in value if key.startswith("@xmlns:")}
    element = Element(_encoded(name, declared))
    for key, member in value.items():
        if key.startswith("@") and not isinstance(member, dict | list):
            element.attributes[_encoded(key[1:], declared | {"xmlns", "xml"})] = scalar_text(member)
        elif key in ("#text", "#cdata-section"):
            for each in member if isinstance(member, list) else [member]:
                element.children.append(Text(scalar_text(each), "text" if key == "#text" else "cdata"))
        elif key.startswith("?"):
            element.children.append(Aside(scalar_text(member), key[1:]))
        else:
            element.children.extend(_elements(key, member, declared))
    return element


def _encoded(name: str, prefixes: frozenset[str]) -> str:
    prefix, colon, local = name.partition(":")
    if colon and local:
        encoded = encode_name(local)
        return f"{prefix}:{encoded}" if prefix in prefixes else encoded
    return encode_name(name)


def encode_name(name: str) -> str:
    """Return a name with every character that XML names do not have as ``_xHHHH_``."""
    parts: list[str] = []
    for index, character in enumerate(name):
        pattern = _NAME_START if index == 0 else _NAME_CHARACTER
        allowed = pattern.fullmatch(character) is not None
        if character == "_" and re.match(r"_x[0-9A-Fa-f]{4}_", name[index:]):
            allowed = False
        parts.append(character if allowed else f"_x{ord(character):04X}_")
    return "".join(parts)


def decode_name(name: str) -> str:
    """Undo `encode_name`."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), name)


def scalar_text(value: Any) -> str:
    """Return a JSON value as XML shows it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return json_text.float_text(value)
    return json_text.write(value)
