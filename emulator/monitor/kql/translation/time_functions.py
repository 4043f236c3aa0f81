"""Functions of datetimes and timespans."""

from __future__ import annotations

import re
from typing import Final

from emulator.monitor.kql.translation.functions import FUNCTIONS, Function, Invocation, function, template
from emulator.monitor.kql.translation.relation import INGESTED
from emulator.monitor.kql.types import NUMBERS, Typed, cast, quoted

EPOCH_TO_UNIX: Final = 62_135_596_800_000_000
"""Microseconds from 0001-01-01, which bins of datetimes are counted from, to 1970-01-01."""

_PERIODS: Final = ("year", "quarter", "month", "day", "hour", "minute", "second", "millisecond", "microsecond")
_PARTS: Final = (*_PERIODS[:7], "dayofyear", "week_of_year")
_FORMAT: Final = re.compile(
    r"yyyy|yy|y|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|F{1,7}|tt|[ /\-:,.\[\]_]", re.ASCII
)  # fmt: skip
_FORMATS: Final = {
    "yyyy": "'%Y'", "yy": "'%y'", "MM": "'%m'", "M": "'%-m'", "dd": "'%d'", "d": "'%-d'", "HH": "'%H'", "H": "'%-H'",
    "hh": "'%I'", "h": "'%-I'", "mm": "'%M'", "m": "'%-M'", "ss": "'%S'", "s": "'%-S'", "tt": "'%p'",
}  # fmt: skip


def instant(call: Invocation) -> str:
    """Return the SQL of the query's time."""
    return f"TIMESTAMP {quoted(call.scope.now.replace(tzinfo=None).isoformat(' '))}"


def shifted(moment: str, microseconds: str) -> str:
    """Return the SQL of a datetime and a timespan added."""
    return f"make_timestamp(epoch_us({moment}) + {microseconds})"


@function("now", ["timespan"], least=0)
def _now(call: Invocation) -> Typed:
    moment = instant(call)
    return Typed(shifted(moment, call.arguments[0].sql) if call.arguments else moment, "datetime", literal=True)


@function("ago", ["timespan"])
def _ago(call: Invocation) -> Typed:
    (span,) = call.arguments
    return Typed(shifted(instant(call), f"-({span.sql})"), "datetime", span.literal)


@function("ingestion_time", [])
def _ingestion_time(call: Invocation) -> Typed:
    relation = call.scope.relation
    if relation is None or not relation.ingested:
        raise call.refuse("only rows of a table have come in; use it before summarize, join, distinct, sort and union")
    return Typed(INGESTED, "datetime")


def binned(call: Invocation, value: Typed, size: Typed) -> Typed:
    """Return a value rounded down to a multiple of a size."""
    if value.type == "datetime" and size.type == "timespan":
        count = f"(epoch_us({value.sql}) + {EPOCH_TO_UNIX})"
        return Typed(f"make_timestamp({count} // {size.sql} * {size.sql} - {EPOCH_TO_UNIX})", "datetime")
    if value.type == "timespan" and size.type == "timespan":
        return Typed(f"CAST(floor({value.sql} / {size.sql}) AS BIGINT) * {size.sql}", "timespan")
    if value.type in NUMBERS and size.type in NUMBERS:
        rounded = f"(floor({value.sql} / {size.sql}) * {size.sql})"
        if "real" in (value.type, size.type):
            return Typed(rounded, "real")
        return Typed(f"CAST({rounded} AS BIGINT)", "long")
    raise call.refuse(f"no bins of {size.type} for {value.type}")


FUNCTIONS["bin"] = Function(2, 2, ("any", "any"), lambda call: binned(call, *call.arguments))
FUNCTIONS["floor"] = FUNCTIONS["bin"]


@function("bin_at", ["any"], least=3, most=3)
def _bin_at(call: Invocation) -> Typed:
    value, size, fixed = call.arguments
    if (value.type, size.type, fixed.type) != ("datetime", "timespan", "datetime"):
        raise call.refuse("the emulator has bins of datetimes only here")
    apart = f"(epoch_us({value.sql}) - epoch_us({fixed.sql}))"
    return Typed(shifted(fixed.sql, f"CAST(floor({apart} / {size.sql}) AS BIGINT) * {size.sql}"), "datetime")


