"""Dates and times, in UTC and with .NET's formats."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, integer, text

_TOKENS = re.compile(
    r"yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|F{1,7}|tt|K|zzz|'[^']*'|\\.|.", re.DOTALL
)
_STANDARD = {
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
}
_DEFAULT = "o"


def parse_moment(name: str, value: Any) -> datetime:
    """Return the moment that an ISO 8601 text names, in UTC."""
    raw = text(name, value)
    match = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,7})?)?\s*(Z|[+-]\d{2}:\d{2})?", raw
    )
    if match is None:
        raise ExpressionError(
            f"In function '{name}', the value provided for date time string '{raw}' was not valid. The datetime string "
            f"must match ISO 8601 format."
        )
    try:
        moment = datetime.fromisoformat(
            f"{match[1]}T{match[2] or '00:00:00'}{(match[3] or '')[:7]}{match[4] or '+00:00'}"
        )
    except ValueError as error:
        raise ExpressionError(f"In function '{name}', the date time string '{raw}' is not valid: {error}.") from error
    return moment.astimezone(UTC)


def format_moment(moment: datetime, form: str) -> str:
    """Return the moment (UTC) in a .NET format, standard or custom."""
    pattern = _STANDARD.get(form, form)
    return "".join(_field(moment, token) for token in _TOKENS.findall(pattern))


def _field(moment: datetime, token: str) -> str:
    fraction = f"{moment.microsecond:06}0"
    fields = {
        "yyyy": f"{moment.year:04}", "yy": f"{moment.year % 100:02}",
        "MMMM": calendar.month_name[moment.month], "MMM": calendar.month_abbr[moment.month],
        "MM": f"{moment.month:02}", "M": str(moment.month),
        "dddd": calendar.day_name[moment.weekday()], "ddd": calendar.day_abbr[moment.weekday()],
        "dd": f"{moment.day:02}", "d": str(moment.day),
        "HH": f"{moment.hour:02}", "H": str(moment.hour),
        "hh": f"{(moment.hour - 1) % 12 + 1:02}", "h": str((moment.hour - 1) % 12 + 1),
        "mm": f"{moment.minute:02}", "m": str(moment.minute),
        "ss": f"{moment.second:02}", "s": str(moment.second),
        "tt": "AM" if moment.hour < 12 else "PM", "K": "Z", "zzz": "+00:00",
    }  # fmt: skip
    if token in fields:
        return fields[token]
    if token[0] == "f":
        return fraction[: len(token)]
    if token[0] == "F":
        return fraction[: len(token)].rstrip("0")
    return token[1:-1] if token[0] == "'" and len(token) > 1 else token.removeprefix("\\")


@function("utcNow", least=0, most=1)
def utc_now(environment: Environment, form: Any = _DEFAULT) -> str:
    """Return the current time."""
    return format_moment(environment.now(), text("utcNow", form))


@function("formatDateTime", least=1, most=3)
def format_date_time(_: Environment, moment: Any, form: Any = _DEFAULT, locale: Any = None) -> str:
    """Return a moment in another format."""
    return format_moment(parse_moment("formatDateTime", moment), text("formatDateTime", form))


def _adder(name: str, unit: str) -> None:
    def body(_: Environment, moment: Any, count: Any, form: Any = _DEFAULT) -> str:
        shift = timedelta(**{unit: integer(name, count)})
        return format_moment(parse_moment(name, moment) + shift, text(name, form))

    function(name, least=2, most=3)(body)


for _name, _unit in (("addSeconds", "seconds"), ("addMinutes", "minutes"), ("addHours", "hours"), ("addDays", "days")):
    _adder(_name, _unit)


@function("ticks", least=1)
def ticks(_: Environment, moment: Any) -> int:
    """Return the ticks of 100 ns since the year 1."""
    passed = parse_moment("ticks", moment) - datetime(1, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 10_000_000 + passed.microseconds * 10
