"""The blobs of a container, folder by folder, and one blob with its metadata and its text or picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.portal.blob_client import BlobContent
from emulator.portal.contents import LARGEST_SHOWN_BYTES
from emulator.portal.pages.page import Crumb, Page, Picture, Sources, crumbs, required_id
from emulator.portal.presentation import pretty_json

ACCOUNTS: Final = "Microsoft.Storage/storageAccounts"
CONTAINERS: Final = f"{ACCOUNTS}/blobServices/containers"
LARGEST_PICTURE_BYTES: Final = 16 * 1024 * 1024

_SAS_LIFETIME: Final = timedelta(minutes=5)
_PICTURES: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
"""Media types by the first bytes: the formats that Custom Vision takes, all of which a browser only draws."""


@dataclass(frozen=True)
class _Access:
    """What a request to the blobs of a container takes."""

    endpoint: str
    sas: str
    container: str


async def blobs(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the folders and blobs of ``?container=`` directly below ``prefix``, from ``marker`` on."""
    id = required_id(query, "container", CONTAINERS)
    prefix = query.get("prefix", "")
    access = await _access(sources, id)
    listed = await sources.blobs.list(access.endpoint, access.sas, access.container, prefix, query.get("marker", ""))
    return Page(
        "blobs.html",
        {
            "crumbs": _trail(id, prefix),
            "container": str(id),
            "name": prefix or id.name,
            "prefix": prefix,
            "listed": listed,
        },
    )


async def blob(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the blob ``name`` of ``?container=``."""
    id = required_id(query, "container", CONTAINERS)
    name = _name(query)
    found = await _read(sources, id, name, LARGEST_SHOWN_BYTES)
    picture = picture_type(found.content) is not None
    text = None if picture else _text(found)
    return Page(
        "blob.html",
        {
            "crumbs": _trail(id, name.rpartition("/")[0] + "/" if "/" in name else ""),
            "container": str(id),
            "name": name,
            "content_type": found.content_type,
            "metadata": found.metadata,
            "picture": picture,
            "text": text,
            "whole": found.whole,
        },
    )


async def picture(sources: Sources, query: Mapping[str, str]) -> Picture:
    """Return the picture in the blob ``name`` of ``?container=``."""
    id = required_id(query, "container", CONTAINERS)
    name = _name(query)
    found = await _read(sources, id, name, LARGEST_PICTURE_BYTES)
    media_type = picture_type(found.content)
    if media_type is None or not found.whole:
        raise ArmError(
            415,
            "NoPicture",
            f"name: '{name}' is no PNG, JPEG, GIF or BMP of at most {LARGEST_PICTURE_BYTES // 1024**2} MiB.",
        )
    return Picture(found.content, media_type)


def picture_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes, whatever the blob's own says; None for anything else."""
    return next((media_type for start, media_type in _PICTURES.items() if content.startswith(start)), None)


async def _read(sources: Sources, id: ResourceId, name: str, limit: int) -> BlobContent:
    access = await _access(sources, id)
    return await sources.blobs.read(access.endpoint, access.sas, access.container, name, limit)


async def _access(sources: Sources, container: ResourceId) -> _Access:
    account = ResourceId(container.prefix, container.namespace, container.segments[:1])
    version = (await sources.arm.api_versions())[ACCOUNTS.lower()]
    body = await sources.arm.get(str(account), version)
    sas = await sources.arm.container_sas(account, version, container.name, sources.clock.now() + _SAS_LIFETIME)
    return _Access(str(body["properties"]["primaryEndpoints"]["blob"]), sas, container.name)


def _name(query: Mapping[str, str]) -> str:
    name = query.get("name")
    if not name:
        raise ArmError(400, "MissingParameter", "name is missing from the address; it takes the name of a blob.")
    return name


def _text(found: BlobContent) -> str | None:
    """Return the blob as text, None where it is none; JSON is indented."""
    try:
        text = found.content.decode("utf-8", errors="strict" if found.whole else "ignore")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    try:
        return pretty_json(json.loads(text))
    except ValueError:
        return text


def _trail(id: ResourceId, prefix: str) -> list[Crumb]:
    """Return the trail to a container and through its folders; "/blobs" shows what lies in each."""
    trail = [*crumbs(id), Crumb("Blobs", "/blobs", {"container": str(id)})]
    folders = prefix.split("/")[:-1]
    for depth, folder in enumerate(folders, start=1):
        path = "".join(f"{each}/" for each in folders[:depth])
        trail.append(Crumb(folder, "/blobs", {"container": str(id), "prefix": path}))
    return trail
