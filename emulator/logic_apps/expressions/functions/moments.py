"""Moments as arguments and results of functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from emulator.logic_apps.expressions import date_formats, date_parsing
from emulator.logic_apps.expressions.cultures import INVARIANT, Culture
from emulator.logic_apps.expressions.dotnet_numbers import FormatError
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import refused, text
from emulator.logic_apps.expressions.moments import Moment

FORMAT: Final = date_formats.ROUND_TRIP


def parse_moment(name: str, value: Any, now: datetime | None = None, culture: Culture = INVARIANT) -> Moment:
    """Return the moment that a text names, in UTC; a time without a date is one of the day of `now`.

    Raises:
        ExpressionError: it names none; `name` is the function that asks.
    """
    today = Moment.of(now if now is not None else datetime.now(UTC))
    return _read(name, text(name, value, 1), lambda raw: date_parsing.parse(raw, today, culture))


def parse_moment_as(name: str, value: Any, form: str, now: datetime, culture: Culture) -> Moment:
    """Return the moment that a text names, written exactly in a .NET format."""
    try:
        return _read(
            name, text(name, value, 1), lambda raw: date_formats.parse_moment(raw, form, Moment.of(now), culture)
        )
    except FormatError as error:
        raise refused(name, str(error)) from error


def _read(name: str, raw: str, reader: Any) -> Moment:
    try:
        return reader(raw)
    except FormatError:
        raise
    except ValueError as error:
        raise ExpressionError(
            f"In function '{name}', the date time string '{raw[:100]}' is not valid: {error}. The datetime string must "
            f"match ISO 8601 format."
        ) from error


def moment_text(name: str, moment: Moment, form: Any, place: int, culture: Culture = INVARIANT) -> str:
    """Return a moment in a .NET format, which is the argument number `place`."""
    wanted = text(name, form, place)
    try:
        return date_formats.format_moment(moment, wanted, culture)
    except FormatError as error:
        raise refused(name, str(error)) from error
