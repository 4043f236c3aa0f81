"""XML to JSON and back, by the rules of Newtonsoft.Json that ``json()`` and ``xml()`` follow.

Source: newtonsoft.com/json/help, "Converting between JSON and XML".
"""

from __future__ import annotations

import itertools
import re
from typing import Any, Final, Literal

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
    """Return the document that an object with one property, beside ``?xml`` and other instructions, stands for.

    Raises:
        ValueError: it has more, or what XML cannot have there.
    """
    document = Document()
    for name, member in value.items():
        if name == "?xml" and isinstance(member, dict):
            document.declaration = _declaration(member)
        elif name.startswith("?"):
            document.children.append(Aside(_scalar(name, member), name[1:]))
        elif name.startswith("@") or name in _TEXT_KINDS:
            raise ValueError(f"the property '{name}' of the root object can only stand in an element")
        else:
            document.children.extend(_elements(name, member, frozenset()))
    if len([child for child in document.children if isinstance(child, Element)]) > 1:
        raise ValueError("an XML document has one root: the object must have a single property, and that no array")
    return document


_TEXT_KINDS: Final[dict[str, Literal["text", "cdata"]]] = {
    "#text": "text",
    "#whitespace": "text",
    "#significant-whitespace": "text",
    "#cdata-section": "cdata",
}
"""Properties that are text of the element they stand in."""
_DECLARATION = ("@version", "@encoding", "@standalone")
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


def _declaration(value: dict[str, Any]) -> dict[str, str]:
    unknown = [name for name in value if name not in _DECLARATION]
    if unknown:
        raise ValueError(f"'?xml' has the property '{unknown[0]}'; allowed: {', '.join(_DECLARATION)}")
    return {name[1:]: scalar_text(each) for name, each in value.items()}


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
        element = _named(name, prefixes)
        element.closed = value is None
        if value is not None and value != "":
            element.children.append(Text(scalar_text(value)))
        return element
    leading = list(itertools.takewhile(lambda key: key.startswith("@"), value))
    declared = prefixes | {key.removeprefix("@xmlns:") for key in leading if key.startswith("@xmlns:")}
    element = _named(name, declared)
    for key, member in value.items():
        if key.startswith("@"):
            # Only an attribute after the first element may be an array; its last member counts.
            listed = member if isinstance(member, list) and key not in leading else [member]
            for each in listed:
                element.attributes[_attribute_name(key, declared)] = _scalar(key, each)
        elif key in _TEXT_KINDS:
            for each in member if isinstance(member, list) else [member]:
                element.children.append(Text(_scalar(key, each), _TEXT_KINDS[key]))
        elif key.startswith("?"):
            element.children.append(Aside(_scalar(key, member), key[1:]))
        else:
            element.children.extend(_elements(key, member, declared))
    return element


def _named(name: str, prefixes: frozenset[str]) -> Element:
    element = Element(_encoded(name, prefixes | {"xml"}))
    if name.startswith("xml:"):
        element.attributes["xmlns:xml"] = _XML_NAMESPACE
    return element


def _scalar(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError(f"the value of '{name}' has to be a scalar")
    return scalar_text(value)


def _attribute_name(key: str, prefixes: frozenset[str]) -> str:
    if key == "@":
        raise ValueError("an attribute needs a name")
    return _encoded(key[1:], prefixes | {"xmlns", "xml"})


def _encoded(name: str, prefixes: frozenset[str]) -> str:
    prefix, colon, local = name.partition(":")
    if not colon:
        return encode_name(name)
    if not prefix or not local or ":" in local:
        raise ValueError(f"the name '{name}' has a colon where XML names have none")
    encoded = encode_name(local)
    return f"{prefix}:{encoded}" if prefix in prefixes else encoded


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
