"""Functions of numbers, conditions and any values, and those that look at other rows."""

from __future__ import annotations

from typing import Final

from emulator.monitor.kql.translation.functions import (
    FUNCTIONS,
    MANY,
    Function,
    Invocation,
    function,
    template,
    unified,
)
from emulator.monitor.kql.types import Type, Typed, cast, null

_CONVERSIONS: Final[dict[str, Type]] = {
    "tobool": "bool", "toboolean": "bool", "toint": "int", "tolong": "long", "todouble": "real", "toreal": "real",
}  # fmt: skip

for _name, _type in _CONVERSIONS.items():

    def _convert(call: Invocation, type: Type = _type) -> Typed:
        return cast(call.arguments[0], type)

    function(_name, ["any"])(_convert)

for _name in ("sqrt", "exp", "sin", "cos", "tan"):
    template(_name, ["real"], "real", f"{_name}({{0}})")
template("log", ["real"], "real", "CASE WHEN {0} > 0 THEN ln({0}) END")
template("log10", ["real"], "real", "CASE WHEN {0} > 0 THEN log10({0}) END")
template("log2", ["real"], "real", "CASE WHEN {0} > 0 THEN log2({0}) END")
template("pow", ["real", "real"], "real", "pow({0}, {1})")
template("isnan", ["real"], "bool", "coalesce(isnan({0}), false)")
template("isinf", ["real"], "bool", "coalesce(isinf({0}), false)")
template("isfinite", ["real"], "bool", "coalesce(isfinite({0}), false)")
template("not", ["bool"], "bool", "(NOT {0})")


@function("abs", ["any"])
def _abs(call: Invocation) -> Typed:
    (value,) = call.arguments
    if value.type not in ("int", "long", "real", "timespan"):
        raise call.refuse(f"argument #1 is {value.type}; allowed: number, timespan")
    return Typed(f"abs({value.sql})", "long" if value.type == "int" else value.type)


@function("ceiling", ["number"])
def _ceiling(call: Invocation) -> Typed:
    (value,) = call.arguments
    return Typed(f"ceil({value.sql})", "real") if value.type == "real" else value


@function("sign", ["number"])
def _sign(call: Invocation) -> Typed:
    (value,) = call.arguments
    return Typed(f"CAST(sign({value.sql}) AS {'DOUBLE' if value.type == 'real' else 'BIGINT'})", value.type)


@function("round", ["real", "long"], least=1)
def _round(call: Invocation) -> Typed:
    value, *digits = (argument.sql for argument in call.arguments)
    # Half away from zero, and as many digits as asked.
    return Typed(f"round({value}, CAST({digits[0] if digits else 0} AS INTEGER))", "real")


def _iff(call: Invocation) -> Typed:
    condition, *values = call.arguments
    first, second = unified(call, values)
    return Typed(f"CASE WHEN {condition.sql} THEN {first.sql} ELSE {second.sql} END", first.type)


FUNCTIONS["iff"] = FUNCTIONS["iif"] = Function(3, 3, ("bool", "any", "any"), _iff)


@function("case", ["any"], least=3, most=MANY)
def _case(call: Invocation) -> Typed:
    if len(call.arguments) % 2 == 0:
        raise call.refuse("pairs of a condition and a value, and one value for the rest")
    conditions = call.arguments[:-1:2]
    for place, condition in enumerate(conditions):
        if condition.type != "bool":
            raise call.refuse(f"argument #{2 * place + 1} is {condition.type}; allowed: bool")
    *values, rest = unified(call, [*call.arguments[1:-1:2], call.arguments[-1]])
    cases = " ".join(f"WHEN {one.sql} THEN {two.sql}" for one, two in zip(conditions, values, strict=True))
    return Typed(f"CASE {cases} ELSE {rest.sql} END", rest.type)


@function("coalesce", ["any"], least=2, most=MANY)
def _coalesce(call: Invocation) -> Typed:
    values = unified(call, call.arguments)
    type = values[0].type
    if type == "string":
        return Typed(f"coalesce({', '.join(f'nullif({each.sql}, {chr(39) * 2})' for each in values)}, '')", type)
    return Typed(f"coalesce({', '.join(each.sql for each in values)})", type)


for _name, _sql in (("min_of", "least"), ("max_of", "greatest")):

    def _extreme(call: Invocation, sql: str = _sql) -> Typed:
        values = unified(call, call.arguments)
        return Typed(f"{sql}({', '.join(each.sql for each in values)})", values[0].type)

    function(_name, ["any"], least=2, most=MANY)(_extreme)


def _is_null(call: Invocation) -> str:
    (value,) = call.arguments
    return "false" if value.type == "string" else f"({value.sql} IS NULL)"


FUNCTIONS["isnull"] = Function(1, 1, ("any",), lambda call: Typed(_is_null(call), "bool"))
FUNCTIONS["isnotnull"] = Function(1, 1, ("any",), lambda call: Typed(f"(NOT {_is_null(call)})", "bool"))


@function("column_ifexists", ["string", "any"])
def _column_if_exists(call: Invocation) -> Typed:
    return call.scope.find(str(call.constant(0))) or call.arguments[1]


FUNCTIONS["columnifexists"] = FUNCTIONS["column_ifexists"]


@function("row_number", ["long"], least=0)
def _row_number(call: Invocation) -> Typed:
    window = call.scope.window("row_number", call.node.position)
    first = call.arguments[0].sql if call.arguments else "1"
    return Typed(f"(row_number() OVER {window} + {first} - 1)", "long")


@function("row_cumsum", ["number"])
def _row_cumsum(call: Invocation) -> Typed:
    (value,) = call.arguments
    window = call.scope.window("row_cumsum", call.node.position)
    type = "real" if value.type == "real" else "long"
    return Typed(f"CAST(sum({value.sql}) OVER {window} AS {'DOUBLE' if type == 'real' else 'BIGINT'})", type)


for _name, _sql in (("prev", "lag"), ("next", "lead")):

    def _other_row(call: Invocation, name: str = _name, sql: str = _sql) -> Typed:
        value = call.arguments[0]
        offset = call.arguments[1].sql if len(call.arguments) > 1 else "1"
        default = cast(call.arguments[2], value.type) if len(call.arguments) > 2 else null(value.type)
        window = call.scope.window(name, call.node.position)
        return Typed(f"{sql}({value.sql}, {offset}, {default.sql}) OVER {window}", value.type)

    function(_name, ["any", "long", "any"], least=1)(_other_row)
