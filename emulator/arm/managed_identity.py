"""Managed identities: the ``identity`` of resources, and user-assigned identities as resources of their own.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from emulator.arm.directory import Directory
from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId

USER_ASSIGNED_IDENTITIES: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"

_KINDS: Final = {
    "none": "None",
    "systemassigned": "SystemAssigned",
    "userassigned": "UserAssigned",
    "systemassigned,userassigned": "SystemAssigned, UserAssigned",
}

_TYPE: Final = ResourceType(
    type=USER_ASSIGNED_IDENTITIES,
    api_versions=("2023-01-31",),
    # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
    name=NameRule(
        re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}"),
        "3 to 128 letters, digits, hyphens and underscores, the first a letter or digit",
    ),
    location="required",
    schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "location": {"type": "string"},
            "tags": {"type": "object"},
            "properties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: {"readOnly": True} for name in ("tenantId", "principalId", "clientId")},
            },
        },
    },
)


class UserAssignedIdentities:
    """ResourceProvider of Microsoft.ManagedIdentity: each resource is a service principal of the directory."""

    def __init__(self, directory: Directory, tenant_id: str) -> None:
        self._directory = directory
        self._tenant = tenant_id

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """User-assigned identities."""
        return (_TYPE,)

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create the principal, or keep the one that there is."""
        identity = self._directory.identity_of(resource.id) or self._directory.create_identity(resource.id)
        properties = {
            "tenantId": self._tenant,
            "principalId": identity.principal_id,
            "clientId": identity.client_id,
        }
        return resource.body | {"properties": properties}

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body that was kept."""
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Remove the principal."""
        self._directory.remove_identity(resource.id)

    async def operate(self, operation: Operation) -> Answer:
        """Refuse: there is nothing below an identity."""
        raise not_operable(operation)


class ResourceIdentities:
    """Gives resources the identity that their body asks for."""

    def __init__(self, directory: Directory, tenant_id: str) -> None:
        self._directory = directory
        self._tenant = tenant_id

    def checked(self, type: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body, its ``identity`` checked and without what only the directory says of it.

        Raises:
            ArmError: 400 InvalidRequestContent; names what is wrong and what is allowed.
        """
        identity: Any = body.get("identity")
        if identity is None:
            return {name: value for name, value in body.items() if name != "identity"}
        if not type.identity:
            raise _invalid("identity", f"a resource of type '{type.type}' has no identity; leave it out")
        if not isinstance(identity, dict) or _kind(identity) is None:
            raise _invalid("identity.type", f"allowed: {', '.join(_KINDS.values())}")
        unknown = set(identity) - {"type", "userAssignedIdentities", "principalId", "tenantId"}
        if unknown:
            raise _invalid("identity", f"unknown: {', '.join(sorted(unknown))}")
        assigned: Any = identity.get("userAssignedIdentities") or {}
        if not isinstance(assigned, dict):
            raise _invalid("identity.userAssignedIdentities", "an object with the ids of the identities is expected")
        if bool(assigned) != ("UserAssigned" in (_kind(identity) or "")):
            raise _invalid(
                "identity.userAssignedIdentities", "identities are named with a type that has UserAssigned, and only so"
            )
        kept: dict[str, Any] = {"type": identity["type"]}
        if assigned:
            kept["userAssignedIdentities"] = {id: {} for id in assigned}
        return body | {"identity": kept}

    def grant(self, id: ResourceId, body: dict[str, Any]) -> dict[str, Any]:
        """Return the checked body with the ids of its principals; a new resource's principal is made here.

        Raises:
            ArmError: 400 InvalidIdentity names a user-assigned identity that does not exist.
        """
        given: Any = body.get("identity")
        if given is None:
            return body
        kind = _kind(given) or "None"
        identity: dict[str, Any] = {"type": given["type"]}
        if "SystemAssigned" in kind:
            own = self._directory.identity_of(id) or self._directory.create_identity(id)
            identity |= {"principalId": own.principal_id, "tenantId": self._tenant}
        if "UserAssigned" in kind:
            identity["userAssignedIdentities"] = {
                name: self._user_assigned(name) for name in given["userAssignedIdentities"]
            }
        return body | {"identity": identity}

    def settle(self, type: ResourceType, resource: Resource | None, id: ResourceId) -> None:
        """Remove the principal of `id` unless the resource, as it now is, has one."""
        if not type.identity:
            return
        identity: Any = resource.body.get("identity") if resource else None
        if not isinstance(identity, dict) or "principalId" not in identity:
            self._directory.remove_identity(id)

    def _user_assigned(self, text: str) -> dict[str, str]:
        id = ResourceId.parse(text)
        found = self._directory.identity_of(id) if id.type.lower() == USER_ASSIGNED_IDENTITIES.lower() else None
        if found is None:
            raise ArmError(
                400,
                "InvalidIdentity",
                f"identity.userAssignedIdentities: '{text}' is not an existing user-assigned identity.",
                "identity.userAssignedIdentities",
            )
        return {"principalId": found.principal_id, "clientId": found.client_id}


def _kind(identity: dict[str, Any]) -> str | None:
    kind: Any = identity.get("type")
    return _KINDS.get(kind.replace(" ", "").lower()) if isinstance(kind, str) else None


def _invalid(target: str, text: str) -> ArmError:
    return ArmError(400, "InvalidRequestContent", f"The request content is invalid: {target}: {text}.", target)
