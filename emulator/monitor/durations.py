"""ISO 8601 durations of alert rules."""

from __future__ import annotations

import re
from datetime import timedelta


def duration(text: str) -> timedelta:
    """Return a duration such as PT5M, PT1H or P1D.

    Raises:
        ValueError: it has not that form.
    """
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not a duration such as PT5M")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
