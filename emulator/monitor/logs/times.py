"""The times that a query is asked for: ``timespan`` of the query API.

Source: "Azure Monitor Log Analytics API: request format" (learn.microsoft.com): an ISO 8601 duration back from now, or
START/END, START/DURATION, DURATION/END.
"""

from __future__ import annotations

from datetime import UTC, datetime

from emulator.durations import duration
from emulator.monitor.logs.store import Span


def span_of(text: str | None, now: datetime) -> Span:
    """Return the times of `timespan`.

    Raises:
        ValueError: it is none; the message says what is allowed.
    """
    if text is None:
        return None, None
    try:
        first, slash, second = text.partition("/")
        if not slash:
            return now - duration(first), None
        if first.startswith("P"):
            end = _moment(second)
            return end - duration(first), end
        start = _moment(first)
        end = start + duration(second) if second.startswith("P") else _moment(second)
    except ValueError as error:
        allowed = "an ISO 8601 duration, START/END, START/DURATION or DURATION/END"
        raise ValueError(f"timespan is '{text}'; allowed: {allowed}") from error
    if start >= end:
        raise ValueError(f"timespan is '{text}'; allowed: a START before its END")
    return start, end


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
