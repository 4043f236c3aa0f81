"""Takes a batch of images into a project's workspace, and says of each what became of it.

Per-image statuses are those of ``ImageCreateResult`` in the OpenAPI of the training API v3.3.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.download import DownloadError, TooLargeError
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.image_files import Dimensions, ImageDimensionsError, ImageFormatError, inspect
from emulator.custom_vision.limits import (
    METADATA_KEY,
    METADATA_PAIRS,
    METADATA_VALUE,
    REGIONS_PER_IMAGE,
    TAGS_PER_BATCH,
)
from emulator.custom_vision.store.accounts import Account
from emulator.custom_vision.store.images import Image, Selection
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.regions import Box
from emulator.custom_vision.tagging import mixes_negative
from emulator.custom_vision.wire import created_image_json


class SourceError(Exception):
    """The bytes of an image cannot be had."""


@dataclass(frozen=True)
class Entry:
    """An image of a batch: what the answer calls it, where its bytes come from, what tags and boxes it is to have."""

    source: str
    load: Callable[[], Awaitable[bytes]]
    tags: Sequence[str]
    boxes: Sequence[Box] = ()

    @property
    def all_tags(self) -> list[str]:
        """The ids of its own tags and of its boxes'."""
        return list(dict.fromkeys([*self.tags, *(box.tag for box in self.boxes)]))


@dataclass(frozen=True)
class Batch:
    """Images with the tags and metadata that all of them are to have."""

    entries: Sequence[Entry]
    tags: Sequence[str]
    metadata: Mapping[str, str]


_DECODED_AT_ONCE: Final = 2
"""The largest image takes 300 MB while it is decoded."""


@dataclass(frozen=True)
class _Received:
    """An image that is whole, as a staged file."""

    file: Path
    content_hash: str
    dimensions: Dimensions


@dataclass(frozen=True)
class _Loaded:
    entry: Entry
    status: str
    received: _Received | None = None


async def ingest(backend: Backend, account: Account, project: Project, batch: Batch) -> list[dict[str, Any]]:
    """Take the images in and return an ImageCreateResult for each, in their order.

    All are loaded and decoded at the same time, and then kept in one transaction: an answer of OK is durable. An image
    whose very bytes the workspace has already is OKDuplicate; the tags that it has stay as they are.

    Raises:
        CustomVisionError: 400, nothing of the batch is kept.
    """
    limits = backend.limits(account)
    _check(backend, project, batch, limits.images_per_batch)
    loader = _Loader(backend, project, limits.training_image_bytes)
    loaded = await asyncio.gather(*(loader.load(entry) for entry in batch.entries))
    try:
        if backend.projects.find(project.id) is None:
            raise bad_request("BadRequestInvalid", f"Project {project.id} was deleted meanwhile.")
        with backend.database.transaction():
            keeper = _Keeper(backend, account, project)
            results = [keeper.keep(batch, image) for image in loaded]
            backend.projects.touch(project.id, backend.clock.now())
    finally:
        for image in loaded:
            if image.received is not None:
                backend.files.discard(image.received.file)
    backend.count_images(account)
    return results


def _check(backend: Backend, project: Project, batch: Batch, most: int) -> None:
    if len(batch.entries) > most:
        raise bad_request(
            "BadRequestExceededBatchSize",
            f"The batch has {len(batch.entries)} images; at most {most} are allowed.",
        )
    check_metadata(batch.metadata)
    wanted = {*batch.tags, *(tag for entry in batch.entries for tag in entry.all_tags)}
    if len(wanted) > TAGS_PER_BATCH:
        raise bad_request(
            "BadRequestExceededBatchSize", f"The batch has {len(wanted)} tags; at most {TAGS_PER_BATCH} are allowed."
        )
    for tag in sorted(wanted - backend.tags.types(project.id).keys()):
        raise bad_request("BadRequestImageTags", f"The project has no tag {tag}.")
    for entry in batch.entries:
        own = {*batch.tags, *entry.all_tags}
        if project.exclusive and len(own) > 1:
            raise bad_request(
                "BadRequestImageTags",
                f"{_shown(entry.source)} has {len(own)} tags; in a Multiclass project an image has one.",
            )


