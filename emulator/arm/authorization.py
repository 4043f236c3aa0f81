"""Azure role-based access control: roles, role assignments, and the answer to "may this principal do that here?".

Names, rules and error codes: https://learn.microsoft.com/azure/role-based-access-control/.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from emulator.arm.caller import caller
from emulator.arm.directory import Directory
from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType
from emulator.arm.resource_id import ResourceId
from emulator.arm.role_store import History, RoleAssignment, RoleStore
from emulator.arm.roles import AUTHORIZATION, OWNER, Permission, Role, built_in_roles
from emulator.arm.scopes import covers, scope_key
from emulator.clock import Clock
from emulator.home import Configuration
from emulator.identity import Principal

GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

ROLE_ASSIGNMENTS: Final = f"{AUTHORIZATION}/roleAssignments"
ROLE_DEFINITIONS: Final = f"{AUTHORIZATION}/roleDefinitions"

_GUID_NAME: Final = NameRule(GUID, "a GUID")
_READ_ONLY: Final = {name: {"readOnly": True} for name in ("createdBy", "createdOn", "updatedBy", "updatedOn", "scope")}
_ACTIONS: Final = {"type": "array", "items": {"type": "string", "pattern": r"^(\*|[^/\s]+(/[^/\s]+)+)$"}}

_ASSIGNMENT_TYPE: Final = ResourceType(
    type=ROLE_ASSIGNMENTS,
    api_versions=("2022-04-01",),
    name=_GUID_NAME,
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
                    "principalId": {"type": "string", "pattern": f"^(?i:{GUID.pattern})$"},
                    "roleDefinitionId": {"type": "string"},
                    "principalType": {"enum": ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"]},
                    "description": {"type": ["string", "null"]},
                    "condition": {"type": ["string", "null"]},
                    "conditionVersion": {"type": ["string", "null"]},
                    **_READ_ONLY,
                },
            }
        },
    },
)

_DEFINITION_TYPE: Final = ResourceType(
    type=ROLE_DEFINITIONS,
    # The preview is the one that pulumi-azure-native 3.29.0 sends.
    api_versions=("2022-04-01", "2022-05-01-preview"),
    name=_GUID_NAME,
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
                    # https://learn.microsoft.com/azure/role-based-access-control/custom-roles
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
                    **_READ_ONLY,
                },
            }
        },
    },
)


class Authorization:
    """Implements Authorizer for every service, and ResourceProvider for Microsoft.Authorization.

    The person of `configuration` is made Owner of the subscription when the folder is new. Owner has no data actions.
    """

    def __init__(self, folder: Path, configuration: Configuration, clock: Clock) -> None:
        self.directory = Directory(folder)
        self._store = RoleStore(folder)
        self._clock = clock
        self._tenant = configuration.tenant_id
        self._subscription = ResourceId.parse(f"/subscriptions/{configuration.subscription_id}")
        self._built_in = built_in_roles()
        self._seed(configuration.person_id)

    def close(self) -> None:
        """Close the files."""
        self._store.close()
        self.directory.close()

    # Authorizer

    def may(self, principal: Principal, action: str, scope: str) -> bool:
        """Tell whether `principal` has the control-plane `action` at the resource id `scope`."""
        return any(role.allows(action) for role in self._roles_of(principal, scope))

    def may_data(self, principal: Principal, action: str, scope: str) -> bool:
        """Tell whether `principal` has the data action `action` at the resource id `scope`."""
        return any(role.allows_data(action) for role in self._roles_of(principal, scope))

    def may_anywhere_below(self, principal: Principal, action: str, scope: str) -> bool:
        """Tell whether `principal` has the control-plane `action` at `scope` or at anything below it."""
        return self.may(principal, action, scope) or any(
            covers(scope, assignment.scope) and self.may(principal, action, assignment.scope)
            for assignment in self.assignments(principal.object_id)
        )

    # What there is

    def roles(self) -> list[Role]:
        """Return every role, built-in ones first."""
        return [*self._built_in.values(), *self._store.roles]

    def role(self, id: str) -> Role | None:
        """Return the role with this GUID, or None."""
        custom = self._store.role(id)
        return custom[0] if custom else self._built_in.get(id.lower())

    def assignments(self, principal_id: str | None = None) -> list[RoleAssignment]:
        """Return every role assignment, or those of one principal."""
        return [
            assignment
            for assignment in self._store.assignments
            if principal_id is None or assignment.principal_id == principal_id.lower()
        ]

    # ResourceProvider

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """Role assignments, at any scope, and role definitions."""
        return (_ASSIGNMENT_TYPE, _DEFINITION_TYPE)

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update a role assignment or a custom role."""
        if _is_assignment(resource.id):
            return self._put_assignment(resource.id, resource.body["properties"])
        return self._put_role(resource.id, resource.body["properties"])

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the assignment or role as it is."""
        found = await self.find(resource.id)
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"{resource.id} does not exist.")
        return found.body

    async def delete(self, resource: Resource) -> None:
        """Delete an assignment, or a custom role that nobody has."""
        if _is_assignment(resource.id):
            self._delete_assignment(resource.id)
        else:
            self._delete_role(resource.id.name)

    async def operate(self, operation: Operation) -> Answer:
        """Refuse: there is nothing below roles and assignments."""
        raise ArmError(
            404,
            "ResourceNotFound",
            f"{operation.method} {'/'.join(operation.path)} of {operation.resource.id} is not emulated.",
        )

    # Inventory

    async def find(self, id: ResourceId) -> Resource | None:
        """Return the assignment or role (built-in ones too) with this id, or None."""
        if _is_assignment(id):
            assignment = self._store.assignment(id)
            return None if assignment is None else self._assignment_resource(assignment)
        role = self.role(id.name)
        return None if role is None else self._role_resource(role)

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return the assignments at, above and below `scope`, or the roles that can be assigned at it.

        Filters, https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest: ``atScope()``,
        ``principalId eq 'ID'``, ``assignedTo('ID')`` for assignments; ``roleName eq 'NAME'``, ``type eq 'TYPE'`` for
        roles.
        """
        if type.lower() == ROLE_ASSIGNMENTS.lower():
            chosen = _assignment_filter(filter, str(scope))
            return [self._assignment_resource(found) for found in self._store.assignments if chosen(found)]
        wanted = _role_filter(filter)
        return [
            self._role_resource(role)
            for role in self.roles()
            if wanted(role) and any(covers(allowed, str(scope)) for allowed in role.assignable_scopes)
        ]

    # Role assignments

    def _put_assignment(self, id: ResourceId, properties: dict[str, Any]) -> dict[str, Any]:
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
            self._history(known.history if known else None),
        )
        self._store.put_assignment(assignment)
        return self._assignment_resource(assignment).body

    def _assignable_role(self, role_definition_id: str, scope: str) -> Role:
        role = None
        parsed = ResourceId.parse(role_definition_id)
        if parsed.type.lower() == ROLE_DEFINITIONS.lower():
            role = self.role(parsed.name)
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
        principal = self.directory.find(object_id)
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

    def _delete_assignment(self, id: ResourceId) -> None:
        owners = [
            assignment
            for assignment in self._store.assignments
            if assignment.role_id == OWNER and scope_key(assignment.scope) == self._subscription.key
        ]
        if [owner.id.key for owner in owners] == [id.key]:
            raise ArmError(
                409,
                "LastOwnerRoleAssignment",
                f"{id} is the last assignment of Owner at the subscription; without it nobody could assign roles.",
            )
        self._store.delete_assignment(id)

    def _assignment_resource(self, assignment: RoleAssignment) -> Resource:
        properties: dict[str, Any] = {
            "roleDefinitionId": str(self._role_id(assignment.role_id)),
            "principalId": assignment.principal_id,
            "principalType": assignment.principal_type,
            "scope": assignment.scope,
            **assignment.history.properties(),
        }
        if assignment.description is not None:
            properties["description"] = assignment.description
        return Resource(assignment.id, {"properties": properties})

    # Role definitions

    def _put_role(self, id: ResourceId, properties: dict[str, Any]) -> dict[str, Any]:
        if id.name.lower() in self._built_in:
            self._refuse_built_in(id.name, "changed")
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
        self._check_may_write_role(role, known[0] if known else None)
        self._store.put_role(role, self._history(known[1] if known else None))
        return self._role_resource(role).body

    def _assignable_scope(self, scope: str) -> str:
        try:
            parsed = ResourceId.parse(scope)
        except ArmError:
            parsed = None
        if parsed is None or parsed.namespace or not self._subscription.contains(parsed):
            raise ArmError(
                400,
                "InvalidAssignableScope",
                f"properties.assignableScopes: '{scope}' is neither {self._subscription} nor one of its resource "
                f"groups.",
                "properties.assignableScopes",
            )
        return "/" + scope.strip("/")

    def _check_may_write_role(self, role: Role, previous: Role | None) -> None:
        """A custom role may be written by who may do so at all of its assignable scopes, the former ones too."""
        writer = caller.get()
        action = f"{ROLE_DEFINITIONS}/write"
        for scope in {*role.assignable_scopes, *(previous.assignable_scopes if previous else ())}:
            if not self.may(writer, action, scope):
                raise not_authorized(writer, action, scope)

    def _delete_role(self, id: str) -> None:
        if id.lower() in self._built_in:
            self._refuse_built_in(id, "deleted")
        used = [assignment for assignment in self._store.assignments if assignment.role_id == id.lower()]
        if used:
            raise ArmError(
                409,
                "RoleDefinitionHasAssignments",
                f"There are existing role assignments referencing role {id}: "
                f"{', '.join(str(assignment.id) for assignment in used)}.",
            )
        self._store.delete_role(id)

    def _refuse_built_in(self, id: str, done: str) -> NoReturn:
        raise ArmError(
            403,
            "RoleDefinitionIsBuiltIn",
            f"{id} is the built-in role '{self._built_in[id.lower()].name}'; it cannot be {done}.",
        )

    def _role_resource(self, role: Role) -> Resource:
        custom = self._store.role(role.id)
        history = custom[1].properties() if custom else {}
        return Resource(self._role_id(role.id), {"properties": role.properties() | history})

    def _role_id(self, id: str) -> ResourceId:
        return ResourceId(str(self._subscription), AUTHORIZATION, (("roleDefinitions", id),))

    # Common

    def _roles_of(self, principal: Principal, scope: str) -> list[Role]:
        found = (
            self.role(assignment.role_id)
            for assignment in self.assignments(principal.object_id)
            if covers(assignment.scope, scope)
        )
        return [role for role in found if role is not None]

    def _history(self, known: History | None) -> History:
        now, writer = self._clock.now().isoformat(), caller.get().object_id
        return History(known.created_by, known.created_on, writer, now) if known else History(writer, now, writer, now)

    def _seed(self, person_id: str) -> None:
        if self.directory.find(person_id) is not None:
            return
        now = self._clock.now().isoformat()
        name = str(uuid.uuid5(uuid.UUID(person_id), OWNER))
        self._store.put_assignment(
            RoleAssignment(
                ResourceId(str(self._subscription), AUTHORIZATION, (("roleAssignments", name),)),
                person_id.lower(),
                "User",
                OWNER,
                None,
                History(person_id, now, person_id, now),
            )
        )
        # Last: that the person is known says that the rest was done.
        self.directory.add(Principal(person_id, "User", "emulator user"))


