"""Microsoft.Storage on Azure Resource Manager."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import httpx
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.storage.accounts import Account, Accounts, container_sas
from emulator.storage.azurite import Azurite, AzuriteError
from emulator.storage.resource_types import ACCOUNTS, BLOB_SERVICES, CONTAINERS, MANAGEMENT_POLICIES, TYPES

_BLOB_VERSION: Final = "2021-12-02"
_PERMISSIONS: Final = "rcwdxltmeop"
_SAS_FIELDS: Final = (
    "canonicalizedResource", "signedResource", "signedPermission", "signedProtocol", "signedStart", "signedExpiry",
)  # fmt: skip


class StorageProvider:
    """Accounts, blob services, containers and lifecycle policies; implements Inventory for what Azurite holds."""

    def __init__(self, base_url: str, accounts: Accounts, azurite: Azurite, clock: Clock) -> None:
        self._base_url = base_url
        self._accounts = accounts
        self._azurite = azurite
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, headers={"x-ms-version": _BLOB_VERSION})

    async def close(self) -> None:
        """Close the connections to Azurite."""
        await self._client.aclose()

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types of Microsoft.Storage that are emulated."""
        return TYPES

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update."""
        if resource.id.type.lower() == ACCOUNTS.lower():
            return await self._put_account(resource, previous)
        if resource.id.type.lower() == CONTAINERS.lower():
            return await self._put_container(resource)
        if resource.id.type.lower() == MANAGEMENT_POLICIES.lower():
            _check_policy(resource.body)
            properties = {**resource.body["properties"], "lastModifiedTime": _stamp(self._clock.now())}
            return {**resource.body, "properties": properties}
        return {"properties": {}, **resource.body}

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body; 404 for a container that was deleted through the data plane."""
        if resource.id.type.lower() != CONTAINERS.lower():
            return resource.body
        response = await self._ask("HEAD", resource.id)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ArmError(404, "ContainerNotFound", f"The container '{resource.id.name}' does not exist.")
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Delete an account with its blobs, or a container."""
        if resource.id.type.lower() == ACCOUNTS.lower():
            for container in await self._containers(resource.id):
                await self._ask("DELETE", _container_id(resource.id, container))
            self._accounts.delete(resource.id.name)
            await self._restart()
        elif resource.id.type.lower() == CONTAINERS.lower():
            await self._ask("DELETE", resource.id)

    async def operate(self, operation: Operation) -> Answer:
        """Answer listKeys, regenerateKey and listServiceSas of an account."""
        if (
            operation.resource.id.type.lower() == ACCOUNTS.lower()
            and len(operation.path) == 1
            and operation.method == "POST"
        ):
            account = self._account(operation.resource.id)
            match operation.path[0].lower():
                case "listkeys":
                    return Answer(200, _keys(account))
                case "regeneratekey":
                    return await self._regenerate(account, operation.body)
                case "listservicesas":
                    return Answer(200, {"serviceSasToken": _service_sas(account, operation.body)})
                case _:
                    pass
        raise not_operable(operation)

    async def find(self, id: ResourceId) -> Resource | None:
        """Return the blob service that every account has, or a container made through the data plane."""
        if id.type.lower() == BLOB_SERVICES.lower() and id.name == "default":
            return Resource(id, {"properties": {}})
        if id.type.lower() == CONTAINERS.lower() and (await self._ask("HEAD", id)).is_success:
            return Resource(id, {"properties": {"publicAccess": "None"}})
        return None

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return the recorded resources, and the containers that only Azurite knows."""
        if filter is not None:
            raise ArmError(400, "InvalidFilter", f"$filter: {filter!r} of '{type}' is not emulated.", "$filter")
        if type.lower() == BLOB_SERVICES.lower() and not recorded:
            return [Resource(scope.child("blobServices", "default"), {"properties": {}})]
        if type.lower() != CONTAINERS.lower():
            return recorded
        known = {resource.id.name for resource in recorded}
        account = scope.parent or scope
        more = [name for name in await self._containers(account) if name not in known]
        return [
            *recorded,
            *(Resource(_container_id(account, name), {"properties": {"publicAccess": "None"}}) for name in more),
        ]

    async def _put_account(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        properties: dict[str, Any] = resource.body.get("properties") or {}
        allow_shared_key = properties.get("allowSharedKeyAccess") is not False
        if self._accounts.put(str(resource.id), resource.id.name, allow_shared_key=allow_shared_key):
            await self._restart()
        before: dict[str, Any] = (previous.body.get("properties") or {}) if previous else {}
        defaults = {
            "supportsHttpsTrafficOnly": True,
            "allowBlobPublicAccess": False,
            "accessTier": "Hot",
            "minimumTlsVersion": "TLS1_0",
        }
        return {
            **resource.body,
            "sku": {**resource.body["sku"], "tier": resource.body["sku"]["name"].partition("_")[0]},
            "properties": {
                **defaults,
                **properties,
                "provisioningState": "Succeeded",
                "creationTime": before.get("creationTime", _stamp(self._clock.now())),
                "primaryEndpoints": {"blob": f"{self._base_url}/{resource.id.name}/"},
                "primaryLocation": resource.body["location"],
                "statusOfPrimary": "available",
            },
        }

    async def _put_container(self, resource: Resource) -> dict[str, Any]:
        response = await self._ask("PUT", resource.id)
        if not response.is_success and response.status_code != HTTPStatus.CONFLICT:
            raise ArmError(
                500, "InternalError", f"Azurite refused the container: {response.status_code} {response.text}"
            )
        etag, modified = response.headers.get("etag", ""), _stamp(self._clock.now())
        properties = {"publicAccess": "None", **(resource.body.get("properties") or {})}
        return {
            **resource.body,
            "etag": etag,
            "properties": {
                **properties,
                "lastModifiedTime": modified,
                "leaseStatus": "Unlocked",
                "leaseState": "Available",
            },
        }

    async def _containers(self, account: ResourceId) -> list[str]:
        known = self._accounts.get(account.name)
        if known is None or not self._azurite.running:
            return []
        response = await self._client.get(f"{self._azurite.url}/{known.name}?comp=list&{self._accounts.own_sas(known)}")
        response.raise_for_status()
        return [str(name) for name in etree.fromstring(response.content).xpath("//Container/Name/text()")]

    async def _ask(self, method: str, container: ResourceId) -> httpx.Response:
        account = self._account(container.parent.parent if container.parent and container.parent.parent else container)
        url = f"{self._azurite.url}/{account.name}/{container.name}?restype=container&{self._accounts.own_sas(account)}"
        return await self._client.request(method, url)

    async def _regenerate(self, account: Account, body: Any) -> Answer:
        name = body.get("keyName") if isinstance(body, dict) else None
        if name not in ("key1", "key2"):
            raise ArmError(
                400, "InvalidValuesForRequestParameters", f"keyName is {name!r}; allowed: key1, key2.", "keyName"
            )
        changed = self._accounts.regenerate(account.name, str(name))
        await self._restart()
        return Answer(200, _keys(changed))

    async def _restart(self) -> None:
        try:
            await self._azurite.start(self._accounts.keys())
        except AzuriteError as error:
            raise ArmError(500, "InternalError", str(error)) from error

    def _account(self, id: ResourceId) -> Account:
        account = self._accounts.get(id.name)
        if account is None:
            raise ArmError(404, "ResourceNotFound", f"The storage account '{id.name}' was not found.")
        return account


def _container_id(account: ResourceId, name: str) -> ResourceId:
    return account.child("blobServices", "default").child("containers", name)


def _keys(account: Account) -> dict[str, Any]:
    pairs = (("key1", account.key1), ("key2", account.key2))
    return {"keys": [{"keyName": name, "value": value, "permissions": "FULL"} for name, value in pairs]}


def _service_sas(account: Account, body: Any) -> str:
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", f"The body has to be an object with: {', '.join(_SAS_FIELDS)}.")
    unknown = sorted(set(body) - set(_SAS_FIELDS))
    if unknown:
        raise ArmError(
            400,
            "InvalidRequestContent",
            f"{', '.join(unknown)}: not emulated; the emulator takes {', '.join(_SAS_FIELDS)}.",
        )
    resource = str(body.get("canonicalizedResource", ""))
    prefix = f"/blob/{account.name}/"
    container = resource.removeprefix(prefix)
    if not resource.startswith(prefix) or not container or "/" in container:
        raise _field("canonicalizedResource", resource, f"{prefix}CONTAINER")
    if body.get("signedResource") != "c":
        raise _field("signedResource", body.get("signedResource"), "c (a container); single blobs are not emulated")
    permission = str(body.get("signedPermission", ""))
    if not permission or set(permission) - set(_PERMISSIONS):
        raise _field("signedPermission", permission, f"letters of {_PERMISSIONS}")
    protocol = str(body.get("signedProtocol", "https,http"))
    if protocol not in ("https", "https,http"):
        raise _field("signedProtocol", protocol, "https; https,http")
    expiry, start = str(body.get("signedExpiry", "")), body.get("signedStart")
    for name, moment in (("signedExpiry", expiry), ("signedStart", start)):
        if moment is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", str(moment)):
            raise _field(name, moment, "a time in UTC such as 2026-01-31T12:00:00Z")
    return container_sas(account, container, permission, start, expiry, protocol)


def _field(name: str, value: Any, allowed: str) -> ArmError:
    return ArmError(400, "InvalidValuesForRequestParameters", f"{name} is {value!r}; allowed: {allowed}.", name)


def _check_policy(body: dict[str, Any]) -> None:
    rules = body["properties"]["policy"]["rules"]
    names = [rule["name"] for rule in rules]
    if len(set(names)) != len(names):
        raise ArmError(
            400,
            "InvalidRequestPropertyValue",
            f"Rule names have to differ: {', '.join(names)}.",
            "properties.policy.rules",
        )
    for rule in rules:
        for prefix in rule["definition"].get("filters", {}).get("prefixMatch", []):
            if not re.match(r"[a-z0-9$][a-z0-9-]*", prefix):
                raise ArmError(
                    400,
                    "InvalidRequestPropertyValue",
                    f"The prefix {prefix!r} of the rule '{rule['name']}' has to begin with a container's name.",
                    "properties.policy.rules",
                )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
