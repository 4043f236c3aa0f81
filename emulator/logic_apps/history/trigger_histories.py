"""What triggers did, on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.history.database import Database
from emulator.logic_apps.history.run_history import Condition, Place, newest_first
from emulator.logic_apps.runs.stamps import stamp

_FORGOTTEN_AT_ONCE: Final = 100


class TriggerHistories:
    """Every look of every trigger in the last 90 days."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, workflow: str, trigger: str, record: dict[str, Any]) -> None:
        """Record that a trigger looked; `record` has at least name, status and startTime."""
        with self._database.transaction():
            self._database.write(
                "INSERT INTO histories (workflow, trigger, name, status, start, record) VALUES (?, ?, ?, ?, ?, ?)",
                workflow.lower(), trigger, record["name"], record["status"], record["startTime"], json.dumps(record),
            )  # fmt: skip
            self._database.write(
                "DELETE FROM histories WHERE sequence IN "
                "(SELECT sequence FROM histories WHERE start < ? ORDER BY start LIMIT ?)",
                self._kept_since(),
                _FORGOTTEN_AT_ONCE,
            )

    def one(self, workflow: str, trigger: str, name: str) -> dict[str, Any] | None:
        """Return one look of a trigger."""
        row = self._database.row(
            "SELECT record FROM histories WHERE workflow = ? AND trigger = ? AND name = ? AND start >= ?",
            workflow.lower(), trigger, name, self._kept_since(),
        )  # fmt: skip
        return json.loads(row[0]) if row else None

    def newest(self, workflow: str, trigger: str) -> dict[str, Any] | None:
        """Return the last look of a trigger."""
        found = self.all(workflow, trigger, (), 1, None)
        return found[0][1] if found else None

    def all(
        self, workflow: str, trigger: str, conditions: Sequence[Condition], limit: int, after: Place | None
    ) -> list[tuple[Place, dict[str, Any]]]:
        """Return looks of a trigger for which all conditions hold, newest first, from behind `after` on."""
        where, values = newest_first([*conditions, Condition("start", ">=", self._kept_since())], after)
        rows = self._database.rows(
            f"SELECT start, sequence, record FROM histories WHERE workflow = ? AND trigger = ? AND {where}",
            workflow.lower(), trigger, *values, limit,
        )  # fmt: skip
        return [(Place(start, sequence), json.loads(text)) for start, sequence, text in rows]

    def _kept_since(self) -> str:
        return stamp(self._clock.now() - timedelta(days=limits.RETENTION_DAYS))
