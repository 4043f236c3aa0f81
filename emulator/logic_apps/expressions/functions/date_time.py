"""Functions on dates and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from emulator.logic_apps.expressions import time_spans
from emulator.logic_apps.expressions.dotnet_numbers import FormatError
from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.moments import FORMAT, moment_text, parse_moment, parse_moment_as
from emulator.logic_apps.expressions.functions.registry import culture, function, integer, refused, text
from emulator.logic_apps.expressions.moments import TICKS_A_DAY, TICKS_A_SECOND, Kind, Moment
from emulator.logic_apps.expressions.values import int32

_UNITS: Final = {
    "day": TICKS_A_DAY,
    "hour": 3600 * TICKS_A_SECOND,
    "minute": 60 * TICKS_A_SECOND,
    "second": TICKS_A_SECOND,
    "week": 7 * TICKS_A_DAY,
}
_MONTHS: Final = {"month": 1, "year": 12}


def _moment(name: str, value: Any, environment: Environment) -> Moment:
    return parse_moment(name, value, environment.now())


@function("utcNow", least=0, most=1)
def utc_now(environment: Environment, form: Any = FORMAT) -> str:
    """Return the current time."""
    return moment_text("utcNow", Moment.of(environment.now()), form, 0)


@function("formatDateTime", least=1, most=3)
def format_date_time(environment: Environment, moment: Any, form: Any = FORMAT, locale: Any = "") -> str:
    """Return a moment in another format, with the names of a culture."""
    chosen = culture("formatDateTime", text("formatDateTime", locale, 3), 3)
    return moment_text("formatDateTime", _moment("formatDateTime", moment, environment), form, 2, chosen)


@function("parseDateTime", least=1, most=3)
def parse_date_time(environment: Environment, value: Any, locale: Any = "", *form: Any) -> str:
    """Return the moment that a text names, as a culture writes it or in a given format, in the default format."""
    chosen = culture("parseDateTime", text("parseDateTime", locale, 2), 2)
    if not form:
        return moment_text("parseDateTime", parse_moment("parseDateTime", value, environment.now(), chosen), FORMAT, 0)
    pattern = text("parseDateTime", form[0], 3)
    return moment_text(
        "parseDateTime", parse_moment_as("parseDateTime", value, pattern, environment.now(), chosen), FORMAT, 0
    )


def _plus(name: str, moment: Moment, count: int, unit: str) -> Moment:
    try:
        if unit in _MONTHS:
            return moment.plus_months(count * _MONTHS[unit])
        return moment.plus(count * _UNITS[unit])
    except OverflowError as error:
        raise refused(name, f"{count} times the unit '{unit}' from there on: {error}") from error


def _adder(name: str, unit: str) -> None:
    def body(environment: Environment, moment: Any, count: Any, form: Any = FORMAT) -> str:
        begin = _moment(name, moment, environment)
        return moment_text(name, _plus(name, begin, integer(name, count, 2), unit), form, 3)

    function(name, least=2, most=3)(body)


for _name, _unit in (("addSeconds", "second"), ("addMinutes", "minute"), ("addHours", "hour"), ("addDays", "day")):
    _adder(_name, _unit)


def _shifted(name: str, moment: Moment, sign: int, count: Any, unit: Any, place: int) -> Moment:
    """Return the moment an interval later or, with a negative sign, earlier; the interval is narrowed to 32 bits."""
    interval = int32(sign * int32(integer(name, count, place)))
    return _plus(name, moment, interval, _time_unit(name, text(name, unit, place + 1)))


_TIME_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")


def _time_unit(name: str, unit: str) -> str:
    """Return the unit in lower case. As .NET reads enumerations, a number is one too, and several are combined."""
    number = 0
    for part in unit.split(","):
        word = part.strip().lower()
        known = word in _TIME_UNITS
        if not known and not re.fullmatch(r"[+-]?[0-9]{1,9}", word):
            raise _no_time_unit(name, unit)
        number |= _TIME_UNITS.index(word) + 1 if known else int(word)
    if not 1 <= number <= len(_TIME_UNITS):
        raise _no_time_unit(name, unit)
    return _TIME_UNITS[number - 1]


def _no_time_unit(name: str, unit: str) -> ExpressionError:
    return refused(name, f"'{unit}' is no time unit: Second, Minute, Hour, Day, Week, Month, Year")


def _shifter(name: str, sign: int) -> None:
    def body(environment: Environment, moment: Any, count: Any, unit: Any, form: Any = FORMAT) -> str:
        shifted = _shifted(name, _moment(name, moment, environment), sign, count, unit, 2)
        return moment_text(name, shifted, form, 4)

    function(name, least=3, most=4)(body)


_shifter("addToTime", 1)
_shifter("subtractFromTime", -1)


def _from_now(name: str, sign: int) -> None:
    def body(environment: Environment, count: Any, unit: Any, form: Any = FORMAT) -> str:
        shifted = _shifted(name, Moment.of(environment.now()), sign, count, unit, 1)
        return moment_text(name, shifted, form, 3)

    function(name, least=2, most=3)(body)


_from_now("getFutureTime", 1)
_from_now("getPastTime", -1)


def _starter(name: str, passed: Callable[[Moment], int]) -> None:
    def body(environment: Environment, moment: Any, form: Any = FORMAT) -> str:
        found = _moment(name, moment, environment)
        return moment_text(name, found.plus(-passed(found)), form, 2)

    function(name, least=1, most=2)(body)


_starter("startOfHour", lambda moment: moment.ticks % (3600 * TICKS_A_SECOND))
_starter("startOfDay", lambda moment: moment.ticks % TICKS_A_DAY)
_starter("startOfMonth", lambda moment: moment.ticks % TICKS_A_DAY + (moment.date.day - 1) * TICKS_A_DAY)


def _part(name: str, part: Callable[[Moment], int]) -> None:
    def body(environment: Environment, moment: Any) -> int:
        return part(_moment(name, moment, environment))

    function(name, least=1)(body)


_part("dayOfWeek", lambda moment: (moment.date.weekday() + 1) % 7)
_part("dayOfMonth", lambda moment: moment.date.day)
_part("dayOfYear", lambda moment: moment.date.timetuple().tm_yday)
_part("ticks", lambda moment: moment.ticks)


@function("dateDifference", least=2)
def date_difference(environment: Environment, start: Any, end: Any) -> str:
    """Return the time between two moments as ``[-][d.]hh:mm:ss[.fffffff]``."""
    begin = _moment("dateDifference", start, environment)
    return time_spans.write(_moment("dateDifference", end, environment).ticks - begin.ticks)


@function("formatTimeSpan", least=2, most=3)
def format_time_span(_: Environment, span: Any, form: Any, locale: Any = "") -> str:
    """Return a length of time in one of .NET's formats."""
    raw, wanted = text("formatTimeSpan", span, 1), text("formatTimeSpan", form, 2)
    chosen = culture("formatTimeSpan", text("formatTimeSpan", locale, 3), 3)
    try:
        return time_spans.format_span(time_spans.parse(raw), wanted, chosen)
    except FormatError as error:
        raise refused("formatTimeSpan", str(error)) from error
    except ValueError as error:
        raise refused("formatTimeSpan", f"'{raw}' is no length of time, {error}") from error


