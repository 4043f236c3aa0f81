"""docs/benchmarks.md: each measurement writes its own section, between two marks, and leaves the others alone."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Measure:
    """One line of a section.

    Attributes:
        what: what was measured.
        figure: the figure with its unit, on the machine that is named with it.
        baseline: what it is compared with, done in the same run.
        ratio: how many times the baseline's cost it takes; this is what holds on other machines.
        aim: what was aimed at, empty where nothing was.
    """

    what: str
    figure: str
    baseline: str
    ratio: str
    aim: str = ""


def machine() -> str:
    """Return what the figures were measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def section(command: str, measures: Sequence[Measure]) -> str:
    """Return a section's text: how to measure again, on what it was measured, and the lines as a table."""
    lines = [
        f"`{command}`, on {machine()}:",
        "",
        "| What | Figure | Compared with, in the same run | Ratio | Aim |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {each.what} | {each.figure} | {each.baseline} | {each.ratio} | {each.aim} |" for each in measures),
    ]
    return "\n".join(lines)


def write_section(name: str, text: str, document: Path = DOCUMENT) -> None:
    """Put a section's text between its marks in the document.

    Raises:
        LookupError: the document has no such marks.
    """
    written = document.read_text(encoding="utf-8")
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if marked.search(written) is None:
        raise LookupError(f"{document} has no section '{name}': {begin} ... {end}")
    document.write_text(marked.sub(lambda _: f"{begin}\n{text}\n{end}", written), encoding="utf-8")


def command(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return the arguments that every measurement takes."""
    parser = argparse.ArgumentParser(
        f"python -m {module}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    return parser
