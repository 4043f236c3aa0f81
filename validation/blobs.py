"""One container of the stack's storage account, through a signed URL that Azure Resource Manager makes.

So the person needs no role for blobs and no account key is read: only
``Microsoft.Storage/storageAccounts/listServiceSas/action``, which Contributor and Owner have.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree

from validation.azure import AzureError, ResourceManager, call, session

STORAGE_API_VERSION: Final = "2024-01-01"
BLOB_SERVICE_VERSION: Final = "2021-12-02"
_LIFETIME: Final = timedelta(hours=1)


class Container:
    """A container; `permissions` are letters of a service SAS: r, w, d, l for read, write, delete, list."""

    def __init__(
        self, arm: ResourceManager, account_id: str, blob_endpoint: str, container: str, permissions: str
    ) -> None:
        self._arm = arm
        self._account_id = account_id
        self._permissions = permissions
        self._container = container
        self._endpoint = blob_endpoint
        self._http = session()
        self._sas = ""

    def put(self, name: str, content: bytes, content_type: str) -> None:
        """Upload a block blob."""
        self._call("PUT", name, {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type}, content)

    def get(self, name: str) -> bytes:
        """Return a blob's content."""
        return self._call("GET", name, {}).content

    def exists(self, name: str) -> bool:
        """Tell whether there is such a blob."""
        try:
            self._call("HEAD", name, {})
        except AzureError as error:
            if error.status == 404:
                return False
            raise
        return True

    def metadata(self, name: str) -> dict[str, str]:
        """Return a blob's metadata, keys in lower case."""
        headers = self._call("HEAD", name, {}).headers
        return {key.lower()[10:]: value for key, value in headers.items() if key.lower().startswith("x-ms-meta-")}

    def delete(self, name: str) -> None:
        """Delete a blob; one that is gone is no error."""
        try:
            self._call("DELETE", name, {})
        except AzureError as error:
            if error.status != 404:
                raise

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with `prefix`, all pages."""
        found: list[str] = []
        marker = ""
        while True:
            query = f"&restype=container&comp=list&prefix={quote(prefix, safe='')}&marker={quote(marker, safe='')}"
            tree = ElementTree.fromstring(self._call("GET", "", {}, query=query).content)
            found += [name.text or "" for name in tree.iterfind("./Blobs/Blob/Name")]
            marker = tree.findtext("./NextMarker") or ""
            if not marker:
                return found

    def _call(self, method: str, name: str, headers: dict[str, str], data: bytes = b"", query: str = ""):
        path = f"/{quote(name)}" if name else ""
        url = f"{self._endpoint}{self._container}{path}?{self._signature()}{query}"
        return call(self._http, method, url, {"x-ms-version": BLOB_SERVICE_VERSION, **headers}, data=data)

    def _signature(self) -> str:
        if not self._sas:
            account = self._account_id.rsplit("/", 1)[-1]
            body = {
                "canonicalizedResource": f"/blob/{account}/{self._container}",
                "signedResource": "c",
                "signedPermission": self._permissions,
                "signedProtocol": "https" if self._endpoint.startswith("https:") else "https,http",
                "signedExpiry": (datetime.now(UTC) + _LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            answer = self._arm.post(f"{self._account_id}/listServiceSas", STORAGE_API_VERSION, body)
            self._sas = answer["serviceSasToken"]
        return self._sas
