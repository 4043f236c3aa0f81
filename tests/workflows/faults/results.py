"""Outcomes of cells in a file, a line each, so that a matrix that was interrupted goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.workflows.faults.cells import Cell, HttpAction
from tests.workflows.faults.matrix import Outcome


class Results:
    """A file of outcomes: the last one of a cell counts. Several processes may add to it at once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, outcome: Outcome) -> None:
        """Append an outcome."""
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(outcome)) + "\n")

    def read(self) -> dict[Cell, Outcome]:
        """Return the outcomes by cell."""
        if not self._file.exists():
            return {}
        found = [_outcome(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        return {outcome.cell: outcome for outcome in found}


def _outcome(line: str) -> Outcome:
    read: dict[str, Any] = json.loads(line)
    cell: dict[str, Any] = read.pop("cell")
    action: dict[str, Any] = cell.pop("action")
    return Outcome(Cell(action=HttpAction(**action), **cell), **read)
