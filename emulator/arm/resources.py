"""The life of resources: create, update, read, list, delete, each with what Azure Resource Manager checks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.arm.address import TENANT
from emulator.arm.errors import ArmError
from emulator.arm.locks import Locks
from emulator.arm.managed_identity import ResourceIdentities
from emulator.arm.provider import Inventory, Resource, ResourceProvider, ResourceType
from emulator.arm.registry import Registry
from emulator.arm.resource_id import ResourceId
from emulator.arm.store import ResourceStore
from emulator.arm.validation import (
    check_envelope,
    check_immutable,
    check_location,
    check_name,
    check_schema,
    check_tags,
    only_declared,
    without_read_only,
)

SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions"

_NOT_FOUND: Final = 404


@dataclass(frozen=True)
class Written:
    """A resource after a PUT or PATCH, and whether that created it."""

    resource: Resource
    created: bool


class Resources:
    """Carries out requests that were authorized before. Refusals are raised as ArmError."""

    def __init__(self, registry: Registry, store: ResourceStore, identities: ResourceIdentities) -> None:
        self._registry = registry
        self._store = store
        self._identities = identities
        self._locks = Locks()

    async def get(self, id: ResourceId) -> Resource:
        """Return the resource as of now.

        Raises:
            ArmError: 404 ResourceNotFound, ResourceGroupNotFound or SubscriptionNotFound.
        """
        found = await self.find(id)
        if found is None:
            raise await self._missing(id)
        return found

    async def find(self, id: ResourceId) -> Resource | None:
        """Return the resource as of now, or None when there is none."""
        _, provider = self._registry.get(id.type)
        recorded = self._store.get(id)
        if recorded is not None:
            return await self._refreshed(recorded, provider)
        if isinstance(provider, Inventory) and await self._exists(id.parent or TENANT):
            return await provider.find(id)
        return None

    async def members(self, type: str, scope: ResourceId, filter: str | None) -> list[Resource]:
        """Return the resources of `type` in, or extending, `scope`, in the order of their ids.

        Raises:
            ArmError: 404 when there is no such scope, 400 for a filter that is not emulated.
        """
        _, provider = self._registry.get(type)
        if not await self._exists(scope):
            raise await self._missing(scope)
        recorded = [
            resource
            for resource in self._store.below(scope)
            if resource.id.type.lower() == type.lower() and _is_member(resource.id, scope)
        ]
        current = [now for resource in recorded if (now := await self._refreshed(resource, provider)) is not None]
        if isinstance(provider, Inventory):
            current = list(await provider.members(type, scope, current, filter))
        elif filter is not None:
            raise ArmError(400, "InvalidFilter", f"$filter: '{filter}' of '{type}' is not emulated.", "$filter")
        return sorted(current, key=lambda resource: resource.id.key)

    async def put(self, id: ResourceId, body: dict[str, Any]) -> Written:
        """Create the resource, or replace what it is."""
        type, provider = self._registry.get(id.type)
        check_name(type, id)
        body = without_read_only(type.schema, check_envelope(id, type, body))
        with self._locks.writing(id):
            # Here, since what is being written keeps its parents from being deleted.
            await self._check_parent(type, id)
            return await self._write(type, provider, id, body)

    async def patch(self, id: ResourceId, changes: dict[str, Any]) -> Written:
        """Change the members that `changes` names, by JSON merge patch (RFC 7396); tags are replaced as a whole."""
        type, provider = self._registry.get(id.type)
        changes = without_read_only(type.schema, check_envelope(id, type, changes))
        with self._locks.writing(id):
            current = await self.get(id)
            body = _merged(only_declared(type.schema, current.body), changes)
            if changes.get("tags") is not None:
                body["tags"] = changes["tags"]
            return await self._write(type, provider, id, body)

    async def delete(self, id: ResourceId) -> bool:
        """Delete the resource and everything below it; return whether it was there.

        Dependents go before what they depend on: the younger before the older, children before their parents.
        """
        with self._locks.deleting(id):
            found = await self.find(id)
            if found is None:
                if id.parent is not None and not await self._exists(id.parent):
                    raise await self._missing(id)
                return False
            for resource in _dependents_first(self._store.below(found.id)):
                await self._delete_one(resource)
            await self._delete_one(found)
            return True

    # Writing

    async def _write(
        self, type: ResourceType, provider: ResourceProvider, id: ResourceId, body: dict[str, Any]
    ) -> Written:
        body = self._identities.checked(type, check_location(type, body))
        check_tags(body)
        check_schema(type, body)
        existing = await self.find(id)
        if existing is None:
            return Written(await self._create(type, provider, id, body), created=True)
        previous = self._store.get(id) or existing
        body = check_immutable(type, previous, body)
        return Written(await self._keep(type, provider, Resource(previous.id, body), previous), created=False)

    async def _create(
        self, type: ResourceType, provider: ResourceProvider, id: ResourceId, body: dict[str, Any]
    ) -> Resource:
        if not type.globally_unique:
            return await self._keep(type, provider, Resource(id, body), None)
        with self._locks.naming(id):
            if self._store.named(type.type, id.name):
                raise ArmError(
                    409,
                    type.name_taken_code,
                    f"The name '{id.name}' of a resource of type '{type.type}' is already taken; such names are unique "
                    f"in all of Azure.",
                    "name",
                )
            return await self._keep(type, provider, Resource(id, body), None)

    async def _keep(
        self, type: ResourceType, provider: ResourceProvider, wanted: Resource, previous: Resource | None
    ) -> Resource:
        try:
            granted = self._identities.grant(wanted.id, wanted.body)
            body = await provider.put(Resource(wanted.id, granted), previous)
        except BaseException:
            self._identities.settle(type, previous, wanted.id)
            raise
        envelope = {name: granted[name] for name in ("identity", "location", "tags") if name in granted}
        kept = Resource(wanted.id, envelope | body)
        self._store.put(kept)
        self._identities.settle(type, kept, wanted.id)
        return kept

    async def _check_parent(self, type: ResourceType, id: ResourceId) -> None:
        parent = id.parent
        if parent is None:
            raise ArmError(400, "InvalidResourceId", f"'{id}' cannot be created.")
        if type.location != "none" and len(id.segments) == 1 and id.resource_group is None:
            raise ArmError(
                400,
                "MissingResourceGroup",
                f"A resource of type '{type.type}' lies in a resource group; '{id}' does not.",
            )
        if await self._exists(parent):
            return
        missing = await self._missing(parent)
        if missing.code == "ResourceGroupNotFound":
            raise missing
        raise ArmError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{type.type}', because the parent resource '{parent}' "
            f"could not be found.",
        )

    async def _delete_one(self, resource: Resource) -> None:
        type, provider = self._registry.get(resource.id.type)
        try:
            await provider.delete(resource)
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise
        self._forget(type, resource.id)

    # Reading

    async def _refreshed(self, recorded: Resource, provider: ResourceProvider) -> Resource | None:
        try:
            return Resource(recorded.id, await provider.read(recorded))
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise
        for resource in [*self._store.below(recorded.id), recorded]:
            self._forget(self._registry.get(resource.id.type)[0], resource.id)
        return None

    def _forget(self, type: ResourceType, id: ResourceId) -> None:
        self._store.delete(id)
        self._identities.settle(type, None, id)

    async def _exists(self, scope: ResourceId) -> bool:
        if scope == TENANT or scope.key == self._registry.subscription.key:
            return True
        if scope.type == SUBSCRIPTIONS:
            return False
        return await self.find(scope) is not None

    async def _missing(self, id: ResourceId) -> ArmError:
        """Return the error that says what of `id` does not exist: the outermost thing that is missing."""
        group = id.resource_group
        if group is not None:
            group_id = ResourceId("/".join(str(id).split("/")[:5]), "", ())
            if not await self._exists(group_id):
                return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
        return ArmError(
            404, "ResourceNotFound", f"The resource '{id.type}/{'/'.join(id.names)}' ('{id}') was not found."
        )


def _dependents_first(resources: Sequence[Resource]) -> list[Resource]:
    """Return resources, given oldest first, youngest first but for each one's children, which go before it."""
    ordered: dict[str, Resource] = {}
    for resource in reversed(resources):
        inner = [other for other in resources if resource.id.contains(other.id)]
        for other in sorted(inner, key=lambda other: len(other.id.key), reverse=True):
            ordered.setdefault(other.id.key, other)
    return list(ordered.values())


def _is_member(id: ResourceId, scope: ResourceId) -> bool:
    """Tell whether the resource belongs to the list of its type at `scope`.

    It is nested in or extends just that resource; a group or subscription lists what lies anywhere in it, but not what
    extends one of its resources.
    """
    if scope.namespace:
        return id.parent is not None and id.parent.key == scope.key
    return len(id.segments) <= 1 and scope.contains(id) and not ResourceId.parse(id.prefix).namespace


def _merged(target: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
