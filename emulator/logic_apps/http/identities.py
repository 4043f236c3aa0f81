"""The managed identities of a workflow ("Authenticate access with managed identities", learn.microsoft.com)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Identities:
    """The principals that a workflow may act as: `system` is its own, `assigned` those of others by their ARM ids."""

    workflow: str
    system: str | None = None
    assigned: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, workflow: str, identity: Mapping[str, Any] | None) -> Identities:
        """Return the identities of a workflow's name and its resource's ``identity``."""
        given = identity or {}
        assigned = {
            id.lower(): str(each["principalId"]) for id, each in (given.get("userAssignedIdentities") or {}).items()
        }
        return cls(workflow, given.get("principalId"), assigned)

    def principal(self, identity: str | None) -> str:
        """Return the object id that an action's ``authentication`` names: by default the workflow's own.

        Raises:
            LookupError: the workflow has no such identity; the message says which it has.
        """
        found = self.system if identity is None else self.assigned.get(identity.lower())
        if found is None:
            has = [*(["its system-assigned one"] if self.system else []), *self.assigned]
            wanted = "a system-assigned identity" if identity is None else f"the identity '{identity}'"
            raise LookupError(f"The workflow has not {wanted}; it has: {', '.join(has) or 'none'}.")
        return found