class _Loader:
    """Gets the bytes of images, decodes them and puts them on disk, so that no batch has to be in memory as a whole."""

    def __init__(self, backend: Backend, project: Project, most_bytes: int) -> None:
        self._files = backend.files
        self._project = project.id
        self._most_bytes = most_bytes
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    async def load(self, entry: Entry) -> _Loaded:
        """Load an image; the status says why it cannot be taken."""
        try:
            data = await entry.load()
            if len(data) > self._most_bytes:
                return _Loaded(entry, "ErrorImageSize")
            async with self._decoding:
                return _Loaded(entry, "OK", await asyncio.to_thread(self._receive, data))
        except (DownloadError, SourceError):
            return _Loaded(entry, "ErrorSource")
        except (TooLargeError, ImageDimensionsError):
            return _Loaded(entry, "ErrorImageSize")
        except ImageFormatError:
            return _Loaded(entry, "ErrorImageFormat")

    def _receive(self, data: bytes) -> _Received:
        dimensions = inspect(data)
        file = self._files.stage(self._project, "images", data)
        return _Received(file, hashlib.sha256(data).hexdigest(), dimensions)


class _Keeper:
    """Keeps the images of one batch."""

    def __init__(self, backend: Backend, account: Account, project: Project) -> None:
        self._backend = backend
        self._project = project
        self._tag_types = backend.tags.types(project.id)
        self._room = backend.limits(account).images_per_project - backend.images.count(Selection(project.id))

    def keep(self, batch: Batch, loaded: _Loaded) -> dict[str, Any]:
        """Keep a loaded image, if it may be, and return its ImageCreateResult."""
        received = loaded.received
        if received is None:
            return _result(loaded.entry, loaded.status)
        backend, project = self._backend, self._project
        existing = backend.images.by_content(project.id, received.content_hash)
        if existing is not None:
            return _kept(backend, loaded.entry, "OKDuplicate", existing)
        tags = list(dict.fromkeys([*batch.tags, *loaded.entry.all_tags]))
        refusal = self._refusal(tags, loaded.entry.boxes)
        if refusal is not None:
            return _result(loaded.entry, refusal)
        now = backend.clock.now()
        size = received.dimensions
        image = backend.images.create(project.id, received.content_hash, size.width, size.height, batch.metadata, now)
        backend.tags.attach(image.id, tags, now)
        for box in loaded.entry.boxes:
            backend.regions.create(image.id, box, now)
        backend.files.name(received.file, image.id)
        self._room -= 1
        return _kept(backend, loaded.entry, "OK", image)

    def _refusal(self, tags: Sequence[str], boxes: Sequence[Box]) -> str | None:
        if self._room <= 0:
            return "ErrorLimitExceed"
        if len(boxes) > REGIONS_PER_IMAGE:
            return "ErrorRegionLimitExceed"
        if mixes_negative([self._tag_types[tag] for tag in tags]):
            return "ErrorNegativeAndRegularTagOnSameImage"
        return None


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Check number and lengths of metadata.

    Raises:
        CustomVisionError: 400 BadRequestImageMetadataKey or BadRequestImageMetadataValue.
    """
    if len(metadata) > METADATA_PAIRS:
        raise bad_request(
            "BadRequestImageMetadataKey", f"There are {len(metadata)} metadata; at most {METADATA_PAIRS} are allowed."
        )
    for key, value in metadata.items():
        if not 0 < len(key) <= METADATA_KEY:
            raise bad_request(
                "BadRequestImageMetadataKey",
                f"The metadata key '{key}' has {len(key)} characters; allowed: 1 to {METADATA_KEY}.",
            )
        if len(value) > METADATA_VALUE:
            raise bad_request(
                "BadRequestImageMetadataValue",
                f"The metadata '{key}' has {len(value)} characters; at most {METADATA_VALUE} are allowed.",
            )


def _kept(backend: Backend, entry: Entry, status: str, image: Image) -> dict[str, Any]:
    tags = backend.tags.of_images([image.id])[image.id]
    regions = backend.regions.of_images([image.id])[image.id]
    return _result(entry, status, created_image_json(image, tags, regions, backend.urls, backend.clock.now()))


def _result(entry: Entry, status: str, image: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"sourceUrl": entry.source, "status": status, "image": image}


def _shown(source: str) -> str:
    return source.split("?", 1)[0] or "An image"