for _unit in ("day", "week", "month", "year"):

    def _start(call: Invocation, unit: str = _unit) -> Typed:
        moment, *offset = (value.sql for value in call.arguments)
        # Weeks begin on Sunday, DuckDB's on Monday.
        start = (
            f"(date_trunc('week', {moment} + INTERVAL 1 DAY) - INTERVAL 1 DAY)"
            if unit == "week"
            else f"date_trunc('{unit}', {moment})"
        )
        more = f" + INTERVAL 1 {unit} * {offset[0]}" if offset else ""
        return Typed(f"CAST({start}{more} AS TIMESTAMP)", "datetime")

    def _end(call: Invocation, unit: str = _unit) -> Typed:
        start = _start(call, unit).sql
        return Typed(f"CAST({start} + INTERVAL 1 {unit} - INTERVAL 1 MICROSECOND AS TIMESTAMP)", "datetime")

    function(f"startof{_unit}", ["datetime", "long"], least=1)(_start)
    function(f"endof{_unit}", ["datetime", "long"], least=1)(_end)

template("dayofmonth", ["datetime"], "int", "CAST(day({0}) AS INTEGER)")
template("dayofyear", ["datetime"], "int", "CAST(dayofyear({0}) AS INTEGER)")
template("dayofweek", ["datetime"], "timespan", "(dayofweek({0}) * 86400000000)")
template("hourofday", ["datetime"], "int", "CAST(hour({0}) AS INTEGER)")
template("getmonth", ["datetime"], "int", "CAST(month({0}) AS INTEGER)")
template("getyear", ["datetime"], "int", "CAST(year({0}) AS INTEGER)")
template("monthofyear", ["datetime"], "int", "CAST(month({0}) AS INTEGER)")
template("unixtime_seconds_todatetime", ["real"], "datetime", "make_timestamp(CAST({0} * 1000000 AS BIGINT))")
template("unixtime_milliseconds_todatetime", ["real"], "datetime", "make_timestamp(CAST({0} * 1000 AS BIGINT))")


@function("datetime_diff", ["string", "datetime", "datetime"])
def _datetime_diff(call: Invocation) -> Typed:
    period = call.choice(0, _PERIODS)
    return Typed(f"date_diff('{period}', {call.arguments[2].sql}, {call.arguments[1].sql})", "long")


@function("datetime_add", ["string", "long", "datetime"])
def _datetime_add(call: Invocation) -> Typed:
    period = call.choice(0, _PERIODS)
    interval = "INTERVAL 3 MONTH" if period == "quarter" else f"INTERVAL 1 {period}"
    return Typed(f"CAST({call.arguments[2].sql} + {interval} * {call.arguments[1].sql} AS TIMESTAMP)", "datetime")


@function("datetime_part", ["string", "datetime"])
def _datetime_part(call: Invocation) -> Typed:
    part = {"dayofyear": "doy", "week_of_year": "week"}.get(call.choice(0, _PARTS), str(call.constant(0)).lower())
    return Typed(f"CAST(date_part('{part}', {call.arguments[1].sql}) AS INTEGER)", "int")


@function("make_datetime", ["long"], least=3, most=6)
def _make_datetime(call: Invocation) -> Typed:
    parts = [value.sql for value in call.arguments] + ["0"] * (6 - len(call.arguments))
    return Typed(f"make_timestamp({', '.join(parts)}::DOUBLE)", "datetime")


@function("format_datetime", ["datetime", "string"])
def _format_datetime(call: Invocation) -> Typed:
    pattern = str(call.constant(1))
    moment = call.arguments[0].sql
    parts: list[str] = []
    offset = 0
    while offset < len(pattern):
        match = _FORMAT.match(pattern, offset)
        if match is None:
            raise call.refuse(f"the format '{pattern}' has '{pattern[offset]}', which is no specifier or delimiter")
        parts.append(_formatted(moment, match[0]))
        offset = match.end()
    return Typed(f"coalesce({' || '.join(parts) or quoted('')}, '')", "string")


def _formatted(moment: str, part: str) -> str:
    if part in _FORMATS:
        return f"strftime({moment}, {_FORMATS[part]})"
    if part == "y":
        return f"CAST(year({moment}) % 100 AS VARCHAR)"
    if part[0] in "fF":
        digits = f"substring(strftime({moment}, '%f') || '0', 1, {len(part)})"
        return digits if part[0] == "f" else f"rtrim({digits}, '0')"
    return quoted(part)


@function("format_timespan", ["timespan", "string"])
def _format_timespan(call: Invocation) -> Typed:
    raise call.refuse("not emulated; take tostring() or totimespan arithmetic")


FUNCTIONS["todatetime"] = Function(1, 1, ("any",), lambda call: cast(call.arguments[0], "datetime"))
FUNCTIONS["totimespan"] = Function(1, 1, ("any",), lambda call: cast(call.arguments[0], "timespan"))
