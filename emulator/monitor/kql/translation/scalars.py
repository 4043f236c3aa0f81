"""Expressions into SQL.

Source: "Numerical operators", "String operators", "Datetime / timespan arithmetic", "Logical (binary) operators",
"Null values" (learn.microsoft.com).
"""

from __future__ import annotations

import json
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, not_emulated
from emulator.monitor.kql.translation import dynamic_functions, text_functions, time_functions, value_functions
from emulator.monitor.kql.translation.aggregates import AGGREGATES, aggregate
from emulator.monitor.kql.translation.functions import FUNCTIONS, Invocation
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import NUMBERS, Type, Typed, cast, common_type, null, quoted, string

REGISTERED: Final = (dynamic_functions, text_functions, time_functions, value_functions)
"""The modules that fill the registry of functions."""

_WORD_EDGE: Final = "[^\\p{L}\\p{N}]"


def scalar(node: tree.Expression, scope: Scope) -> Typed:
    """Return an expression in SQL.

    Raises:
        KqlError: a name, function or type is wrong.
    """
    match node:
        case tree.Literal():
            return _literal(node)
        case tree.Name():
            return scope.resolve(node.name, node.position)
        case tree.Call():
            return _call(node, scope)
        case tree.Unary():
            return _sign(node, scope)
        case tree.Binary():
            return _binary(node, scope)
        case tree.Between():
            return _between(node, scope)
        case tree.Among():
            return _among(node, scope)
        case tree.Member():
            return _member(node, scope)
        case tree.ToScalar():
            relation = scope.table(node.query)
            return Typed(f"(SELECT c0 FROM ({relation.sql}) LIMIT 1)", relation.columns[0].type)
        case tree.Star():
            raise KqlError("semantic", "'*' is no value", node.position)


def condition(node: tree.Expression, scope: Scope) -> Typed:
    """Return an expression that has to be a bool."""
    value = scalar(node, scope)
    if value.type == "dynamic":
        return cast(value, "bool")
    if value.type != "bool":
        raise KqlError("semantic", f"'{scope.operator}' needs a bool, this is {value.type}", node.position)
    return value


def _literal(node: tree.Literal) -> Typed:
    value = node.value
    if value is None:
        return null(node.type)
    match node.type:
        case "string":
            return string(str(value))
        case "bool":
            return Typed("true" if value else "false", "bool", literal=True, constant=value)
        case "datetime":
            return Typed(f"TIMESTAMP {quoted(str(value))}", "datetime", literal=True, constant=value)
        case "dynamic":
            return Typed(f"CAST({quoted(str(value))} AS JSON)", "dynamic", literal=True, constant=value)
        case "real":
            return Typed(f"CAST({quoted(repr(float(value)))} AS DOUBLE)", "real", literal=True, constant=value)
        case _:
            if not -(2**63) <= int(value) < 2**63:
                raise KqlError("syntax", f"{value} is no {node.type}", node.position)
            sql_type = "INTEGER" if node.type == "int" else "BIGINT"
            return Typed(f"CAST({value} AS {sql_type})", node.type, literal=True, constant=value)


def _call(node: tree.Call, scope: Scope) -> Typed:
    if node.function in AGGREGATES:
        if not scope.aggregating:
            raise KqlError("semantic", f"{node.function}() is an aggregate: it stands in summarize only", node.position)
        return aggregate(node, scope.inside_aggregate(), scalar)
    known = FUNCTIONS.get(node.function)
    if known is None:
        allowed = ", ".join(sorted({*FUNCTIONS, *AGGREGATES}))
        raise not_emulated(f"the function '{node.function}'", node.position, allowed)
    return known(Invocation(node, tuple(scalar(each, scope) for each in node.arguments), scope))


def _sign(node: tree.Unary, scope: Scope) -> Typed:
    value = scalar(node.operand, scope)
    if value.type not in NUMBERS and value.type != "timespan":
        raise KqlError("semantic", f"no sign before {value.type}", node.position)
    if node.operator == "+":
        return value
    constant = -value.constant if isinstance(value.constant, int | float) else None
    return Typed(f"(-{value.sql})", value.type, value.literal, value.is_null, constant)


def _binary(node: tree.Binary, scope: Scope) -> Typed:
    match node.operator:
        case "and" | "or":
            left, right = condition(node.left, scope), condition(node.right, scope)
            return Typed(f"({left.sql} {node.operator.upper()} {right.sql})", "bool")
        case "+" | "-" | "*" | "/" | "%":
            return _arithmetic(node, scalar(node.left, scope), scalar(node.right, scope))
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            return Typed(compared(node, scalar(node.left, scope), scalar(node.right, scope)), "bool")
        case _:
            return Typed(_text(node, scalar(node.left, scope), scalar(node.right, scope)), "bool")


