"""Reads dates and times as .NET's DateTime does: ISO 8601 and what else a culture's readers write, or by a format."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from typing import Final

from emulator.logic_apps.expressions.cultures import INVARIANT, Culture
from emulator.logic_apps.expressions.moments import TICKS_A_DAY, TICKS_A_SECOND, Kind, Moment

_TWO_DIGIT_YEARS_TO: Final = 2029
"""A year of two digits is the one up to here. Source: .NET's Calendar.TwoDigitYearMax of the invariant calendar."""

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2})"
    r"(?:(?:[Tt]|\s+)(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?)?)?"
    r"\s*(?P<zone>[Zz]|[+-]\d{1,4}|[+-]\d{1,2}:\d{2})?",
    re.ASCII,
)
_TOKEN = re.compile(r"(?P<number>[0-9]+)|(?P<mark>[-/.:,年月日])|(?P<word>[^\W\d]+\.?)|\s+")
_TIME = re.compile(
    r"(?<![\d:+])(?<!\s-)(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?(?![\d:])(?:\s*(?P<zone>[Zz]|GMT|[+-]\d{1,4}(?::\d{2})?))?",
)
_ZONE_OF_DAY = re.compile(r"(?<=\d)\s*(?P<zone>GMT|[Zz]|(?<=\s)[+-]\d{1,2}(?::\d{2})?)\s*$")
_ISO_DAY_AND_T = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[Tt]\d", re.ASCII)
_BEFORE_TIME = re.compile(r"[Tt]\s*$")


def parse(text: str, today: Moment, culture: Culture = INVARIANT) -> Moment:
    """Return the moment that `text` names; one with an offset is turned into UTC. A time alone is one of `today`.

    Raises:
        ValueError: it names none.
    """
    stripped = text.strip()
    iso = _ISO.fullmatch(stripped)
    try:
        if iso is not None:
            day = Moment.at(int(iso["year"]), int(iso["month"]), int(iso["day"] or 1))
            return _zoned(day.plus(_ticks_of_day(iso)), iso["zone"])
        return _free(stripped, today, culture)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _ticks_of_day(match: re.Match[str]) -> int:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"'{match[0]}' is no time of a day")
    return ((hour * 60 + minute) * 60 + second) * TICKS_A_SECOND + _fraction(match["fraction"])


def _fraction(digits: str | None) -> int:
    if not digits:
        return 0
    return int(digits[:7].ljust(7, "0")) + (digits[7:8] >= "5")


def _zoned(moment: Moment, zone: str | None) -> Moment:
    if not zone:
        return moment
    if zone in ("Z", "z", "GMT"):
        return Moment(moment.ticks, Kind.UTC)
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    offset = hours * 60 + minutes
    if minutes > 59 or offset > 14 * 60:
        raise ValueError(f"the offset '{zone}' is not one of -14:00 to +14:00")
    ticks = moment.ticks - (offset if zone[0] == "+" else -offset) * 60 * TICKS_A_SECOND
    return Moment(ticks if ticks >= 0 else ticks + TICKS_A_DAY, Kind.LOCAL)


@dataclass
class _Found:
    """What a free text says about the day."""

    numbers: list[str] = field(default_factory=list[str])
    month: int | None = None
    month_at: int = 0
    weekday: int | None = None


def _free(text: str, today: Moment, culture: Culture) -> Moment:
    time = _time_in(text)
    ticks, zone, rest, marked = 0, None, text, None
    if time is not None:
        ticks, zone = _half_day_ticks(time), time["zone"]
        before = text[: time.start()]
        marked = _BEFORE_TIME.search(before)
        rest = f"{before[: marked.start()] if marked else before} {text[time.end() :]}"
    elif not text:
        raise ValueError("it is empty")
    elif (of_day := _ZONE_OF_DAY.search(text)) is not None:
        zone, rest = of_day["zone"], text[: of_day.start()]
    found = _words(rest, culture)
    if _ISO_DAY_AND_T.match(text):
        raise ValueError("after a T the time is hh:mm, hh:mm:ss or hh:mm:ss.f")
    if marked and not (found.month is None and len(found.numbers) == 3 and len(found.numbers[0]) > 2):
        raise ValueError("only a day that begins with its year has a T before the time")
    if not found.numbers and found.month is None:
        if time is None or found.weekday is not None:
            raise ValueError("it names no day")
        day = today.plus(-(today.ticks % TICKS_A_DAY))
        return _zoned(Moment(day.ticks + ticks, Kind.UNSPECIFIED), zone)
    if time is not None and len(found.numbers) + (found.month is not None) < 3:
        raise ValueError("a day with a time has a year, a month and a day")
    moment = _day(found, today, culture)
    if found.weekday is not None and found.weekday != (moment.date.weekday() + 1) % 7:
        raise ValueError("the day of the week is not that of the date")
    return _zoned(moment.plus(ticks), zone)


