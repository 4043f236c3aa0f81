"""The units of recurrences and waits."""

from __future__ import annotations

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}


def interval_seconds(count: float, unit: str) -> float:
    """Return the seconds of `count` units: Second, Minute, Hour, Day, Week or Month (30 days).

    Raises:
        ValueError: the unit is none of them.
    """
    if unit.lower() not in _UNITS:
        raise ValueError(f"{unit!r} is not one of {', '.join(name.title() for name in _UNITS)}")
    return count * _UNITS[unit.lower()]
