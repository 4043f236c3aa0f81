"""What a blob request asks for, and what Azure wants the caller to be allowed for it.

Operations: "Blob service REST API"; actions: "Permissions for calling data operations" of "Authorize with Microsoft
Entra ID", both in the storage services' REST reference on learn.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.storage.errors import BlobError

_CONTAINERS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers"
_BLOBS: Final = f"{_CONTAINERS}/blobs"


@dataclass(frozen=True)
class Permission:
    """Actions of which one suffices, on a container, or on the account where `container` is None.

    `data` tells data actions from those of the control plane.
    """

    actions: tuple[str, ...]
    container: str | None
    data: bool


@dataclass(frozen=True)
class CopySource:
    """Where a copy takes its blob from; `query` is that of the source's address, with a SAS or without."""

    address: str
    account: str
    container: str
    path: str
    query: str

    @property
    def signed(self) -> bool:
        """Whether the address carries a SAS."""
        return "sig" in parse_qs(self.query)


@dataclass(frozen=True)
class BlobRequest:
    """A request to the blob service.

    Attributes:
        api: the operation's name in the REST reference, which is also the metric dimension ApiName.
        account: the account's name, first segment of the path.
        container: the container's name, None for an operation of the account.
        permissions: what an identity needs, all of them; None where the emulator does not take identities.
        missing: what of the request the emulator does not have, in words; None when it has all of it.
        source: where a copy takes its blob from.
        synchronous: whether the copy is to be finished when it is answered.
    """

    api: str
    account: str
    container: str | None
    permissions: tuple[Permission, ...] | None
    missing: str | None = None
    source: CopySource | None = None
    synchronous: bool = False

    @property
    def lists(self) -> bool:
        """Whether the answer is a list in pages."""
        return self.api in ("ListBlobs", "ListContainers", "FindBlobsByTags")


_NOT_FOR_IDENTITIES: Final = "-"
_NOT_EMULATED: Final = "none"

_OF_ACCOUNT: Final[Mapping[tuple[str, str, str], tuple[str, str]]] = {
    ("GET", "", "list"): ("ListContainers", "read"),
    ("GET", "", "blobs"): ("FindBlobsByTags", "blobs/filter/action"),
    ("POST", "", "batch"): ("BlobBatch", _NOT_FOR_IDENTITIES),
    ("GET", "service", "properties"): ("GetBlobServiceProperties", _NOT_FOR_IDENTITIES),
    ("PUT", "service", "properties"): ("SetBlobServiceProperties", _NOT_FOR_IDENTITIES),
    ("GET", "service", "stats"): ("GetBlobServiceStats", _NOT_EMULATED),
    ("POST", "service", "userdelegationkey"): ("GetUserDelegationKey", _NOT_EMULATED),
    ("GET", "account", "properties"): ("GetAccountInformation", _NOT_FOR_IDENTITIES),
    ("HEAD", "account", "properties"): ("GetAccountInformation", _NOT_FOR_IDENTITIES),
}
_OF_CONTAINER: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("PUT", ""): ("CreateContainer", "write"),
    ("DELETE", ""): ("DeleteContainer", "delete"),
    ("GET", ""): ("GetContainerProperties", "read"),
    ("HEAD", ""): ("GetContainerProperties", "read"),
    ("PUT", "metadata"): ("SetContainerMetadata", "write"),
    ("GET", "metadata"): ("GetContainerMetadata", "read"),
    ("HEAD", "metadata"): ("GetContainerMetadata", "read"),
    ("PUT", "lease"): ("LeaseContainer", "write"),
    ("GET", "list"): ("ListBlobs", "blobs/read"),
    ("GET", "blobs"): ("FindBlobsByTags", "blobs/filter/action"),
    ("GET", "acl"): ("GetContainerACL", _NOT_FOR_IDENTITIES),
    ("HEAD", "acl"): ("GetContainerACL", _NOT_FOR_IDENTITIES),
    ("PUT", "acl"): ("SetContainerACL", _NOT_FOR_IDENTITIES),
    ("POST", "batch"): ("BlobBatch", _NOT_FOR_IDENTITIES),
    ("PUT", "undelete"): ("RestoreContainer", _NOT_EMULATED),
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
    ("PUT", "seal"): ("AppendBlobSeal", "write"),
    ("PUT", "page"): ("PutPage", "write"),
    ("GET", "pagelist"): ("GetPageRanges", "read"),
    ("PUT", "tier"): ("SetBlobTier", "write"),
    ("PUT", "snapshot"): ("SnapshotBlob", "write"),
    ("PUT", "copy"): ("AbortCopyBlob", "write"),
    ("GET", "tags"): ("GetBlobTags", "tags/read"),
    ("PUT", "tags"): ("SetBlobTags", "tags/write"),
    ("PUT", "undelete"): ("UndeleteBlob", _NOT_EMULATED),
    ("PUT", "expiry"): ("SetBlobExpiry", _NOT_EMULATED),
    ("PUT", "incrementalcopy"): ("IncrementalCopyBlob", _NOT_EMULATED),
    ("PUT", "immutabilitypolicies"): ("SetBlobImmutabilityPolicy", _NOT_EMULATED),
    ("DELETE", "immutabilitypolicies"): ("DeleteBlobImmutabilityPolicy", _NOT_EMULATED),
    ("PUT", "legalhold"): ("SetBlobLegalHold", _NOT_EMULATED),
    ("POST", "query"): ("QueryBlobContents", _NOT_EMULATED),
}
_LONGEST_NAME: Final = 1024
"""Characters of a blob's name ("Naming and referencing containers, blobs, and metadata", learn.microsoft.com)."""
_MAY_CREATE: Final = frozenset({"PutBlob", "PutBlockList", "CopyBlob"})
"""Operations for which ``add/action`` suffices where they replace nothing."""
_FROM_URL: Final = {"PutBlock": "PutBlockFromURL", "AppendBlock": "AppendBlockFromURL", "PutPage": "PutPageFromURL"}
_LISTED_WITHOUT: Final = frozenset({"versions", "deleted", "deletedwithversions", "immutabilitypolicy", "legalhold"})
"""What List Blobs can include and Azurite does not keep."""


