"""Alerts: when they fire, when they are resolved, and what is kept of both.

Source: "Types of Azure Monitor alerts" and "Create a metric alert rule" (learn.microsoft.com). A stateful rule
(`autoMitigate`) fires once a time series and is resolved when its condition did not hold three times in a row. A
stateless one fires at each evaluation in which the condition holds, at most every five minutes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from emulator.durations import duration
from emulator.monitor.conditions import Breach
from emulator.sqlite import open_database

Signal = Literal["Metric", "Log"]

_HEALTHY_TO_RESOLVE: Final = 3
_STATELESS_PAUSE: Final = timedelta(minutes=5)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS alerts (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, watched INTEGER NOT NULL, fired TEXT NOT NULL, alert TEXT NOT NULL)
"""


@dataclass
class Alert:
    """An alert as it fired.

    Attributes:
        id: a GUID.
        rule: the rule's resource id; `name` is its last part.
        target: the id of the resource that is watched.
        condition: the rule's criteria with the figures, as the common alert schema has them.
        fired: when, ISO 8601; `resolved` is None while the alert lasts.
        series: the dimensions and values of the time series.
        healthy: how many evaluations in a row the condition has not held.
        signal: what is evaluated.
    """

    id: str
    rule: str
    name: str
    target: str
    severity: int
    description: str
    condition: dict[str, Any]
    fired: str
    series: dict[str, str]
    resolved: str | None = None
    healthy: int = 0
    signal: Signal = "Metric"


class AlertStore:
    """Alerts; those that a rule still watches, and the past ones."""

    def __init__(self, file: Path) -> None:
        self._database = open_database(file, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def watched(self, rule: str) -> list[Alert]:
        """Return the alerts of a rule that are still to be resolved, or to be repeated."""
        rows = self._database.execute("SELECT alert FROM alerts WHERE rule = ? AND watched = 1", (rule.lower(),))
        return [Alert(**json.loads(text)) for (text,) in rows.fetchall()]

    def save(self, alert: Alert, *, watched: bool) -> None:
        """Keep an alert."""
        self._database.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET watched = excluded.watched, alert = excluded.alert",
            (alert.id, alert.rule.lower(), watched, alert.fired, json.dumps(asdict(alert))),
        )

    def abandon(self, rule: str) -> None:
        """Watch the alerts of a rule no more; as in Azure, they stay as they are."""
        self._database.execute("UPDATE alerts SET watched = 0 WHERE rule = ?", (rule.lower(),))

    def all(self) -> list[Alert]:
        """Return every alert, newest first."""
        rows = self._database.execute("SELECT alert FROM alerts ORDER BY fired DESC, rowid DESC").fetchall()
        return [Alert(**json.loads(text)) for (text,) in rows]


@dataclass(frozen=True)
class Policy:
    """How the evaluations of a rule become alerts.

    Attributes:
        signal: what is evaluated, in the words of the common alert schema.
        stateful: an alert fires once and is resolved, instead of firing at each evaluation.
        healthy_to_resolve: so many evaluations in a row without the condition resolve a stateful one.
        pause: a stateless one does not fire again before.
    """

    signal: Signal
    stateful: bool
    healthy_to_resolve: int
    pause: timedelta


def metric_policy(rule: Mapping[str, Any]) -> Policy:
    """Return the policy of a metric alert rule."""
    return Policy("Metric", rule["properties"]["autoMitigate"], _HEALTHY_TO_RESOLVE, _STATELESS_PAUSE)


def log_policy(rule: Mapping[str, Any]) -> Policy:
    """Return the policy of a scheduled query rule ("Types of Azure Monitor alerts", stateful log search alerts)."""
    properties = rule["properties"]
    frequency = duration(properties["evaluationFrequency"])
    if frequency <= timedelta(minutes=1):
        healthy = 10
    elif frequency <= timedelta(minutes=15):
        healthy = 3
    elif frequency <= timedelta(hours=11):
        healthy = 2
    else:
        healthy = 1
    pause = duration(properties.get("muteActionsDuration") or "PT0S")
    return Policy("Log", properties["autoMitigate"], healthy, pause)


def judge(
    store: AlertStore, id: str, rule: Mapping[str, Any], policy: Policy, breaches: Sequence[Breach], now: datetime
) -> list[Alert]:
    """Keep what an evaluation came to; return the alerts to tell of: those that fire and those that are resolved."""
    if policy.stateful:
        return _judge_stateful(store, id, rule, policy, breaches, now)
    return _judge_stateless(store, id, rule, policy, breaches, now)


def _judge_stateful(
    store: AlertStore, id: str, rule: Mapping[str, Any], policy: Policy, breaches: Sequence[Breach], now: datetime
) -> list[Alert]:
    holding = {tuple(breach.series): breach for breach in breaches}
    told: list[Alert] = []
    for alert in store.watched(id):
        alert.healthy = 0 if holding.pop(tuple(alert.series.items()), None) else alert.healthy + 1
        if alert.healthy >= policy.healthy_to_resolve:
            alert.resolved = now.isoformat()
            told.append(alert)
        store.save(alert, watched=alert.resolved is None)
    return [*told, *(_fire(store, id, rule, policy, breach, now) for breach in holding.values())]


def _judge_stateless(
    store: AlertStore, id: str, rule: Mapping[str, Any], policy: Policy, breaches: Sequence[Breach], now: datetime
) -> list[Alert]:
    latest = {tuple(alert.series.items()): alert for alert in store.watched(id)}
    told: list[Alert] = []
    for breach in breaches:
        before = latest.get(breach.series)
        if before is not None:
            if now - datetime.fromisoformat(before.fired) < policy.pause:
                continue
            store.save(before, watched=False)
        told.append(_fire(store, id, rule, policy, breach, now))
    return told


def _fire(store: AlertStore, id: str, rule: Mapping[str, Any], policy: Policy, breach: Breach, now: datetime) -> Alert:
    properties = rule["properties"]
    alert = Alert(
        id=str(uuid.uuid4()),
        rule=id,
        name=id.rsplit("/", 1)[-1],
        target=properties["scopes"][0],
        severity=int(properties["severity"]),
        description=properties.get("description", ""),
        condition=breach.condition,
        fired=now.isoformat(),
        series=dict(breach.series),
        signal=policy.signal,
    )
    store.save(alert, watched=True)
    return alert
