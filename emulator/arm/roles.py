"""Role definitions: what they allow, and the built-in ones.

How actions match: https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

AUTHORIZATION = "Microsoft.Authorization"
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
"""The GUID of the built-in role Owner, https://learn.microsoft.com/azure/role-based-access-control/built-in-roles."""


@dataclass(frozen=True)
class Permission:
    """What is allowed (`actions`, `dataActions`), and what of it is not (`notActions`, `notDataActions`)."""

    actions: tuple[str, ...] = ()
    notActions: tuple[str, ...] = ()  # noqa: N815 - the names are those of ARM's JSON
    dataActions: tuple[str, ...] = ()  # noqa: N815
    notDataActions: tuple[str, ...] = ()  # noqa: N815

    @classmethod
    def from_json(cls, body: dict[str, list[str]]) -> Permission:
        """Return the permission of a role definition's JSON; a list left out is empty."""
        return cls(**{name: tuple(body.get(name) or ()) for name in cls.__dataclass_fields__})

    def allows(self, action: str) -> bool:
        """Tell whether the control-plane `action` is allowed."""
        return _any_matches(self.actions, action) and not _any_matches(self.notActions, action)

    def allows_data(self, action: str) -> bool:
        """Tell whether the data action `action` is allowed."""
        return _any_matches(self.dataActions, action) and not _any_matches(self.notDataActions, action)


@dataclass(frozen=True)
class Role:
    """A role definition; `id` is its GUID in lower case, `assignable_scopes` where it may be assigned, and below."""

    id: str
    name: str
    description: str
    built_in: bool
    permissions: tuple[Permission, ...]
    assignable_scopes: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Tell whether one of the permissions allows the control-plane `action`."""
        return any(permission.allows(action) for permission in self.permissions)

    def allows_data(self, action: str) -> bool:
        """Tell whether one of the permissions allows the data action `action`."""
        return any(permission.allows_data(action) for permission in self.permissions)

    def properties(self) -> dict[str, Any]:
        """Return the members of ``properties`` that describe the role."""
        return {
            "roleName": self.name,
            "type": "BuiltInRole" if self.built_in else "CustomRole",
            "description": self.description,
            "assignableScopes": list(self.assignable_scopes),
            "permissions": [
                {name: list(actions) for name, actions in asdict(permission).items()} for permission in self.permissions
            ],
        }


def built_in_roles() -> dict[str, Role]:
    """Return the built-in roles that the emulator knows, by GUID.

    Their ids and actions are those of https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
    """
    text = resources.files("emulator.arm").joinpath("built_in_roles.json").read_text(encoding="utf-8")
    return {
        entry["id"]: Role(entry["id"], entry["name"], "", True, (Permission.from_json(entry),), ("/",))
        for entry in json.loads(text)
    }


def matches(pattern: str, action: str) -> bool:
    """Tell whether `action` falls under `pattern`: ``*`` stands for any text, slashes too, and case does not count."""
    return _compiled(pattern).fullmatch(action) is not None


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)


def _any_matches(patterns: Sequence[str], action: str) -> bool:
    return any(matches(pattern, action) for pattern in patterns)
