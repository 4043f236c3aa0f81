"""Functions of dynamic values."""

from __future__ import annotations

from emulator.monitor.kql.translation.functions import FUNCTIONS, MANY, Function, Invocation, function, template
from emulator.monitor.kql.types import Typed, to_json

template("array_length", ["dynamic"], "long", "CASE json_type({0}) WHEN 'ARRAY' THEN json_array_length({0}) END")
template("bag_keys", ["dynamic"], "dynamic", "to_json(json_keys({0}))")
template("bag_has_key", ["dynamic", "string"], "bool", "coalesce(list_contains(json_keys({0}), {1}), false)")
template("array_sum", ["dynamic"], "real", "list_sum(CAST({0} AS DOUBLE[]))")


@function("todynamic", ["any"])
def _to_dynamic(call: Invocation) -> Typed:
    (value,) = call.arguments
    if value.type != "string":
        return Typed(to_json(value), "dynamic")
    # A text that is no JSON is a dynamic string; the empty one is null.
    sql = value.sql
    parsed = f"CASE WHEN json_valid({sql}) THEN CAST({sql} AS JSON) ELSE to_json({sql}) END"
    return Typed(f"CASE WHEN {sql} <> '' THEN nullif({parsed}, 'null') END", "dynamic")


FUNCTIONS["parse_json"] = FUNCTIONS["parsejson"] = FUNCTIONS["toobject"] = FUNCTIONS["todynamic"]


@function("pack_array", ["any"], least=1, most=MANY)
def _pack_array(call: Invocation) -> Typed:
    return Typed(f"json_array({', '.join(to_json(value) for value in call.arguments)})", "dynamic")


def _pack(call: Invocation) -> Typed:
    if len(call.arguments) % 2:
        raise call.refuse("pairs of a name and a value")
    return Typed(
        "json_object("
        + ", ".join(value.sql if place % 2 == 0 else to_json(value) for place, value in enumerate(call.arguments))
        + ")",
        "dynamic",
    )


FUNCTIONS["bag_pack"] = FUNCTIONS["pack"] = Function(2, MANY, ("any",), _pack)


@function("set_has_element", ["dynamic", "any"])
def _set_has_element(call: Invocation) -> Typed:
    array, value = call.arguments
    members = f"list_transform(CAST({array.sql} AS JSON[]), lambda member: CAST(member AS VARCHAR))"
    return Typed(f"coalesce(list_contains({members}, CAST({to_json(value)} AS VARCHAR)), false)", "bool")