def check_name(path: str) -> None:
    """Refuse a blob name that is too long, which Azurite takes; `path` is decoded.

    Raises:
        BlobError: 400 OutOfRangeInput.
    """
    blob = path.lstrip("/").split("/", 2)[2:]
    if blob and len(blob[0]) > _LONGEST_NAME:
        raise BlobError(
            400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits."
        )


def read_request(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> BlobRequest:
    """Return what a request to ``/account[/container[/blob]]`` asks for; `headers` has lower-case names."""
    account, _, rest = path.lstrip("/").partition("/")
    container, _, blob = rest.partition("/")
    comp, restype = query.get("comp", "").lower(), query.get("restype", "").lower()
    if not container:
        named = _OF_ACCOUNT.get((method, restype, comp))
    elif blob:
        return _blob_request(method, comp, account, container, query, headers)
    elif restype == "account":
        named = _OF_ACCOUNT.get((method, restype, comp))
    else:
        # Without the type this would be a blob of the root container, which the emulator does not have.
        named = _OF_CONTAINER.get((method, comp)) if restype == "container" else None
    if named is None:
        return _unknown(method, account, container or None, query)
    api, action = named
    where = container or None
    request = BlobRequest(api, account, where, _on_container(action, where), _missing(api, action))
    if api == "ListBlobs":
        return _listing(request, query)
    return request


def _blob_request(
    method: str, comp: str, account: str, container: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> BlobRequest:
    api, action = ("PutBlob", "write") if (method, comp) == ("PUT", "") else _OF_BLOB.get((method, comp), ("", ""))
    if not api:
        return _unknown(method, account, container, query)
    source = _source(headers.get("x-ms-copy-source"))
    if source is not None:
        if api == "PutBlob" and "x-ms-blob-type" in headers:
            api, action = "PutBlobFromURL", _NOT_EMULATED
        elif api == "PutBlob":
            api = "CopyBlob"
        elif api in _FROM_URL:
            api, action = _FROM_URL[api], _NOT_EMULATED
    missing = "blob versions (versionid)" if "versionid" in query else _missing(api, action)
    permissions = _on_blobs(action, container)
    if permissions is not None and api in _MAY_CREATE and headers.get("if-none-match") == "*":
        permissions = (Permission((f"{_BLOBS}/write", f"{_BLOBS}/add/action"), container, data=True),)
    if permissions is not None and "x-ms-tags" in headers:
        permissions = (*permissions, Permission((f"{_BLOBS}/tags/write",), container, data=True))
    if api != "CopyBlob":
        return BlobRequest(api, account, container, permissions, missing)
    synchronous = headers.get("x-ms-requires-sync", "").lower() == "true"
    return BlobRequest(api, account, container, permissions, missing, source, synchronous)


def reading(source: CopySource) -> Permission:
    """Return what an identity needs to copy from `source`."""
    return Permission((f"{_BLOBS}/read",), source.container, data=True)


def _on_container(action: str, container: str | None) -> tuple[Permission, ...] | None:
    if action in (_NOT_FOR_IDENTITIES, _NOT_EMULATED):
        return None
    return (Permission((f"{_CONTAINERS}/{action}",), container, data=action.startswith("blobs/")),)


def _on_blobs(action: str, container: str) -> tuple[Permission, ...] | None:
    if action in (_NOT_FOR_IDENTITIES, _NOT_EMULATED):
        return None
    return (Permission((f"{_BLOBS}/{action}",), container, data=True),)


def _missing(api: str, action: str) -> str | None:
    return api if action == _NOT_EMULATED else None


def _listing(request: BlobRequest, query: Mapping[str, str]) -> BlobRequest:
    included = {part.strip().lower() for part in query.get("include", "").split(",") if part.strip()}
    permissions = request.permissions or ()
    if "tags" in included:
        permissions = (*permissions, Permission((f"{_BLOBS}/tags/read",), request.container, data=True))
    without = sorted(included & _LISTED_WITHOUT)
    missing = f"ListBlobs with include={','.join(without)}" if without else None
    return BlobRequest(request.api, request.account, request.container, permissions, missing)


def _unknown(method: str, account: str, container: str | None, query: Mapping[str, str]) -> BlobRequest:
    parameters = ", ".join(f"{name}={query.get(name, '')!r}" for name in ("comp", "restype"))
    return BlobRequest("Unknown", account, container, None, f"{method} with {parameters}")


def _source(address: str | None) -> CopySource | None:
    if address is None:
        return None
    parts = urlsplit(address)
    account, _, rest = parts.path.lstrip("/").partition("/")
    return CopySource(address, unquote(account), unquote(rest.partition("/")[0]), parts.path, parts.query)