def _arithmetic(node: tree.Binary, left: Typed, right: Typed) -> Typed:
    operator = node.operator
    # A dynamic takes the type of the other side.
    if left.type == "dynamic" and right.type in NUMBERS:
        left = cast(left, right.type)
    if right.type == "dynamic" and left.type in NUMBERS:
        right = cast(right, left.type)
    if left.type in NUMBERS and right.type in NUMBERS:
        return _numbers(operator, left, right)
    match (left.type, operator, right.type):
        case ("datetime", "-", "datetime"):
            return Typed(f"(epoch_us({left.sql}) - epoch_us({right.sql}))", "timespan")
        case ("datetime", "+" | "-", "timespan"):
            return Typed(f"make_timestamp(epoch_us({left.sql}) {operator} {right.sql})", "datetime")
        case ("timespan", "+", "datetime"):
            return Typed(f"make_timestamp(epoch_us({right.sql}) + {left.sql})", "datetime")
        case ("timespan", "+" | "-", "timespan"):
            return Typed(f"({left.sql} {operator} {right.sql})", "timespan")
        case ("timespan", "/", "timespan"):
            return Typed(f"(CAST({left.sql} AS DOUBLE) / {right.sql})", "real")
        case ("timespan", "*" | "/", "int" | "long" | "real"):
            return Typed(f"CAST({left.sql} {operator} {right.sql} AS BIGINT)", "timespan")
        case ("int" | "long" | "real", "*", "timespan"):
            return Typed(f"CAST({left.sql} * {right.sql} AS BIGINT)", "timespan")
        case _:
            raise KqlError("semantic", f"no '{operator}' of {left.type} and {right.type}", node.position)


def _numbers(operator: str, left: Typed, right: Typed) -> Typed:
    type: Type = "real" if "real" in (left.type, right.type) else "long"
    if operator == "%":
        # Never negative in Kusto, whatever the signs.
        size = f"abs({right.sql})"
        return Typed(f"((({left.sql} % {size}) + {size}) % {size})", type)
    if operator == "/" and type != "real":
        # Toward zero; a division by zero has no value.
        quotient = f"trunc(CAST({left.sql} AS DOUBLE) / nullif({right.sql}, 0))"
        exact = f"({left.sql} - ({left.sql} % nullif({right.sql}, 0))) // nullif({right.sql}, 0)"
        return Typed(f"CASE WHEN {quotient} IS NOT NULL THEN {exact} END", type)
    if operator == "/":
        return Typed(f"(CAST({left.sql} AS DOUBLE) / {right.sql})", type)
    return Typed(f"({left.sql} {operator} {right.sql})", type)


def compared(node: tree.Binary, left: Typed, right: Typed) -> str:
    """Return the SQL of a comparison: == and != have an answer where one side is null, none where both are."""
    left, right = _comparable(node, left, right)
    operator = node.operator
    if operator in ("==", "!="):
        if left.never_null and right.never_null:
            return f"({left.sql} {'=' if operator == '==' else '<>'} {right.sql})"
        distinct = f"{left.sql} IS {'NOT ' if operator == '==' else ''}DISTINCT FROM {right.sql}"
        if left.never_null or right.never_null:
            return f"({distinct})"
        return f"CASE WHEN {left.sql} IS NOT NULL OR {right.sql} IS NOT NULL THEN {distinct} END"
    return f"({left.sql} {operator} {right.sql})"


def _comparable(node: tree.Binary | tree.Between | tree.Among, left: Typed, right: Typed) -> tuple[Typed, Typed]:
    if left.type == "dynamic" and right.type == "dynamic":
        return cast(left, "string"), cast(right, "string")
    if left.type == "dynamic":
        return cast(left, right.type), right
    if right.type == "dynamic":
        return left, cast(right, left.type)
    type = common_type([left.type, right.type])
    if type is None:
        raise KqlError("semantic", f"no '{node.operator}' of {left.type} and {right.type}", node.position)
    return left, right


def _text(node: tree.Binary, left: Typed, right: Typed) -> str:
    for value in (left, right):
        if value.type not in ("string", "dynamic"):
            raise KqlError("semantic", f"'{node.operator}' is for strings, not for {value.type}", node.position)
    text, part = cast(left, "string").sql, cast(right, "string").sql
    operator = node.operator
    if operator == "!~":
        return f"(lower({text}) <> lower({part}))"
    if operator == "=~":
        return f"(lower({text}) = lower({part}))"
    found = _found(operator.removeprefix("!"), text, part)
    return f"(NOT {found})" if operator.startswith("!") else found


