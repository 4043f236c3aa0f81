"""Lists and reads blobs with a SAS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree

import httpx

from emulator.arm.errors import ArmError

VERSION: Final = "2021-12-02"
"""``x-ms-version`` of the requests; https://learn.microsoft.com/rest/api/storageservices/list-blobs"""

BLOBS_SHOWN: Final = 200
_METADATA: Final = "x-ms-meta-"


@dataclass(frozen=True)
class Blob:
    """A blob of a list: its size in bytes, and when it was written as the service tells it."""

    name: str
    size: int
    content_type: str
    modified: str


@dataclass(frozen=True)
class BlobList:
    """What lies directly below a prefix: folders, each a prefix that ends in "/", and blobs.

    `marker` is where the next page begins, "" on the last.
    """

    folders: list[str]
    blobs: list[Blob]
    marker: str


@dataclass(frozen=True)
class BlobContent:
    """A blob, or the beginning of it where it has more than was asked for."""

    content: bytes
    whole: bool
    content_type: str
    metadata: Mapping[str, str]


class BlobClient:
    """Asks accounts whose blob endpoint lies at `base_url`, and no other address: the SAS goes there alone.

    Methods raise ArmError with the service's status and code, 503 when it does not answer.
    """

    def __init__(self, base_url: str, client: httpx.AsyncClient) -> None:
        self._base_url = base_url
        self._client = client

    async def list(self, endpoint: str, sas: str, container: str, prefix: str, marker: str) -> BlobList:
        """Return the folders and blobs below `prefix`, from `marker` on ("" for the first page)."""
        query = {"restype": "container", "comp": "list", "delimiter": "/", "maxresults": str(BLOBS_SHOWN)}
        query |= {name: value for name, value in (("prefix", prefix), ("marker", marker)) if value}
        listed = await self._read(self._url(endpoint, container, sas, query), limit=None)
        try:
            return _list(listed.content)
        except (ElementTree.ParseError, ValueError) as error:
            raise ArmError(502, "InvalidAnswer", "The blob service answered the listing with no XML list.") from error

    async def read(self, endpoint: str, sas: str, container: str, name: str, limit: int) -> BlobContent:
        """Return the first `limit` bytes of a blob, with its metadata."""
        return await self._read(self._url(endpoint, f"{container}/{quote(name, safe='/')}", sas, {}), limit)

    def _url(self, endpoint: str, path: str, sas: str, query: Mapping[str, str]) -> str:
        root = endpoint.rstrip("/")
        if not f"{root}/".startswith(f"{self._base_url}/"):
            raise ArmError(502, "ForeignEndpoint", f"The account's endpoint {endpoint} is not at {self._base_url}.")
        parameters = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{root}/{path}?{sas}{parameters}"

    async def _read(self, url: str, limit: int | None) -> BlobContent:
        read = b""
        try:
            async with self._client.stream("GET", url, headers={"x-ms-version": VERSION}) as response:
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if limit is not None and len(read) > limit:
                        break
        except httpx.HTTPError as error:
            raise ArmError(
                503, "NoAnswer", f"The blob service does not answer at {self._base_url} ({type(error).__name__})."
            ) from error
        if response.is_error:
            code = response.headers.get("x-ms-error-code", response.reason_phrase)
            raise ArmError(response.status_code, code, f"The blob service answered with status {response.status_code}.")
        metadata = {
            name.removeprefix(_METADATA): value
            for name, value in response.headers.items()
            if name.startswith(_METADATA)
        }
        whole = limit is None or len(read) <= limit
        return BlobContent(read[:limit], whole, response.headers.get("content-type", ""), metadata)


def _list(content: bytes) -> BlobList:
    root = ElementTree.fromstring(content)
    blobs = [
        Blob(
            blob.findtext("Name", ""),
            int(blob.findtext("Properties/Content-Length", "")),
            blob.findtext("Properties/Content-Type", ""),
            blob.findtext("Properties/Last-Modified", ""),
        )
        for blob in root.iterfind("Blobs/Blob")
    ]
    folders = [folder.findtext("Name", "") for folder in root.iterfind("Blobs/BlobPrefix")]
    return BlobList(folders, blobs, root.findtext("NextMarker", ""))
