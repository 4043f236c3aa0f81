"""The emulator's directory: which principals exist, of which kind, and whose identity they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from emulator.arm.resource_id import ResourceId
from emulator.identity import Principal, PrincipalKind
from emulator.sqlite import open_database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS principals (
    object_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    resource TEXT UNIQUE
);
"""


@dataclass(frozen=True)
class ManagedIdentity:
    """The service principal of a resource: `principal_id` is its object id, `client_id` that of its application."""

    principal_id: str
    client_id: str


class Directory:
    """Principals in SQLite; every write is durable when the method returns."""

    def __init__(self, folder: Path) -> None:
        self._database = open_database(folder / "directory.sqlite", _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, principal: Principal) -> None:
        """Add a principal that is no resource's identity; one that is there already stays as it is."""
        self._database.execute(
            "INSERT OR IGNORE INTO principals VALUES (?, ?, ?, ?, NULL)",
            (principal.object_id.lower(), principal.object_id.lower(), principal.kind, principal.name),
        )

    def find(self, object_id: str) -> Principal | None:
        """Return the principal with this object id (any case), or None."""
        row = self._database.execute(
            "SELECT object_id, kind, name FROM principals WHERE object_id = ?", (object_id.lower(),)
        ).fetchone()
        return None if row is None else Principal(row[0], cast(PrincipalKind, row[1]), row[2])

    def identity_of(self, resource: ResourceId) -> ManagedIdentity | None:
        """Return the identity of `resource`, or None when it has none."""
        row = self._database.execute(
            "SELECT object_id, client_id FROM principals WHERE resource = ?", (resource.key,)
        ).fetchone()
        return None if row is None else ManagedIdentity(*row)

    def create_identity(self, resource: ResourceId) -> ManagedIdentity:
        """Give `resource`, which has none, an identity with ids that no other ever had."""
        made = ManagedIdentity(str(uuid.uuid4()), str(uuid.uuid4()))
        self._database.execute(
            "INSERT INTO principals VALUES (?, ?, 'ServicePrincipal', ?, ?)",
            (made.principal_id, made.client_id, resource.name, resource.key),
        )
        return made

    def remove_identity(self, resource: ResourceId) -> None:
        """Take the identity of `resource` away, if it has one."""
        self._database.execute("DELETE FROM principals WHERE resource = ?", (resource.key,))
