"""Aggregates of `summarize`.

Source: "Aggregation functions" (learn.microsoft.com). `dcount` and percentiles are estimates in Kusto, exact here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import NUMBERS, Type, Typed, to_json

Translate = Callable[[tree.Expression, Scope], Typed]


@dataclass(frozen=True)
class Aggregation:
    """A call of an aggregate: its arguments, and the SQL that filters rows for it (`...if`)."""

    node: tree.Call
    arguments: tuple[Typed, ...]
    filter: str
    ordered: bool

    def refuse(self, text: str) -> KqlError:
        """Return the error that the call is wrong."""
        return KqlError("semantic", f"{self.node.function}(): {text}", self.node.position)


@dataclass(frozen=True)
class Aggregate:
    """An aggregate: how many arguments it takes, and what makes its SQL."""

    least: int
    most: int
    make: Callable[[Aggregation], Typed]


def _count(call: Aggregation) -> Typed:
    return Typed(f"count(*){call.filter}", "long")


def _distinct(call: Aggregation) -> Typed:
    return Typed(f"count(DISTINCT {call.arguments[0].sql}){call.filter}", "long")


def _sum(call: Aggregation) -> Typed:
    value = _measure(call)
    if value.type == "real":
        return Typed(f"coalesce(sum({value.sql}){call.filter}, 0)", "real")
    type: Type = "timespan" if value.type == "timespan" else "long"
    return Typed(f"CAST(coalesce(sum({value.sql}){call.filter}, 0) AS BIGINT)", type)


def _average(call: Aggregation) -> Typed:
    value = call.arguments[0]
    if value.type == "datetime":
        return Typed(f"make_timestamp(CAST(avg(epoch_us({value.sql})){call.filter} AS BIGINT))", "datetime")
    value = _measure(call)
    if value.type == "timespan":
        return Typed(f"CAST(avg({value.sql}){call.filter} AS BIGINT)", "timespan")
    return Typed(f"avg({value.sql}){call.filter}", "real")


def _spread(function: str) -> Callable[[Aggregation], Typed]:
    def make(call: Aggregation) -> Typed:
        return Typed(f"coalesce({function}({_measure(call).sql}){call.filter}, 0)", "real")

    return make


def _extreme(function: str) -> Callable[[Aggregation], Typed]:
    def make(call: Aggregation) -> Typed:
        value = call.arguments[0]
        if value.type in ("dynamic", "bool"):
            raise call.refuse(f"no order of {value.type}")
        sql = f"{function}({value.sql}){call.filter}"
        return Typed(f"coalesce({sql}, '')" if value.type == "string" else sql, value.type)

    return make


def _any(call: Aggregation) -> Typed:
    value = call.arguments[0]
    sql = f"any_value({value.sql}){call.filter}"
    return Typed(f"coalesce({sql}, '')" if value.type == "string" else sql, value.type)


def _percentile(call: Aggregation) -> Typed:
    value, share = _measure(call), call.arguments[1]
    if not isinstance(share.constant, int | float) or not 0 <= share.constant <= 100:
        raise call.refuse("argument #2 has to be a literal from 0 to 100")
    return Typed(f"quantile_disc({value.sql}, {share.constant / 100}){call.filter}", value.type)


def _list(call: Aggregation, distinct: str = "") -> Typed:
    value = to_json(call.arguments[0])
    # A set has no order in Kusto; here it is sorted, so that an answer is the same twice.
    order = f" ORDER BY {value}" if distinct else " ORDER BY o" if call.ordered else ""
    rows = f"WHERE {call.arguments[0].sql} IS NOT NULL"
    if call.filter:
        rows += f" AND ({call.filter.removeprefix(' FILTER (WHERE ').removesuffix(')')})"
    made = f"list({distinct}{value}{order}) FILTER ({rows})"
    if len(call.arguments) > 1:
        most = call.arguments[1].constant
        if not isinstance(most, int):
            raise call.refuse("argument #2 has to be a literal number")
        made = f"({made})[:{most}]"
    return Typed(f"to_json(coalesce({made}, []))", "dynamic")


def _set(call: Aggregation) -> Typed:
    return _list(call, "DISTINCT ")


def _measure(call: Aggregation) -> Typed:
    value = call.arguments[0]
    if value.type not in NUMBERS and value.type != "timespan":
        raise call.refuse(f"argument #1 is {value.type}; allowed: int, long, real, timespan")
    return value


AGGREGATES: Final[Mapping[str, Aggregate]] = {
    "count": Aggregate(0, 0, _count),
    "dcount": Aggregate(1, 1, _distinct),
    "count_distinct": Aggregate(1, 1, _distinct),
    "sum": Aggregate(1, 1, _sum),
    "avg": Aggregate(1, 1, _average),
    "min": Aggregate(1, 1, _extreme("min")),
    "max": Aggregate(1, 1, _extreme("max")),
    "stdev": Aggregate(1, 1, _spread("stddev_samp")),
    "stdevp": Aggregate(1, 1, _spread("stddev_pop")),
    "variance": Aggregate(1, 1, _spread("var_samp")),
    "variancep": Aggregate(1, 1, _spread("var_pop")),
    "percentile": Aggregate(2, 2, _percentile),
    "take_any": Aggregate(1, 1, _any),
    "any": Aggregate(1, 1, _any),
    "make_list": Aggregate(1, 2, _list),
    "make_set": Aggregate(1, 2, _set),
    "countif": Aggregate(0, 0, _count),
    "dcountif": Aggregate(1, 1, _distinct),
    "sumif": Aggregate(1, 1, _sum),
    "avgif": Aggregate(1, 1, _average),
    "minif": Aggregate(1, 1, _extreme("min")),
    "maxif": Aggregate(1, 1, _extreme("max")),
    "take_anyif": Aggregate(1, 1, _any),
    "make_list_if": Aggregate(1, 1, _list),
    "make_set_if": Aggregate(1, 1, _set),
}
"""By name. Those that end in ``if`` take the condition as one more argument, the last; arg_max, arg_min and
percentiles make several columns and stand in `summarize` itself."""


def aggregate(node: tree.Call, scope: Scope, translate: Translate) -> Typed:
    """Return a call of an aggregate in SQL.

    Raises:
        KqlError: number or types of the arguments are wrong.
    """
    known = AGGREGATES[node.function]
    arguments = [translate(each, scope) for each in node.arguments]
    rows = ""
    conditional = node.function.endswith("if")
    extra = 1 if conditional else 0
    if not known.least + extra <= len(arguments) <= known.most + extra:
        number = f"{known.least + extra}" if known.least == known.most else f"{known.least} to {known.most}"
        raise KqlError("semantic", f"{node.function}(): {len(arguments)} arguments; allowed: {number}", node.position)
    if conditional:
        predicate = arguments.pop()
        if predicate.type != "bool":
            raise KqlError("semantic", f"{node.function}(): the condition is {predicate.type}", node.position)
        rows = f" FILTER (WHERE {predicate.sql})"
    ordered = scope.relation is not None and scope.relation.ordered
    return known.make(Aggregation(node, tuple(arguments), rows, ordered))
