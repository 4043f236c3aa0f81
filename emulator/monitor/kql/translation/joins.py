"""Operators that bring tables together, or rows apart: join, union, mv-expand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, Position
from emulator.monitor.kql.translation.naming import column_name, unique
from emulator.monitor.kql.translation.relation import ORDER, Column, Relation
from emulator.monitor.kql.translation.scalars import scalar
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import Typed, cast, common_type, null

_OUTER: Final = {
    "inner": "JOIN",
    "innerunique": "JOIN",
    "leftouter": "LEFT JOIN",
    "rightouter": "RIGHT JOIN",
    "fullouter": "FULL JOIN",
}
_HALF: Final = {
    "leftsemi": ("left", "EXISTS"),
    "leftanti": ("left", "NOT EXISTS"),
    "anti": ("left", "NOT EXISTS"),
    "leftantisemi": ("left", "NOT EXISTS"),
    "rightsemi": ("right", "EXISTS"),
    "rightanti": ("right", "NOT EXISTS"),
    "rightantisemi": ("right", "NOT EXISTS"),
}


def join(node: tree.Join, left: Relation, right: Relation) -> Relation:
    """Return the joined rows; a column of the right that the left has too gets a number after its name."""
    keys = [_keys(node, left, right, one, other) for one, other in node.keys]
    on = " AND ".join(f"l.c{one} = r.c{other}" for one, other in keys)
    if node.kind in _HALF:
        side, exists = _HALF[node.kind]
        kept, other, name = (left, right, "l") if side == "left" else (right, left, "r")
        other_name = "r" if name == "l" else "l"
        test = f"{exists} (SELECT 1 FROM ({other.sql}) AS {other_name} WHERE {on})"
        half = ", ".join(f"{name}.c{place} AS c{place}" for place in range(len(kept.columns)))
        return Relation(f"SELECT {half} FROM ({kept.sql}) AS {name} WHERE {test}", kept.columns)
    left_sql = left.sql
    if node.kind == "innerunique":
        distinct = ", ".join(f"c{one}" for one, _ in keys)
        left_sql = f"SELECT DISTINCT ON ({distinct}) * FROM ({left.sql})"
    values: list[tuple[str, Typed]] = [(column.name, value) for column, value in left.values("l.")]
    for column, value in right.values("r."):
        values.append((unique(column.name, [taken for taken, _ in values]), value))
    parts = ", ".join(f"{_present(value)} AS c{place}" for place, (_, value) in enumerate(values))
    columns = tuple(Column(name, value.type) for name, value in values)
    return Relation(f"SELECT {parts} FROM ({left_sql}) AS l {_OUTER[node.kind]} ({right.sql}) AS r ON {on}", columns)


def _present(value: Typed) -> str:
    """A string is never null, also where the other side has no row."""
    return f"coalesce({value.sql}, '')" if value.type == "string" else value.sql


def _keys(node: tree.Join, left: Relation, right: Relation, one: str, other: str) -> tuple[int, int]:
    places: list[int] = []
    for relation, name, side in ((left, one, "left"), (right, other, "right")):
        place = relation.index(name)
        if place is None:
            known = ", ".join(column.name for column in relation.columns)
            text = f"'join' operator: Failed to resolve column '{name}' of the {side} side; there are: {known}"
            raise KqlError("semantic", text, node.position)
        places.append(place)
    first, second = left.columns[places[0]].type, right.columns[places[1]].type
    if "dynamic" in (first, second) or common_type([first, second]) is None:
        text = f"'join' operator: '{one}' is {first} and '{other}' is {second}"
        raise KqlError("semantic", f"{text}; keys have to be of one type, and not dynamic", node.position)
    return places[0], places[1]


def union(position: Position, relations: Sequence[Relation]) -> Relation:
    """Return the rows of all; a column that a table does not have is null there."""
    columns: list[Column] = []
    for column in (column for relation in relations for column in relation.columns):
        known = next((each for each in columns if each.name == column.name), None)
        if known is None:
            columns.append(column)
        elif known.type != column.type:
            text = f"union of '{column.name}' as {known.type} and as {column.type} is not emulated; convert one"
            raise KqlError("not emulated", text, position)
    selects: list[str] = []
    for relation in relations:
        own = {column.name: value for column, value in relation.values()}
        parts = [f"{own.get(column.name, null(column.type)).sql} AS c{place}" for place, column in enumerate(columns)]
        selects.append(f"SELECT {', '.join(parts)} FROM ({relation.sql})")
    return Relation(" UNION ALL ".join(selects), tuple(columns))


def expand(node: tree.MvExpand, relation: Relation, scope: Scope) -> Relation:
    """Return a row for each member of the arrays, side by side; an empty or null one keeps its row with null."""
    values = [(column.name, value) for column, value in relation.values()]
    expanded: dict[str, Typed] = {}
    for column, type in node.columns:
        array = scalar(column.expression, scope)
        if array.type != "dynamic":
            raise KqlError("semantic", f"mv-expand: this is {array.type}; allowed: dynamic", column.position)
        name = column.name or column_name(column.expression)
        if name is None:
            raise KqlError("semantic", "mv-expand: the column needs a name", column.position)
        member = Typed(f"nullif(unnest({_members(array.sql)}), 'null')", "dynamic")
        expanded[name] = member
        place = next((place for place, (taken, _) in enumerate(values) if taken == name), len(values))
        values[place : place + 1] = [(name, Typed(member.sql, type or "dynamic"))]
    inner = [f"{value.sql} AS c{place}" for place, (_, value) in enumerate(values)]
    if relation.ordered:
        inner.append(ORDER)
    outer: list[str] = []
    for place, (name, value) in enumerate(values):
        plain = Typed(f"c{place}", "dynamic" if name in expanded else value.type)
        outer.append(f"{cast(plain, value.type).sql} AS c{place}")
    if relation.ordered:
        outer.append(ORDER)
    columns = tuple(Column(name, value.type) for name, value in values)
    sql = f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM ({relation.sql}))"
    return Relation(sql, columns, relation.ordered)


def _members(sql: str) -> str:
    """The members of an array, the properties of a bag as bags of one, anything else as it is."""
    bag = f"list_transform(json_keys({sql}), lambda k: json_object(k, json_extract({sql}, '$.\"' || k || '\"')))"
    whole = f"CASE json_type({sql}) WHEN 'ARRAY' THEN CAST({sql} AS JSON[]) WHEN 'OBJECT' THEN {bag} ELSE [{sql}] END"
    return f"CASE WHEN len({whole}) > 0 THEN {whole} ELSE [CAST(NULL AS JSON)] END"
