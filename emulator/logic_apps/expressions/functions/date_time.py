"""Functions on dates and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.moments import (
    TICKS_A_DAY,
    TICKS_A_SECOND,
    Moment,
    moment_of,
    parse_moment,
)
from emulator.logic_apps.expressions.functions.registry import function, integer, text

_DEFAULT = "o"
_UNITS = {
    "second": TICKS_A_SECOND,
    "minute": 60 * TICKS_A_SECOND,
    "hour": 3600 * TICKS_A_SECOND,
    "day": TICKS_A_DAY,
    "week": 7 * TICKS_A_DAY,
}
_MONTHS = {"month": 1, "year": 12}


def _moment(name: str, value: Any) -> Moment:
    return parse_moment(name, text(name, value))


@function("utcNow", least=0, most=1)
def utc_now(environment: Environment, form: Any = _DEFAULT) -> str:
    """Return the current time."""
    return moment_of(environment.now()).text(text("utcNow", form))


@function("formatDateTime", least=1, most=3)
def format_date_time(_: Environment, moment: Any, form: Any = _DEFAULT, locale: Any = None) -> str:
    """Return a moment in another format."""
    return _moment("formatDateTime", moment).text(text("formatDateTime", form))


@function("parseDateTime", least=1, most=3)
def parse_date_time(_: Environment, value: Any, locale: Any = None, form: Any = None) -> str:
    """Return the moment that a text names, in the default format."""
    if form is None:
        return _moment("parseDateTime", value).text(_DEFAULT)
    patterns = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "yy": "%y"}
    pattern = re.sub("yyyy|yy|MM|dd|HH|mm|ss", lambda match: patterns[match[0]], text("parseDateTime", form))
    try:
        when = datetime.strptime(text("parseDateTime", value), pattern)
    except ValueError as error:
        raise ExpressionError(
            f"In function 'parseDateTime', the value provided for date time string '{value}' was not valid. The "
            f"datetime string must match the format '{form}'."
        ) from error
    return Moment(moment_of(when.replace(tzinfo=UTC)).ticks, "").text(_DEFAULT)


def _shifted(name: str, moment: Moment, count: int, unit: Any) -> Moment:
    word = text(name, unit).lower()
    if word in _MONTHS:
        return moment.plus_months(count * _MONTHS[word], name)
    if word not in _UNITS:
        raise ExpressionError(
            f"The template language function '{name}' expects a valid time unit: 'Second', 'Minute', 'Hour', 'Day', "
            f"'Week', 'Month' or 'Year'. The provided value is '{unit}'."
        )
    return moment.plus(count * _UNITS[word], name)


def _adder(name: str, unit: str) -> None:
    def body(_: Environment, moment: Any, count: Any, form: Any = _DEFAULT) -> str:
        return _shifted(name, _moment(name, moment), integer(name, count), unit).text(text(name, form))

    function(name, least=2, most=3)(body)


for _name, _unit in (("addSeconds", "second"), ("addMinutes", "minute"), ("addHours", "hour"), ("addDays", "day")):
    _adder(_name, _unit)


def _shifter(name: str, sign: int) -> None:
    def body(_: Environment, moment: Any, count: Any, unit: Any, form: Any = _DEFAULT) -> str:
        return _shifted(name, _moment(name, moment), sign * integer(name, count), unit).text(text(name, form))

    function(name, least=3, most=4)(body)


_shifter("addToTime", 1)
_shifter("subtractFromTime", -1)


def _from_now(name: str, sign: int) -> None:
    def body(environment: Environment, count: Any, unit: Any, form: Any = _DEFAULT) -> str:
        now = moment_of(environment.now())
        return _shifted(name, now, sign * integer(name, count), unit).text(text(name, form))

    function(name, least=2, most=3)(body)


_from_now("getFutureTime", 1)
_from_now("getPastTime", -1)


def _starter(name: str, start: Callable[[Moment], int]) -> None:
    def body(_: Environment, moment: Any, form: Any = _DEFAULT) -> str:
        found = _moment(name, moment)
        return Moment(found.ticks - start(found), found.zone).text(text(name, form))

    function(name, least=1, most=2)(body)


_starter("startOfHour", lambda moment: moment.ticks % (3600 * TICKS_A_SECOND))
_starter("startOfDay", lambda moment: moment.ticks % TICKS_A_DAY)
_starter("startOfMonth", lambda moment: moment.ticks % TICKS_A_DAY + (moment.when.day - 1) * TICKS_A_DAY)


@function("dayOfWeek", least=1)
def day_of_week(_: Environment, moment: Any) -> int:
    """Return the day of the week, 0 for Sunday."""
    return (_moment("dayOfWeek", moment).when.weekday() + 1) % 7


@function("dayOfMonth", least=1)
def day_of_month(_: Environment, moment: Any) -> int:
    """Return the day of the month."""
    return _moment("dayOfMonth", moment).when.day


@function("dayOfYear", least=1)
def day_of_year(_: Environment, moment: Any) -> int:
    """Return the day of the year."""
    return _moment("dayOfYear", moment).when.timetuple().tm_yday


@function("ticks", least=1)
def ticks(_: Environment, moment: Any) -> int:
    """Return the ticks of 100 ns since the year 1."""
    return _moment("ticks", moment).ticks


@function("dateDifference", least=2)
def date_difference(_: Environment, start: Any, end: Any) -> str:
    """Return the time between two moments as ``[-][d.]hh:mm:ss[.fffffff]``."""
    return _time_span(_moment("dateDifference", end).ticks - _moment("dateDifference", start).ticks)


@function("formatTimeSpan", least=1, most=3)
def format_time_span(_: Environment, span: Any, form: Any = "c", locale: Any = None) -> str:
    """Return a time span in the constant format."""
    match = re.fullmatch(
        r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?", text("formatTimeSpan", span)
    )
    if match is None:
        raise ExpressionError(f"In function 'formatTimeSpan', the value '{span}' is no time span.")
    if text("formatTimeSpan", form) not in ("c", "t", "T"):
        raise ExpressionError(f"The format '{form}' of the function 'formatTimeSpan' is not emulated; there is: c.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:5])
    total = days * TICKS_A_DAY + (hours * 3600 + minutes * 60 + seconds) * TICKS_A_SECOND
    total += int((match[6] or "0").ljust(7, "0"))
    return _time_span(-total if match[1] else total)


def _time_span(total: int) -> str:
    days, rest = divmod(abs(total), TICKS_A_DAY)
    seconds, fraction = divmod(rest, TICKS_A_SECOND)
    shown = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return ("-" if total < 0 else "") + (f"{days}." if days else "") + shown + (f".{fraction:07}" if fraction else "")


def _zone(name: str, id: Any) -> ZoneInfo:
    """Windows' names of zones, as the service takes them."""
    known = {windows.lower(): iana for windows, iana in win_tz.items()}
    found = known.get(text(name, id).lower())
    if found is None:
        raise ExpressionError(
            f"In the template language function '{name}', the value provided for the time zone id '{id}' was not valid."
        )
    return ZoneInfo(found)


