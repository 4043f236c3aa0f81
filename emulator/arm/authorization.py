"""Azure role-based access control: the answer to "may this principal do that here?", and the resources it comes from.

https://learn.microsoft.com/azure/role-based-access-control/overview
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from emulator.arm.directory import Directory
from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId
from emulator.arm.role_assignments import ROLE_ASSIGNMENTS_TYPE, RoleAssignments
from emulator.arm.role_definitions import ROLE_DEFINITIONS_TYPE, RoleDefinitions
from emulator.arm.role_store import History, RoleAssignment, RoleStore
from emulator.arm.roles import AUTHORIZATION, OWNER, Role
from emulator.arm.scopes import covers
from emulator.clock import Clock
from emulator.home import Configuration
from emulator.identity import Principal

_PERMISSIONS: Final = f"{AUTHORIZATION}/permissions"


class Authorization:
    """Authorizer for every service; ResourceProvider, Inventory and ScopeOperations of Microsoft.Authorization.

    The person of `configuration` is made Owner of the subscription when the folder is new. Owner has no data actions.

    Args:
        folder: where roles and principals are kept.
        configuration: of this emulator.
        clock: tells the time.
        delay: how long after it was made an assignment counts, as on Azure, where it takes minutes. The person's own
            counts at once; an assignment that is deleted ends at once, which on Azure takes minutes, too.
    """

    def __init__(
        self, folder: Path, configuration: Configuration, clock: Clock, delay: timedelta = timedelta()
    ) -> None:
        self.directory = Directory(folder)
        self._store = RoleStore(folder)
        self._clock = clock
        self._delay = delay
        self._subscription = ResourceId.parse(f"/subscriptions/{configuration.subscription_id}")
        self._definitions = RoleDefinitions(self._store, self._subscription, clock, self.may)
        self._assignments = RoleAssignments(
            self._store, self._definitions, self.directory, configuration.tenant_id, clock
        )
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

    # What there is

    def roles(self) -> list[Role]:
        """Return every role, built-in ones first."""
        return self._definitions.roles()

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
        return (ROLE_ASSIGNMENTS_TYPE, ROLE_DEFINITIONS_TYPE)

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update a role assignment or a custom role."""
        return self._kind(resource.id).put(resource.id, resource.body["properties"])

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the assignment or role as it is."""
        found = await self.find(resource.id)
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"{resource.id} does not exist.")
        return found.body

    async def delete(self, resource: Resource) -> None:
        """Delete an assignment, or a custom role that nobody has."""
        self._kind(resource.id).delete(resource.id)

    async def operate(self, operation: Operation) -> Answer:
        """Answer what the asking principal may do at a scope; there is nothing below roles and assignments."""
        if operation.method != "GET" or "/".join(operation.path).lower() != f"providers/{_PERMISSIONS}".lower():
            raise not_operable(operation)
        roles = self._roles_of(operation.principal, str(operation.resource.id))
        return Answer(200, {"value": [each for role in roles for each in role.properties()["permissions"]]})

    # ScopeOperations

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """The permissions of who asks: https://learn.microsoft.com/rest/api/authorization/permissions."""
        return {_PERMISSIONS: ("2022-04-01",)}

    # Inventory

    async def find(self, id: ResourceId) -> Resource | None:
        """Return the assignment or role (built-in ones too) with this id, or None."""
        return self._kind(id).find(id)

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return the assignments at, above and below `scope`, or the roles that can be assigned at it."""
        if type == ROLE_ASSIGNMENTS_TYPE.type:
            return self._assignments.members(str(scope), filter)
        return self._definitions.members(str(scope), filter)

    def _kind(self, id: ResourceId) -> RoleAssignments | RoleDefinitions:
        return self._assignments if id.type.lower() == ROLE_ASSIGNMENTS_TYPE.type.lower() else self._definitions

    def _roles_of(self, principal: Principal, scope: str) -> list[Role]:
        found = (
            self._definitions.role(assignment.role_id)
            for assignment in self.assignments(principal.object_id)
            if covers(assignment.scope, scope) and self._counts(assignment)
        )
        return [role for role in found if role is not None]

    def _counts(self, assignment: RoleAssignment) -> bool:
        if not self._delay or assignment.id.key == self._own_assignment(assignment.principal_id).key:
            return True
        return self._clock.now() >= datetime.fromisoformat(assignment.history.created_on) + self._delay

    def _own_assignment(self, person_id: str) -> ResourceId:
        """Return the id of the assignment that makes a person Owner in a new folder."""
        name = str(uuid.uuid5(uuid.UUID(person_id), OWNER))
        return ResourceId(str(self._subscription), AUTHORIZATION, (("roleAssignments", name),))

    def _seed(self, person_id: str) -> None:
        if self.directory.find(person_id) is not None:
            return
        self._store.put_assignment(
            RoleAssignment(
                self._own_assignment(person_id),
                person_id.lower(),
                "User",
                OWNER,
                None,
                History.written(person_id, self._clock.now(), None),
            )
        )
        # Last: that the person is known says that the rest was done.
        self.directory.add(Principal(person_id, "User", "emulator user"))
