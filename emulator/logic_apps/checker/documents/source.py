"""The text of a file, where in it the lines are, and what is wrong with it before it can be checked."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A file's path, as it is told to the user, and its text."""

    path: Path
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        while (found := self.text.find("\n", starts[-1])) >= 0:
            starts.append(found + 1)
        return starts

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a position, both from 1; columns count characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of a line, from 1."""
        begin = self._starts[number - 1]
        end = self.text.find("\n", begin)
        return self.text[begin : end if end >= 0 else len(self.text)].rstrip("\r")


class DocumentError(Exception):
    """A file breaks a rule; `code` is the rule's, `offset` the position in the text of `source`.

    It is raised where the file cannot be read any further.
    """

    def __init__(self, code: str, message: str, source: Source, offset: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.source = source
        self.offset = offset
