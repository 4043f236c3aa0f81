"""Images of the workspace: added, tagged, listed, counted, deleted."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import ACCEPTED, NO_CONTENT, Call, Query, Reply, guid
from emulator.custom_vision.errors import bad_request, not_found
from emulator.custom_vision.ingest import Batch, Entry, SourceError, check_metadata, ingest
from emulator.custom_vision.limits import (
    IDS_PER_CALL,
    IDS_PER_QUERY,
    IMAGE_TAGS_PER_CALL,
    TAGS_PER_BATCH,
)
from emulator.custom_vision.region_boxes import parse_box
from emulator.custom_vision.store.images import Image, Order, Selection, TaggingStatus
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.tags import Tagging
from emulator.custom_vision.tagging import Tagger
from emulator.custom_vision.wire import batch_json, image_json

_NO_URLS: Final = "No image urls provided"
_NO_FILES: Final = "No valid image files"
_NO_PREDICTIONS: Final = "No prediction ids provided"
_STATUSES: Final = ("All", "Tagged", "Untagged")
_ORDERS: Final = ("Newest", "Oldest")


async def create_images_from_urls(backend: Backend, call: Call) -> Reply:
    """CreateImagesFromUrls: the service fetches each address."""
    body = await call.json(bodies.URL_BATCH, "BadRequestImageBatch", _NO_URLS)
    project = backend.project(call)

    most = backend.limits(call.account).training_image_bytes

    def load(url: str) -> Callable[[], Awaitable[bytes]]:
        return lambda: backend.downloader.fetch(url, most)

    return await _add(backend, call, project, body, [(each["url"], load(each["url"])) for each in body["images"]])


async def create_images_from_files(backend: Backend, call: Call) -> Reply:
    """CreateImagesFromFiles: the bytes of each are in the body, in base64."""
    body = await call.json(bodies.FILE_BATCH, "BadRequestImageBatch", _NO_FILES)
    project = backend.project(call)

    def load(contents: str) -> Callable[[], Awaitable[bytes]]:
        async def decode() -> bytes:
            try:
                return base64.b64decode("".join(contents.split()), validate=True)
            except ValueError as error:
                raise SourceError(str(error)) from error

        return decode

    sources = [(each.get("name") or "", load(each["contents"])) for each in body["images"]]
    return await _add(backend, call, project, body, sources)


async def create_images_from_data(backend: Backend, call: Call) -> Reply:
    """CreateImagesFromData: a form with files, or one image as the body; tags are in the query."""
    project = backend.project(call)
    tags = call.query.guids("tagIds", TAGS_PER_BATCH)
    uploads = await call.uploads()
    if not uploads:
        raise bad_request("BadRequestImageBatch", _NO_FILES)

    def load(data: bytes) -> Callable[[], Awaitable[bytes]]:
        async def loaded() -> bytes:
            return data

        return loaded

    # The service gives the names of a form's files back in the quotes that they have in the form's headers.
    entries = [Entry("" if upload.name is None else f'"{upload.name}"', load(upload.data), ()) for upload in uploads]
    return await _answer(backend, call, project, Batch(entries, tags, {}))


async def create_images_from_predictions(backend: Backend, call: Call) -> Reply:
    """CreateImagesFromPredictions: images of stored predictions."""
    body = await call.json(bodies.PREDICTION_BATCH, "BadRequestImageBatch", _NO_PREDICTIONS)
    project = backend.project(call)

    def load(id: str) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            if backend.predictions.get(project.id, id) is None:
                raise SourceError(f"no prediction {id}")
            return backend.files.read(project.id, "predictions", id)

        return read

    sources = [(each["id"], load(guid(each["id"], "id"))) for each in body["images"]]
    return await _add(backend, call, project, body, sources)


async def get_images(backend: Backend, call: Call) -> Reply:
    """GetImages."""
    return _page(backend, call, _status(call.query))


async def get_tagged_images(backend: Backend, call: Call) -> Reply:
    """GetTaggedImages."""
    return _page(backend, call, "Tagged")


async def get_untagged_images(backend: Backend, call: Call) -> Reply:
    """GetUntaggedImages."""
    return _page(backend, call, "Untagged")


async def get_image_count(backend: Backend, call: Call) -> Reply:
    """GetImageCount."""
    return Reply(backend.images.count(_selection(backend, call, _status(call.query))))


async def get_tagged_image_count(backend: Backend, call: Call) -> Reply:
    """GetTaggedImageCount."""
    return Reply(backend.images.count(_selection(backend, call, "Tagged")))


async def get_untagged_image_count(backend: Backend, call: Call) -> Reply:
    """GetUntaggedImageCount."""
    return Reply(backend.images.count(_selection(backend, call, "Untagged")))


async def get_images_by_ids(backend: Backend, call: Call) -> Reply:
    """GetImagesByIds: without ids, a page of all; ids that are not there are left out."""
    project = backend.project(call)
    ids = call.query.guids("imageIds", IDS_PER_QUERY)
    if not ids:
        return _page(backend, call, "All")
    iteration = _iteration(backend, call, project)
    images = backend.images.by_ids(project.id, ids, iteration)
    return Reply(_images_json(backend, images, iteration))


async def delete_images(backend: Backend, call: Call) -> Reply:
    """DeleteImages: some by their ids, or all; out of the iterations too with ``allIterations``."""
    project = backend.project(call)
    everything = call.query.boolean("allImages", False)
    iterations = call.query.boolean("allIterations", False)
    ids = call.query.guids("imageIds", IDS_PER_QUERY)
    if everything == bool(ids):
        raise bad_request("BadRequestInvalidIds", "Either 'imageIds' or 'allImages=true' is required, and not both.")
    if iterations and any(each.project == project.id for each in backend.iterations.in_training()):
        raise bad_request(
            "BadRequestTrainingAlreadyInProgress", "Images cannot be taken out of an iteration that is being trained."
        )
    with backend.database.transaction():
        if everything:
            backend.images.remove_all(project.id)
        else:
            backend.images.remove(project.id, ids)
        if iterations and everything:
            backend.iterations.clear_all_images(project.id)
        elif iterations:
            backend.iterations.clear_images(project.id, ids)
        forgotten = backend.images.forget_unused(project.id)
        backend.projects.touch(project.id, backend.clock.now())
    backend.files.delete(project.id, "images", forgotten)
    backend.count_images(call.account)
    return ACCEPTED if everything or iterations else NO_CONTENT


async def create_image_tags(backend: Backend, call: Call) -> Reply:
    """CreateImageTags: each pair is created, duplicated (there already) or exceeded (too many tags on an image)."""
    body = await call.json(bodies.IMAGE_TAGS, "BadRequestImageTags", "The image tags are not valid.")
    project = backend.project(call)
    pairs = list(
        dict.fromkeys((guid(each["imageId"], "imageId"), guid(each["tagId"], "tagId")) for each in body["tags"])
    )
    if len(pairs) > IMAGE_TAGS_PER_CALL:
        raise bad_request(
            "BadRequestExceededBatchSize",
            f"There are {len(pairs)} image tags; at most {IMAGE_TAGS_PER_CALL} are allowed.",
        )
    images = [image for image, _ in pairs]
    known = {image.id for image in backend.images.by_ids(project.id, images)}
    tagger = Tagger(backend, project, images)
    for image, tag in pairs:
        if image not in known:
            raise not_found("Image", image)
        if tag not in tagger.types:
            raise not_found("Tag", tag)
    outcome: dict[str, list[dict[str, str]]] = {"created": [], "duplicated": [], "exceeded": []}
    with backend.database.transaction():
        for image, tag in pairs:
            outcome[tagger.tag(image, tag)].append({"imageId": image, "tagId": tag})
        backend.projects.touch(project.id, backend.clock.now())
    return Reply(outcome)


async def delete_image_tags(backend: Backend, call: Call) -> Reply:
    """DeleteImageTags: takes each of the tags from each of the images, with the regions that have it."""
    project = backend.project(call)
    images = call.query.required_guids("imageIds", IDS_PER_CALL)
    tags = call.query.required_guids("tagIds", TAGS_PER_BATCH)
    own = [image.id for image in backend.images.by_ids(project.id, images)]
    with backend.database.transaction():
        backend.tags.detach(own, tags)
        backend.regions.clear(own, tags)
        backend.projects.touch(project.id, backend.clock.now())
    return NO_CONTENT


async def update_image_metadata(backend: Backend, call: Call) -> Reply:
    """UpdateImageMetadata: adds to or replaces the metadata of each of the images."""
    project = backend.project(call)
    ids = call.query.required_guids("imageIds", IDS_PER_CALL)
    added: dict[str, str] = await call.json(
        bodies.METADATA, "BadRequestImageMetadataValue", "The metadata are not valid."
    )
    check_metadata(added)
    known = {image.id: image for image in backend.images.by_ids(project.id, ids)}
    results: list[dict[str, Any]] = []
    with backend.database.transaction():
        for id in ids:
            image = known.get(id)
            if image is None:
                results.append({"imageId": id, "status": "ErrorImageNotFound", "metadata": None})
                continue
            metadata = {**image.metadata, **added}
            check_metadata(metadata)
            backend.images.set_metadata(id, metadata)
            results.append({"imageId": id, "status": "OK", "metadata": metadata})
    return _multi_status(results)


async def _add(
    backend: Backend,
    call: Call,
    project: Project,
    body: Any,
    sources: Sequence[tuple[str, Callable[[], Awaitable[bytes]]]],
) -> Reply:
    entries = [
        Entry(
            source,
            load,
            [guid(tag, "tagIds") for tag in each.get("tagIds") or []],
            [parse_box(region) for region in each.get("regions") or []],
        )
        for (source, load), each in zip(sources, body["images"], strict=True)
    ]
    tags = [guid(tag, "tagIds") for tag in body.get("tagIds") or []]
    return await _answer(backend, call, project, Batch(entries, tags, body.get("metadata") or {}))


async def _answer(backend: Backend, call: Call, project: Project, batch: Batch) -> Reply:
    return _multi_status(await ingest(backend, call.account, project, batch))


def _multi_status(results: Sequence[dict[str, Any]]) -> Reply:
    body = batch_json(results)
    return Reply(body, 200 if body["isBatchSuccessful"] else 207)


def _page(backend: Backend, call: Call, status: TaggingStatus) -> Reply:
    selection = _selection(backend, call, status)
    order = cast(Order, call.query.choice("orderBy", _ORDERS, "Newest"))
    take, skip = call.query.page()
    return Reply(_images_json(backend, backend.images.select(selection, order, take, skip), selection.iteration))


def _images_json(backend: Backend, images: Sequence[Image], iteration: str | None) -> list[dict[str, Any]]:
    ids = [image.id for image in images]
    taggings = backend.tags.of_images(ids) if iteration is None else _tags_of_iteration(backend, iteration, images)
    # Regions are of the workspace: no iteration of a classifier is trained with any.
    regions = backend.regions.of_images(ids) if iteration is None else {id: [] for id in ids}
    now = backend.clock.now()
    return [image_json(image, taggings[image.id], regions[image.id], backend.urls, now) for image in images]


def _tags_of_iteration(backend: Backend, iteration: str, images: Sequence[Image]) -> dict[str, list[Tagging]]:
    names = {tag.id: tag.name for tag in backend.iterations.tags(iteration)}
    rows = backend.iterations.positions(iteration, [image.id for image in images])
    return {
        image.id: [Tagging(image.id, tag, names[tag], image.created) for tag in rows[image.id][1]] for image in images
    }


def _status(query: Query) -> TaggingStatus:
    return cast(TaggingStatus, query.choice("taggingStatus", _STATUSES, "All"))


def _selection(backend: Backend, call: Call, status: TaggingStatus) -> Selection:
    project = backend.project(call)
    return Selection(
        project.id,
        _iteration(backend, call, project),
        call.query.guids("tagIds", TAGS_PER_BATCH),
        status,
        _metadata_filter(call.query.text("$filter")),
    )


def _iteration(backend: Backend, call: Call, project: Project) -> str | None:
    id = call.query.guid("iterationId")
    return None if id is None else backend.iteration(project, id).id


_CLAUSE: Final = re.compile(r"metadata=(?P<key>\S+) eq '(?P<value>(?:[^']|'')*)'(?: and |$)", re.IGNORECASE)


def _metadata_filter(text: str | None) -> dict[str, str]:
    """Parse e.g. ``metadata=source eq 'camera 1' and metadata=day eq '7'``."""
    found: dict[str, str] = {}
    position = 0
    while text is not None and position < len(text):
        clause = _CLAUSE.match(text, position)
        if clause is None:
            raise bad_request(
                "BadRequestInvalid",
                f"'$filter' is '{text}'; allowed: metadata=KEY eq 'VALUE', several of them joined by ' and '.",
            )
        found[clause["key"]] = clause["value"].replace("''", "'")
        position = clause.end()
    return found
