"""What is wrong with a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["syntax", "semantic", "not emulated"]
"""Whether it is no KQL, names what is not there or does not fit, or is KQL that the emulator does not translate."""


@dataclass(frozen=True)
class Position:
    """A place in a query: line and column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        """Say where."""
        return f"line {self.line}, column {self.column}"


class KqlError(Exception):
    """A query cannot be run; the message names what and where."""

    def __init__(self, kind: Kind, text: str, position: Position) -> None:
        self.kind: Kind = kind
        self.position = position
        super().__init__(f"{text} ({position})")


def not_emulated(what: str, position: Position, allowed: str) -> KqlError:
    """Return the error for a part of the language that is not translated; `allowed` lists what is."""
    return KqlError("not emulated", f"{what} is not emulated; the emulator has: {allowed}", position)