_ZONES: Final = {windows.lower(): iana for windows, iana in win_tz.items()}
"""Windows' names of time zones, the ones that the service knows, by lower-case name."""


def _zone(name: str, value: Any, place: int) -> ZoneInfo:
    found = _ZONES.get(text(name, value, place).strip().lower())
    if found is None:
        raise ExpressionError(
            f"In the template language function '{name}', the time zone id '{value}' is not valid: it is none of the "
            f"names of Windows, such as 'W. Europe Standard Time'."
        )
    return ZoneInfo(found)


def _is_utc(zone: ZoneInfo) -> bool:
    return zone.key in ("Etc/UTC", "UTC")


def _universal(name: str, moment: Moment, zone: ZoneInfo) -> Moment:
    """Return a moment that was written without a zone, and so is one of `zone`, in UTC."""
    early = moment.date.replace(tzinfo=zone)
    late = early.replace(fold=1)
    if early.utcoffset() != late.utcoffset():
        raise refused(name, f"the time {moment.date.isoformat()} does not exist or exists twice in the time zone")
    return Moment(_offset(name, early, moment, -1).ticks, Kind.UTC)


def _offset(name: str, here: datetime, moment: Moment, sign: int) -> Moment:
    """Return a moment moved by the offset that a zone has at it."""
    offset = here.utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    try:
        return moment.plus(sign * seconds * TICKS_A_SECOND)
    except OverflowError as error:
        raise refused(name, f"the time in the time zone: {error}") from error


def _in_zone(name: str, moment: Moment, zone: ZoneInfo) -> Moment:
    if _is_utc(zone):
        return Moment(moment.ticks, Kind.UTC)
    try:
        here = moment.date.replace(tzinfo=UTC).astimezone(zone)
    except OverflowError as error:
        raise refused(name, f"the time in the time zone: {error}") from error
    return Moment(_offset(name, here, moment, 1).ticks, Kind.UNSPECIFIED)


@function("convertTimeZone", least=3, most=4)
def convert_time_zone(environment: Environment, moment: Any, source: Any, target: Any, form: Any = FORMAT) -> str:
    """Return a moment in another zone; the source zone counts for one that was written without any."""
    name = "convertTimeZone"
    begin, here, there = _moment(name, moment, environment), _zone(name, source, 2), _zone(name, target, 3)
    if begin.kind is Kind.UNSPECIFIED:
        begin = _universal(name, begin, here)
    return moment_text(name, _in_zone(name, begin, there), form, 4)


@function("convertFromUtc", least=2, most=3)
def convert_from_utc(environment: Environment, moment: Any, target: Any, form: Any = FORMAT) -> str:
    """Return a moment, which has to be written with a Z, in a zone."""
    name = "convertFromUtc"
    begin, there = _moment(name, moment, environment), _zone(name, target, 2)
    if begin.kind is not Kind.UTC:
        raise refused(name, f"'{moment}' is not a time of UTC, which ends with Z")
    return moment_text(name, _in_zone(name, begin, there), form, 3)


@function("convertToUtc", least=2, most=3)
def convert_to_utc(environment: Environment, moment: Any, source: Any, form: Any = FORMAT) -> str:
    """Return a moment of a zone in UTC; one written with a Z or an offset is none of another zone."""
    name = "convertToUtc"
    begin, here = _moment(name, moment, environment), _zone(name, source, 2)
    if begin.kind is Kind.LOCAL or (begin.kind is Kind.UTC and not _is_utc(here)):
        raise refused(name, f"the time zone of '{moment}' is not '{source}'")
    if begin.kind is Kind.UNSPECIFIED:
        begin = _universal(name, begin, here)
    return moment_text(name, begin, form, 3)
