"""Microsoft.Storage on Azure Resource Manager."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from azure.core.exceptions import HttpResponseError

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.storage.accounts import Access, Account, Accounts
from emulator.storage.azurite import Azurite, AzuriteError
from emulator.storage.blobs import Blobs, Container
from emulator.storage.lifecycle import check_policy
from emulator.storage.policies import Policies
from emulator.storage.resource_types import (
    ACCOUNTS,
    API_VERSIONS,
    BLOB_SERVICES,
    CONTAINERS,
    MANAGEMENT_POLICIES,
    TYPES,
)
from emulator.storage.rules import check_account, check_blob_service
from emulator.storage.signatures import account_sas, service_sas

_CHECK_NAME: Final = "Microsoft.Storage/checkNameAvailability"
_ACCOUNT_DEFAULTS: Final[Mapping[str, Any]] = {
    "supportsHttpsTrafficOnly": True,
    "allowBlobPublicAccess": False,
    "minimumTlsVersion": "TLS1_0",
    "publicNetworkAccess": "Enabled",
}
"""Defaults of the schema of Microsoft.Storage/storageAccounts 2024-01-01."""
_SERVICE_DEFAULTS: Final[Mapping[str, Any]] = {
    "cors": {"corsRules": []},
    "deleteRetentionPolicy": {"enabled": False},
}


class StorageProvider:
    """Accounts, blob services, containers and lifecycle policies; implements Inventory for what Azurite holds."""

    def __init__(
        self, base_url: str, accounts: Accounts, policies: Policies, azurite: Azurite, blobs: Blobs, clock: Clock
    ) -> None:
        self._base_url = base_url
        self._accounts = accounts
        self._policies = policies
        self._azurite = azurite
        self._blobs = blobs
        self._clock = clock

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types of Microsoft.Storage that are emulated."""
        return TYPES

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """Whether an account's name is free: https://learn.microsoft.com/rest/api/storagerp/storage-accounts."""
        return {_CHECK_NAME: API_VERSIONS}

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update."""
        match _kind(resource.id):
            case "account":
                return await self._put_account(resource, previous)
            case "blob service":
                account = self._account(resource.id.parent)
                check_blob_service(resource.body, hierarchical=account.hierarchical)
                return resource.body | {"properties": {**_SERVICE_DEFAULTS, **(resource.body.get("properties") or {})}}
            case "container":
                return await self._put_container(resource)
            case _:
                return self._put_policy(resource)

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body; 404 for a container that was deleted through the data plane."""
        if _kind(resource.id) != "container":
            return resource.body
        container = await self._container(resource.id)
        if container is None:
            raise ArmError(404, "ContainerNotFound", f"The container '{resource.id.name}' does not exist.")
        return _container_body(resource.body, container)

    async def delete(self, resource: Resource) -> None:
        """Delete an account with its blobs, a container, or a policy."""
        match _kind(resource.id):
            case "account":
                await self._delete_account(resource.id.name)
            case "container":
                with_account = self._account(_account_id(resource.id))
                async with _asking():
                    await self._blobs.delete_container(with_account, resource.id.name)
            case "policy":
                self._policies.delete(self._account(resource.id.parent).name)
            case _:
                pass  # The blob service goes with its account; what was set for it is forgotten.

    async def operate(self, operation: Operation) -> Answer:
        """Answer listKeys, regenerateKey, listServiceSas and listAccountSas of an account, and about free names."""
        if (operation.method, "/".join(operation.path).lower()) == ("POST", f"providers/{_CHECK_NAME}".lower()):
            return Answer(200, self._availability(operation.body))
        if _kind(operation.resource.id) != "account" or operation.method != "POST" or len(operation.path) != 1:
            raise not_operable(operation)
        account = self._account(operation.resource.id)
        match operation.path[0].lower():
            case "listkeys":
                return Answer(200, _keys(account))
            case "regeneratekey":
                return await self._regenerate(account, operation.body)
            case "listservicesas":
                return Answer(200, {"serviceSasToken": service_sas(account, operation.body)})
            case "listaccountsas":
                return Answer(200, {"accountSasToken": account_sas(account, operation.body)})
            case _:
                raise not_operable(operation)

    def _availability(self, body: Any) -> dict[str, Any]:
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or body.get("type") != ACCOUNTS:
            raise ArmError(400, "InvalidRequestContent", f"'name' and 'type' are needed; allowed type: {ACCOUNTS}.")
        rule = TYPES[0].name
        if rule.pattern.fullmatch(name) is None:
            text = f"{name} is not a valid storage account name. Allowed: {rule.words}."
            return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": text}
        if self._accounts.get(name) is not None:
            text = f"The storage account named {name} is already taken."
            return {"nameAvailable": False, "reason": "AlreadyExists", "message": text}
        return {"nameAvailable": True}

    async def find(self, id: ResourceId) -> Resource | None:
        """Return the blob service that every account has, or a container made through the data plane."""
        kind = _kind(id)
        if kind == "blob service" and id.name.lower() == "default":
            return Resource(id, {"properties": dict(_SERVICE_DEFAULTS)})
        container = await self._container(id) if kind == "container" else None
        return None if container is None else Resource(id, _container_body({}, container))

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return the recorded resources, the blob service there always is, and containers only Azurite knows."""
        if filter is not None:
            raise ArmError(400, "InvalidFilter", f"$filter: {filter!r} of '{type}' is not emulated.", "$filter")
        if type.lower() == BLOB_SERVICES.lower() and not recorded:
            return [Resource(scope.child("blobServices", "default"), {"properties": dict(_SERVICE_DEFAULTS)})]
        if type.lower() != CONTAINERS.lower():
            return recorded
        known = {resource.id.name for resource in recorded}
        async with _asking():
            names = await self._blobs.containers(self._account(_account_id(scope)))
        found = [await self.find(scope.child("containers", name)) for name in names if name not in known]
        return [*recorded, *(resource for resource in found if resource is not None)]

    # Accounts

    async def _put_account(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        check_account(resource.body, previous.body if previous else None)
        properties: dict[str, Any] = resource.body.get("properties") or {}
        access = Access(
            allow_shared_key=properties.get("allowSharedKeyAccess") is not False,
            allow_blob_public_access=properties.get("allowBlobPublicAccess") is True,
            public_network=properties.get("publicNetworkAccess", "Enabled") == "Enabled",
        )
        name = resource.id.name
        self._accounts.put(str(resource.id), name, access, hierarchical=properties.get("isHnsEnabled") is True)
        await self._serve()
        before: dict[str, Any] = (previous.body.get("properties") or {}) if previous else {}
        tier = {} if resource.body["kind"] in ("Storage", "BlockBlobStorage") else {"accessTier": "Hot"}
        return resource.body | {
            "sku": {**resource.body["sku"], "tier": _performance(resource.body["sku"]["name"])},
            "properties": {
                **_ACCOUNT_DEFAULTS,
                **tier,
                **properties,
                "provisioningState": "Succeeded",
                "creationTime": before.get("creationTime", _stamp(self._clock.now())),
                "primaryEndpoints": {"blob": f"{self._base_url}/{name}/"},
                "primaryLocation": resource.body["location"],
                "statusOfPrimary": "available",
            },
        }

    async def _delete_account(self, name: str) -> None:
        account = self._accounts.get(name)
        if account is None:
            return
        async with _asking():
            for container in await self._blobs.containers(account):
                await self._blobs.delete_container(account, container)
        self._policies.delete(name)
        self._accounts.delete(name)
        await self._serve()

    async def _regenerate(self, account: Account, body: Any) -> Answer:
        name = body.get("keyName") if isinstance(body, dict) else None
        if name not in ("key1", "key2"):
            raise ArmError(
                400, "InvalidValuesForRequestParameters", f"keyName is {name!r}; allowed: key1, key2.", "keyName"
            )
        changed = self._accounts.regenerate(account.name, str(name))
        await self._serve()
        return Answer(200, _keys(changed))

    async def _serve(self) -> None:
        async with _asking():
            await self._azurite.serve(self._accounts.keys())

    def _account(self, id: ResourceId | None) -> Account:
        account = self._accounts.get(id.name) if id is not None else None
        if account is None:
            raise ArmError(404, "ResourceNotFound", f"The storage account of '{id}' was not found.")
        return account

    # What an account has

    async def _put_container(self, resource: Resource) -> dict[str, Any]:
        account = self._account(_account_id(resource.id))
        properties: dict[str, Any] = resource.body.get("properties") or {}
        public = properties.get("publicAccess") or "None"
        if public != "None" and not account.access.allow_blob_public_access:
            raise ArmError(
                409,
                "PublicAccessNotPermitted",
                f"Public access is not permitted on this storage account; publicAccess is {public!r}, allowed: None.",
                "properties.publicAccess",
            )
        async with _asking():
            container = await self._blobs.put_container(
                account, resource.id.name, public, properties.get("metadata") or {}
            )
        return _container_body(resource.body, container)

    async def _container(self, id: ResourceId) -> Container | None:
        async with _asking():
            return await self._blobs.container(self._account(_account_id(id)), id.name)

    def _put_policy(self, resource: Resource) -> dict[str, Any]:
        check_policy(resource.body)
        properties = resource.body["properties"]
        self._policies.put(self._account(resource.id.parent).name, properties["policy"])
        return resource.body | {"properties": {**properties, "lastModifiedTime": _stamp(self._clock.now())}}


@asynccontextmanager
async def _asking() -> AsyncGenerator[None]:
    """Turn Azurite's refusals into ARM's."""
    try:
        yield
    except AzuriteError as error:
        raise ArmError(500, "InternalError", str(error)) from error
    except HttpResponseError as error:
        code = getattr(error, "error_code", None)
        raise ArmError(
            error.status_code or 500, str(getattr(code, "value", code) or "InternalError"), f"Azurite: {error.reason}"
        ) from error


_KINDS: Final = {
    ACCOUNTS.lower(): "account",
    BLOB_SERVICES.lower(): "blob service",
    CONTAINERS.lower(): "container",
    MANAGEMENT_POLICIES.lower(): "policy",
}


def _kind(id: ResourceId) -> str:
    return _KINDS[id.type.lower()]


def _account_id(id: ResourceId) -> ResourceId:
    return ResourceId(id.prefix, id.namespace, id.segments[:1])


def _container_body(body: Mapping[str, Any], container: Container) -> dict[str, Any]:
    return {
        **body,
        "etag": container.etag,
        "properties": {
            **(body.get("properties") or {}),
            "publicAccess": container.public_access,
            "metadata": dict(container.metadata),
            "lastModifiedTime": _stamp(container.last_modified),
            "leaseStatus": container.lease_status,
            "leaseState": container.lease_state,
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        },
    }


def _keys(account: Account) -> dict[str, Any]:
    pairs = (("key1", account.key1), ("key2", account.key2))
    return {"keys": [{"keyName": name, "value": value, "permissions": "FULL"} for name, value in pairs]}


def _performance(sku: str) -> str:
    return "Premium" if sku.startswith("Premium") else "Standard"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
