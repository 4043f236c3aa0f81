"""Dates and times in .NET's standard and custom formats, written and read.

Source: learn.microsoft.com, "Standard date and time format strings" and "Custom date and time format strings".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from emulator.logic_apps.expressions.cultures import INVARIANT, Culture
from emulator.logic_apps.expressions.date_parsing import parse as parse_freely
from emulator.logic_apps.expressions.dotnet_numbers import FormatError
from emulator.logic_apps.expressions.moments import Moment

ROUND_TRIP: Final = "o"
"""The format of the functions' results where none is given."""

_SORTABLE: Final = "yyyy-MM-ddTHH:mm:ss"
_FIXED: Final = {
    "o": f"{_SORTABLE}.fffffffK",
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy-MM-dd'T'HH':'mm':'ss",
    "u": "yyyy-MM-dd HH':'mm':'ss'Z'",
}
_INVARIANT_ONLY: Final = frozenset("orsu")

_PIECE = re.compile(
    r"""(?P<field>y+|M+|d+|H+|h+|m+|s+|f+|\.?F+|t+|K|z+|g+) | %(?P<single>[^%]) | \\(?P<escaped>.)
      | '(?P<quoted>(?:\\.|[^'\\])*)' | "(?P<double>(?:\\.|[^"\\])*)" | (?P<wrong>['"%\\]) | (?P<literal>.)""",
    re.VERBOSE | re.DOTALL,
)

_Writer = Callable[[Moment, Culture], str]


def format_moment(moment: Moment, form: str, culture: Culture = INVARIANT) -> str:
    """Return `moment` in a .NET format.

    Raises:
        FormatError: the format is not one.
    """
    pattern, culture = expanded(form, culture)
    return "".join(write(moment, culture) for write in _writers(pattern))


def expanded(form: str, culture: Culture) -> tuple[str, Culture]:
    """Return the custom format that a standard one stands for, and the culture it is written in."""
    if not form:
        form = "G"
    if len(form) > 1:
        return form, culture
    if (letter := form.lower()) in _INVARIANT_ONLY and (form == letter or form in "OR"):
        return _FIXED[letter], INVARIANT
    patterns = {
        "d": culture.short_date,
        "D": culture.long_date,
        "f": f"{culture.long_date} {culture.short_time}",
        "F": f"{culture.long_date} {culture.long_time}",
        "g": f"{culture.short_date} {culture.short_time}",
        "G": f"{culture.short_date} {culture.long_time}",
        "m": culture.month_day,
        "M": culture.month_day,
        "t": culture.short_time,
        "T": culture.long_time,
        "U": f"{culture.long_date} {culture.long_time}",
        "y": culture.year_month,
        "Y": culture.year_month,
    }
    if form not in patterns:
        raise FormatError(f"'{form}' is not a format for dates")
    return patterns[form], culture


@lru_cache(maxsize=500)
def _writers(pattern: str) -> tuple[_Writer, ...]:
    return tuple(_writer(match, pattern) for match in _PIECE.finditer(pattern))


def _writer(match: re.Match[str], pattern: str) -> _Writer:
    kind = str(match.lastgroup)
    if kind == "wrong":
        raise FormatError(f"'{pattern}' is not a format for dates: '{match[0]}' stands alone")
    if kind == "field" or (kind == "single" and match["single"] in "yMdHhmsfFtKzg"):
        field = match["field"] or match["single"]
        if field.lstrip(".")[0] in "fF" and len(field.lstrip(".")) > 7:
            raise FormatError(f"'{pattern}' is not a format for dates: a second has 7 decimal places")
        return _field(field)
    text = literal_of(match)
    if kind == "literal" and text in "/:":
        return lambda _, culture: culture.date_separator if text == "/" else culture.time_separator
    return lambda _moment, _culture: text


def literal_of(match: re.Match[str]) -> str:
    """Return the text that a piece which is no field stands for."""
    quoted = match["quoted"] if match["quoted"] is not None else match["double"]
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    return match["single"] or match["escaped"] or match["literal"]


def _field(field: str) -> _Writer:
    count = len(field)
    match field[0]:
        case "y":
            return lambda moment, _: _year(moment.date.year, count)
        case "M":
            return lambda moment, culture: _named(moment.date.month, count, culture.short_months, culture.months, 1)
        case "d":
            return _day(count)
        case "H":
            return lambda moment, _: _padded(moment.date.hour, count)
        case "h":
            return lambda moment, _: _padded((moment.date.hour - 1) % 12 + 1, count)
        case "m":
            return lambda moment, _: _padded(moment.date.minute, count)
        case "s":
            return lambda moment, _: _padded(moment.date.second, count)
        case "f":
            return lambda moment, _: f"{moment.fraction:07}"[:count]
        case "F" | ".":
            return lambda moment, _: short_fraction(moment.fraction, field)
        case "t":
            return lambda moment, culture: (culture.am if moment.date.hour < 12 else culture.pm)[
                : 1 if count == 1 else None
            ]
        case "K":
            return lambda moment, _: moment.kind.value
        case "z":
            return lambda *_: {1: "+0", 2: "+00"}.get(count, "+00:00")
        case _:
            return lambda _, culture: culture.era


def short_fraction(ticks: int, field: str) -> str:
    """Return the decimal places of a second without the zeros at their end; a point before goes with the last."""
    point, places = ("." if field[0] == "." else ""), field.lstrip(".")
    digits = f"{ticks:07}"[: len(places)].rstrip("0")
    return f"{point}{digits}" if digits else ""


