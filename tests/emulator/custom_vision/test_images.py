"""Images of the workspace: what is taken in and what not, tags, lists, deletion."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from emulator.custom_vision.limits import TAGS_PER_IMAGE, TIERS
from tests.emulator.custom_vision.gallery import Model
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import (
    GENEROUS,
    UNKNOWN,
    Studio,
    encoded,
    png,
    project,
    tag,
    upload,
)

WEB = "http://images.test/"


async def by_urls(
    training: httpx.AsyncClient, path: str, urls: list[str], tags: list[str] | None = None
) -> httpx.Response:
    return await training.post(f"{path}/images/urls", json={"images": [{"url": url} for url in urls], "tagIds": tags})


def statuses(answer: httpx.Response) -> list[str]:
    return [each["status"] for each in answer.json()["images"]]


async def test_images_are_fetched_by_url_with_their_query(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    id = await tag(training, path, "rose")
    url = f"{WEB}rose/1.png?sv=1&sig=a%2Bb"
    studio.pictures.answers[url] = httpx.Response(200, content=png(1))
    answer = await by_urls(training, path, [url], [id])
    assert answer.status_code == 200
    assert answer.json()["isBatchSuccessful"] is True
    (result,) = answer.json()["images"]
    assert (result["sourceUrl"], result["status"]) == (url, "OK")
    image = result["image"]
    assert (image["width"], image["height"]) == (32, 32)
    assert image["created"] == "2026-01-01T00:00:00.0000000"
    assert image["tags"] == [{"tagId": id, "tagName": None, "created": "2026-01-01T00:00:00.0000000"}]


async def test_each_image_of_a_batch_has_a_status_of_its_own(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    id = await tag(training, path, "rose")
    large = png(2) + bytes(TIERS["S0"].training_image_bytes)
    studio.pictures.answers = {
        f"{WEB}good": httpx.Response(200, content=png(1)),
        f"{WEB}again": httpx.Response(200, content=png(1)),
        f"{WEB}moved": httpx.Response(302, headers={"Location": f"{WEB}aside"}),
        f"{WEB}aside": httpx.Response(200, content=png(3)),
        f"{WEB}round": httpx.Response(302, headers={"Location": f"{WEB}round"}),
        f"{WEB}slow": httpx.ReadTimeout("too slow"),
        f"{WEB}down": httpx.ConnectError("refused"),
        f"{WEB}empty": httpx.Response(200, content=b""),
        f"{WEB}text": httpx.Response(200, content=b"Shopping list"),
        f"{WEB}large": httpx.Response(200, content=large),
        f"{WEB}denied": httpx.Response(403, content=png(4)),
    }
    names = ["good", "again", "moved", "round", "slow", "down", "empty", "text", "large", "denied", "missing"]
    answer = await by_urls(
        training, path, [*(WEB + name for name in names), "file:///etc/hostname", "no address"], [id]
    )
    assert answer.status_code == 207
    assert answer.json()["isBatchSuccessful"] is False
    assert dict(zip([*names, "file", "none"], statuses(answer), strict=True)) == {
        "good": "OK",
        "again": "OKDuplicate",
        "moved": "OK",
        "round": "ErrorSource",
        "slow": "ErrorSource",
        "down": "ErrorSource",
        "empty": "ErrorImageFormat",
        "text": "ErrorImageFormat",
        "large": "ErrorImageSize",
        "denied": "ErrorSource",
        "missing": "ErrorSource",
        "file": "ErrorSource",
        "none": "ErrorSource",
    }
    images = answer.json()["images"]
    assert images[1]["image"]["id"] == images[0]["image"]["id"]
    assert images[4]["image"] is None
    assert (await training.get(f"{path}/tags/{id}")).json()["imageCount"] == 2


def damaged() -> dict[str, bytes]:
    whole = png(1, side=128)
    jpeg = encoded(Image.new("RGB", (64, 64), "teal"), "JPEG")
    return {"truncated png": whole[: len(whole) // 2], "truncated jpeg": jpeg[:-200], "signature": whole[:8]}


@pytest.mark.parametrize("name", damaged())
async def test_damaged_image_is_not_taken(training: httpx.AsyncClient, name: str) -> None:
    path = await project(training)
    assert statuses(await upload(training, path, [damaged()[name]])) == ["ErrorImageFormat"]


def accepted() -> dict[str, tuple[bytes, tuple[int, int]]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [Image.new("P", (40, 30), colour) for colour in range(3)]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    return {
        "jpeg": (encoded(Image.new("RGB", (40, 30), "teal"), "JPEG"), (40, 30)),
        "cmyk": (encoded(Image.new("CMYK", (40, 30), (9, 9, 9, 9)), "JPEG"), (40, 30)),
        "turned": (encoded(Image.new("RGB", (40, 30), "navy"), "JPEG", exif=exif), (30, 40)),
        "bmp": (encoded(Image.new("RGB", (40, 30), "teal"), "BMP"), (40, 30)),
        "animated": (animated, (40, 30)),
        "alpha": (encoded(Image.new("RGBA", (40, 30), (1, 2, 3, 4))), (40, 30)),
        "palette": (encoded(Image.new("P", (40, 30), 3), transparency=3), (40, 30)),
        "16 bits": (encoded(Image.new("I;16", (40, 30), 40_000)), (40, 30)),
        "bits": (encoded(Image.new("1", (40, 30), 1)), (40, 30)),
        "one pixel": (encoded(Image.new("RGB", (1, 1), "red")), (1, 1)),
    }


@pytest.mark.parametrize("name", accepted())
async def test_image_of_each_form_is_taken_and_its_thumbnail_opens(
    studio: Studio, training: httpx.AsyncClient, name: str
) -> None:
    data, size = accepted()[name]
    path = await project(training)
    (result,) = (await upload(training, path, [data])).json()["images"]
    assert result["status"] == "OK"
    assert (result["image"]["width"], result["image"]["height"]) == size
    async with studio.web() as web:
        original = await web.get(result["image"]["originalImageUri"])
        thumbnail = await web.get(result["image"]["thumbnailUri"])
    assert original.content == data
    assert Image.open(io.BytesIO(thumbnail.content)).size == size


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (encoded(Image.new("1", (10_241, 500))), "a side over 10,240 pixels"),
        (encoded(Image.new("1", (520, 20))), "a ratio over 25:1"),
        (encoded(Image.new("L", (9, 9)), "TIFF"), "a format that is not accepted"),
    ],
)
async def test_image_out_of_bounds_is_not_taken(training: httpx.AsyncClient, data: bytes, why: str) -> None:
    path = await project(training)
    answer = await upload(training, path, [data])
    assert statuses(answer) == [{"a format that is not accepted": "ErrorImageFormat"}.get(why, "ErrorImageSize")]
    assert (await training.get(f"{path}/images/count")).json() == 0


async def test_signed_address_opens_for_a_day_and_for_its_file_only(
    studio: Studio, training: httpx.AsyncClient
) -> None:
    path = await project(training)
    first, second = (await upload(training, path, [png(1), png(2)])).json()["images"]
    address = httpx.URL(first["image"]["originalImageUri"])
    other = httpx.URL(second["image"]["originalImageUri"])
    async with studio.web() as web:
        assert (await web.get(address)).status_code == 200
        assert (await web.get(other.copy_with(query=address.query))).status_code == 403
        assert (await web.get(address.copy_with(query=b""))).status_code == 403
        await studio.clock.advance(24 * 3600)
        assert (await web.get(address)).status_code == 403


@pytest.mark.parametrize("contents", ["not base64!", "bäse64", "abcde"])
async def test_files_that_are_no_base64_are_an_error_of_their_source(
    training: httpx.AsyncClient, contents: str
) -> None:
    path = await project(training)
    answer = await training.post(f"{path}/images/files", json={"images": [{"name": "a", "contents": contents}]})
    assert (answer.status_code, statuses(answer)) == (207, ["ErrorSource"])


async def test_form_files_are_named_in_quotes_and_tagged_by_the_query(training: httpx.AsyncClient) -> None:
    path = await project(training)
    id = await tag(training, path, "rose")
    files = [("imageData", ("blümchen.png", png(1))), ("imageData", (None, png(2)))]
    answer = await training.post(f"{path}/images", params={"tagIds": id}, files=files)
    assert [each["sourceUrl"] for each in answer.json()["images"]] == ['"blümchen.png"', '""']
    assert statuses(answer) == ["OK", "OK"]
    assert (await training.get(f"{path}/tags/{id}")).json()["imageCount"] == 2


async def test_body_is_one_image(training: httpx.AsyncClient) -> None:
    path = await project(training)
    kind = {"Content-Type": "application/octet-stream"}
    assert statuses(await training.post(f"{path}/images", content=png(1), headers=kind)) == ["OK"]
    wrong = await training.post(f"{path}/images", content=b"{}", headers={"Content-Type": "application/json"})
    assert (wrong.status_code, wrong.json()["code"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("operation", "body", "code", "named"),
    [
        ("urls", {"images": [{"url": WEB}], "tagIds": ["rose"]}, "BadRequestImageBatch", "No image urls provided"),
        ("urls", {"images": []}, "BadRequestImageBatch", "No image urls provided"),
        ("urls", {"images": [{"url": 7}]}, "BadRequestImageBatch", "url"),
        ("urls", {"images": [{"url": WEB}] * 65}, "BadRequestExceededBatchSize", "65"),
        ("urls", {"images": [{"url": WEB}], "tagIds": [UNKNOWN]}, "BadRequestImageTags", UNKNOWN),
        ("urls", {"images": [{"url": WEB}], "metadata": {"k" * 129: "v"}}, "BadRequestImageMetadataKey", "128"),
        ("urls", {"images": [{"url": WEB}], "metadata": {"k": "v" * 257}}, "BadRequestImageMetadataValue", "256"),
        ("files", {"images": [{"name": "a"}]}, "BadRequestImageBatch", "No valid image files"),
        ("files", {}, "BadRequestImageBatch", "images"),
        ("predictions", {"images": [{"id": "x"}]}, "BadRequestImageBatch", "No prediction ids provided"),
    ],
)
async def test_faulty_batch_is_refused_as_a_whole(
    training: httpx.AsyncClient, operation: str, body: dict[str, Any], code: str, named: str
) -> None:
    path = await project(training)
    answer = await training.post(f"{path}/images/{operation}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert named in answer.json()["message"]


async def test_duplicate_keeps_the_tags_it_has(training: httpx.AsyncClient) -> None:
    path = await project(training)
    rose, tulip = await tag(training, path, "rose"), await tag(training, path, "tulip")
    await upload(training, path, [png(1)], [rose])
    answer = await upload(training, path, [png(1)], [tulip])
    assert (answer.status_code, statuses(answer)) == (207, ["OKDuplicate"])
    assert [each["tagId"] for each in answer.json()["images"][0]["image"]["tags"]] == [rose]


async def test_multiclass_image_has_one_tag(training: httpx.AsyncClient) -> None:
    path = await project(training, classificationType="Multiclass")
    tags = [await tag(training, path, "rose"), await tag(training, path, "tulip")]
    answer = await upload(training, path, [png(1)], tags)
    assert answer.json()["code"] == "BadRequestImageTags"


async def test_negative_tag_goes_with_no_other(training: httpx.AsyncClient) -> None:
    path = await project(training)
    rose, nothing = await tag(training, path, "rose"), await tag(training, path, "nothing", type="Negative")
    answer = await upload(training, path, [png(1)], [rose, nothing])
    assert statuses(answer) == ["ErrorNegativeAndRegularTagOnSameImage"]
    (result,) = (await upload(training, path, [png(1)], [nothing])).json()["images"]
    pair = {"tags": [{"imageId": result["image"]["id"], "tagId": rose}]}
    answer = await training.post(f"{path}/images/tags", json=pair)
    assert answer.json()["code"] == "BadRequestNegativeAndRegularTagOnSameImage"


async def test_images_over_the_limit_of_the_tier_are_not_taken(tmp_path: Path, openapi: OpenApi | None) -> None:
    tiers = {"F0": replace(GENEROUS["F0"], images_per_project=2)}
    studio = await Studio.open(tmp_path, tiers=tiers, openapi=openapi)
    await studio.account("train", "Training", "F0")
    async with studio.training() as client:
        path = await project(client)
        answer = await upload(client, path, [png(1), png(2), png(3), png(1)])
        assert statuses(answer) == ["OK", "OK", "ErrorLimitExceed", "OKDuplicate"]
    await studio.close()


def test_tiers_are_those_of_the_documentation() -> None:
    free, standard = TIERS["F0"], TIERS["S0"]
    assert (free.projects, free.images_per_project, free.tags_per_project, free.iterations_per_project) == (
        2,
        5_000,
        50,
        20,
    )
    assert (standard.projects, standard.images_per_project, standard.tags_per_project) == (100, 100_000, 500)
    assert standard.iterations_per_project == 20


async def test_pages_follow_the_order_and_cover_everything(training: httpx.AsyncClient) -> None:
    path = await project(training)
    added = [
        each["image"]["id"] for each in (await upload(training, path, [png(n) for n in range(5)])).json()["images"]
    ]

    async def page(**query: str | int) -> list[str]:
        return [each["id"] for each in (await training.get(f"{path}/images", params=query)).json()]

    assert await page() == added[::-1]
    assert await page(orderBy="Oldest", take=2, skip=0) == added[:2]
    assert await page(orderBy="oldest", take=2, skip=4) == added[4:]
    assert await page(take=0) == []


@pytest.mark.parametrize(
    "query", [{"take": "257"}, {"take": "x"}, {"skip": "-1"}, {"orderBy": "Best"}, {"tagIds": "a"}]
)
async def test_faulty_page_is_refused_naming_the_parameter(training: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await training.get(f"{await project(training)}/images", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["message"]


async def test_images_are_told_apart_by_tags_and_tagging(training: httpx.AsyncClient) -> None:
    path = await project(training)
    rose, tulip = await tag(training, path, "rose"), await tag(training, path, "tulip")
    await upload(training, path, [png(1)], [rose])
    await upload(training, path, [png(2)], [rose, tulip])
    await upload(training, path, [png(3)])

    async def count(operation: str, **query: str) -> int:
        answer = (await training.get(f"{path}/images/{operation}/count".replace("//", "/"), params=query)).json()
        listed = (await training.get(f"{path}/images/{operation}", params=query)).json()
        assert len(listed) == answer
        return answer

    assert await count("tagged") == 2
    assert await count("untagged") == 1
    assert await count("", tagIds=tulip) == 1
    assert await count("tagged", tagIds=f"{rose},{tulip}") == 2
    assert await count("", taggingStatus="Untagged") == 1
    listed = (await training.get(f"{path}/images/tagged", params={"tagIds": tulip})).json()
    assert {each["tagName"] for each in listed[0]["tags"]} == {"rose", "tulip"}
    assert "tags" not in (await training.get(f"{path}/images/untagged")).json()[0]


async def test_images_are_found_by_ids_and_foreign_ones_left_out(training: httpx.AsyncClient) -> None:
    path, other = await project(training), await project(training)
    own = (await upload(training, path, [png(1), png(2)])).json()["images"]
    foreign = (await upload(training, other, [png(1)])).json()["images"]
    ids = [each["image"]["id"] for each in (own[1], foreign[0], own[0])]
    found = (await training.get(f"{path}/images/id", params={"imageIds": ",".join(ids)})).json()
    assert [each["id"] for each in found] == [ids[0], ids[2]]


async def test_metadata_are_kept_changed_and_searched(training: httpx.AsyncClient) -> None:
    path = await project(training)
    entry = {"name": "a", "contents": base64.b64encode(png(1)).decode()}
    body = {"images": [entry], "metadata": {"source": "camera 1's", "day": "7"}}
    (result,) = (await training.post(f"{path}/images/files", json=body)).json()["images"]
    assert result["image"]["metadata"] == {"source": "camera 1's", "day": "7"}
    id = result["image"]["id"]
    answer = await training.post(f"{path}/images/metadata", params={"imageIds": f"{id},{UNKNOWN}"}, json={"day": "8"})
    assert answer.status_code == 207
    assert answer.json()["images"] == [
        {"imageId": id, "status": "OK", "metadata": {"source": "camera 1's", "day": "8"}},
        {"imageId": UNKNOWN, "status": "ErrorImageNotFound", "metadata": None},
    ]

    async def count(text: str) -> int:
        return (await training.get(f"{path}/images/count", params={"$filter": text})).json()

    assert await count("metadata=source eq 'camera 1''s' and metadata=day eq '8'") == 1
    assert await count("metadata=day eq '7'") == 0
    wrong = await training.get(f"{path}/images", params={"$filter": "width gt 7"})
    assert wrong.status_code == 400
    assert "width gt 7" in wrong.json()["message"]


async def test_tags_are_given_and_taken(training: httpx.AsyncClient) -> None:
    path = await project(training)
    rose, tulip = await tag(training, path, "rose"), await tag(training, path, "tulip")
    (result,) = (await upload(training, path, [png(1)], [rose])).json()["images"]
    image = result["image"]["id"]
    body = {"tags": [{"imageId": image, "tagId": rose}, {"imageId": image, "tagId": tulip}]}
    assert (await training.post(f"{path}/images/tags", json=body)).json() == {
        "created": [{"imageId": image, "tagId": tulip}],
        "duplicated": [{"imageId": image, "tagId": rose}],
        "exceeded": [],
    }
    answer = await training.delete(f"{path}/images/tags", params={"imageIds": image, "tagIds": f"{rose},{tulip}"})
    assert answer.status_code == 204
    assert (await training.get(f"{path}/images/untagged/count")).json() == 1


async def test_lines_of_base64_are_taken(training: httpx.AsyncClient) -> None:
    path = await project(training)
    lines = base64.encodebytes(png(1)).decode()
    assert "\n" in lines
    answer = await training.post(f"{path}/images/files", json={"images": [{"name": "a", "contents": lines}]})
    assert statuses(answer) == ["OK"]


async def test_image_has_a_hundred_tags_at_most(training: httpx.AsyncClient) -> None:
    path = await project(training)
    tags = [await tag(training, path, str(number)) for number in range(TAGS_PER_IMAGE + 1)]
    (result,) = (await upload(training, path, [png(1)])).json()["images"]
    pairs = [{"imageId": result["image"]["id"], "tagId": id} for id in tags]
    answer = (await training.post(f"{path}/images/tags", json={"tags": pairs})).json()
    assert (len(answer["created"]), answer["exceeded"]) == (100, pairs[-1:])


async def test_new_tag_of_a_multiclass_image_takes_the_place_of_the_old(training: httpx.AsyncClient) -> None:
    path = await project(training, classificationType="Multiclass")
    rose, tulip = await tag(training, path, "rose"), await tag(training, path, "tulip")
    (result,) = (await upload(training, path, [png(1)], [rose])).json()["images"]
    body = {"tags": [{"imageId": result["image"]["id"], "tagId": tulip}]}
    await training.post(f"{path}/images/tags", json=body)
    (image,) = (await training.get(f"{path}/images")).json()
    assert [each["tagId"] for each in image["tags"]] == [tulip]


async def test_tagging_what_is_not_there_changes_nothing(training: httpx.AsyncClient) -> None:
    path = await project(training)
    rose = await tag(training, path, "rose")
    (result,) = (await upload(training, path, [png(1)])).json()["images"]
    image = result["image"]["id"]
    for pair, code in (((image, UNKNOWN), "NotFoundTag"), ((UNKNOWN, rose), "NotFoundImage")):
        body = {"tags": [{"imageId": image, "tagId": rose}, {"imageId": pair[0], "tagId": pair[1]}]}
        answer = await training.post(f"{path}/images/tags", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await training.get(f"{path}/images/tagged/count")).json() == 0


async def test_deleted_image_can_be_added_again(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    result, other = (await upload(training, path, [png(1), png(2)])).json()["images"]
    id = result["image"]["id"]
    assert (await training.delete(f"{path}/images", params={"imageIds": id})).status_code == 204
    assert [each["id"] for each in (await training.get(f"{path}/images")).json()] == [other["image"]["id"]]
    assert not (studio.folder / "custom_vision" / path / "images" / id).exists()
    assert statuses(await upload(training, path, [png(1)])) == ["OK"]
    assert studio.metrics.of("ImagesStored") == [2, 1, 2]


@pytest.mark.parametrize("query", [{}, {"allImages": "true", "imageIds": UNKNOWN}, {"allImages": "maybe"}])
async def test_deletion_says_which_images(training: httpx.AsyncClient, query: dict[str, str]) -> None:
    path = await project(training)
    await upload(training, path, [png(1)])
    assert (await training.delete(f"{path}/images", params=query)).status_code == 400
    assert (await training.get(f"{path}/images/count")).json() == 1


async def test_iterations_keep_their_images_until_these_are_deleted_from_them_too(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model
) -> None:
    of_iteration = {"iterationId": model.iteration}
    assert (await trainer.delete(f"{model.path}/images", params={"allImages": "true"})).status_code == 202
    assert (await trainer.get(f"{model.path}/images/count")).json() == 0
    assert (await trainer.get(f"{model.path}/images/count", params=of_iteration)).json() == 24
    tagged = {**of_iteration, "tagIds": model.tags["red"], "take": "3"}
    images = (await trainer.get(f"{model.path}/images/tagged", params=tagged)).json()
    assert [each["tags"][0]["tagName"] for each in images] == ["red"] * 3
    gone = {"imageIds": images[0]["id"], "allIterations": "true"}
    assert (await trainer.delete(f"{model.path}/images", params=gone)).status_code == 202
    assert (await trainer.get(f"{model.path}/images/count", params=of_iteration)).json() == 23
    assert not (gallery.folder / "custom_vision" / model.path / "images" / images[0]["id"]).exists()
