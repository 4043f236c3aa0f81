"""ISO 8601 durations and the units of intervals."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}


def duration_seconds(text: str) -> float:
    """Return the seconds of a duration such as ``PT1H30M``.

    Raises:
        ValueError: it is not a duration of days, hours, minutes and seconds.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT30S, PT1H or P1D")
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    return part["days"] * 86_400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]


def interval_seconds(count: float, unit: str) -> float:
    """Return the seconds of `count` units: Second, Minute, Hour, Day, Week or Month (30 days).

    Raises:
        ValueError: the unit is none of them.
    """
    if unit.lower() not in _UNITS:
        raise ValueError(f"{unit!r} is not one of {', '.join(name.title() for name in _UNITS)}")
    return count * _UNITS[unit.lower()]