def _found(operator: str, text: str, part: str) -> str:
    name = operator.removesuffix("_cs")
    exact = operator.endswith("_cs")
    lower_text, lower_part = (text, part) if exact else (f"lower({text})", f"lower({part})")
    match name:
        case "contains":
            return f"contains({lower_text}, {lower_part})"
        case "startswith":
            return f"starts_with({lower_text}, {lower_part})"
        case "endswith":
            return f"suffix({lower_text}, {lower_part})"
        case "has":
            flags = "" if exact else "(?i)"
            pattern = f"'{flags}(^|{_WORD_EDGE})' || regexp_escape({part}) || '({_WORD_EDGE}|$)'"
            return f"regexp_matches({text}, {pattern})"
        case _:
            return f"regexp_matches({text}, {part})"


def _between(node: tree.Between, scope: Scope) -> Typed:
    value, low, high = (scalar(each, scope) for each in (node.value, node.low, node.high))
    if low.type == "datetime" and high.type == "timespan":
        high = Typed(f"make_timestamp(epoch_us({low.sql}) + {high.sql})", "datetime")
    value_low, low = _comparable(node, value, low)
    value_high, high = _comparable(node, value, high)
    inside = f"({value_low.sql} >= {low.sql} AND {value_high.sql} <= {high.sql})"
    return Typed(inside if node.operator == "between" else f"(NOT {inside})", "bool")


def _among(node: tree.Among, scope: Scope) -> Typed:
    value = scalar(node.value, scope)
    tests: list[str] = []
    for member in node.members:
        if isinstance(member, tree.Pipeline):
            tests.append(_in_query(node, value, scope, member))
        elif isinstance(member, tree.Name) and scope.find(member.name) is None:
            pipeline = tree.Pipeline(member.position, member, ())
            tests.append(_in_query(node, value, scope, pipeline))
        else:
            tests += [_is_member(node, value, each) for each in _spread(scalar(member, scope))]
    joined = f"({(' AND ' if node.operator == 'has_all' else ' OR ').join(tests) or 'false'})"
    return Typed(f"(NOT coalesce({joined}, false))" if node.operator.startswith("!") else joined, "bool")


def _in_query(node: tree.Among, value: Typed, scope: Scope, query: tree.Pipeline) -> str:
    if node.operator not in ("in", "!in"):
        raise KqlError("not emulated", f"'{node.operator}' with a query is not emulated; take in or !in", node.position)
    relation = scope.table(query)
    left, right = _comparable(node, value, Typed("c0", relation.columns[0].type))
    return f"({left.sql} IN (SELECT {right.sql} FROM ({relation.sql})))"


def _spread(value: Typed) -> list[Typed]:
    """Return the members of a literal dynamic array: it stands for them in a list."""
    if value.type == "dynamic" and isinstance(value.constant, str):
        members = json.loads(value.constant)
        if isinstance(members, list):
            return [_constant(member) for member in members]
    return [value]


def _constant(member: object) -> Typed:
    match member:
        case bool():
            return Typed("true" if member else "false", "bool", literal=True, constant=member)
        case int():
            return Typed(f"CAST({member} AS BIGINT)", "long", literal=True, constant=member)
        case float():
            return Typed(f"CAST({quoted(repr(member))} AS DOUBLE)", "real", literal=True, constant=member)
        case str():
            return string(member)
        case _:
            return Typed(f"CAST({quoted(json.dumps(member))} AS JSON)", "dynamic", literal=True)


def _is_member(node: tree.Among, value: Typed, member: Typed) -> str:
    operator = node.operator.removeprefix("!")
    if operator in ("has_any", "has_all"):
        return _found("has", cast(value, "string").sql, cast(member, "string").sql)
    if operator == "in~":
        return f"(lower({cast(value, 'string').sql}) = lower({cast(member, 'string').sql}))"
    left, right = _comparable(node, value, member)
    return f"({left.sql} = {right.sql})"


def _member(node: tree.Member, scope: Scope) -> Typed:
    value = scalar(node.value, scope)
    name = scalar(node.name, scope)
    if value.type != "dynamic":
        raise KqlError("semantic", f"no property of {value.type}: it has to be dynamic", node.position)
    if name.type == "string" and isinstance(name.constant, str):
        path = quoted("$." + json.dumps(name.constant, ensure_ascii=False))
        # A quoted name of a path cannot hold a quote itself.
        sql = f"json_extract({value.sql}, {path})" if '"' not in name.constant else _by_key(value, name)
    elif name.type == "string":
        sql = _by_key(value, name)
    elif name.type in ("int", "long"):
        # From the end where negative, as here.
        sql = f"json_extract({value.sql}, '$[' || CASE WHEN {name.sql} < 0 THEN '#' ELSE '' END || {name.sql} || ']')"
    else:
        raise KqlError("semantic", f"a property's name or place is a string or long, not {name.type}", node.position)
    return Typed(f"nullif({sql}, 'null')", "dynamic")


def _by_key(value: Typed, name: Typed) -> str:
    return f"map_extract_value(CAST({value.sql} AS MAP(VARCHAR, JSON)), {name.sql})"