def _year(year: int, count: int) -> str:
    return _padded(year % 100, count) if count <= 2 else f"{year:0{count}}"


def _padded(value: int, count: int) -> str:
    return str(value) if count == 1 else f"{value:02}"


def _named(value: int, count: int, short: tuple[str, ...], long: tuple[str, ...], first: int) -> str:
    if count <= 2:
        return _padded(value, count)
    return (short if count == 3 else long)[value - first]


def _day(count: int) -> _Writer:
    if count <= 2:
        return lambda moment, _: _padded(moment.date.day, count)
    return lambda moment, culture: (culture.short_days if count == 3 else culture.days)[(moment.date.weekday() + 1) % 7]


def parse_moment(text: str, form: str, today: Moment, culture: Culture = INVARIANT) -> Moment:
    """Return the moment that `text` names, written exactly in a .NET format. What it leaves out is that of `today`.

    Raises:
        ValueError: it is not written in this format.
        FormatError: the format is not one.
    """
    pattern, culture = expanded(form, culture)
    match = _reading(pattern, culture).fullmatch(text)
    if match is None:
        raise ValueError(f"it is not written as '{form}'")
    return _composed(match.groupdict(), today, culture)


@lru_cache(maxsize=500)
def _reading(pattern: str, culture: Culture) -> re.Pattern[str]:
    parts: list[str] = []
    groups = set[str]()
    for match in _PIECE.finditer(pattern):
        part = _reader(match, culture, pattern)
        named = _GROUP.search(part)
        # A field that comes again has to be written the same again.
        parts.append(f"(?P={named[1]})" if named is not None and named[1] in groups else part)
        groups |= {named[1]} if named is not None else set()
    return re.compile("".join(parts), re.IGNORECASE)


_GROUP = re.compile(r"\(\?P<(\w+)>")


def _reader(match: re.Match[str], culture: Culture, pattern: str) -> str:
    if match.lastgroup == "wrong":
        raise FormatError(f"'{pattern}' is not a format for dates: '{match[0]}' stands alone")
    field = match["field"] or (match["single"] if match["single"] and match["single"] in "yMdHhmsfFtKzg" else None)
    if field is None:
        return re.escape(literal_of(match)) if match[0] not in "Z" else "(?P<utc>Z)"
    count = len(field)
    digits = r"\d{1,2}" if count == 1 else r"\d{2}"
    match field[0]:
        case "y":
            return rf"(?P<year>\d{{{count if count > 2 else '1,2' if count == 1 else 2}}})"
        case "M" if count > 2:
            return _one_of("month_name", culture.short_months if count == 3 else culture.months)
        case "d" if count > 2:
            return _one_of("weekday", culture.short_days if count == 3 else culture.days)
        case "M" | "d" | "H" | "h" | "m" | "s":
            return f"(?P<{_GROUPS[field[0]]}>{digits})"
        case "f":
            return rf"(?P<fraction>\d{{{count}}})"
        case "F" | ".":
            return rf"(?:\.?(?P<fraction>\d{{1,{count}}}))?"
        case "t":
            return _one_of("half", (culture.am[: 1 if count == 1 else None], culture.pm[: 1 if count == 1 else None]))
        case "K":
            return r"(?P<zone>Z|[+-]\d{2}:\d{2})?"
        case "z":
            return r"(?P<zone>[+-]\d{1,2}:\d{2})" if count > 2 else r"(?P<zone>[+-]\d{1,2})"
        case _:
            return re.escape(culture.era)


_GROUPS: Final = {"M": "month", "d": "day", "H": "hour", "h": "half_hour", "m": "minute", "s": "second"}


def _one_of(group: str, names: tuple[str, ...]) -> str:
    return f"(?P<{group}>{'|'.join(re.escape(name) for name in sorted(names, key=len, reverse=True))})"


def _composed(parts: dict[str, str | None], today: Moment, culture: Culture) -> Moment:
    now = today.date
    month = int(parts.get("month") or 0) or _position(parts.get("month_name"), culture.short_months, culture.months)
    dated = any(parts.get(name) for name in ("year", "month", "month_name", "day"))
    year = parts.get("year")
    day = parse_freely(
        f"{month or (1 if dated else now.month)}/{parts.get('day') or (1 if dated else now.day)}/{year or now.year}",
        today,
    )
    weekday = _position(parts.get("weekday"), culture.short_days, culture.days)
    if weekday and weekday - 1 != (day.date.weekday() + 1) % 7:
        raise ValueError("the day of the week is not that of the date")
    zone = parts.get("zone") or parts.get("utc") or ""
    time = f"{_hour(parts, culture):02}:{int(parts.get('minute') or 0):02}:{int(parts.get('second') or 0):02}"
    return parse_freely(f"{day.date:%Y-%m-%d}".rjust(10, "0") + f"T{time}.{parts.get('fraction') or 0}{zone}", today)


def _hour(parts: dict[str, str | None], culture: Culture) -> int:
    hour = int(parts.get("hour") or parts.get("half_hour") or 0)
    half = (parts.get("half") or "").lower()
    if not half:
        return hour
    evening = culture.pm.lower().startswith(half)
    return hour % 12 + 12 if evening else hour % 12


def _position(name: str | None, *names: tuple[str, ...]) -> int:
    lowered = (name or "").lower()
    return next((index + 1 for each in names for index, one in enumerate(each) if one.lower() == lowered), 0)
