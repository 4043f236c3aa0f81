"""Moments as .NET has them: ticks of 100 ns since the year 1, and what a zone designator makes of their text."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from emulator.logic_apps.expressions.errors import ExpressionError

TICKS_A_SECOND: Final = 10_000_000
TICKS_A_DAY: Final = 86_400 * TICKS_A_SECOND
_LAST_TICK: Final = 3_155_378_975_999_999_999
"""DateTime.MaxValue.Ticks of .NET."""

_ISO: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?\s*(Z|[+-]\d{2}:\d{2})?",
    re.IGNORECASE,
)
_TOKENS: Final = re.compile(
    r"y{1,5}|M{1,4}|d{1,4}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|F{1,7}|t{1,2}|z{1,3}|K|'[^']*'|\"[^\"]*\"|\\.|%(?=\w)|.",
    re.DOTALL,
)
_STANDARD: Final = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
"""Standard date and time format strings of .NET with the invariant culture, the one that the vectors were made with."""


@dataclass(frozen=True)
class Moment:
    """`zone` is what the format K shows: ``Z``, ``+00:00`` or nothing."""

    ticks: int
    zone: str

    @property
    def when(self) -> datetime:
        """The moment without its zone, cut to microseconds."""
        return datetime(1, 1, 1) + timedelta(microseconds=self.ticks // 10)

    def plus(self, ticks: int, function: str) -> Moment:
        """Return the moment `ticks` later.

        Raises:
            ExpressionError: it is outside of the years 1 to 9999.
        """
        moved = self.ticks + ticks
        if not 0 <= moved <= _LAST_TICK:
            raise ExpressionError(
                f"The template language function '{function}' could not create a time value: it lies outside of the "
                f"years 1 to 9999."
            )
        return Moment(moved, self.zone)

    def plus_months(self, months: int, function: str) -> Moment:
        """Return the same day of another month, or its last one."""
        when = self.when
        index = when.year * 12 + when.month - 1 + months
        year, month = index // 12, index % 12 + 1
        if not 1 <= year <= 9999:
            return self.plus(_LAST_TICK * (1 if months > 0 else -1), function)
        day = min(when.day, calendar.monthrange(year, month)[1])
        moved = (date(year, month, day).toordinal() - 1) * TICKS_A_DAY + self.ticks % TICKS_A_DAY
        return Moment(moved, self.zone)

    def text(self, form: str) -> str:
        """Return the moment in a standard or custom .NET format."""
        pattern = _STANDARD.get(form) if len(form) == 1 else form
        if pattern is None:
            raise ExpressionError(f"The date format '{form}' is not valid.")
        return "".join(self._field(token) for token in _TOKENS.findall(pattern))

    def _field(self, token: str) -> str:
        when, kind, length = self.when, token[0], len(token)
        hour = (when.hour - 1) % 12 + 1
        if kind in "fF" and set(token) == {kind}:
            digits = f"{self.ticks % TICKS_A_SECOND:07}"[:length]
            return digits if kind == "f" else digits.rstrip("0")
        if kind == "M" and length > 2:
            return (calendar.month_name if length == 4 else calendar.month_abbr)[when.month]
        if kind == "d" and length > 2:
            return (calendar.day_name if length == 4 else calendar.day_abbr)[when.weekday()]
        if kind == "y":
            return f"{when.year % 100 if length < 3 else when.year:0{length}}"
        if kind == "t":
            return ("AM" if when.hour < 12 else "PM")[:length]
        if kind == "z":
            return {1: "+0", 2: "+00", 3: "+00:00"}[length]
        if kind == "K":
            return self.zone
        numbers = {"M": when.month, "d": when.day, "H": when.hour, "h": hour, "m": when.minute, "s": when.second}
        if kind in numbers:
            return f"{numbers[kind]:0{length}}"
        if kind in "'\"" and length > 1:
            return token[1:-1]
        return "" if token == "%" else token.removeprefix("\\")


def moment_of(when: datetime) -> Moment:
    """Return an aware moment, in UTC."""
    since = when.astimezone(UTC).replace(tzinfo=None) - datetime(1, 1, 1)
    return Moment((since.days * 86_400 + since.seconds) * TICKS_A_SECOND + since.microseconds * 10, "Z")


def parse_moment(function: str, raw: str) -> Moment:
    """Return the moment that an ISO 8601 text names; one with an offset is turned to UTC.

    Raises:
        ExpressionError: it names none.
    """
    match = _ISO.fullmatch(raw.strip())
    error = ExpressionError(
        f"In function '{function}', the value provided for date time string '{raw}' was not valid. The datetime string "
        f"must match ISO 8601 format."
    )
    if match is None:
        raise error
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        days = date(year, month, day).toordinal() - 1
    except ValueError as fault:
        raise error from fault
    if hour > 23 or minute > 59 or second > 59:
        raise error
    ticks = days * TICKS_A_DAY + (hour * 3600 + minute * 60 + second) * TICKS_A_SECOND
    ticks += int((match[7] or "0").ljust(7, "0"))
    zone = (match[8] or "").upper()
    if zone in ("", "Z"):
        return Moment(ticks, zone)
    sign = -1 if zone[0] == "-" else 1
    offset = sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    return Moment(ticks, "+00:00").plus(-offset * TICKS_A_SECOND, function)
