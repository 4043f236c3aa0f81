"""What Microsoft.Resources says of the tenant, the subscription, its regions, its providers, and all its resources.

https://learn.microsoft.com/rest/api/resources/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from emulator.arm.authorization import Authorization
from emulator.arm.errors import ArmError
from emulator.arm.paging import page
from emulator.arm.provider import Answer, Resource, ResourceType
from emulator.arm.regions import REGIONS
from emulator.arm.registry import Registry, check_api_version
from emulator.arm.request import ArmRequest, method_not_allowed
from emulator.arm.resource_groups import RESOURCE_GROUPS, RESOURCES_API_VERSIONS
from emulator.arm.resource_id import ResourceId
from emulator.arm.store import ResourceStore
from emulator.home import Configuration

SUBSCRIPTIONS_API_VERSIONS: Final = (*RESOURCES_API_VERSIONS, "2022-12-01", "2021-01-01", "2020-01-01")

GROUP_READ: Final = "Microsoft.Resources/subscriptions/resourceGroups/read"
SUBSCRIPTION_READ: Final = "Microsoft.Resources/subscriptions/read"

_ENTRY_MEMBERS: Final = ("location", "tags", "kind", "sku", "identity", "managedBy")
_TIMES: Final = ("createdTime", "changedTime")
_PAGING: Final = ("$top", "$skiptoken")

Handler = Callable[[ArmRequest, re.Match[str]], Answer]


class SubscriptionRequests:
    """Answers the paths of Microsoft.Resources that address no resource."""

    def __init__(
        self,
        configuration: Configuration,
        registry: Registry,
        store: ResourceStore,
        authorization: Authorization,
    ) -> None:
        self._configuration = configuration
        self._registry = registry
        self._store = store
        self._authorization = authorization
        root = re.escape(registry.subscription.key)
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(pattern, re.IGNORECASE), handler)
            for method, pattern, handler in (
                ("GET", "/tenants", self._tenants),
                ("GET", "/subscriptions", self._subscriptions),
                ("GET", root, self._subscription),
                ("GET", f"{root}/locations", self._locations),
                ("GET", f"{root}/providers", self._providers),
                ("GET", f"{root}/providers/([^/]+)", self._provider),
                ("POST", f"{root}/providers/([^/]+)/register", self._provider),
                ("GET", f"{root}/resourcegroups", self._groups),
                ("GET", f"{root}/resources", self._all_resources),
                ("GET", f"{root}/resourcegroups/([^/]+)/resources", self._group_resources),
            )
        ]

    def answer(self, request: ArmRequest) -> Answer | None:
        """Return the answer, or None when the path addresses something else."""
        matching = [
            (method, found, handler)
            for method, pattern, handler in self._routes
            if (found := pattern.fullmatch(request.path)) is not None
        ]
        if not matching:
            return None
        for method, found, handler in matching:
            if method == request.method:
                check_api_version(request.path, request.query.get("api-version"), SUBSCRIPTIONS_API_VERSIONS)
                return handler(request, found)
        raise method_not_allowed(request, ", ".join(method for method, _, _ in matching))

    def _tenants(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        request.check_query()
        tenant = self._configuration.tenant_id
        return Answer(
            200,
            {
                "value": [
                    {
                        "id": f"/tenants/{tenant}",
                        "tenantId": tenant,
                        "displayName": "Emulator",
                        "tenantCategory": "Home",
                    }
                ]
            },
        )

    def _subscriptions(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        """The subscription, for who has a role at it or at anything in it."""
        request.check_query()
        visible = self._authorization.assignments(request.principal.object_id)
        return Answer(200, {"value": [self._subscription_body()] if visible else []})

    def _subscription(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        request.check_query()
        request.check_access(self._authorization, SUBSCRIPTION_READ, self._root)
        return Answer(200, self._subscription_body())

    def _locations(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        request.check_query()
        request.check_access(self._authorization, "Microsoft.Resources/subscriptions/locations/read", self._root)
        entries = [{"id": f"{self._root}/locations/{name}", "name": name} for name in sorted(REGIONS)]
        return Answer(200, {"value": entries})

    def _providers(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        request.check_query()
        request.check_access(self._authorization, "Microsoft.Resources/subscriptions/providers/read", self._root)
        return Answer(200, {"value": [self._provider_body(*entry) for entry in sorted(self._namespaces().items())]})

    def _provider(self, request: ArmRequest, found: re.Match[str]) -> Answer:
        """A provider, also the answer to its registration: each is registered from the start."""
        request.check_query()
        namespaces = self._namespaces()
        name = next((name for name in namespaces if name.lower() == found[1].lower()), None)
        if name is None:
            self._registry.refuse(found[1])
        action = (
            f"{name}/register/action"
            if request.method == "POST"
            else "Microsoft.Resources/subscriptions/providers/read"
        )
        request.check_access(self._authorization, action, self._root)
        return Answer(200, self._provider_body(name, namespaces[name]))

    def _groups(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        request.check_query(_PAGING)
        groups = [
            group
            for group in self._store.of_type(RESOURCE_GROUPS)
            if self._authorization.may(request.principal, GROUP_READ, str(group.id))
        ]
        return Answer(200, _page(groups, resource_json, request))

    def _all_resources(self, request: ArmRequest, _: re.Match[str]) -> Answer:
        return self._listed(request, self._registry.subscription)

    def _group_resources(self, request: ArmRequest, found: re.Match[str]) -> Answer:
        group = self._store.get(ResourceId(f"{self._root}/resourceGroups/{found[1]}", "", ()))
        if group is None:
            request.check_access(self._authorization, GROUP_READ, f"{self._root}/resourceGroups/{found[1]}")
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{found[1]}' could not be found.")
        return self._listed(request, group.id)

    def _listed(self, request: ArmRequest, scope: ResourceId) -> Answer:
        """Tracked resources, those that have a location, as far as the principal may read them."""
        request.check_query((*_PAGING, "$filter", "$expand"))
        expanded = _expanded(request.query.get("$expand"))
        wanted = self._type_filter(request.query.get("$filter"))
        entries = [
            resource
            for resource in self._store.below(scope)
            if "location" in resource.body
            and resource.id.namespace
            and wanted in ("", resource.id.type.lower())
            and self._authorization.may(request.principal, f"{resource.id.type}/read", str(resource.id))
        ]

        def entry(resource: Resource) -> dict[str, Any]:
            times: dict[str, str] = dict(zip(_TIMES, self._store.times(resource.id), strict=True))
            return _entry(resource) | {name: times[name] for name in expanded}

        return Answer(200, _page(entries, entry, request))

    def _type_filter(self, filter: str | None) -> str:
        if filter is None:
            return ""
        matched = re.fullmatch(r"resourceType eq '([^']+)'", filter)
        if matched is None:
            raise ArmError(
                400,
                "InvalidFilter",
                f"$filter: '{filter}' is not emulated; allowed: resourceType eq 'TYPE'.",
                "$filter",
            )
        return self._registry.get(matched[1])[0].type.lower()

    @property
    def _root(self) -> str:
        return str(self._registry.subscription)

    def _subscription_body(self) -> dict[str, Any]:
        return {
            "id": self._root,
            "subscriptionId": self._configuration.subscription_id,
            "tenantId": self._configuration.tenant_id,
            "displayName": "Emulator",
            "state": "Enabled",
        }

    def _namespaces(self) -> dict[str, list[ResourceType]]:
        found: dict[str, list[ResourceType]] = {}
        for type in self._registry.types:
            found.setdefault(type.type.partition("/")[0], []).append(type)
        return found

    def _provider_body(self, namespace: str, types: list[ResourceType]) -> dict[str, Any]:
        return {
            "id": f"{self._root}/providers/{namespace}",
            "namespace": namespace,
            "registrationState": "Registered",
            "resourceTypes": [
                {
                    "resourceType": type.type.partition("/")[2],
                    "apiVersions": list(type.api_versions),
                    "locations": sorted(REGIONS) if type.location == "required" else [],
                }
                for type in types
            ],
        }


def resource_json(resource: Resource) -> dict[str, Any]:
    """Return what a GET of the resource answers."""
    return {"id": str(resource.id), "name": resource.id.name, "type": resource.id.type} | resource.body


def _expanded(expand: str | None) -> list[str]:
    """Return the names in ``$expand``, of which ARM leaves the members out unless asked for them."""
    names = [name.strip() for name in expand.split(",")] if expand else []
    for name in names:
        if name not in _TIMES:
            raise ArmError(
                400, "InvalidExpand", f"$expand: '{name}' is not emulated; allowed: {', '.join(_TIMES)}.", "$expand"
            )
    return names


def _entry(resource: Resource) -> dict[str, Any]:
    whole = resource_json(resource)
    return {name: whole[name] for name in ("id", "name", "type", *_ENTRY_MEMBERS) if name in whole}


def _page(
    resources: list[Resource], shape: Callable[[Resource], dict[str, Any]], request: ArmRequest
) -> dict[str, Any]:
    ordered = sorted(resources, key=lambda resource: resource.id.key)
    return page(ordered, lambda resource: resource.id.key, shape, request.query, request.url)
