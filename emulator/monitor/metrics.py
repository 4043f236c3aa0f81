"""Metric samples, summed up by the minute as Azure Monitor keeps platform metrics."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from emulator.clock import Clock
from emulator.sqlite import open_database

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS samples (
  resource TEXT NOT NULL, metric TEXT NOT NULL, dimensions TEXT NOT NULL, minute INTEGER NOT NULL,
  total REAL NOT NULL, count INTEGER NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL,
  PRIMARY KEY (resource, metric, minute, dimensions)) WITHOUT ROWID
"""
_FLUSH_AFTER: Final = 500
_KEPT: Final = timedelta(days=93)
"""Retention of platform metrics ("Azure Monitor Metrics overview", learn.microsoft.com)."""


@dataclass(frozen=True)
class Point:
    """Samples of one minute, of one combination of dimension values."""

    minute: datetime
    dimensions: Mapping[str, str]
    total: float
    count: int
    minimum: float
    maximum: float


class MetricStore:
    """Takes samples from any thread; what is recorded is read back at once, and lost at most by a kill."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._database = open_database(file, _SCHEMA)
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._pending: dict[tuple[str, str, str, int], list[float]] = {}

    def record(self, resource_id: str, metric: str, value: float, dimensions: Mapping[str, str] | None = None) -> None:
        """Add one sample."""
        minute = int(self._clock.now().timestamp()) // 60
        key = (resource_id.lower(), metric.lower(), json.dumps(dict(sorted((dimensions or {}).items()))), minute)
        with self._lock:
            known = self._pending.get(key)
            if known is None:
                self._pending[key] = [value, 1, value, value]
            else:
                known[0] += value
                known[1] += 1
                known[2] = min(known[2], value)
                known[3] = max(known[3], value)
            if len(self._pending) >= _FLUSH_AFTER:
                self._flush()

    def points(self, resource_id: str, metric: str, since: datetime, until: datetime) -> Sequence[Point]:
        """Return the minutes from `since` up to but without `until` that have samples."""
        with self._lock:
            self._flush()
            rows = self._database.execute(
                "SELECT minute, dimensions, total, count, minimum, maximum FROM samples "
                "WHERE resource = ? AND metric = ? AND minute >= ? AND minute < ? ORDER BY minute",
                (resource_id.lower(), metric.lower(), int(since.timestamp()) // 60, -(-int(until.timestamp()) // 60)),
            ).fetchall()
        return [
            Point(datetime.fromtimestamp(minute * 60, UTC), json.loads(dimensions), *values)
            for minute, dimensions, *values in rows
        ]

    def close(self) -> None:
        """Write what is pending, drop what is too old, close the file."""
        with self._lock:
            self._flush()
            oldest = int((self._clock.now() - _KEPT).timestamp()) // 60
            self._database.execute("DELETE FROM samples WHERE minute < ?", (oldest,))
            self._database.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        if pending:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "total = total + excluded.total, count = count + excluded.count, "
                "minimum = min(minimum, excluded.minimum), maximum = max(maximum, excluded.maximum)",
                [
                    (resource, metric, dimensions, minute, *values)
                    for (resource, metric, dimensions, minute), values in pending.items()
                ],
            )
            self._database.execute("COMMIT")


def aggregate(points: Sequence[Point], aggregation: str) -> float | None:
    """Return one figure for the points; None where there are none."""
    if not points:
        return None
    match aggregation:
        case "Total":
            return sum(point.total for point in points)
        case "Count":
            return float(sum(point.count for point in points))
        case "Average":
            return sum(point.total for point in points) / sum(point.count for point in points)
        case "Minimum":
            return min(point.minimum for point in points)
        case "Maximum":
            return max(point.maximum for point in points)
        case _:
            raise ValueError(f"{aggregation!r} is no aggregation")
