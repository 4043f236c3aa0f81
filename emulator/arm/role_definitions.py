"""Role definitions as resources: Microsoft.Authorization/roleDefinitions, kept once for the subscription.

Names, rules and error codes: https://learn.microsoft.com/azure/role-based-access-control/custom-roles
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from emulator.arm.caller import caller
from emulator.arm.errors import ArmError, not_authorized
from emulator.arm.provider import NameRule, Resource, ResourceType
from emulator.arm.resource_id import ResourceId
from emulator.arm.role_store import HISTORY, History, RoleStore
from emulator.arm.roles import AUTHORIZATION, GUID, Permission, Role, built_in_roles
from emulator.arm.scopes import covers
from emulator.clock import Clock
from emulator.identity import Principal

ROLE_DEFINITIONS: Final = f"{AUTHORIZATION}/roleDefinitions"

_ACTIONS: Final = {"type": "array", "items": {"type": "string", "pattern": r"^(\*|[^/\s]+(/[^/\s]+)+)$"}}

ROLE_DEFINITIONS_TYPE: Final = ResourceType(
    type=ROLE_DEFINITIONS,
    # The preview is the one that pulumi-azure-native 3.29.0 sends.
    api_versions=("2022-04-01", "2022-05-01-preview"),
    name=NameRule(GUID, "a GUID"),
    location="none",
    subscription_wide=True,
    schema={
        "type": "object",
        "required": ["properties"],
        "additionalProperties": False,
        "properties": {
            "properties": {
                "type": "object",
                "required": ["roleName", "permissions", "assignableScopes"],
                "additionalProperties": False,
                "properties": {
                    "roleName": {"type": "string", "minLength": 1, "maxLength": 512},
                    "description": {"type": ["string", "null"], "maxLength": 2048},
                    "type": {"enum": ["CustomRole"]},
                    "assignableScopes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    "permissions": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": dict.fromkeys(Permission.__dataclass_fields__, _ACTIONS),
                        },
                    },
                    **HISTORY,
                },
            }
        },
    },
)

Permitted = Callable[[Principal, str, str], bool]
"""Tells whether a principal may do an action at a scope: Authorizer's `may`."""


class RoleDefinitions:
    """Built-in roles, and custom ones that can be written and deleted. Refusals are raised as ArmError."""

    def __init__(self, store: RoleStore, subscription: ResourceId, clock: Clock, permitted: Permitted) -> None:
        self._store = store
        self.subscription = subscription
        self._clock = clock
        self._permitted = permitted
        self._built_in = built_in_roles()

    def roles(self) -> list[Role]:
        """Return every role, built-in ones first."""
        return [*self._built_in.values(), *self._store.roles]

    def role(self, id: str) -> Role | None:
        """Return the role with this GUID (any case), or None."""
        custom = self._store.role(id)
        return custom[0] if custom else self._built_in.get(id.lower())

    def id_of(self, role_id: str) -> ResourceId:
        """Return the resource id of the role with this GUID, as Azure writes it whatever scope it was asked at."""
        return ResourceId(str(self.subscription), AUTHORIZATION, (("roleDefinitions", role_id),))

    def find(self, id: ResourceId) -> Resource | None:
        """Return the role as a resource, or None."""
        role = self.role(id.name)
        return None if role is None else self._resource(role)

    def members(self, scope: str, filter: str | None) -> list[Resource]:
        """Return the roles that can be assigned at `scope`; see `_filter` for what `filter` may be."""
        wanted = _filter(filter)
        return [
            self._resource(role)
            for role in self.roles()
            if wanted(role) and any(covers(allowed, scope) for allowed in role.assignable_scopes)
        ]

    def put(self, id: ResourceId, properties: dict[str, Any]) -> dict[str, Any]:
        """Create or change a custom role; return the body to keep."""
        self._refuse_built_in(id.name)
        known = self._store.role(id.name)
        role = Role(
            id.name.lower(),
            properties["roleName"],
            properties.get("description") or "",
            False,
            tuple(map(Permission.from_json, properties["permissions"])),
            tuple(map(self._assignable_scope, properties["assignableScopes"])),
        )
        for other in self.roles():
            if other.name.lower() == role.name.lower() and other.id != role.id:
                raise ArmError(
                    409,
                    "RoleDefinitionWithSameNameExists",
                    f"A role named '{other.name}' exists in the tenant, with the ID {other.id}.",
                    "properties.roleName",
                )
        self._check_scopes((*role.assignable_scopes, *(known[0].assignable_scopes if known else ())), "write")
        self._store.put_role(
            role, History.written(caller.get().object_id, self._clock.now(), known[1] if known else None)
        )
        return self._resource(role).body

    def delete(self, id: ResourceId) -> None:
        """Delete a custom role that nobody has."""
        self._refuse_built_in(id.name)
        known = self._store.role(id.name)
        if known is None:
            return
        self._check_scopes(known[0].assignable_scopes, "delete")
        used = [str(assignment.id) for assignment in self._store.assignments if assignment.role_id == known[0].id]
        if used:
            raise ArmError(
                409,
                "RoleDefinitionHasAssignments",
                f"There are existing role assignments referencing role {id.name}: {', '.join(used)}.",
            )
        self._store.delete_role(id.name)

    def _refuse_built_in(self, id: str) -> None:
        built_in = self._built_in.get(id.lower())
        if built_in is not None:
            raise ArmError(
                403,
                "RoleDefinitionIsBuiltIn",
                f"{id} is the built-in role '{built_in.name}'; it can be neither changed nor deleted.",
            )

    def _assignable_scope(self, scope: str) -> str:
        try:
            parsed = ResourceId.parse(scope)
        except ArmError:
            parsed = None
        if parsed is None or parsed.namespace or not self.subscription.contains(parsed):
            raise ArmError(
                400,
                "InvalidAssignableScope",
                f"properties.assignableScopes: '{scope}' is neither {self.subscription} nor one of its resource "
                f"groups.",
                "properties.assignableScopes",
            )
        return "/" + scope.strip("/")

    def _check_scopes(self, scopes: tuple[str, ...], verb: str) -> None:
        """A custom role is written and deleted by who may do so at all of its assignable scopes."""
        action = f"{ROLE_DEFINITIONS}/{verb}"
        for scope in scopes:
            if not self._permitted(caller.get(), action, scope):
                raise not_authorized(caller.get(), action, scope)

    def _resource(self, role: Role) -> Resource:
        custom = self._store.role(role.id)
        history = custom[1].properties() if custom else {}
        return Resource(self.id_of(role.id), {"properties": role.properties() | history})


def _filter(filter: str | None) -> Callable[[Role], bool]:
    """Return the meaning of a ``$filter``: ``roleName eq 'NAME'`` or ``type eq 'TYPE'``.

    https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list
    """
    if filter is None:
        return lambda _: True
    matched = re.fullmatch(r"(roleName|type) eq '([^']*)'", filter)
    if matched is None:
        raise ArmError(
            400,
            "InvalidFilter",
            f"$filter: '{filter}' is not emulated; allowed: roleName eq 'NAME', type eq 'BuiltInRole', "
            f"type eq 'CustomRole'.",
            "$filter",
        )
    member, wanted = matched[1], matched[2].lower()
    return lambda role: role.properties()[member].lower() == wanted
