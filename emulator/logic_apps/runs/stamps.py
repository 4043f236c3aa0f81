"""Moments as records and the history have them: seven decimals, Z."""

from __future__ import annotations

from datetime import datetime


def stamp(moment: datetime) -> str:
    """Return a moment as the service writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment_of(text: str) -> datetime:
    """Return the moment of a stamp."""
    return datetime.fromisoformat(text[:26] + "+00:00")
