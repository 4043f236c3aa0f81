"""How fast expressions are evaluated, against parsing JSON of the same size in the same run.

``python -m bench.expressions`` prints the median of several rounds for each expression, and its ratio to the baseline:
``json.loads`` of the expression's text as a JSON string, which any evaluator written in Python could hardly beat.
"""

from __future__ import annotations

import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from emulator.logic_apps.expressions import compile_template

EXPRESSIONS = (
    "@concat('a', 1, true)",
    "@body('Images')?['name']",
    "@replace(encodeURIComponent(item()?['name']),'%2F','/')",
    "@if(equals(item()?['label'],''),'NoLabel',if(greater(item()?['bytes'],6291456),'TooLarge',null))",
    "@formatDateTime(addHours(utcNow(),4),'yyyy-MM-ddTHH:mm:ssZ')",
    "x @{length(createArray(1,2,3))} y @{item()?['name']} z",
)
_REPETITIONS = 2000
_ROUNDS = 7


class Run:
    """A run with one action and one element."""

    def __init__(self) -> None:
        self._item = {"name": "cat/a b.jpg", "label": "cat", "bytes": 1000}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Answer every look-up with the same small record."""
        return lambda *_: {"outputs": {"body": self._item}}

    def item(self) -> dict[str, Any]:
        """Return the element."""
        return self._item

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def new_guid(self) -> uuid.UUID:
        """Return a GUID."""
        return uuid.uuid4()

    def random(self) -> random.Random:
        """Return a source."""
        return random.Random(1)


def microseconds(work: Callable[[], object]) -> float:
    """Return the median time of one call of `work`, in microseconds."""
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(_REPETITIONS):
            work()
        rounds.append((time.perf_counter() - began) / _REPETITIONS * 1e6)
    return statistics.median(rounds)


def main() -> None:
    """Measure and print."""
    table = Table("Expression", "µs", "json.loads µs", "ratio", box=None)
    run = Run()
    for expression in EXPRESSIONS:
        template, text = compile_template(expression), json.dumps(expression)
        evaluated = microseconds(lambda template=template: template.evaluate(run))  # pyright: ignore[reportArgumentType]
        parsed = microseconds(lambda text=text: json.loads(text))
        table.add_row(expression, f"{evaluated:.1f}", f"{parsed:.1f}", f"{evaluated / parsed:.1f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
