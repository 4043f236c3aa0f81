"""XML documents as the service keeps them: white space between elements dropped, attributes in their order.

The standard library's parser tells what lxml's tree forgets and the service's answers depend on: the order of namespace
declarations, and whether an empty element was written ``<a/>`` or ``<a></a>``. A document type declaration is refused,
and with it every entity but the five of XML itself: no file is read, no network used, nothing expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from xml.parsers import expat

DEEPEST_ELEMENTS = 200
"""Elements in one another that are taken. Ours; lxml's own limit is 256."""


@dataclass(slots=True)
class Text:
    """Character data."""

    value: str
    kind: Literal["text", "cdata"] = "text"


@dataclass(slots=True)
class Aside:
    """A comment (`target` None) or a processing instruction."""

    value: str
    target: str | None = None


@dataclass(slots=True)
class Element:
    """An element; `closed` tells that it was written ``<a/>``."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: list[Node] = field(default_factory=list["Node"])
    closed: bool = True

    def elements(self) -> Iterator[Element]:
        """Yield this element and all below, in the order of the document."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.elements()


Node: TypeAlias = Element | Text | Aside


@dataclass(slots=True)
class Document:
    """A document; `declaration` has the pseudo-attributes of ``<?xml ...?>``, None without one."""

    children: list[Node] = field(default_factory=list["Node"])
    declaration: dict[str, str] | None = None

    @property
    def root(self) -> Element:
        """The outermost element."""
        return next(child for child in self.children if isinstance(child, Element))


def parse(source: str) -> Document:
    """Return the document that XML text holds.

    Raises:
        ValueError: it is not well formed, has a document type declaration or nests too deeply.
    """
    if source.startswith("\ufeff"):
        raise ValueError("data at the root level is invalid: it begins with a byte order mark")
    builder = _Builder(source.encode("utf-8", "replace"))
    try:
        builder.parser.Parse(builder.source, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise ValueError(f"{reason} (line {error.lineno}, position {error.offset + 1})") from error
    return builder.document


_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.\-]*)["']""")


def decode(raw: bytes) -> str:
    """Return XML text of bytes in the encoding that their byte order mark or declaration tells, without the mark.

    Raises:
        ValueError: the encoding is not known, or the bytes are not in it.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    declared = _DECLARED.match(raw.removeprefix(b"\xef\xbb\xbf"))
    encoding = declared[1].decode("ascii") if declared is not None else "utf-8"
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf-16") else encoding)
    except LookupError as error:
        raise ValueError(f"the encoding '{encoding}' is not known") from error


class _Builder:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.document = Document()
        self._open: list[Element] = []
        self._starts: list[int] = []
        self._text: list[str] = []
        self._in_cdata = False
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.CommentHandler = lambda data: self._add(Aside(data))
        parser.ProcessingInstructionHandler = lambda target, data: self._add(Aside(data, target))
        parser.StartCdataSectionHandler = self._start_cdata
        parser.EndCdataSectionHandler = self._end_cdata
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: list[str]) -> None:
        element = Element(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        self._add(element)
        if len(self._open) == DEEPEST_ELEMENTS:
            raise ValueError(f"the elements nest deeper than {DEEPEST_ELEMENTS}")
        self._open.append(element)
        self._starts.append(self.parser.CurrentByteIndex)

    def _end(self, _: str) -> None:
        self._flush()
        element = self._open.pop()
        # The end of <a/> is reported behind it (by other versions where it starts), that of <a></a> at its end tag.
        begin, end = self._starts.pop(), self.parser.CurrentByteIndex
        element.closed = begin == end or self.source[end - 2 : end] == b"/>"

    def _start_cdata(self) -> None:
        self._flush()
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._flush()
        self._in_cdata = False

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self.document.declaration = {"version": version}
        if encoding is not None:
            self.document.declaration["encoding"] = encoding
        if standalone >= 0:
            self.document.declaration["standalone"] = "yes" if standalone else "no"

    def _doctype(self, name: str, *_: object) -> None:
        raise ValueError(f"a document type declaration ('{name}') is not taken")

    def _add(self, node: Node) -> None:
        self._flush()
        (self._open[-1].children if self._open else self.document.children).append(node)

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if self._in_cdata:
            self._open[-1].children.append(Text(text, "cdata"))
        elif text.strip() and self._open:
            self._open[-1].children.append(Text(text))


def write(document: Document) -> str:
    """Return the document's text on one line."""
    parts: list[str] = []
    if document.declaration is not None:
        pairs = " ".join(f'{name}="{value}"' for name, value in document.declaration.items())
        parts.append(f"<?xml {pairs}?>")
    for child in document.children:
        _write(child, parts)
    return "".join(parts)


def _write(node: Node, parts: list[str]) -> None:
    match node:
        case Text(value, "cdata"):
            parts.append(f"<![CDATA[{value}]]>")
        case Text(value):
            parts.append(escape_text(value))
        case Aside(value, None):
            parts.append(f"<!--{value}-->")
        case Aside(value, target):
            parts.append(f"<?{target} {value}?>" if value else f"<?{target}?>")
        case Element():
            parts.append(_start_tag(node, {}))
            if node.children or not node.closed:
                for child in node.children:
                    _write(child, parts)
                parts.append(f"</{node.name}>")


def write_indented(node: Element | Document, namespaces: dict[str, str]) -> str:
    """Return a node as a result of XPath shows it: indented, but from the first text in an element on no more.

    `namespaces` are declarations (``xmlns`` or ``xmlns:x``) that are in force around it.
    """
    if isinstance(node, Document):
        return "\n".join(_indented(child, 0, {}) for child in node.children)
    return _indented(node, 0, namespaces)


def _indented(node: Node, level: int, extra: dict[str, str], *, mixed: bool = False) -> str:
    if not isinstance(node, Element):
        parts: list[str] = []
        _write(Text(node.value) if isinstance(node, Text) else node, parts)
        return "".join(parts)
    parts = [_start_tag(node, extra)]
    if not node.children:
        return parts[0] if node.closed else f"{parts[0]}</{node.name}>"
    for child in node.children:
        mixed = mixed or isinstance(child, Text)
        if not mixed:
            parts.append(f"\n{'  ' * (level + 1)}")
        parts.append(_indented(child, level + 1, {}, mixed=mixed))
    if not mixed:
        parts.append(f"\n{'  ' * level}")
    return f"{''.join(parts)}</{node.name}>"


def _start_tag(element: Element, extra: dict[str, str]) -> str:
    attributes = {**element.attributes, **{name: uri for name, uri in extra.items() if name not in element.attributes}}
    pairs = "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes.items())
    return f"<{element.name}{pairs}{'' if element.children or not element.closed else ' /'}>"


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def escape_text(value: str) -> str:
    """Return character data with the markup and control characters escaped."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CONTROL.sub(lambda match: f"&#x{ord(match[0]):X};", escaped)


def escape_attribute(value: str) -> str:
    """Return an attribute's value with the markup characters, quotes and line ends escaped."""
    return escape_text(value).replace('"', "&quot;").replace("\r", "&#xD;").replace("\n", "&#xA;")
