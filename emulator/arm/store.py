"""The control plane's own record of resources, in SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from emulator.arm.provider import Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.sqlite import open_database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    created TEXT NOT NULL,
    changed TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS resources_by_type ON resources (type, name);
"""


class ResourceStore:
    """Resources by id; every write is durable when the method returns."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._database = open_database(folder / "resources.sqlite", _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def get(self, id: ResourceId) -> Resource | None:
        """Return the resource, or None when there is none."""
        found = self._select("WHERE key = ?", id.key)
        return found[0] if found else None

    def put(self, resource: Resource) -> None:
        """Keep the resource, over the one of the same id; that one's id and place in the order of creation stay."""
        now = self._clock.now().isoformat()
        self._database.execute(
            "INSERT INTO resources (key, id, type, name, body, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET body = excluded.body, changed = excluded.changed",
            (
                resource.id.key,
                str(resource.id),
                resource.id.type.lower(),
                resource.id.name.lower(),
                json.dumps(resource.body),
                now,
                now,
            ),
        )

    def delete(self, id: ResourceId) -> None:
        """Forget the resource; what lies below it stays."""
        self._database.execute("DELETE FROM resources WHERE key = ?", (id.key,))

    def times(self, id: ResourceId) -> tuple[str, str]:
        """Return when an existing resource was created and last changed, in ISO 8601."""
        return self._database.execute("SELECT created, changed FROM resources WHERE key = ?", (id.key,)).fetchone()

    def of_type(self, type: str) -> list[Resource]:
        """Return every resource of `type` (any case), oldest first."""
        return self._select("WHERE type = ?", type.lower())

    def named(self, type: str, name: str) -> list[Resource]:
        """Return every resource of `type` whose own name is `name` (any case)."""
        return self._select("WHERE type = ? AND name = ?", type.lower(), name.lower())

    def below(self, id: ResourceId) -> list[Resource]:
        """Return everything in, or extending, the resource, group or subscription `id`, oldest first."""
        prefix = id.key + "/"
        return self._select("WHERE substr(key, 1, ?) = ?", len(prefix), prefix)

    def _select(self, condition: str, *values: object) -> list[Resource]:
        rows: Iterable[tuple[str, str]] = self._database.execute(
            f"SELECT id, body FROM resources {condition} ORDER BY sequence", values
        )
        return [Resource(ResourceId.parse(id), json.loads(body)) for id, body in rows]
