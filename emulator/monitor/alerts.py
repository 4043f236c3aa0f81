"""Metric alerts: when they fire, when they are resolved, and what came of both."""

from __future__ import annotations

import json
import operator
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emulator.monitor.durations import duration
from emulator.monitor.metrics import MetricStore, Point, aggregate

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
}
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS alerts (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, open INTEGER NOT NULL, fired TEXT NOT NULL, alert TEXT NOT NULL)
"""


@dataclass
class Alert:
    """An alert as it fired: `values` has the figure of each criterion; `resolved` is None while it lasts."""

    id: str
    rule: str
    name: str
    target: str
    severity: int
    description: str
    fired: str
    values: dict[str, float]
    resolved: str | None = None


class AlertStore:
    """Alerts, the open ones and the resolved."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def open(self, rule: str) -> Alert | None:
        """Return the alert of a rule that is not resolved."""
        row = self._database.execute("SELECT alert FROM alerts WHERE rule = ? AND open = 1", (rule.lower(),)).fetchone()
        return Alert(**json.loads(row[0])) if row else None

    def save(self, alert: Alert) -> None:
        """Keep an alert."""
        self._database.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET open = excluded.open, alert = excluded.alert",
            (alert.id, alert.rule.lower(), alert.resolved is None, alert.fired, json.dumps(asdict(alert))),
        )

    def all(self) -> list[Alert]:
        """Return every alert, newest first."""
        rows = self._database.execute("SELECT alert FROM alerts ORDER BY fired DESC").fetchall()
        return [Alert(**json.loads(text)) for (text,) in rows]


def breach(rule: Mapping[str, Any], metrics: MetricStore, now: datetime) -> dict[str, float] | None:
    """Return the figures with which all criteria of a rule hold, None where one does not.

    A criterion without a sample in the window does not hold: as in Azure, nothing is known then.
    """
    properties = rule["properties"]
    since = now - duration(properties["windowSize"])
    values: dict[str, float] = {}
    for criterion in properties["criteria"]["allOf"]:
        points = metrics.points(properties["scopes"][0], criterion["metricName"], since, now)
        value = aggregate(_matching(points, criterion.get("dimensions") or []), criterion["timeAggregation"])
        if value is None or not _COMPARE[criterion["operator"]](value, criterion["threshold"]):
            return None
        values[criterion["name"]] = value
    return values


def _matching(points: Sequence[Point], dimensions: Sequence[Mapping[str, Any]]) -> list[Point]:
    def matches(point: Point) -> bool:
        return all(
            (dimension["values"] == ["*"] or point.dimensions.get(dimension["name"]) in dimension["values"])
            == (dimension["operator"] == "Include")
            for dimension in dimensions
        )

    return [point for point in points if matches(point)]


def new_alert(id: str, rule: Mapping[str, Any], values: dict[str, float], now: datetime) -> Alert:
    """Return the alert of a rule that begins to hold."""
    properties = rule["properties"]
    return Alert(
        str(uuid.uuid4()),
        id,
        id.rsplit("/", 1)[-1],
        properties["scopes"][0],
        properties["severity"],
        properties.get("description", ""),
        now.isoformat(),
        values,
    )
