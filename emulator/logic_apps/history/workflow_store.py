"""Deployed workflows on disk: what they are, the versions they had, and the keys that sign their addresses."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from emulator.logic_apps.history.database import Database, forget_runs

KeyKind = Literal["Primary", "Secondary"]

_KEY_BYTES: Final = 32
_LAST_TICK: Final = 2**63 - 1
_TICKS_SINCE: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """A version of a workflow; `properties` are those that Azure Resource Manager answers, secrets left out."""

    name: str
    location: str
    tags: dict[str, str]
    properties: dict[str, Any]


class WorkflowStore:
    """All workflows of one emulator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, id: str, body: dict[str, Any]) -> None:
        """Keep what a workflow is, secure parameters included; they are encrypted."""
        self._database.write(
            "INSERT INTO workflows VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
            id.lower(), id, self._database.seal(body),
        )  # fmt: skip

    def keep_version(self, id: str, body: dict[str, Any], version: Version) -> None:
        """Keep a workflow together with the version that it is from now on."""
        shown = {"location": version.location, "tags": version.tags, "properties": version.properties}
        with self._database.transaction():
            self.keep(id, body)
            self._database.write(
                "INSERT INTO versions VALUES (?, ?, ?, ?)",
                id.lower(), version.name, json.dumps(shown), self._database.seal(body),
            )  # fmt: skip

    def forget(self, id: str) -> None:
        """Forget a workflow with its versions, its keys, its runs and what its triggers did."""
        key = id.lower()
        with self._database.transaction():
            forget_runs(self._database, "workflow = ?", key)
            for table in ("histories", "versions", "access_keys"):
                self._database.write(f"DELETE FROM {table} WHERE workflow = ?", key)
            self._database.write("DELETE FROM workflows WHERE key = ?", key)

    def all(self) -> list[tuple[str, dict[str, Any]]]:
        """Return id and body of every workflow."""
        rows = self._database.rows("SELECT id, sealed FROM workflows ORDER BY key")
        return [(id, self._database.open(sealed)) for id, sealed in rows]

    def body(self, id: str) -> dict[str, Any] | None:
        """Return what a workflow is, None where there is none."""
        row = self._database.row("SELECT sealed FROM workflows WHERE key = ?", id.lower())
        return self._database.open(row[0]) if row else None

    def versions(self, id: str, limit: int, after: str | None) -> list[Version]:
        """Return versions of a workflow, newest first; `after` is the name of the one before."""
        rows = self._database.rows(
            "SELECT name, shown FROM versions WHERE workflow = ? AND name > ? ORDER BY name LIMIT ?",
            id.lower(), after or "", limit,
        )  # fmt: skip
        return [Version(name, **json.loads(shown)) for name, shown in rows]

    def version(self, id: str, name: str) -> Version | None:
        """Return one version of a workflow."""
        row = self._database.row("SELECT shown FROM versions WHERE workflow = ? AND name = ?", id.lower(), name)
        return Version(name, **json.loads(row[0])) if row else None

    def version_body(self, id: str, name: str) -> dict[str, Any] | None:
        """Return what a workflow was in a version, secure parameters included, None where there is no such version."""
        row = self._database.row("SELECT sealed FROM versions WHERE workflow = ? AND name = ?", id.lower(), name)
        return self._database.open(row[0]) if row else None

    def next_version(self, id: str, now: datetime) -> str:
        """Return a name for a new version, as the service makes them: newer ones sort before older ones."""
        newest = self.versions(id, 1, None)
        name = name_of(now)
        return min(name, f"{int(newest[0].name) - 1:020d}") if newest else name

    def access_key(self, id: str, kind: KeyKind) -> bytes:
        """Return one of the two keys that sign a workflow's callback addresses."""
        row = self._database.row("SELECT sealed FROM access_keys WHERE workflow = ? AND kind = ?", id.lower(), kind)
        return bytes.fromhex(self._database.open(row[0])) if row else self.regenerate_access_key(id, kind)

    def regenerate_access_key(self, id: str, kind: KeyKind) -> bytes:
        """Replace a key: what it signed is refused from now on."""
        key = secrets.token_bytes(_KEY_BYTES)
        self._database.write(
            "INSERT INTO access_keys VALUES (?, ?, ?) "
            "ON CONFLICT (workflow, kind) DO UPDATE SET sealed = excluded.sealed",
            id.lower(), kind, self._database.seal(key.hex()),
        )  # fmt: skip
        return key


def name_of(moment: datetime) -> str:
    """Return the name that the service gives to what came to be at `moment`: 20 digits, newest first.

    Names in Microsoft's examples (08586676824806722526 is of 10 August 2018) are the 100-nanosecond ticks since the
    year 1 taken from the largest 64-bit integer.
    """
    since = moment - _TICKS_SINCE
    ticks = (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10
    return f"{_LAST_TICK - ticks:020d}"
