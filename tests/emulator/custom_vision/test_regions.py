"""Regions of images are kept and given back."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from emulator.custom_vision.limits import REGIONS_PER_IMAGE
from tests.emulator.custom_vision.studio import UNKNOWN, png, project, tag, upload

BOX: dict[str, Any] = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}


async def tagged_image(training: httpx.AsyncClient, **query: str) -> tuple[str, str, str]:
    """Return the path of a project, and the ids of an image and of a tag."""
    path = await project(training, **query)
    (image,) = (await upload(training, path, [png(1)])).json()["images"]
    return path, image["image"]["id"], await tag(training, path, "leaf")


async def seen(training: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    (image,) = (await training.get(f"{path}/images")).json()
    return image.get("regions", [])


async def test_regions_come_with_an_image_and_its_tags(training: httpx.AsyncClient) -> None:
    path = await project(training)
    leaf = await tag(training, path, "leaf")
    entry = {"contents": base64.b64encode(png(1)).decode(), "regions": [{"tagId": leaf, **BOX}]}
    answer = (await training.post(f"{path}/images/files", json={"images": [entry]})).json()
    (created,) = answer["images"][0]["image"]["regions"]
    assert {name: created[name] for name in ("tagId", "tagName", *BOX)} == {"tagId": leaf, "tagName": "leaf", **BOX}
    assert await seen(training, path) == [created]
    (image,) = (await training.get(f"{path}/images/tagged")).json()
    assert [each["tagName"] for each in image["tags"]] == ["leaf"]
    assert (await training.get(f"{path}/export")).json()["regionCount"] == 1


async def test_regions_are_added_and_told_apart_from_those_that_are_there(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training)
    entry = {"imageId": image, "tagId": leaf, **BOX}
    first = await training.post(f"{path}/images/regions", json={"regions": [entry]})
    assert first.status_code == 200
    assert [each["imageId"] for each in first.json()["created"]] == [image]
    second = await training.post(f"{path}/images/regions", json={"regions": [entry, {**entry, "top": 0.5}]})
    assert second.status_code == 207
    assert (len(second.json()["created"]), second.json()["duplicated"]) == (1, [entry])
    assert [each["top"] for each in await seen(training, path)] == [0.2, 0.5]
    assert (await training.get(f"{path}/tags/{leaf}")).json()["imageCount"] == 1


async def test_regions_are_deleted_by_their_ids_and_with_their_tag_or_image(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training)
    other = await tag(training, path, "branch")
    entries = [{"imageId": image, "tagId": each, **BOX} for each in (leaf, other)]
    created = (await training.post(f"{path}/images/regions", json={"regions": entries})).json()["created"]
    query = {"regionIds": f"{created[0]['regionId']},{UNKNOWN}"}
    assert (await training.delete(f"{path}/images/regions", params=query)).status_code == 204
    assert [each["tagName"] for each in await seen(training, path)] == ["branch"]
    await training.delete(f"{path}/images/tags", params={"imageIds": image, "tagIds": other})
    assert await seen(training, path) == []
    await training.post(f"{path}/images/regions", json={"regions": entries})
    await training.delete(f"{path}/tags/{leaf}")
    assert [each["tagName"] for each in await seen(training, path)] == ["branch"]
    await training.delete(f"{path}/images", params={"imageIds": image})
    assert (await training.get(f"{path}/export")).json()["regionCount"] == 0


async def test_an_image_has_300_regions_at_most(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training)
    boxes = [{"tagId": leaf, **BOX, "left": n / 1000} for n in range(REGIONS_PER_IMAGE + 1)]
    entry = {"contents": base64.b64encode(png(2)).decode(), "regions": boxes}
    answer = (await training.post(f"{path}/images/files", json={"images": [entry]})).json()
    assert answer["images"][0]["status"] == "ErrorRegionLimitExceed"
    last: httpx.Response | None = None
    for first in range(0, len(boxes), 64):
        batch = [{"imageId": image, **box} for box in boxes[first : first + 64]]
        last = await training.post(f"{path}/images/regions", json={"regions": batch})
    assert last is not None
    assert (last.status_code, last.json()["exceeded"]) == (207, [{"imageId": image, **boxes[-1]}])


async def test_region_of_a_multiclass_image_gives_it_its_tag(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training, classificationType="Multiclass")
    other = await tag(training, path, "branch")
    for each in (leaf, other):
        await training.post(f"{path}/images/regions", json={"regions": [{"imageId": image, "tagId": each, **BOX}]})
    (found,) = (await training.get(f"{path}/images")).json()
    assert [each["tagName"] for each in found["tags"]] == ["branch"]
    assert [each["tagName"] for each in found["regions"]] == ["branch"]


async def test_regions_are_copied_with_their_project(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training)
    await training.post(f"{path}/images/regions", json={"regions": [{"imageId": image, "tagId": leaf, **BOX}]})
    token = (await training.get(f"{path}/export")).json()["token"]
    copy = f"projects/{(await training.post('projects/import', params={'token': token})).json()['id']}"
    (before,), (after,) = await seen(training, path), await seen(training, copy)
    assert {name: before[name] for name in BOX} == {name: after[name] for name in BOX}
    assert before["regionId"] != after["regionId"]
    assert before["tagId"] != after["tagId"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"left": 0.8}, 400, "BadRequestImageRegions"),
        ({"top": -0.1}, 400, "BadRequestImageRegions"),
        ({"width": "wide"}, 400, "BadRequestImageRegions"),
        ({"imageId": UNKNOWN}, 404, "NotFoundImage"),
        ({"tagId": UNKNOWN}, 404, "NotFoundTag"),
    ],
)
async def test_faulty_region_is_refused_and_nothing_is_kept(
    training: httpx.AsyncClient, change: dict[str, Any], status: int, code: str
) -> None:
    path, image, leaf = await tagged_image(training)
    entry = {"imageId": image, "tagId": leaf, **BOX}
    answer = await training.post(f"{path}/images/regions", json={"regions": [entry, {**entry, **change}]})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await seen(training, path) == []


async def test_too_many_regions_in_a_call_are_refused(training: httpx.AsyncClient) -> None:
    path, image, leaf = await tagged_image(training)
    entries = [{"imageId": image, "tagId": leaf, **BOX, "left": n / 200} for n in range(65)]
    answer = await training.post(f"{path}/images/regions", json={"regions": entries})
    assert answer.json()["code"] == "BadRequestExceededBatchSize"


async def test_region_proposals_are_refused_saying_why(training: httpx.AsyncClient) -> None:
    path, image, _ = await tagged_image(training)
    answer = await training.post(f"{path}/images/{image}/regionproposals")
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestOperationNotSupported")
    assert "object detection" in answer.json()["message"]
