"""What a blob request asks for, and what Azure wants the caller to be allowed for it.

Actions: "Permissions for calling data operations" in "Authorize with Microsoft Entra ID", REST reference of the storage
services on learn.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

_CONTAINERS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers"
_BLOBS: Final = f"{_CONTAINERS}/blobs"


@dataclass(frozen=True)
class Permission:
    """An action on a container, or on the account where `container` is None; `data`: a data action."""

    action: str
    container: str | None
    data: bool


@dataclass(frozen=True)
class BlobRequest:
    """A request to the blob service; `api` is its name in the REST reference."""

    api: str
    account: str
    container: str | None
    permissions: tuple[Permission, ...]
    copies_synchronously: bool = False


_OF_CONTAINER: Final[Mapping[tuple[str, str], tuple[str, str, bool]]] = {
    ("PUT", ""): ("CreateContainer", "write", False),
    ("DELETE", ""): ("DeleteContainer", "delete", False),
    ("GET", ""): ("GetContainerProperties", "read", False),
    ("HEAD", ""): ("GetContainerProperties", "read", False),
    ("PUT", "metadata"): ("SetContainerMetadata", "write", False),
    ("GET", "metadata"): ("GetContainerMetadata", "read", False),
    ("PUT", "lease"): ("LeaseContainer", "write", False),
    ("GET", "list"): ("ListBlobs", "blobs/read", True),
}
_OF_BLOB: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("GET", ""): ("GetBlob", "read"),
    ("HEAD", ""): ("GetBlobProperties", "read"),
    ("DELETE", ""): ("DeleteBlob", "delete"),
    ("GET", "metadata"): ("GetBlobMetadata", "read"),
    ("HEAD", "metadata"): ("GetBlobMetadata", "read"),
    ("PUT", "metadata"): ("SetBlobMetadata", "write"),
    ("PUT", "properties"): ("SetBlobProperties", "write"),
    ("PUT", "lease"): ("LeaseBlob", "write"),
    ("PUT", "block"): ("PutBlock", "write"),
    ("PUT", "blocklist"): ("PutBlockList", "write"),
    ("GET", "blocklist"): ("GetBlockList", "read"),
    ("PUT", "appendblock"): ("AppendBlock", "write"),
    ("PUT", "tier"): ("SetBlobTier", "write"),
    ("PUT", "snapshot"): ("SnapshotBlob", "write"),
    ("PUT", "copy"): ("AbortCopyBlob", "write"),
    ("GET", "tags"): ("GetBlobTags", "tags/read"),
    ("PUT", "tags"): ("SetBlobTags", "tags/write"),
}


def read_request(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> BlobRequest | None:
    """Return what a request to ``/account[/container[/blob]]`` asks for; None where the emulator has no such operation.

    `headers` has lower-case names.
    """
    account, _, rest = path.strip("/").partition("/")
    container, _, blob = rest.partition("/")
    comp = query.get("comp", "").lower()
    if not container:
        if (method, comp) == ("GET", "list"):
            return BlobRequest("ListContainers", account, None, (Permission(f"{_CONTAINERS}/read", None, False),))
        return None
    if not blob:
        found = _OF_CONTAINER.get((method, comp)) if query.get("restype", "").lower() == "container" else None
        if found is None:
            return None
        api, action, data = found
        return BlobRequest(api, account, container, (Permission(f"{_CONTAINERS}/{action}", container, data),))
    return _blob_request(method, comp, account, container, headers)


def _blob_request(
    method: str, comp: str, account: str, container: str, headers: Mapping[str, str]
) -> BlobRequest | None:
    if (method, comp) != ("PUT", ""):
        found = _OF_BLOB.get((method, comp))
        if found is None:
            return None
        api, action = found
        return BlobRequest(api, account, container, (Permission(f"{_BLOBS}/{action}", container, True),))
    write = Permission(f"{_BLOBS}/write", container, True)
    source = headers.get("x-ms-copy-source")
    if source is None:
        return BlobRequest("PutBlob", account, container, (write,))
    permissions = [write]
    source_account, source_container = _container_of(source)
    if source_account == account and "sig=" not in source and source_container:
        permissions.append(Permission(f"{_BLOBS}/read", source_container, True))
    synchronous = headers.get("x-ms-requires-sync", "").lower() == "true"
    return BlobRequest("CopyBlob", account, container, tuple(permissions), synchronous)


def _container_of(address: str) -> tuple[str, str]:
    parts = [unquote(part) for part in urlsplit(address).path.split("/") if part]
    return (parts[0], parts[1]) if len(parts) > 2 else ("", "")
