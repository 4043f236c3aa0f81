"""Role assignments as resources: Microsoft.Authorization/roleAssignments, an extension of any scope.

Names, rules and error codes: https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from emulator.arm.caller import caller
from emulator.arm.directory import Directory
from emulator.arm.errors import ArmError
from emulator.arm.provider import NameRule, Resource, ResourceType
from emulator.arm.resource_id import ResourceId
from emulator.arm.role_definitions import ROLE_DEFINITIONS, RoleDefinitions
from emulator.arm.role_store import HISTORY, History, RoleAssignment, RoleStore
from emulator.arm.roles import AUTHORIZATION, GUID, OWNER, Role
from emulator.arm.scopes import covers, scope_key
from emulator.clock import Clock
from emulator.identity import Principal

ROLE_ASSIGNMENTS: Final = f"{AUTHORIZATION}/roleAssignments"

ROLE_ASSIGNMENTS_TYPE: Final = ResourceType(
    type=ROLE_ASSIGNMENTS,
    api_versions=("2022-04-01",),
    name=NameRule(GUID, "a GUID"),
    location="none",
    schema={
        "type": "object",
        "required": ["properties"],
        "additionalProperties": False,
        "properties": {
            "properties": {
                "type": "object",
                "required": ["principalId", "roleDefinitionId"],
                "additionalProperties": False,
                "properties": {
                    "principalId": {"type": "string", "pattern": f"^{GUID.pattern}$"},
                    "roleDefinitionId": {"type": "string"},
                    "principalType": {"enum": ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"]},
                    "description": {"type": ["string", "null"]},
                    "condition": {"type": ["string", "null"]},
                    "conditionVersion": {"type": ["string", "null"]},
                    "scope": {"readOnly": True},
                    **HISTORY,
                },
            }
        },
    },
)


class RoleAssignments:
    """Creates, finds and deletes assignments; refusals are raised as ArmError."""

    def __init__(
        self, store: RoleStore, definitions: RoleDefinitions, directory: Directory, tenant_id: str, clock: Clock
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._directory = directory
        self._tenant = tenant_id
        self._clock = clock

    def find(self, id: ResourceId) -> Resource | None:
        """Return the assignment as a resource, or None."""
        assignment = self._store.assignment(id)
        return None if assignment is None else self._resource(assignment)

    def members(self, scope: str, filter: str | None) -> list[Resource]:
        """Return the assignments at, above and below `scope`; see `_filter` for what `filter` may be."""
        wanted = _filter(filter, scope)
        return [self._resource(assignment) for assignment in self._store.assignments if wanted(assignment)]

    def put(self, id: ResourceId, properties: dict[str, Any]) -> dict[str, Any]:
        """Create an assignment, or change its description; return the body to keep."""
        for name in ("condition", "conditionVersion"):
            if properties.get(name) is not None:
                raise ArmError(
                    400,
                    "RoleAssignmentConditionNotSupported",
                    f"properties.{name}: conditions of role assignments are not emulated; leave it out.",
                    f"properties.{name}",
                )
        role = self._assignable_role(properties["roleDefinitionId"], id.prefix)
        principal = self._principal(properties["principalId"], properties.get("principalType"))
        known = self._store.assignment(id)
        if known is not None and (known.principal_id, known.role_id) != (principal.object_id, role.id):
            raise ArmError(
                400,
                "RoleAssignmentUpdateNotPermitted",
                f"The role assignment {id.name} exists; its principal ID, role and scope cannot be updated. It is for "
                f"the principal {known.principal_id} and the role {known.role_id}.",
            )
        for other in self._store.assignments:
            same = (other.principal_id, other.role_id) == (principal.object_id, role.id)
            if same and scope_key(other.scope) == scope_key(id.prefix) and other.id.key != id.key:
                raise ArmError(
                    409, "RoleAssignmentExists", f"The role assignment already exists. Its ID is {other.id.name}."
                )
        assignment = RoleAssignment(
            known.id if known else id,
            principal.object_id,
            principal.kind,
            role.id,
            properties.get("description"),
            History.written(caller.get().object_id, self._clock.now(), known.history if known else None),
        )
        self._store.put_assignment(assignment)
        return self._resource(assignment).body

    def _assignable_role(self, role_definition_id: str, scope: str) -> Role:
        role = None
        parsed = ResourceId.parse(role_definition_id)
        if parsed.type.lower() == ROLE_DEFINITIONS.lower():
            role = self._definitions.role(parsed.name)
        if role is None:
            raise ArmError(
                404,
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{role_definition_id}' does not exist.",
                "properties.roleDefinitionId",
            )
        if not any(covers(allowed, scope) for allowed in role.assignable_scopes):
            raise ArmError(
                400,
                "RoleAssignmentScopeNotAssignableToRoleDefinition",
                f"The role '{role.name}' cannot be assigned at '{scope}'; its assignable scopes are: "
                f"{', '.join(role.assignable_scopes)}.",
                "properties.roleDefinitionId",
            )
        return role

    def _principal(self, object_id: str, stated_type: str | None) -> Principal:
        principal = self._directory.find(object_id)
        if principal is None:
            raise ArmError(
                400,
                "PrincipalNotFound",
                f"Principal {object_id} does not exist in the directory {self._tenant}.",
                "properties.principalId",
            )
        if stated_type is not None and stated_type != principal.kind:
            raise ArmError(
                400,
                "UnmatchedPrincipalType",
                f"The PrincipalId '{object_id}' has type '{principal.kind}', which is different from the specified "
                f"PrincipalType '{stated_type}'.",
                "properties.principalType",
            )
        return principal

    def delete(self, id: ResourceId) -> None:
        """Delete an assignment, unless nobody would own the subscription any more."""
        owners = [
            assignment
            for assignment in self._store.assignments
            if assignment.role_id == OWNER and scope_key(assignment.scope) == self._definitions.subscription.key
        ]
        if [owner.id.key for owner in owners] == [id.key]:
            raise ArmError(
                409,
                "LastOwnerRoleAssignment",
                f"{id} is the last assignment of Owner at the subscription; without it nobody could assign roles.",
            )
        self._store.delete_assignment(id)

    def _resource(self, assignment: RoleAssignment) -> Resource:
        properties: dict[str, Any] = {
            "roleDefinitionId": str(self._definitions.id_of(assignment.role_id)),
            "principalId": assignment.principal_id,
            "principalType": assignment.principal_type,
            "scope": assignment.scope,
            **assignment.history.properties(),
        }
        if assignment.description is not None:
            properties["description"] = assignment.description
        return Resource(assignment.id, {"properties": properties})


def _filter(filter: str | None, scope: str) -> Callable[[RoleAssignment], bool]:
    """Return the meaning of a ``$filter``: ``atScope()``, ``principalId eq 'ID'`` or ``assignedTo('ID')``.

    https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
    """
    if filter is None:
        return lambda found: covers(found.scope, scope) or covers(scope, found.scope)
    if filter == "atScope()":
        return lambda found: covers(found.scope, scope)
    matched = re.fullmatch(r"principalId eq '([^']*)'|assignedTo\('([^']*)'\)", filter)
    if matched is None:
        raise ArmError(
            400,
            "InvalidFilter",
            f"$filter: '{filter}' is not emulated; allowed: atScope(), principalId eq 'ID', assignedTo('ID').",
            "$filter",
        )
    wanted = (matched[1] or matched[2] or "").lower()
    return lambda found: found.principal_id == wanted and (covers(found.scope, scope) or covers(scope, found.scope))
