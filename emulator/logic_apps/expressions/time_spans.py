"""Lengths of time as .NET's TimeSpan, in ticks of 100 ns.

Source: learn.microsoft.com, "Standard TimeSpan format strings" and "Custom TimeSpan format strings".
"""

from __future__ import annotations

import re

from emulator.logic_apps.expressions.cultures import INVARIANT, Culture
from emulator.logic_apps.expressions.date_formats import literal_of, short_fraction
from emulator.logic_apps.expressions.dotnet_numbers import FormatError
from emulator.logic_apps.expressions.moments import TICKS_A_DAY, TICKS_A_SECOND

_GREATEST = 2**63 - 1
_TEXT = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+)|(?:(?P<day>\d+)\.)?(?P<parts>\d+(?::\d+){1,3})(?:\.(?P<fraction>\d{1,7}))?)",
    re.ASCII,
)
_PIECE = re.compile(
    r"""(?P<field>d+|h+|m+|s+|f+|F+) | %(?P<single>[dhmsfF]) | \\(?P<escaped>.) | '(?P<quoted>[^']*)'
      | "(?P<double>[^"]*)" | (?P<literal>.)""",
    re.VERBOSE | re.DOTALL,
)


def parse(text: str) -> int:
    """Return the ticks of ``[-][d.]hh:mm[:ss[.fffffff]]`` or of a number of days.

    Raises:
        ValueError: it is not written so, or one of its parts is too great.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError("it is not a length of time")
    ticks = int(match["days"]) * TICKS_A_DAY if match["days"] else _clock_ticks(match)
    if ticks > _GREATEST:
        raise ValueError("it does not fit into 64 bits")
    return -ticks if match["sign"] else ticks


def _clock_ticks(match: re.Match[str]) -> int:
    parts = [int(part) for part in match["parts"].split(":")]
    days = int(match["day"] or 0)
    fraction = int((match["fraction"] or "").ljust(7, "0"))
    if match["day"] is None and len(parts) > 2 and (len(parts) == 4 or parts[0] > 23):
        days, *parts = parts
    if match["fraction"] is not None and len(parts) < 3:
        raise ValueError("only seconds have decimal places")
    hours, minutes, seconds = [*parts, 0, 0][:3]
    if len(parts) > 3 or hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("its hours, minutes or seconds are too many")
    return days * TICKS_A_DAY + ((hours * 60 + minutes) * 60 + seconds) * TICKS_A_SECOND + fraction


def write(ticks: int) -> str:
    """Return the constant format: ``[-][d.]hh:mm:ss[.fffffff]``."""
    sign, days, rest = _split(ticks)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    fraction = abs(ticks) % TICKS_A_SECOND
    return f"{sign}{f'{days}.' if days else ''}{clock}{f'.{fraction:07}' if fraction else ''}"


def _split(ticks: int) -> tuple[str, int, int]:
    days, rest = divmod(abs(ticks), TICKS_A_DAY)
    return "-" if ticks < 0 else "", days, rest // TICKS_A_SECOND


def format_span(ticks: int, form: str, culture: Culture = INVARIANT) -> str:
    """Return a length of time in a .NET format.

    Raises:
        FormatError: the format is not one.
    """
    if form in ("", "c", "t", "T"):
        return write(ticks)
    if form in ("g", "G"):
        return _general(ticks, form, culture)
    if len(form) == 1:
        raise FormatError(f"'{form}' is not a format for lengths of time")
    return "".join(_piece(match, ticks, form) for match in _PIECE.finditer(form))


def _general(ticks: int, form: str, culture: Culture) -> str:
    sign, days, rest = _split(ticks)
    fraction = abs(ticks) % TICKS_A_SECOND
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    if form == "G":
        return f"{sign}{days}:{hours:02}:{minutes:02}:{seconds:02}{culture.point}{fraction:07}"
    decimals = short_fraction(fraction, "FFFFFFF")
    clock = f"{hours}:{minutes:02}:{seconds:02}"
    return f"{sign}{f'{days}:' if days else ''}{clock}{culture.point + decimals if decimals else ''}"


def _piece(match: re.Match[str], ticks: int, form: str) -> str:
    _, days, rest = _split(ticks)
    fraction = abs(ticks) % TICKS_A_SECOND
    field = match["field"] or match["single"]
    if field is None:
        if match.lastgroup == "literal":
            raise FormatError(f"'{form}' is not a format for lengths of time: '{match[0]}' needs a \\ before it")
        return literal_of(match)
    count, letter = len(field), field[0]
    if letter == "d":
        return f"{days:0{count}}"
    if count > (7 if letter in "fF" else 2):
        raise FormatError(f"'{form}' is not a format for lengths of time: '{field}' is too long")
    if letter == "f":
        return f"{fraction:07}"[:count]
    if letter == "F":
        return short_fraction(fraction, field)
    return f"{ {'h': rest // 3600, 'm': rest // 60 % 60, 's': rest % 60}[letter]:0{count}}"
