"""XPath 1.0 on the service's XML documents: lxml evaluates, the results are shown as the service shows them."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from emulator.logic_apps.expressions.values import content
from emulator.logic_apps.expressions.xml_document import Document, Element, write, write_indented

XML_CONTENT_TYPE = "application/xml;charset=utf-8"


def select(document: Document, path: str) -> Any:
    """Return a number, string or boolean, or an array of nodes: elements as content, text and attributes as strings.

    Raises:
        ValueError: the path is not valid, or selects nodes that are none of these.
    """
    if path.strip() in _DOCUMENT:
        return [_as_content(write_indented(document, {}))]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(write(Document(document.children)), parser)
    try:
        found = etree.XPath(_from_document(path))(root.getroottree())
    except etree.XPathError as error:
        raise ValueError(f"the XPath '{path}' is not valid: {error}") from error
    if isinstance(found, bool | float):
        return found
    if isinstance(found, str):
        return str(found)
    nodes = _Nodes(document, root)
    return [nodes.shown(node) for node in found]


_DOCUMENT = frozenset({"/", "."})
"""Paths that select the document itself, which lxml has no object for."""

_TOKEN = re.compile(
    r"""\s*(?: "[^"]*" | '[^']*' | \d+(?:\.\d*)? | \.\d+ | //? | :: | \.\.? | [@()\[\]|+*=,<>!$-]"""
    r""" | [^\W\d][\w.\-]*(?::[\w.\-*]+)? )""",
    re.VERBOSE,
)
_STEP = re.compile(r"[^\W\d][\w.\-]*(?::[\w.\-*]+)?$|\.\.?$|@$|\*$")
_BEFORE_OPERAND = frozenset({"", "(", "[", ",", "|", "+", "-", "=", "<", ">", "!", "and", "or", "div", "mod", "*"})
_NODE_TESTS = frozenset({"node", "text", "comment", "processing-instruction"})


def _from_document(path: str) -> str:
    """Let the relative paths outside of predicates begin at the document: lxml would begin at the root element."""
    parts: list[str] = []
    before, brackets, position = "", 0, 0
    while (match := _TOKEN.match(path, position)) is not None:
        token = match[0].strip()
        if token.startswith("xml:"):
            raise ValueError(f"the XPath '{path}' is not valid: no prefix of a namespace is declared")
        called = path[match.end() :].lstrip().startswith("(") and token not in _NODE_TESTS
        if not brackets and before in _BEFORE_OPERAND and _STEP.match(token) and not called:
            parts.append("/")
        parts.append(match[0])
        brackets += (token == "[") - (token == "]")
        before, position = token, match.end()
    return "".join(parts) + path[position:]


class _Nodes:
    """Finds the document's own node for one of lxml."""

    def __init__(self, document: Document, root: Any) -> None:
        self._document = document
        self._root = root
        self._elements: dict[Any, Element] | None = None

    def shown(self, node: Any) -> Any:
        if isinstance(node, str):
            return self._string(node)
        if isinstance(node, etree._Element) and isinstance(node.tag, str):  # pyright: ignore[reportPrivateUsage]
            return _as_content(write_indented(self._element(node), _declarations(node)))
        raise ValueError(f"the path selects a node of type '{type(node).__name__}', which cannot be a result")

    def _string(self, node: Any) -> str:
        if not getattr(node, "is_attribute", False):
            return str(node)
        name = etree.QName(node.attrname)
        parent = node.getparent()
        prefix = next((key for key, uri in parent.nsmap.items() if key and uri == name.namespace), None)
        return f'{prefix}:{name.localname}="{node}"' if prefix else f'{name.localname}="{node}"'

    def _element(self, node: Any) -> Element:
        if self._elements is None:
            self._elements = dict(zip(self._root.iter("*"), self._document.root.elements(), strict=True))
        return self._elements[node]


def _declarations(node: Any) -> dict[str, str]:
    used = {node.prefix, *(etree.QName(name).namespace for name in node.attrib)}
    return {
        f"xmlns:{prefix}" if prefix else "xmlns": uri
        for prefix, uri in node.nsmap.items()
        if prefix == node.prefix or uri in used
    }


def _as_content(text: str) -> dict[str, str]:
    return content(text.encode(), XML_CONTENT_TYPE)