def _time_in(text: str) -> re.Match[str] | None:
    return next((match for match in _TIME.finditer(text) if match["minute"] or match["half"]), None)


def _half_day_ticks(time: re.Match[str]) -> int:
    ticks = _ticks_of_day(time)
    half, hour = (time["half"] or "").lower(), int(time["hour"])
    if half == "am" and hour > 12:
        raise ValueError(f"'{time[0]}' is no time of a day")
    if half == "pm" and hour < 12:
        return ticks + TICKS_A_DAY // 2
    return ticks - TICKS_A_DAY // 2 if half == "am" and hour == 12 else ticks


def _words(text: str, culture: Culture) -> _Found:
    found, position, last = _Found(), 0, ""
    if text[:1] and text[0] in "-/.:,":
        raise ValueError(f"'{text[0]}' is not expected")
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"'{text[position]}' is not expected")
        position = match.end()
        mark = match["mark"]
        if mark and mark in "-/" and last:
            raise ValueError(f"'{mark}' is not expected after '{last}'")
        if not match[0].isspace():
            last = mark or ""
        if match["number"]:
            found.numbers.append(match["number"])
        elif match["word"]:
            _word(match["word"], found, culture)
    if last and last in "-/":
        raise ValueError(f"'{last}' is not expected at the end")
    return found


def _word(word: str, found: _Found, culture: Culture) -> None:
    month = _index(word, culture.months, culture.short_months)
    if month is not None and found.month is None:
        found.month, found.month_at = month + 1, len(found.numbers)
        return
    weekday = _index(word, culture.days, culture.short_days)
    if weekday is None or found.weekday is not None:
        raise ValueError(f"'{word}' is not expected")
    found.weekday = weekday


def _index(word: str, *names: tuple[str, ...]) -> int | None:
    lowered = word.lower().rstrip(".")
    for each in names:
        for index, name in enumerate(each):
            if name.lower().rstrip(".") == lowered:
                return index
    return None


def _day(found: _Found, today: Moment, culture: Culture) -> Moment:
    numbers = found.numbers
    if found.month is not None:
        return _day_of_month(found, found.month, today, culture)
    order = list(dict.fromkeys(re.sub("[^dMy]", "", culture.short_date)))
    if len(numbers) == 3:
        if len(numbers[0]) > 2:
            order = ["y", "M", "d"]
        elif len(numbers[1]) > 2:
            order = [letter for letter in order if letter != "y"]
            order.insert(1, "y")
        parts = dict(zip(order, numbers, strict=True))
        if len(parts["M"]) > 2 or len(parts["d"]) > 2:
            raise ValueError("a month or day has too many digits")
        return Moment.at(_year(parts["y"]), int(parts["M"]), int(parts["d"]))
    if len(numbers) == 2:
        if min(map(len, numbers)) > 2:
            raise ValueError("a month has too many digits")
        if len(numbers[0]) > 2 or len(numbers[1]) > 2:
            year, month = numbers if len(numbers[0]) > 2 else reversed(numbers)
            return Moment.at(_year(year), int(month), 1)
        parts = dict(zip([letter for letter in order if letter != "y"], numbers, strict=True))
        return Moment.at(today.date.year, int(parts["M"]), int(parts["d"]))
    raise ValueError("it names no day")


def _day_of_month(found: _Found, month: int, today: Moment, culture: Culture) -> Moment:
    """Return the day that a month's name and one or two numbers name."""
    if len(found.numbers) == 1:
        (number,) = found.numbers
        year_first = culture.year_month.startswith("y") and culture.month_day.startswith("M")
        if len(number) > 2 or (found.month_at and year_first):
            return Moment.at(_year(number), month, 1)
        return Moment.at(today.date.year, month, int(number))
    if len(found.numbers) == 2:
        first, second = found.numbers
        if len(first) > 2 or int(first) > calendar.monthrange(_year(second) or 1, month)[1]:
            return Moment.at(_year(first), month, int(second))
        return Moment.at(_year(second), month, int(first))
    raise ValueError("it names no day")


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    century = _TWO_DIGIT_YEARS_TO // 100 * 100
    return year + (century if year <= _TWO_DIGIT_YEARS_TO % 100 else century - 100)
