"""Functions of texts."""

from __future__ import annotations

from emulator.monitor.kql.translation.functions import FUNCTIONS, MANY, Function, Invocation, function, template
from emulator.monitor.kql.types import Typed, cast, to_string

template("tolower", ["string"], "string", "lower({0})")
template("toupper", ["string"], "string", "upper({0})")
template("strlen", ["string"], "long", "length({0})")
template("reverse", ["string"], "string", "reverse({0})")
template("replace_string", ["string", "string", "string"], "string", "replace({0}, {1}, {2})")
template("replace_regex", ["string", "string", "string"], "string", "regexp_replace({0}, {1}, {2}, 'g')")
template("trim", ["string", "string"], "string", "regexp_replace({1}, '^(' || {0} || ')+|(' || {0} || ')+$', '', 'g')")
template("trim_start", ["string", "string"], "string", "regexp_replace({1}, '^(' || {0} || ')+', '')")
template("trim_end", ["string", "string"], "string", "regexp_replace({1}, '(' || {0} || ')+$', '')")
template("indexof", ["string", "string"], "long", "(strpos({0}, {1}) - 1)")
template("countof", ["string", "string"], "long", "((length({0}) - length(replace({0}, {1}, ''))) // length({1}))")
template("url_encode", ["string"], "string", "url_encode({0})")
template("url_decode", ["string"], "string", "url_decode({0})")


@function("strcat", ["any"], least=1, most=MANY)
def _strcat(call: Invocation) -> Typed:
    return Typed(f"({' || '.join(to_string(value) for value in call.arguments)})", "string")


@function("strcat_delim", ["any"], least=2, most=MANY)
def _strcat_delim(call: Invocation) -> Typed:
    delimiter, *values = (to_string(value) for value in call.arguments)
    return Typed(f"array_to_string([{', '.join(values)}], {delimiter})", "string")


@function("substring", ["string", "long", "long"], least=2, most=3)
def _substring(call: Invocation) -> Typed:
    text, start, *length = (value.sql for value in call.arguments)
    from_end = f"CASE WHEN {start} < 0 THEN greatest(length({text}) + {start}, 0) ELSE {start} END"
    rest = f", {length[0]}" if length else ""
    return Typed(f"coalesce(substring({text}, {from_end} + 1{rest}), '')", "string")


@function("split", ["string", "string", "long"], least=2, most=3)
def _split(call: Invocation) -> Typed:
    text, delimiter, *place = (value.sql for value in call.arguments)
    parts = f"string_split({text}, {delimiter})"
    if place:
        parts = f"list_filter([{parts}[{place[0]} + 1]], lambda part: part IS NOT NULL)"
    return Typed(f"to_json({parts})", "dynamic")


@function("extract", ["string", "long", "string"])
def _extract(call: Invocation) -> Typed:
    pattern, group, text = (value.sql for value in call.arguments)
    return Typed(f"regexp_extract({text}, {pattern}, {int(call.constant(1)) if group else 0})", "string")


@function("strcat_array", ["dynamic", "string"])
def _strcat_array(call: Invocation) -> Typed:
    array, delimiter = (value.sql for value in call.arguments)
    members = f"list_transform(CAST({array} AS JSON[]), lambda member: coalesce(json_extract_string(member, '$'), ''))"
    return Typed(f"coalesce(array_to_string({members}, {delimiter}), '')", "string")


def _is_empty(value: Typed) -> str:
    if value.type == "string":
        return f"({value.sql} = '')"
    if value.type == "dynamic":
        return f"(coalesce(json_extract_string({value.sql}, '$'), '') = '')"
    return f"({value.sql} IS NULL)"


FUNCTIONS["isempty"] = Function(1, 1, ("any",), lambda call: Typed(_is_empty(call.arguments[0]), "bool"))
FUNCTIONS["isnotempty"] = Function(1, 1, ("any",), lambda call: Typed(f"(NOT {_is_empty(call.arguments[0])})", "bool"))
FUNCTIONS["notempty"] = FUNCTIONS["isnotempty"]
FUNCTIONS["tostring"] = Function(1, 1, ("any",), lambda call: cast(call.arguments[0], "string"))
FUNCTIONS["toguid"] = FUNCTIONS["tostring"]
