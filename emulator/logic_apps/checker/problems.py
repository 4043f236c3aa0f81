"""What is wrong with a definition, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from emulator.logic_apps.checker.rules import RULES, Rule

Path: TypeAlias = tuple[str | int, ...]
"""Names of members and numbers of elements, from the root of the definition (or the file) to a value."""


@dataclass(frozen=True)
class Problem:
    """A rule that a definition breaks.

    Attributes:
        rule: the rule.
        message: what is wrong and what is allowed, in one line.
        path: the value at fault; where a member is missing, the object that should have it.
        offset: 0-based position in the string at `path`, None for the value as a whole.
        at_name: the fault is the name of the member, not its value.
    """

    rule: Rule
    message: str
    path: Path
    offset: int | None = None
    at_name: bool = False


class Problems:
    """Collects problems in the order in which they are found."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def add(self, code: str, message: str, path: Path, offset: int | None = None, *, at_name: bool = False) -> None:
        """Add a problem with the rule of that code."""
        self._found.append(Problem(RULES[code], message, path, offset, at_name))
