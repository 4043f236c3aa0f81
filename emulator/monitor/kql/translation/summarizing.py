"""`summarize` into SQL: keys first, then aggregates, and those aggregates that make several columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.translation.aggregates import aggregate
from emulator.monitor.kql.translation.naming import aggregate_name, column_name, unique
from emulator.monitor.kql.translation.relation import Column, Relation
from emulator.monitor.kql.translation.scalars import scalar
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import Typed

_ROW_OF: Final = {"arg_max": "max", "arg_min": "min"}


def summarize(node: tree.Summarize, relation: Relation, scope: Scope) -> Relation:
    """Return a row for each combination of the keys, or one row where there are none."""
    keys: list[tuple[str, Typed]] = []
    for key in node.keys:
        name = key.name or column_name(key.expression)
        taken = [each for each, _ in keys]
        if name is not None and name in taken:
            raise KqlError("semantic", f"summarize: the key '{name}' is there twice", key.position)
        keys.append((unique(name, taken), scalar(key.expression, scope)))
    within = replace(scope, aggregating=True)
    values = list(keys)
    for each in node.aggregates:
        for name, value in _aggregates(each, within, [taken for taken, _ in keys]):
            values.append((unique(name, [taken for taken, _ in values]), value))
    if not values:
        raise KqlError("semantic", "summarize: neither an aggregate nor a key", node.position)
    parts = ", ".join(f"{value.sql} AS c{place}" for place, (_, value) in enumerate(values))
    groups = f" GROUP BY {', '.join(str(place + 1) for place in range(len(keys)))}" if keys else ""
    columns = tuple(Column(name, value.type) for name, value in values)
    return Relation(f"SELECT {parts} FROM ({relation.sql}){groups}", columns)


def _aggregates(each: tree.Named, scope: Scope, keys: list[str]) -> list[tuple[str | None, Typed]]:
    call = each.expression
    if isinstance(call, tree.Call) and call.function in _ROW_OF:
        return _row_of(each, call, scope.inside_aggregate(), keys)
    if isinstance(call, tree.Call) and call.function == "percentiles":
        return _percentiles(call, scope)
    if isinstance(call, tree.Call) and call.function in ("take_any", "any") and _is_star(call):
        return _any_row(call, scope.inside_aggregate(), keys)
    return [(each.name or aggregate_name(call), scalar(call, scope))]


def _is_star(call: tree.Call) -> bool:
    return len(call.arguments) == 1 and isinstance(call.arguments[0], tree.Star)


def _row_of(each: tree.Named, call: tree.Call, scope: Scope, keys: list[str]) -> list[tuple[str | None, Typed]]:
    """``arg_max(x, *)``: the greatest x, and the other columns of its row."""
    if len(call.arguments) < 1 or isinstance(call.arguments[0], tree.Star):
        raise KqlError("semantic", f"{call.function}(): what is to be compared comes first", call.position)
    key = scalar(call.arguments[0], scope)
    first = each.name or column_name(call.arguments[0]) or f"{_ROW_OF[call.function]}_"
    wanted: list[tuple[str | None, Typed]] = [(first, key)]
    for argument in call.arguments[1:]:
        if isinstance(argument, tree.Star):
            wanted += _all_columns(scope, [*keys, first])
        else:
            wanted.append((column_name(argument), scalar(argument, scope)))
    return _of_one_row(wanted, lambda row: f"arg_{_ROW_OF[call.function]}({row}, {key.sql})")


def _any_row(call: tree.Call, scope: Scope, keys: list[str]) -> list[tuple[str | None, Typed]]:
    return _of_one_row(_all_columns(scope, keys), lambda row: f"first({row})")


def _all_columns(scope: Scope, but: list[str]) -> list[tuple[str | None, Typed]]:
    columns = scope.relation.values() if scope.relation else []
    return [(column.name, value) for column, value in columns if column.name not in but]


def _of_one_row(wanted: list[tuple[str | None, Typed]], choose: Callable[[str], str]) -> list[tuple[str | None, Typed]]:
    fields = ", ".join(f"'f{place}': {value.sql}" for place, (_, value) in enumerate(wanted))
    row = choose(f"{{{fields}}}")
    found: list[tuple[str | None, Typed]] = []
    for place, (name, value) in enumerate(wanted):
        sql = f"struct_extract({row}, 'f{place}')"
        found.append((name, Typed(f"coalesce({sql}, '')" if value.type == "string" else sql, value.type)))
    return found


def _percentiles(call: tree.Call, scope: Scope) -> list[tuple[str | None, Typed]]:
    if len(call.arguments) < 2:
        raise KqlError("semantic", "percentiles(): a value and percentiles", call.position)
    value, *shares = call.arguments
    found: list[tuple[str | None, Typed]] = []
    for share in shares:
        single = tree.Call(call.position, "percentile", (value, share))
        found.append((aggregate_name(single), aggregate(single, scope.inside_aggregate(), scalar)))
    return found
