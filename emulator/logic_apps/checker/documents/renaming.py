"""Other names for the actions of a file that stands in a definition twice: what ``$suffix`` and ``$rename`` ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from emulator.logic_apps.checker.documents.json_reader import Member, Node

_QUOTED: Final = re.compile(r"'(\w+)'")


def renaming(include: Mapping[str, Member], actions: Node) -> dict[str, str]:
    """Return the new names of actions by their old ones, as the members of an include say for the file's `actions`."""
    suffix = include["$suffix"].node.value if "$suffix" in include else ""
    names = {name: f"{name}{suffix}" for name in _action_names(actions)} if suffix else {}
    given = include["$rename"].node.members if "$rename" in include else None
    return names | {name: str(member.node.value) for name, member in (given or {}).items()}


def rename(node: Node, names: Mapping[str, str]) -> None:
    """Change names of members, and names in single quotes within strings; places stay those of the file."""
    if isinstance(node.value, str):
        node.value = _QUOTED.sub(lambda quoted: f"'{names.get(quoted[1], quoted[1])}'", node.value)
    for item in node.items or ():
        rename(item, names)
    if node.members is not None:
        node.members = {names.get(name, name): member for name, member in node.members.items()}
        for member in node.members.values():
            rename(member.node, names)


def _action_names(actions: Node) -> Iterator[str]:
    for name, member in (actions.members or {}).items():
        yield name
        action = member.node
        cases = action.get("cases")
        branches = [action, action.get("else"), action.get("default")]
        branches += [case.node for case in (cases.members or {}).values()] if cases is not None else []
        for branch in branches:
            inner = branch.get("actions") if branch is not None else None
            if inner is not None:
                yield from _action_names(inner)
