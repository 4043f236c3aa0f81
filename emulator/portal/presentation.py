"""How addresses, times, durations and JSON are written on a page."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode


def address(path: str, **query: str) -> str:
    """Return the address of one of the portal's pages."""
    return f"{path}?{urlencode(query)}" if query else path


def moment(text: str | None) -> str:
    """Return an ISO 8601 time as ``2026-01-31 12:00:00 UTC``, in the offset it was given in; "" for None."""
    if text is None:
        return ""
    parsed = _parsed(text)
    if parsed is None:
        return text
    return f"{parsed:%Y-%m-%d %H:%M:%S} {parsed.tzname() or ''}".rstrip()


def elapsed(start: str | None, end: str | None, now: datetime) -> str:
    """Return the time from `start` to `end`, or to `now` for what is not over; "" where it did not start."""
    begun = _parsed(start)
    if begun is None:
        return ""
    seconds = max(((_parsed(end) or now) - begun).total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def pretty_json(value: Any) -> str:
    """Return `value` as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def error_text(error: Any, known_code: str = "") -> str:
    """Return the ``error`` of a run, a trigger or an action as one text, "" for None; `known_code` is left out."""
    if not isinstance(error, dict):
        return "" if error is None else str(error)
    parts = [str(error[member]) for member in ("code", "message") if error.get(member) not in (None, "", known_code)]
    return ": ".join(parts) or pretty_json(error)


def _parsed(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
