"""Publishing, asking by publish name, quick tests, stored predictions, exports."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from emulator.custom_vision.limits import TIERS
from tests.emulator.custom_vision.gallery import COLOURS, Model
from tests.emulator.custom_vision.studio import ACCOUNTS, CONFIGURATION, UNKNOWN, Studio, encoded, png, trained, upload

BYTES = {"Content-Type": "application/octet-stream"}


def classify(model: Model, name: str, form: str = "image") -> str:
    return f"{model.project}/classify/iterations/{name.replace(' ', '%20')}/{form}"


async def publish(trainer: httpx.AsyncClient, model: Model, iteration: str, **query: str) -> httpx.Response:
    asked = {"publishName": "production", "predictionId": f"{ACCOUNTS}/predict", **query}
    return await trainer.post(f"{model.path}/iterations/{iteration}/publish", params=asked)


async def second_iteration(trainer: httpx.AsyncClient, model: Model) -> str:
    answer = await trainer.post(f"{model.path}/train", params={"forceTrain": "true"})
    return (await trained(trainer, model.path, answer.json()["id"]))["id"]


async def test_published_iteration_tells_its_name_and_account(
    trainer: httpx.AsyncClient, model: Model, published: str
) -> None:
    body = (await trainer.get(f"{model.path}/iterations/{model.iteration}")).json()
    assert (body["publishName"], body["originalPublishResourceId"]) == (published, f"{ACCOUNTS}/predict")


@pytest.mark.parametrize("colour", COLOURS)
async def test_unseen_image_is_recognised(
    predictor: httpx.AsyncClient, model: Model, published: str, colour: str
) -> None:
    answer = await predictor.post(classify(model, published), content=png(5_000, colour), headers=BYTES)
    body = answer.json()
    assert (answer.status_code, body["project"], body["iteration"]) == (200, model.project, model.iteration)
    assert body["id"] == answer.headers["apim-request-id"]
    best, *others = body["predictions"]
    assert (best["tagName"], best["tagId"], best["tagType"]) == (colour, model.tags[colour], "Regular")
    assert best["probability"] > 0.5 > others[0]["probability"] >= others[1]["probability"]
    assert sum(each["probability"] for each in body["predictions"]) == pytest.approx(1, abs=1e-5)


async def test_url_form_and_body_give_the_same_probabilities(
    gallery: Studio, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    data = png(5_000, "blue")
    gallery.pictures.answers["http://images.test/1"] = httpx.Response(200, content=data)
    answers = [
        await predictor.post(classify(model, published), content=data, headers=BYTES),
        await predictor.post(classify(model, published, "image/nostore"), files={"imageData": data}),
        await predictor.post(classify(model, published, "url"), json={"url": "http://images.test/1"}),
        await predictor.post(
            classify(model, published, "url/nostore"), json={"Url": None, "url": "http://images.test/1"}
        ),
    ]
    first, *others = [answer.json()["predictions"] for answer in answers]
    assert others == [first] * 3


async def test_only_stored_predictions_are_kept(
    gallery: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    data = png(5_000, "blue")
    stored = await predictor.post(
        classify(model, published), params={"application": "camera"}, content=data, headers=BYTES
    )
    await predictor.post(classify(model, published, "image/nostore"), content=data, headers=BYTES)
    body = (await trainer.post(f"{model.path}/predictions/query", json={"orderBy": "Newest"})).json()
    (result,) = body["results"]
    assert result["id"] == stored.json()["id"]
    assert body["token"]["continuation"] is None
    async with gallery.web() as web:
        assert (await web.get(result["originalImageUri"])).content == data
        assert (await web.get(result["thumbnailUri"])).headers["Content-Type"] == "image/jpeg"


async def test_prediction_counts_as_a_transaction_of_its_account(
    gallery: Studio, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    await predictor.post(classify(model, published, "image/nostore"), content=png(1), headers=BYTES)
    assert (f"{ACCOUNTS}/predict", "CustomVisionTransactions", 1, None) in gallery.metrics.samples


@pytest.mark.parametrize("name", ["other", "training unittest iteration"])
async def test_unknown_publish_name_is_an_invalid_iteration(
    predictor: httpx.AsyncClient, model: Model, published: str, name: str
) -> None:
    answer = await predictor.post(classify(model, name), content=png(1), headers=BYTES)
    assert (answer.status_code, answer.json()) == (404, {"code": "NotFoundIteration", "message": "Invalid iteration"})


async def test_prediction_account_answers_only_for_what_was_published_to_it(
    gallery: Studio, model: Model, published: str
) -> None:
    await gallery.account("other", "Prediction")
    async with gallery.prediction("other") as client:
        answer = await client.post(classify(model, published), content=png(1), headers=BYTES)
    assert answer.json()["message"] == "Invalid iteration"


async def test_unpublished_iteration_answers_no_longer_and_can_be_published_again(
    trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    path = f"{model.path}/iterations/{model.iteration}/publish"
    assert (await trainer.delete(path)).status_code == 204
    assert (await predictor.post(classify(model, published), content=png(1), headers=BYTES)).status_code == 404
    assert (await trainer.delete(path)).json()["code"] == "BadRequestIterationNotPublished"
    assert (await publish(trainer, model, model.iteration, publishName=published)).json() is True
    assert (await predictor.post(classify(model, published), content=png(1), headers=BYTES)).status_code == 200


@pytest.mark.parametrize("target", ["train", "missing"])
async def test_publishing_needs_the_id_of_a_prediction_account(
    trainer: httpx.AsyncClient, model: Model, target: str
) -> None:
    answer = await publish(trainer, model, model.iteration, predictionId=f"{ACCOUNTS}/{target}")
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestInvalidPublishTarget")


@pytest.mark.parametrize("target", ["predict", f"/subscriptions/{CONFIGURATION.subscription_id}", ""])
async def test_publishing_to_less_than_a_resource_id_is_refused(
    trainer: httpx.AsyncClient, model: Model, target: str
) -> None:
    answer = await publish(trainer, model, model.iteration, predictionId=target)
    assert answer.json()["code"] == "BadRequestInvalidPublishTarget"


async def test_published_iteration_is_not_published_again_nor_deleted(
    trainer: httpx.AsyncClient, model: Model, published: str
) -> None:
    again = await publish(trainer, model, model.iteration, publishName="other", overwrite="true")
    expected = {"code": "BadRequestIterationIsPublished", "message": f"Iteration is already published as: {published}"}
    assert again.json() == expected
    assert (await trainer.delete(f"{model.path}/iterations/{model.iteration}")).json() == expected


async def test_publish_name_moves_with_overwrite_only(
    trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    second = await second_iteration(trainer, model)
    refused = await publish(trainer, model, second, publishName=published)
    assert refused.json()["code"] == "BadRequestInvalidPublishName"
    moved = await publish(trainer, model, second, publishName=published, overwrite="true")
    assert moved.json() is True
    answer = await predictor.post(classify(model, published), content=png(1), headers=BYTES)
    assert answer.json()["iteration"] == second
    assert (await trainer.get(f"{model.path}/iterations/{model.iteration}")).json()["publishName"] is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "BadRequestImageFormat"),
        (b"text", "BadRequestImageFormat"),
        (png(1) + bytes(TIERS["S0"].prediction_image_bytes), "BadRequestImageSizeBytes"),
    ],
)
async def test_faulty_image_is_refused(
    predictor: httpx.AsyncClient, model: Model, published: str, content: bytes, code: str
) -> None:
    answer = await predictor.post(classify(model, published), content=content, headers=BYTES)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("body", [{"url": "http://images.test/missing"}, {"url": 7}, {}, []])
async def test_faulty_address_is_refused(
    predictor: httpx.AsyncClient, model: Model, published: str, body: object
) -> None:
    answer = await predictor.post(classify(model, published, "url"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestImageUrl")


async def test_detection_is_refused_saying_why(predictor: httpx.AsyncClient, model: Model) -> None:
    answer = await predictor.post(f"{model.project}/detect/iterations/i/image", content=png(1), headers=BYTES)
    assert answer.json()["code"] == "BadRequestNotSupported"
    assert "object detection" in answer.json()["message"]


async def test_predictions_over_the_monthly_quota_are_refused(
    tmp_path: Path, gallery: Studio, model: Model, published: str
) -> None:
    await gallery.service.stop()
    await gallery.control_plane.stop()
    tiers = {"S0": replace(TIERS["S0"], predictions_per_month=1)}
    studio = await Studio.open(tmp_path, tiers=tiers)
    studio.keys.update(gallery.keys)
    async with studio.prediction() as client:
        answers = [await client.post(classify(model, published), content=png(n), headers=BYTES) for n in range(2)]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert "quota" in answers[1].json()["error"]["message"]
    gallery.service, gallery.control_plane = studio.service, studio.control_plane
    await studio.arm.aclose()


async def test_quick_test_asks_unpublished_iterations_and_stores_unless_told_not_to(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model
) -> None:
    data = png(5_000, "lime")
    gallery.pictures.answers["http://images.test/1"] = httpx.Response(200, content=data)
    iteration = {"iterationId": model.iteration}
    stored = await trainer.post(f"{model.path}/quicktest/url", params=iteration, json={"url": "http://images.test/1"})
    passed = await trainer.post(
        f"{model.path}/quicktest/image", params={**iteration, "store": "false"}, content=data, headers=BYTES
    )
    assert stored.json()["predictions"] == passed.json()["predictions"]
    assert passed.json()["predictions"][0]["tagName"] == "lime"
    results = (await trainer.post(f"{model.path}/predictions/query", json={})).json()["results"]
    assert [each["id"] for each in results] == [stored.json()["id"]]
    missing = await trainer.post(f"{model.path}/quicktest/image?iterationId={UNKNOWN}", content=data, headers=BYTES)
    assert missing.json()["code"] == "NotFoundIteration"


async def ask(predictor: httpx.AsyncClient, model: Model, name: str, colours: list[str], **query: str) -> list[str]:
    """Store a prediction for each colour and return their ids."""
    ids: list[str] = []
    for number, colour in enumerate(colours):
        data = png(5_000 + number, colour)
        answer = await predictor.post(classify(model, name), params=query, content=data, headers=BYTES)
        ids.append(answer.json()["id"])
    return ids


async def query(trainer: httpx.AsyncClient, model: Model, **token: Any) -> dict[str, Any]:
    answer = await trainer.post(f"{model.path}/predictions/query", json=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_query_pages_by_its_own_token(
    trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    ids = await ask(predictor, model, published, ["red", "lime", "blue"])
    first = await query(trainer, model, maxCount=2, orderBy="Newest")
    assert [each["id"] for each in first["results"]] == [ids[2], ids[1]]
    second = await query(trainer, model, **first["token"])
    assert [each["id"] for each in second["results"]] == [ids[0]]
    assert second["token"]["continuation"] is None
    assert [each["id"] for each in (await query(trainer, model, orderBy="Oldest"))["results"]] == ids


async def test_query_selects_by_tag_probability_application_iteration_and_time(
    gallery: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    red, lime = await ask(predictor, model, published, ["red", "lime"], application="camera")

    async def found(**token: Any) -> set[str]:
        return {each["id"] for each in (await query(trainer, model, **token))["results"]}

    assert await found(tags=[{"id": model.tags["red"], "minThreshold": 0.5}]) == {red}
    assert await found(tags=[{"id": model.tags["red"], "maxThreshold": 0.5}]) == {lime}
    assert await found(application="camera") == {red, lime}
    assert await found(application="other") == set()
    assert await found(iterationId=model.iteration) == {red, lime}
    assert await found(iterationId=UNKNOWN) == set()
    assert await found(startTime="2026-01-01T00:00:00Z", endTime="2026-01-02") == {red, lime}
    assert await found(startTime="2026-01-01T00:00:01Z") == set()
    await gallery.clock.advance(30 * 24 * 3600 + 1)
    assert await found() == set(), "predictions are kept for 30 days"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ({"tags": [{"id": UNKNOWN}] * 3}, "BadRequestPredictionTagsExceededCount"),
        ({"maxCount": 257}, "BadRequestPredictionResultsExceededCount"),
        ({"orderBy": "Best"}, "BadRequestPredictionInvalidQueryParameters"),
        ({"startTime": "yesterday"}, "BadRequestPredictionInvalidQueryParameters"),
        ({"continuation": "x"}, "BadRequestPredictionInvalidQueryParameters"),
    ],
)
async def test_faulty_query_is_refused(
    trainer: httpx.AsyncClient, model: Model, token: dict[str, Any], code: str
) -> None:
    answer = await trainer.post(f"{model.path}/predictions/query", json=token)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_deleted_prediction_is_gone_with_its_image(
    gallery: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    first, second = await ask(predictor, model, published, ["red", "lime"])
    assert (await trainer.delete(f"{model.path}/predictions", params={"ids": first})).status_code == 204
    assert [each["id"] for each in (await query(trainer, model))["results"]] == [second]
    folder = gallery.folder / "custom_vision" / model.path / "predictions"
    assert [file.name for file in folder.iterdir()] == [second]
    missing = await trainer.delete(f"{model.path}/predictions")
    assert missing.json()["code"] == "BadRequestPredictionIdsMissing"


async def test_stored_prediction_becomes_an_image(
    trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    (id,) = await ask(predictor, model, published, ["red"])
    body = {"images": [{"id": id, "tagIds": [model.tags["red"]]}, {"id": UNKNOWN}]}
    answer = await trainer.post(f"{model.path}/images/predictions", json=body)
    assert answer.status_code == 207
    assert [(each["sourceUrl"], each["status"]) for each in answer.json()["images"]] == [
        (id, "OK"),
        (UNKNOWN, "ErrorSource"),
    ]
    assert (await trainer.get(f"{model.path}/tags/{model.tags['red']}")).json()["imageCount"] == 9


async def test_exported_model_gives_the_probabilities_of_the_prediction_api(
    gallery: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    path = f"{model.path}/iterations/{model.iteration}/export"
    begun = (await trainer.post(path, params={"platform": "ONNX"})).json()
    assert begun == {
        "platform": "ONNX",
        "status": "Exporting",
        "downloadUri": None,
        "flavor": "ONNX12",
        "newerVersionAvailable": False,
    }
    again = await trainer.post(path, params={"platform": "ONNX"})
    assert again.json() == {
        "code": "BadRequestExportAlreadyInProgress",
        "message": f"{model.iteration} is already queued for export",
    }
    (done,) = (await trainer.get(path)).json()
    assert done["status"] == "Done"
    async with gallery.web() as web:
        package = zipfile.ZipFile(io.BytesIO((await web.get(done["downloadUri"])).content))
    assert {"model.onnx", "labels.txt", "cvexport.manifest"} <= set(package.namelist())
    assert json.loads(package.read("cvexport.manifest"))["IterationId"] == model.iteration
    labels = package.read("labels.txt").decode().splitlines()
    session = onnxruntime.InferenceSession(package.read("model.onnx"), providers=["CPUExecutionProvider"])
    unsure = 0
    for data in held_out():
        image = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, np.float32)[None, :, :, ::-1].transpose(0, 3, 1, 2)
        (output,) = session.run(None, {"data": np.ascontiguousarray(pixels)})
        answer = await predictor.post(classify(model, published, "image/nostore"), content=data, headers=BYTES)
        asked = {each["tagName"]: each["probability"] for each in answer.json()["predictions"]}
        assert dict(zip(labels, np.asarray(output)[0].tolist(), strict=True)) == pytest.approx(asked, abs=1e-3)
        unsure += max(asked.values()) < 0.99
    assert unsure >= 6, "where every probability is 0 or 1, equal ones show little"


def held_out() -> list[bytes]:
    """Images that no model has seen: of several sizes and forms, clear ones and mixtures of two colours."""
    images: list[bytes] = []
    random = np.random.default_rng(5)
    for number, (first, second) in enumerate(itertools.combinations(("red", "lime", "blue"), 2)):
        for side, share in itertools.product((24, 64, 300, 1_200), (0.0, 0.5)):
            mixed = Image.blend(
                Image.open(io.BytesIO(png(number, first, side))),
                Image.open(io.BytesIO(png(number, second, side))),
                share,
            )
            noise = random.integers(-20, 20, (side, side, 3))
            mixed = Image.fromarray((np.asarray(mixed).astype(np.int64) + noise).clip(0, 255).astype(np.uint8))
            images.append(encoded(mixed, "JPEG" if side > 64 else "PNG"))
    return images


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"platform": "TensorFlow"}, "BadRequestNotSupported"),
        ({"platform": "Paper"}, "BadRequestExportValidationFailed"),
        ({}, "BadRequestExportValidationFailed"),
        ({"platform": "ONNX", "flavor": "Linux"}, "BadRequestExportValidationFailed"),
    ],
)
async def test_export_of_another_form_is_refused(
    trainer: httpx.AsyncClient, model: Model, query: dict[str, str], code: str
) -> None:
    answer = await trainer.post(f"{model.path}/iterations/{model.iteration}/export", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_images_added_later_change_nothing_of_a_trained_iteration(
    trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model, published: str
) -> None:
    data = png(5_000, "red")
    before = await predictor.post(classify(model, published, "image/nostore"), content=data, headers=BYTES)
    await upload(trainer, model.path, [png(n, "red") for n in range(900, 910)], [model.tags["blue"]])
    after = await predictor.post(classify(model, published, "image/nostore"), content=data, headers=BYTES)
    assert before.json()["predictions"] == after.json()["predictions"]