def _converted(name: str, moment: Any, source: Any, target: Any, form: Any) -> str:
    start = _moment(name, moment)
    here = start.when.replace(tzinfo=UTC if start.zone else _zone(name, source))
    there = here.astimezone(_zone(name, target))
    offset = there.utcoffset()
    shift = int(offset.total_seconds()) if offset else 0
    universal = moment_of(here).ticks + start.ticks % 10
    zone = "Z" if text(name, target).upper() == "UTC" else ""
    return Moment(universal + shift * TICKS_A_SECOND, zone).text(text(name, form))


@function("convertTimeZone", least=3, most=4)
def convert_time_zone(_: Environment, moment: Any, source: Any, target: Any, form: Any = _DEFAULT) -> str:
    """Return a moment in another zone."""
    return _converted("convertTimeZone", moment, source, target, form)


@function("convertFromUtc", least=2, most=3)
def convert_from_utc(_: Environment, moment: Any, target: Any, form: Any = _DEFAULT) -> str:
    """Return a moment of UTC in a zone."""
    return _converted("convertFromUtc", moment, "UTC", target, form)


@function("convertToUtc", least=2, most=3)
def convert_to_utc(_: Environment, moment: Any, source: Any, form: Any = _DEFAULT) -> str:
    """Return a moment of a zone in UTC."""
    return _converted("convertToUtc", moment, source, "UTC", form)
