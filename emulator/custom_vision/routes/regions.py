"""Regions of images: they are kept and given back, as labelling tools write them."""

from __future__ import annotations

from typing import Any

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply, guid
from emulator.custom_vision.errors import bad_request, not_found
from emulator.custom_vision.limits import IDS_PER_CALL, REGIONS_PER_IMAGE
from emulator.custom_vision.region_boxes import parse_box
from emulator.custom_vision.store.regions import Box, Region
from emulator.custom_vision.tagging import Tagger
from emulator.custom_vision.wire import region_entry_json, region_json

_CODE = "BadRequestImageRegions"


async def create_image_regions(backend: Backend, call: Call) -> Reply:
    """CreateImageRegions: each is created, duplicated (there already) or exceeded (too many); its tag is given too."""
    body = await call.json(bodies.REGION_BATCH, _CODE, "The image regions are not valid.")
    project = backend.project(call)
    entries: list[tuple[str, Box]] = [(guid(each["imageId"], "imageId"), parse_box(each)) for each in body["regions"]]
    if len(entries) > IDS_PER_CALL:
        raise bad_request(
            "BadRequestExceededBatchSize",
            f"There are {len(entries)} image regions; at most {IDS_PER_CALL} are allowed.",
        )
    images = list(dict.fromkeys(image for image, _ in entries))
    known = {image.id for image in backend.images.by_ids(project.id, images)}
    tagger = Tagger(backend, project, images)
    for image, box in entries:
        if image not in known:
            raise not_found("Image", image)
        if box.tag not in tagger.types:
            raise not_found("Tag", box.tag)
    summary: dict[str, list[dict[str, Any]]] = {"created": [], "duplicated": [], "exceeded": []}
    with backend.database.transaction():
        for image, box in entries:
            present = backend.regions.of_images([image])[image]
            outcome = _outcome(tagger, present, image, box)
            entry = region_entry_json(image, box)
            if outcome == "created":
                entry = {"imageId": image, **region_json(_created(backend, image, box))}
            summary[outcome].append(entry)
        backend.projects.touch(project.id, backend.clock.now())
    return Reply(summary, 200 if len(summary["created"]) == len(entries) else 207)


def _outcome(tagger: Tagger, present: list[Region], image: str, box: Box) -> str:
    if any(region.box == box for region in present):
        return "duplicated"
    if len(present) >= REGIONS_PER_IMAGE or tagger.tag(image, box.tag) == "exceeded":
        return "exceeded"
    return "created"


def _created(backend: Backend, image: str, box: Box) -> Region:
    id = backend.regions.create(image, box, backend.clock.now())
    return next(region for region in backend.regions.of_images([image])[image] if region.id == id)


async def delete_image_regions(backend: Backend, call: Call) -> Reply:
    """DeleteImageRegions: the images keep the tags."""
    project = backend.project(call)
    ids = call.query.required_guids("regionIds", IDS_PER_CALL)
    backend.regions.delete(project.id, ids)
    backend.projects.touch(project.id, backend.clock.now())
    return NO_CONTENT


async def get_image_region_proposals(backend: Backend, call: Call) -> Reply:
    """Refuse GetImageRegionProposals: no model here finds objects."""
    raise bad_request(
        "BadRequestOperationNotSupported",
        f"{call.operation} is for object detection, which this emulator does not have.",
    )
