"""How results read in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from validation.check import Result

_WIDTH: Final = 120


def rendered(results: Sequence[Result]) -> str:
    """Return a table with a row a check, what to do below each that failed, and a last line that counts."""
    width = max((len(result.name) for result in results), default=0)
    lines: list[str] = []
    for result in results:
        lines += _wrapped(f"{result.verdict:<7}  {result.name:<{width}}  ", result.found)
        if result.remedy:
            lines += _wrapped(" " * 9 + " " * width + "  -> ", result.remedy)
    counts = {verdict: sum(result.verdict == verdict for result in results) for verdict in ("ok", "failed", "skipped")}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)


def _wrapped(head: str, text: str) -> list[str]:
    indent = " " * len(head)
    width = max(_WIDTH, len(head) + 40)
    return textwrap.wrap(text or "-", width, initial_indent=head, subsequent_indent=indent, break_long_words=False)
