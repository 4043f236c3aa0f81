"""Custom roles and role assignments in SQLite, held in memory as well: every request of every service asks them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emulator.arm.resource_id import ResourceId
from emulator.arm.roles import Permission, Role
from emulator.sqlite import open_database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS roles (id TEXT PRIMARY KEY, body TEXT NOT NULL, history TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS assignments (key TEXT PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL,
                                        history TEXT NOT NULL);
"""


@dataclass(frozen=True)
class History:
    """Who wrote something first and last (object ids), and when (ISO 8601)."""

    created_by: str
    created_on: str
    updated_by: str
    updated_on: str

    @classmethod
    def written(cls, by: str, on: datetime, before: History | None) -> History:
        """Return the history after `by` wrote now, `before` None for the first time."""
        now = on.isoformat()
        return cls(before.created_by, before.created_on, by, now) if before else cls(by, now, by, now)

    def properties(self) -> dict[str, str]:
        """Return the members of ``properties`` that tell the history."""
        return {
            "createdBy": self.created_by,
            "createdOn": self.created_on,
            "updatedBy": self.updated_by,
            "updatedOn": self.updated_on,
        }


HISTORY: Final = {name: {"readOnly": True} for name in ("createdBy", "createdOn", "updatedBy", "updatedOn")}
"""JSON Schema of what `History.properties` makes."""


@dataclass(frozen=True)
class RoleAssignment:
    """That `principal_id` has the role with the GUID `role_id` at `scope` and below."""

    id: ResourceId
    principal_id: str
    principal_type: str
    role_id: str
    description: str | None
    history: History

    @property
    def scope(self) -> str:
        """The resource id that the assignment was made at."""
        return self.id.prefix


class RoleStore:
    """Custom roles by GUID, role assignments by id; every write is durable when the method returns."""

    def __init__(self, folder: Path) -> None:
        self._database = open_database(folder / "roles.sqlite", _SCHEMA)
        self._roles = {
            id: (_role(id, json.loads(body)), History(**json.loads(history)))
            for id, body, history in self._database.execute("SELECT id, body, history FROM roles")
        }
        self._assignments = {
            key: RoleAssignment(ResourceId.parse(id), **json.loads(body), history=History(**json.loads(history)))
            for key, id, body, history in self._database.execute("SELECT key, id, body, history FROM assignments")
        }

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def roles(self) -> list[Role]:
        """Every custom role."""
        return [role for role, _ in self._roles.values()]

    @property
    def assignments(self) -> list[RoleAssignment]:
        """Every role assignment."""
        return list(self._assignments.values())

    def role(self, id: str) -> tuple[Role, History] | None:
        """Return the custom role with this GUID, or None."""
        return self._roles.get(id.lower())

    def put_role(self, role: Role, history: History) -> None:
        """Keep a custom role, over the one of the same GUID."""
        self._database.execute(
            "INSERT OR REPLACE INTO roles VALUES (?, ?, ?)",
            (role.id, json.dumps(role.properties()), json.dumps(vars(history))),
        )
        self._roles[role.id] = role, history

    def delete_role(self, id: str) -> None:
        """Forget a custom role."""
        self._database.execute("DELETE FROM roles WHERE id = ?", (id.lower(),))
        self._roles.pop(id.lower(), None)

    def assignment(self, id: ResourceId) -> RoleAssignment | None:
        """Return the assignment with this id, or None."""
        return self._assignments.get(id.key)

    def put_assignment(self, assignment: RoleAssignment) -> None:
        """Keep an assignment, over the one of the same id."""
        facts = {
            "principal_id": assignment.principal_id,
            "principal_type": assignment.principal_type,
            "role_id": assignment.role_id,
            "description": assignment.description,
        }
        self._database.execute(
            "INSERT OR REPLACE INTO assignments VALUES (?, ?, ?, ?)",
            (assignment.id.key, str(assignment.id), json.dumps(facts), json.dumps(vars(assignment.history))),
        )
        self._assignments[assignment.id.key] = assignment

    def delete_assignment(self, id: ResourceId) -> None:
        """Forget an assignment."""
        self._database.execute("DELETE FROM assignments WHERE key = ?", (id.key,))
        self._assignments.pop(id.key, None)


def _role(id: str, body: dict[str, Any]) -> Role:
    return Role(
        id,
        body["roleName"],
        body["description"],
        False,
        tuple(map(Permission.from_json, body["permissions"])),
        tuple(body["assignableScopes"]),
    )
