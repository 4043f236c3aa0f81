"""What the emulator itself asks of Azurite: containers for Azure Resource Manager, blobs for lifecycle policies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient, BlobServiceClient, ContainerClient, StandardBlobTier

from emulator.storage.accounts import Account
from emulator.storage.azurite import Azurite

API_VERSION: Final = "2025-11-05"
"""An x-ms-version that Azurite 3.37 knows."""

_T = TypeVar("_T")
_PUBLIC_ACCESS: Final = {"Blob": "blob", "Container": "container"}


@dataclass(frozen=True)
class Container:
    """A container's properties, in ARM's words."""

    etag: str
    last_modified: datetime
    lease_status: str
    lease_state: str
    public_access: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Blob:
    """A blob, or a snapshot of one, as lifecycle policies look at it; `kind` is e.g. ``blockBlob``."""

    name: str
    snapshot: str | None
    kind: str
    tier: str | None
    created: datetime
    modified: datetime
    tags: Mapping[str, str]


class Blobs:
    """The containers and blobs of every account, reached with the account's key."""

    def __init__(self, azurite: Azurite) -> None:
        self._azurite = azurite

    async def put_container(
        self, account: Account, name: str, public_access: str, metadata: Mapping[str, str]
    ) -> Container:
        """Make a container, or change one that exists; `public_access` is None, Blob or Container."""

        def work(service: BlobServiceClient) -> Container:
            container = service.get_container_client(name)
            access = _PUBLIC_ACCESS.get(public_access)
            try:
                container.create_container(metadata=dict(metadata), public_access=access)
            except ResourceExistsError:
                container.set_container_metadata(dict(metadata))
                container.set_container_access_policy(signed_identifiers={}, public_access=access)
            return _container(container)

        return await self._ask(account, work)

    async def container(self, account: Account, name: str) -> Container | None:
        """Return a container, None when there is none."""

        def work(service: BlobServiceClient) -> Container | None:
            try:
                return _container(service.get_container_client(name))
            except ResourceNotFoundError:
                return None

        return await self._ask(account, work)

    async def containers(self, account: Account) -> list[str]:
        """Return the names of all containers."""
        return await self._ask(account, lambda service: [each.name for each in service.list_containers()])

    async def delete_container(self, account: Account, name: str) -> None:
        """Delete a container with its blobs, leased or not; one that is gone already is no error."""

        def work(service: BlobServiceClient) -> None:
            container = service.get_container_client(name)
            try:
                if container.get_container_properties().lease.state == "leased":
                    BlobLeaseClient(container).break_lease(0)
                container.delete_container()
            except ResourceNotFoundError:
                return

        await self._ask(account, work)

    async def blobs(self, account: Account, container: str, prefix: str) -> list[Blob]:
        """Return the blobs of a container whose names begin with `prefix`, with their snapshots."""

        def work(service: BlobServiceClient) -> list[Blob]:
            client = service.get_container_client(container)
            try:
                return [_blob(each) for each in client.list_blobs(prefix, include=["snapshots", "tags"])]
            except ResourceNotFoundError:
                return []

        return await self._ask(account, work)

    async def delete(self, account: Account, container: str, blob: Blob) -> None:
        """Delete a snapshot, or a blob if it was not modified meanwhile; one that is gone already is no error.

        Raises:
            HttpResponseError: it was modified, is leased, or has snapshots.
        """

        def work(service: BlobServiceClient) -> None:
            unmodified: dict[str, Any] = {} if blob.snapshot else {"if_unmodified_since": blob.modified}
            with contextlib.suppress(ResourceNotFoundError):
                service.get_blob_client(container, blob.name, snapshot=blob.snapshot).delete_blob(**unmodified)

        await self._ask(account, work)

    async def set_tier(self, account: Account, container: str, blob: Blob, tier: str) -> None:
        """Move a block blob to another access tier.

        Raises:
            HttpResponseError: it is leased or gone.
        """
        wanted = StandardBlobTier(tier)
        await self._ask(
            account, lambda service: service.get_blob_client(container, blob.name).set_standard_blob_tier(wanted)
        )

    async def _ask(self, account: Account, work: Callable[[BlobServiceClient], _T]) -> _T:
        async with self._azurite.session() as azurite:
            with BlobServiceClient(
                f"{azurite}/{account.name}",
                credential={"account_name": account.name, "account_key": account.key1},
                api_version=API_VERSION,
                retry_total=0,
            ) as service:
                return await asyncio.to_thread(work, service)


def _container(client: ContainerClient) -> Container:
    found = client.get_container_properties()
    return Container(
        etag=str(found.etag),
        last_modified=found.last_modified,
        lease_status=str(found.lease.status).capitalize(),
        lease_state=str(found.lease.state).capitalize(),
        public_access=str(found.public_access or "none").capitalize(),
        metadata=dict(found.metadata or {}),
    )


def _blob(found: Any) -> Blob:
    kind = str(getattr(found.blob_type, "value", found.blob_type))
    return Blob(
        name=found.name,
        snapshot=found.snapshot,
        kind=kind[:1].lower() + kind[1:],
        tier=str(found.blob_tier) if found.blob_tier else None,
        created=found.creation_time,
        modified=found.last_modified,
        tags=dict(found.tags or {}),
    )
