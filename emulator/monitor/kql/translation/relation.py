"""A table on its way through the operators of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.monitor.kql.types import Type, Typed

ORDER: Final = "o"
"""The column with a row's number, where rows have an order."""
INGESTED: Final = "i"
"""The column with the time at which a row came in, as long as the rows are those of a table."""


@dataclass(frozen=True)
class Column:
    """A column's name and type."""

    name: str
    type: Type


@dataclass(frozen=True)
class Relation:
    """A SELECT whose columns are called c0, c1, ... in the order of `columns`, and `o` where rows have an order.

    With `ingested` it has `i`, too: the time at which a row came in, which is no column of its table. No name of a
    query or table so comes into SQL.
    """

    sql: str
    columns: tuple[Column, ...]
    ordered: bool = False
    ingested: bool = False

    def index(self, name: str) -> int | None:
        """Return a column's place, or None."""
        return next((place for place, column in enumerate(self.columns) if column.name == name), None)

    def values(self, prefix: str = "") -> list[tuple[Column, Typed]]:
        """Return each column with what stands for it in SQL."""
        return [(column, Typed(f"{prefix}c{place}", column.type)) for place, column in enumerate(self.columns)]


def select(values: Sequence[tuple[str, Typed]], source: Relation, rest: str = "") -> Relation:
    """Return the relation that has these columns of each row of `source`, in its order."""
    parts = [f"{value.sql} AS c{place}" for place, (_, value) in enumerate(values)]
    if source.ordered:
        parts.append(ORDER)
    if source.ingested:
        parts.append(INGESTED)
    columns = tuple(Column(name, value.type) for name, value in values)
    return Relation(f"SELECT {', '.join(parts)} FROM ({source.sql}){rest}", columns, source.ordered, source.ingested)
