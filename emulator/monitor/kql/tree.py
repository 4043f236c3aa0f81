"""The syntax tree of a query."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.monitor.kql.errors import Position
from emulator.monitor.kql.types import Type


@dataclass(frozen=True)
class Node:
    """A part of a query, and where it begins."""

    position: Position


# Expressions


@dataclass(frozen=True)
class Literal(Node):
    """A value as written; None is the null of `type`. A timespan is in microseconds, a dynamic is JSON text."""

    type: Type
    value: str | int | float | bool | None


@dataclass(frozen=True)
class Name(Node):
    """A column, or what a `let` named."""

    name: str


@dataclass(frozen=True)
class Star(Node):
    """All columns."""


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Unary(Node):
    """A sign."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    """An operator between two."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Between(Node):
    """Whether a value is in a range, ends included."""

    operator: str
    value: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True)
class Among(Node):
    """Whether a value is one of a list (`in`, `in~`, `has_any`, `has_all` and their negations)."""

    operator: str
    value: Expression
    members: tuple[Expression | Pipeline, ...]


@dataclass(frozen=True)
class Member(Node):
    """A property of a dynamic: ``value.name`` or ``value["name"]``."""

    value: Expression
    name: Expression


@dataclass(frozen=True)
class ToScalar(Node):
    """The first value of a query's first column."""

    query: Pipeline


Expression = Literal | Name | Star | Call | Unary | Binary | Between | Among | Member | ToScalar


@dataclass(frozen=True)
class Named(Node):
    """An expression with the name of the column that it makes, None where it has none of its own."""

    name: str | None
    expression: Expression


@dataclass(frozen=True)
class Sorting(Node):
    """A key to sort by."""

    key: Expression
    descending: bool
    nulls_first: bool


# Tabular operators


@dataclass(frozen=True)
class Where(Node):
    """Rows for which a condition holds."""

    condition: Expression


@dataclass(frozen=True)
class Extend(Node):
    """Columns beside those that are there."""

    columns: tuple[Named, ...]


@dataclass(frozen=True)
class Project(Node):
    """Only these columns."""

    columns: tuple[Named, ...]


@dataclass(frozen=True)
class Choose(Node):
    """`project-away`, `project-keep` and `project-reorder`: columns by patterns with ``*``."""

    operator: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Rename(Node):
    """Columns under other names: pairs of the new and the old one."""

    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Summarize(Node):
    """Aggregates for each combination of keys."""

    aggregates: tuple[Named, ...]
    keys: tuple[Named, ...]


@dataclass(frozen=True)
class Distinct(Node):
    """Each combination once; an empty tuple is ``*``."""

    columns: tuple[Named, ...]


@dataclass(frozen=True)
class Sort(Node):
    """Rows in an order."""

    keys: tuple[Sorting, ...]


@dataclass(frozen=True)
class Take(Node):
    """So many rows; `keys` are those of `top`."""

    count: Expression
    keys: tuple[Sorting, ...] = ()


@dataclass(frozen=True)
class Count(Node):
    """The number of rows."""


@dataclass(frozen=True)
class Serialize(Node):
    """Rows in the order that they have."""

    columns: tuple[Named, ...]


@dataclass(frozen=True)
class Join(Node):
    """Rows of two tables with equal keys: pairs of the left and the right name."""

    kind: str
    right: Pipeline
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Union(Node):
    """Rows of several tables."""

    tables: tuple[Pipeline, ...]
    fuzzy: bool


@dataclass(frozen=True)
class MvExpand(Node):
    """A row for each member of a dynamic array."""

    columns: tuple[tuple[Named, Type | None], ...]


@dataclass(frozen=True)
class Render(Node):
    """A chart: no change of the rows."""

    visualization: str


Operator = (
    Where | Extend | Project | Choose | Rename | Summarize | Distinct | Sort | Take | Count | Serialize | Join | Union
    | MvExpand | Render
)  # fmt: skip


# Sources and statements


@dataclass(frozen=True)
class DataTable(Node):
    """Rows as written."""

    columns: tuple[tuple[str, Type], ...]
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Print(Node):
    """One row."""

    columns: tuple[Named, ...]


@dataclass(frozen=True)
class Range(Node):
    """Values from one to another."""

    name: str
    first: Expression
    last: Expression
    step: Expression


@dataclass(frozen=True)
class Pipeline(Node):
    """A source, and what is done to its rows one after the other."""

    source: Name | DataTable | Print | Range | Union | Pipeline
    operators: tuple[Operator, ...]


@dataclass(frozen=True)
class Let(Node):
    """A name for a scalar or a table."""

    name: str
    value: Expression | Pipeline


@dataclass(frozen=True)
class Statements(Node):
    """A query: its `let` statements and what it answers."""

    lets: tuple[Let, ...]
    query: Pipeline
