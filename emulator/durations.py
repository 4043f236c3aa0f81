"""ISO 8601 durations, as workflows and alert rules have them."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)

_LONGEST_SECONDS = 10_675_199 * 86_400.0
"""The whole days of .NET's TimeSpan.MaxValue, in which the services keep durations."""


def duration_seconds(text: str) -> float:
    """Return the seconds of a duration such as ``PT1H30M``.

    Raises:
        ValueError: it is not a duration of days, hours, minutes and seconds.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT30S, PT1H or P1D")
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    seconds = part["days"] * 86_400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]
    if seconds > _LONGEST_SECONDS:
        raise ValueError(f"a duration of {len(text)} characters is longer than {_LONGEST_SECONDS / 86_400:.0f} days")
    return seconds


def duration(text: str) -> timedelta:
    """Return the same as a time difference.

    Raises:
        ValueError: it is not a duration of days, hours, minutes and seconds.
    """
    return timedelta(seconds=duration_seconds(text))
