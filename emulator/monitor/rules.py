"""The alert rules, action groups and data collection rules that are deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emulator.sqlite import open_database

_SCHEMA = "CREATE TABLE IF NOT EXISTS rules (key TEXT PRIMARY KEY, type TEXT, id TEXT, body TEXT)"


class Rules:
    """Bodies by resource id, compared without case."""

    def __init__(self, file: Path) -> None:
        self._database = open_database(file, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, type: str, id: str, body: dict[str, Any]) -> None:
        """Keep a rule."""
        self._database.execute(
            "INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?)", (id.lower(), type.lower(), id, json.dumps(body))
        )

    def delete(self, id: str) -> None:
        """Forget a rule."""
        self._database.execute("DELETE FROM rules WHERE key = ?", (id.lower(),))

    def get(self, id: str) -> dict[str, Any] | None:
        """Return a rule's body."""
        row = self._database.execute("SELECT body FROM rules WHERE key = ?", (id.lower(),)).fetchone()
        return json.loads(row[0]) if row else None

    def ids(self, type: str) -> list[str]:
        """Return the ids of all rules of a type."""
        rows = self._database.execute("SELECT id FROM rules WHERE type = ? ORDER BY key", (type.lower(),)).fetchall()
        return [id for (id,) in rows]