def not_authorized(principal: Principal, action: str, scope: str) -> ArmError:
    """Return ARM's refusal of an action that no role of `principal` allows at `scope`."""
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{principal.name}' with object id '{principal.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid.",
    )


def _is_assignment(id: ResourceId) -> bool:
    return id.type.lower() == ROLE_ASSIGNMENTS.lower()


def _assignment_filter(filter: str | None, scope: str) -> Callable[[RoleAssignment], bool]:
    if filter is None:
        return lambda found: covers(found.scope, scope) or covers(scope, found.scope)
    if filter == "atScope()":
        return lambda found: covers(found.scope, scope)
    matched = re.fullmatch(r"principalId eq '([^']*)'|assignedTo\('([^']*)'\)", filter)
    if matched is None:
        raise _unknown_filter(filter, "atScope(), principalId eq 'ID', assignedTo('ID')")
    wanted = (matched[1] or matched[2] or "").lower()
    return lambda found: found.principal_id == wanted and (covers(found.scope, scope) or covers(scope, found.scope))


def _role_filter(filter: str | None) -> Callable[[Role], bool]:
    if filter is None:
        return lambda role: True
    matched = re.fullmatch(r"(roleName|type) eq '([^']*)'", filter)
    if matched is None:
        raise _unknown_filter(filter, "roleName eq 'NAME', type eq 'BuiltInRole', type eq 'CustomRole'")
    member, wanted = matched[1], matched[2].lower()
    return lambda role: role.properties()[member].lower() == wanted


def _unknown_filter(filter: str, allowed: str) -> ArmError:
    return ArmError(400, "InvalidFilter", f"$filter: '{filter}' is not emulated; allowed: {allowed}.", "$filter")
