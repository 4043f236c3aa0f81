"""From a request to who answers it, with the checks that come before: address, API version, access."""

from __future__ import annotations

from typing import Any, Final

from emulator.arm.address import (
    TENANT,
    CollectionAddress,
    OperationAddress,
    ResourceAddress,
    ScopeOperationAddress,
    resolve,
)
from emulator.arm.authorization import Authorization
from emulator.arm.errors import ArmError
from emulator.arm.paging import page
from emulator.arm.provider import Answer, Operation, Resource
from emulator.arm.registry import Registry, check_api_version
from emulator.arm.request import ArmRequest, method_not_allowed
from emulator.arm.resource_groups import RESOURCE_GROUPS
from emulator.arm.resource_id import ResourceId
from emulator.arm.resources import Resources
from emulator.arm.subscription import SubscriptionRequests, resource_json

_VERBS: Final = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}


class Dispatcher:
    """Answers every path but the anonymous ones. Refusals are raised as ArmError."""

    def __init__(
        self,
        registry: Registry,
        resources: Resources,
        subscription: SubscriptionRequests,
        authorization: Authorization,
    ) -> None:
        self._registry = registry
        self._resources = resources
        self._subscription = subscription
        self._authorization = authorization

    async def answer(self, request: ArmRequest) -> Answer:
        """Return the answer to an authenticated request."""
        self._check_subscription(request.path)
        answer = self._subscription.answer(request)
        if answer is not None:
            return answer
        match resolve(request.path, self._registry):
            case ResourceAddress() as address:
                return await self._resource(request, address)
            case CollectionAddress() as address:
                return await self._collection(request, address)
            case OperationAddress() as address:
                return await self._operation(request, address)
            case ScopeOperationAddress() as address:
                return await self._scope_operation(request, address)

    def _check_subscription(self, path: str) -> None:
        segments = path.split("/")
        if len(segments) < 3 or segments[1].lower() != "subscriptions":
            return
        if f"/subscriptions/{segments[2]}".lower() != self._registry.subscription.key:
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{segments[2]}' could not be found.")

    async def _resource(self, request: ArmRequest, address: ResourceAddress) -> Answer:
        if request.method == "POST":
            raise method_not_allowed(request, "GET, HEAD, PUT, PATCH, DELETE")
        type, _ = self._registry.get(address.id.type)
        self._admit(request, type.type, type.api_versions, address.path)
        request.check_query()
        match request.method:
            case "GET":
                return Answer(200, resource_json(await self._resources.get(address.id)))
            case "HEAD":
                return Answer(404 if await self._resources.find(address.id) is None else 204)
            case "DELETE":
                return Answer(200 if await self._resources.delete(address.id) else 204)
            case "PUT":
                written = await self._resources.put(address.id, _object(request))
            case _:
                # Microsoft's client of Logic Apps patches without a body: nothing is changed.
                written = await self._resources.patch(address.id, {} if request.body is None else _object(request))
        return Answer(201 if written.created else 200, resource_json(written.resource))

    async def _collection(self, request: ArmRequest, address: CollectionAddress) -> Answer:
        if request.method != "GET":
            raise method_not_allowed(request, "GET")
        type, _ = self._registry.get(address.type)
        scope = self._registry.subscription if address.scope == TENANT else address.scope
        self._admit(request, type.type, type.api_versions, str(scope))
        request.check_query(("$filter", "$top", "$skiptoken"))
        found = await self._resources.members(type.type, address.scope, request.query.get("$filter"))
        return Answer(200, page(found, lambda resource: resource.id.key, resource_json, request.query, request.url))

    async def _operation(self, request: ArmRequest, address: OperationAddress) -> Answer:
        type, provider = self._registry.get(address.id.type)
        kind = "/".join([type.type, *address.segments[::2]])
        self._admit(request, kind, type.api_versions, request.path)
        resource = await self._resources.get(address.id)
        return await provider.operate(_operation(request, resource, address.segments))

    async def _scope_operation(self, request: ArmRequest, address: ScopeOperationAddress) -> Answer:
        found = self._registry.find_operation(address.kind)
        if found is None:
            self._registry.refuse(address.kind)
        kind, versions, provider = found
        self._admit(request, kind, versions, request.path)
        return await provider.operate(_operation(request, await self._scope(address.scope), address.segments))

    async def _scope(self, scope: ResourceId) -> Resource:
        if scope.key == self._registry.subscription.key:
            return Resource(scope, {})
        return await self._resources.get(scope)

    def _admit(self, request: ArmRequest, kind: str, versions: tuple[str, ...], scope: str) -> None:
        check_api_version(kind, request.query.get("api-version"), versions)
        request.check_access(self._authorization, action_of(kind, request.method), scope)


def action_of(kind: str, method: str) -> str:
    """Return the action that roles name for a request: `kind` is a resource type or, below one, a path's kinds.

    https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
    """
    if kind == RESOURCE_GROUPS:
        kind = "Microsoft.Resources/subscriptions/resourceGroups"
    return f"{kind}/{_VERBS[method]}"


def _operation(request: ArmRequest, resource: Resource, segments: tuple[str, ...]) -> Operation:
    return Operation(request.method, resource, segments, request.query, request.body, request.principal, request.url)


def _object(request: ArmRequest) -> dict[str, Any]:
    if not isinstance(request.body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content is invalid: a JSON object is expected.")
    return request.body
