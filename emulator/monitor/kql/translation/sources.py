"""Where rows come from: tables, and rows that a query has in itself."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.translation.naming import column_name, unique
from emulator.monitor.kql.translation.relation import Column, Relation
from emulator.monitor.kql.translation.scalars import scalar
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import SQL_TYPES, Typed, cast


@dataclass(frozen=True)
class Source:
    """A table: a SELECT that calls its columns c0, c1, ... in the order of `columns`.

    With `ingested` it has the time at which a row came in as `i`.
    """

    sql: str
    columns: tuple[Column, ...]
    ingested: bool = False


def data_table(table: tree.DataTable, scope: Scope) -> Relation:
    """Return the rows of `datatable`, in their order."""
    columns = tuple(Column(name, type) for name, type in table.columns)
    names = ", ".join(f"c{place}" for place in range(len(columns)))
    rows: list[str] = []
    width = len(columns)
    for number in range(len(table.values) // width):
        row = table.values[number * width : (number + 1) * width]
        values = [cast(scalar(value, scope), column.type).sql for value, column in zip(row, columns, strict=True)]
        rows.append(f"({', '.join(values)}, {number})")
    if not rows:
        empty = ", ".join(f"CAST(NULL AS {SQL_TYPES[column.type]})" for column in columns)
        return Relation(f"SELECT * FROM (VALUES ({empty}, 0)) AS v({names}, o) WHERE false", columns, ordered=True)
    return Relation(f"SELECT * FROM (VALUES {', '.join(rows)}) AS v({names}, o)", columns, ordered=True)


def printed(node: tree.Print, scope: Scope) -> Relation:
    """Return the one row of `print`."""
    values: list[tuple[str, Typed]] = []
    for place, column in enumerate(node.columns):
        name = column.name or column_name(column.expression) or f"print_{place}"
        values.append((unique(name, [taken for taken, _ in values]), scalar(column.expression, scope)))
    parts = ", ".join(f"{value.sql} AS c{place}" for place, (_, value) in enumerate(values))
    return Relation(f"SELECT {parts}", tuple(Column(name, value.type) for name, value in values))


def ranged(node: tree.Range, scope: Scope) -> Relation:
    """Return the values of `range`, in their order; both ends count."""
    first, last, step = (scalar(each, scope) for each in (node.first, node.last, node.step))
    match (first.type, last.type, step.type):
        case ("datetime", "datetime", "timespan"):
            values = f"make_timestamp(unnest(generate_series(epoch_us({first.sql}), epoch_us({last.sql}), {step.sql})))"
        case ("int" | "long", "int" | "long", "int" | "long"):
            values = f"unnest(generate_series({first.sql}, {last.sql}, {step.sql}))"
        case ("timespan", "timespan", "timespan"):
            values = f"unnest(generate_series({first.sql}, {last.sql}, {step.sql}))"
        case types:
            text = f"range from {types[0]} to {types[1]} step {types[2]}: these do not go together"
            raise KqlError("semantic", text, node.position)
    type = "long" if first.type == "int" else first.type
    rows = f"SELECT {values} AS c0"
    return Relation(f"SELECT c0, row_number() OVER () AS o FROM ({rows})", (Column(node.name, type),), ordered=True)
