"""The names that columns get where a query gives none.

Source: observed of Microsoft's own binder (Kusto.Language), which a test compares with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emulator.monitor.kql import tree

_OF_FIRST_ARGUMENT: Final = frozenset({
    "abs", "bin", "bin_at", "ceiling", "endofday", "endofmonth", "endofweek", "endofyear", "floor", "format_datetime",
    "parse_json", "parsejson", "round", "split", "startofday", "startofmonth", "startofweek", "startofyear", "tobool",
    "toboolean", "todatetime", "todouble", "todynamic", "toint", "tolong", "toobject", "toreal", "tostring",
    "totimespan",
})  # fmt: skip
"""Functions whose column is called like the column that they are given."""
_OF_FUNCTION_AND_ARGUMENT: Final = frozenset({"strlen"})
AGGREGATE_NAMES: Final = frozenset({
    "any", "avg", "avgif", "count", "count_distinct", "countif", "dcount", "dcountif", "make_list", "make_list_if",
    "make_set", "make_set_if", "max", "maxif", "min", "minif", "percentile", "stdev", "stdevp", "sum", "sumif",
    "take_any", "take_anyif", "variance", "variancep",
})  # fmt: skip
_LISTS: Final = {"make_list": "list", "make_set": "set", "make_list_if": "list", "make_set_if": "set"}
_OWN_ARGUMENT: Final = frozenset({"take_any", "take_anyif"})


def column_name(expression: tree.Expression) -> str | None:
    """Return the name that an expression has of its own, or None."""
    match expression:
        case tree.Name():
            return expression.name
        case tree.Member():
            return _member_name(expression)
        case tree.Call() if expression.function in _OF_FIRST_ARGUMENT:
            return column_name(expression.arguments[0]) if expression.arguments else None
        case tree.Call() if expression.function in _OF_FUNCTION_AND_ARGUMENT and expression.arguments:
            return f"{expression.function}_{column_name(expression.arguments[0]) or ''}"
        case _:
            return None


def _member_name(member: tree.Member) -> str | None:
    before = column_name(member.value)
    if before is None or not isinstance(member.name, tree.Literal):
        return None
    return f"{before}_{member.name.value}"


def aggregate_name(expression: tree.Expression) -> str | None:
    """Return the name of a summarize's column: the aggregate's and its first argument's."""
    if not isinstance(expression, tree.Call):
        return column_name(expression)
    function = expression.function
    if function not in AGGREGATE_NAMES:
        return column_name(expression)
    first = column_name(expression.arguments[0]) if expression.arguments else None
    if function in _OWN_ARGUMENT and first is not None:
        return first
    name = _LISTS.get(function, function)
    if function == "percentile" and len(expression.arguments) > 1:
        share = expression.arguments[1]
        return f"percentile_{first or ''}_{share.value if isinstance(share, tree.Literal) else ''}"
    return f"{name}_{first or ''}"


def unique(name: str | None, taken: Sequence[str], prefix: str = "Column") -> str:
    """Return a name that is not taken: ``Column1`` and on for None, ``name1`` and on for one that is."""
    if name is not None and name not in taken:
        return name
    number = 1
    while f"{name or prefix}{number}" in taken:
        number += 1
    return f"{name or prefix}{number}"
