"""Where in a file a path of a definition leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.logic_apps.checker.documents.json_reader import Member, Node
from emulator.logic_apps.checker.documents.source import Source
from emulator.logic_apps.checker.problems import Path

_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
"""One character of a string as JSON writes it."""


@dataclass(frozen=True)
class Place:
    """A position in a file; `pointer` is the JSON Pointer in that file (RFC 6901), `length` of what is marked."""

    source: Source
    offset: int
    length: int
    pointer: str


def locate(root: Node, path: Path, offset: int | None, *, at_name: bool) -> Place:
    """Return the place of a path from `root`; as far as the path leads.

    `offset` counts characters of the string at the path; `at_name` asks for the name of the member.
    """
    node, member, pointer = root, None, ""
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        inner, member = found
        same = (member.source if member is not None else node.source) is inner.source
        pointer = f"{pointer}/{_escaped(step)}" if same else ""
        node = inner
    if at_name and member is not None:
        if member.source is not node.source:
            pointer = f"{_pointer_of_name(root, path)}"
        shift = _raw_offset(member.source.text, member.begin, offset) if offset is not None else 0
        return Place(member.source, member.begin + shift, _marked(member.source.text, member.begin), pointer)
    if offset is not None and node.is_text:
        escaped = node.source.text.startswith('"[[', node.begin)
        shift = _raw_offset(node.source.text, node.begin, offset + (1 if escaped else 0))
        return Place(node.source, node.begin + shift, 1, pointer)
    return Place(node.source, node.begin, max(1, node.end - node.begin), pointer)


def _step(node: Node, step: str | int) -> tuple[Node, Member | None] | None:
    if isinstance(step, int):
        items = node.items or []
        return (items[step], None) if step < len(items) else None
    member = (node.members or {}).get(step)
    return (member.node, member) if member is not None else None


def _pointer_of_name(root: Node, path: Path) -> str:
    """Return the pointer to a member in the file that has its name, where the value stands in an included file."""
    return f"{locate(root, path[:-1], None, at_name=False).pointer}/{_escaped(path[-1])}"


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _marked(text: str, begin: int) -> int:
    end = text.find('"', begin + 1)
    return max(1, end + 1 - begin)


def _raw_offset(text: str, begin: int, offset: int) -> int:
    """Return how far from the opening quote at `begin` the character number `offset` of the string is."""
    at = begin + 1
    for _ in range(offset):
        found = _CHARACTER.match(text, at)
        if found is None or text[at] == '"':
            break
        at = found.end()
    return at - begin
