"""Training, iterations and their performance."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.custom_vision.limits import TIERS
from tests.emulator.custom_vision.gallery import COLOURS, Model, Trained
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import COMPACT, GENEROUS, UNKNOWN, Studio, png, project, tag, trained, upload


async def test_begun_training_is_answered_as_recorded(training: httpx.AsyncClient) -> None:
    path = await project(training)
    for number, colour in enumerate(("red", "blue")):
        id = await tag(training, path, colour)
        await upload(training, path, [png(10 * number + seed, colour) for seed in range(5)], [id])
    answer = await training.post(f"{path}/train", params={"reservedBudgetInHours": "0", "forceTrain": "false"})
    body = answer.json()
    id = body.pop("id")
    assert answer.status_code == 200
    assert body == {
        "name": "Iteration 1",
        "status": "Training",
        "created": "2026-01-01T00:00:00.000Z",
        "lastModified": "2026-01-01T00:00:00.000Z",
        "projectId": path.removeprefix("projects/"),
        "exportable": False,
        "exportableTo": None,
        "domainId": None,
        "classificationType": None,
        "trainingType": "Regular",
        "reservedBudgetInHours": 0,
        "trainingTimeInMinutes": 0,
        "publishName": None,
        "originalPublishResourceId": None,
    }
    again = await training.post(f"{path}/train")
    assert again.json()["code"] == "BadRequestTrainingAlreadyInProgress"
    early = await training.get(f"{path}/iterations/{id}/performance")
    assert early.json()["code"] == "BadRequestIterationIsNotTrained"
    assert (await training.delete(f"{path}/iterations/{id}")).status_code == 400
    # A project may be deleted while it is trained; the service then goes on to the next one.
    assert (await training.delete(path)).status_code == 204


async def test_completed_iteration_says_what_it_was_made_of(trainer: httpx.AsyncClient, model: Model) -> None:
    (body,) = (await trainer.get(f"{model.path}/iterations")).json()
    assert body == (await trainer.get(f"{model.path}/iterations/{model.iteration}")).json()
    assert body["status"] == "Completed"
    assert body["trainedAt"] == body["lastModified"]
    assert (body["domainId"], body["classificationType"]) == (COMPACT, "Multiclass")
    assert body["exportableTo"] == ["CoreML", "DockerFile", "ONNX", "TensorFlow"]
    assert body["trainingTimeInMinutes"] == 1


async def test_training_again_needs_a_change_or_force(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model
) -> None:
    unchanged = await trainer.post(f"{model.path}/train")
    assert (unchanged.status_code, unchanged.json()) == (
        400,
        {"code": "BadRequestTrainingNotNeeded", "message": "Nothing changed since last training"},
    )
    forced = (await trainer.post(f"{model.path}/train", params={"forceTrain": "true"})).json()
    assert forced["name"] == "Iteration 2"
    done = await trained(trainer, model.path, forced["id"])
    assert done["status"] == "Completed"
    first, second = [
        (await trainer.get(f"{model.path}/iterations/{id}/performance")).json() for id in (model.iteration, done["id"])
    ]
    assert first == second, "the same images give the same model"
    assert len(gallery.metrics.of("CustomVisionTrainingTime")) == 1


@pytest.mark.parametrize("change", ["image", "tag name", "domain", "tagging"])
async def test_each_change_makes_training_possible(trainer: httpx.AsyncClient, model: Model, change: str) -> None:
    if change == "image":
        await upload(trainer, model.path, [png(999)], [model.tags["red"]])
    elif change == "tag name":
        await trainer.patch(f"{model.path}/tags/{model.tags['red']}", json={"name": "crimson"})
    elif change == "domain":
        domain = {"settings": {"domainId": "ee85a74c-405e-4adc-bb47-ffa8ca0c9f31"}}
        await trainer.patch(model.path, json=domain)
    else:
        images = (await trainer.get(f"{model.path}/images", params={"tagIds": model.tags["red"]})).json()
        pair = {"imageId": images[0]["id"], "tagId": model.tags["blue"]}
        await trainer.post(f"{model.path}/images/tags", json={"tags": [pair]})
    assert (await trainer.post(f"{model.path}/train")).status_code == 200


async def test_untagged_image_is_no_change(trainer: httpx.AsyncClient, model: Model) -> None:
    await upload(trainer, model.path, [png(999)])
    assert (await trainer.post(f"{model.path}/train")).json()["code"] == "BadRequestTrainingNotNeeded"


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "Not enough images for training"),
        ([9], "Not enough images for training"),
        ([5, 4], "Not enough images per tag for training"),
        ([5, 5, 0], "Not enough images per tag for training"),
    ],
)
@pytest.mark.parametrize("kind", ["Multiclass", "Multilabel"])
async def test_too_few_images_are_refused(
    training: httpx.AsyncClient, counts: list[int], message: str, kind: str
) -> None:
    path = await project(training, classificationType=kind)
    for number, count in enumerate(counts):
        id = await tag(training, path, str(number))
        await upload(training, path, [png(100 * number + seed) for seed in range(count)], [id])
    answer = await training.post(f"{path}/train")
    name = {"Multiclass": "MultiClass", "Multilabel": "MultiLabel"}[kind]
    assert answer.status_code == 400
    assert answer.json() == {"code": f"BadRequest{name}ClassificationTrainingValidationFailed", "message": message}
    assert (await training.get(f"{path}/iterations")).json() == []


async def test_selected_tags_alone_are_trained(trainer: httpx.AsyncClient, model: Model) -> None:
    selected = [model.tags["red"], model.tags["blue"]]
    answer = await trainer.post(f"{model.path}/train", json={"selectedTags": selected})
    done = await trained(trainer, model.path, answer.json()["id"])
    tags = (await trainer.get(f"{model.path}/tags", params={"iterationId": done["id"]})).json()
    assert [each["name"] for each in tags] == ["red", "blue"]
    unknown = await trainer.post(f"{model.path}/train", json={"selectedTags": [UNKNOWN]})
    assert unknown.json()["code"] == "NotFoundTag"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"trainingType": "Fast"}, "BadRequestInvalid"),
        ({"reservedBudgetInHours": "-1"}, "BadRequestInvalid"),
        ({"trainingType": "Advanced"}, "BadRequestReservedBudgetInHoursNotEnoughForAdvancedTraining"),
    ],
)
async def test_faulty_training_is_refused(
    trainer: httpx.AsyncClient, model: Model, query: dict[str, str], code: str
) -> None:
    answer = await trainer.post(f"{model.path}/train", params={**query, "forceTrain": "true"})
    assert answer.json()["code"] == code


async def test_advanced_training_needs_a_budget(trainer: httpx.AsyncClient, model: Model) -> None:
    answer = await trainer.post(
        f"{model.path}/train", params={"trainingType": "Advanced", "reservedBudgetInHours": "1"}
    )
    assert (answer.json()["trainingType"], answer.json()["reservedBudgetInHours"]) == ("Advanced", 1)


async def test_iterations_over_the_limit_are_refused(
    tmp_path: Path, trained_folder: Trained, openapi: OpenApi | None
) -> None:
    shutil.copytree(trained_folder.folder, tmp_path, dirs_exist_ok=True)
    studio = await Studio.open(
        tmp_path, tiers={"S0": replace(GENEROUS["S0"], iterations_per_project=1)}, openapi=openapi
    )
    studio.keys.update(trained_folder.keys)
    async with studio.training() as client:
        path = trained_folder.model.path
        refused = await client.post(f"{path}/train", params={"forceTrain": "true"})
        assert refused.json()["code"] == "BadRequestExceedIterationPerProjectLimit"
        assert (await client.delete(f"{path}/iterations/{trained_folder.model.iteration}")).status_code == 204
        assert (await client.post(f"{path}/train")).status_code == 200
    await studio.close()


async def test_used_up_training_time_is_refused(tmp_path: Path, trained_folder: Trained) -> None:
    shutil.copytree(trained_folder.folder, tmp_path, dirs_exist_ok=True)
    studio = await Studio.open(tmp_path, tiers={"S0": replace(GENEROUS["S0"], training_minutes_per_month=1)})
    studio.keys.update(trained_folder.keys)
    async with studio.training() as client:
        again = {"forceTrain": "true"}
        refused = await client.post(f"{trained_folder.model.path}/train", params=again)
        assert refused.json()["code"] == "BadRequestExceededQuota"
        await studio.clock.advance(31 * 24 * 3600)
        assert (await client.post(f"{trained_folder.model.path}/train", params=again)).status_code == 200
    await studio.close()
    assert TIERS["F0"].training_minutes_per_month == 60


async def test_training_that_was_cut_off_goes_on_after_a_restart(tmp_path: Path, openapi: OpenApi | None) -> None:
    studio = await Studio.open(tmp_path)
    await studio.account("train", "Training")
    async with studio.training() as client:
        path = await project(client, classificationType="Multiclass")
        for number, colour in enumerate(COLOURS):
            id = await tag(client, path, colour)
            await upload(client, path, [png(10 * number + seed, colour) for seed in range(5)], [id])
        iteration = (await client.post(f"{path}/train")).json()["id"]
        while (await client.get(f"{path}/iterations/{iteration}")).json()["domainId"] is None:
            await asyncio.sleep(0.01)
    await studio.close()
    keys = studio.keys
    studio = await Studio.open(tmp_path, openapi=openapi)
    studio.keys.update(keys)
    async with studio.training() as client:
        assert (await client.get(f"{path}/iterations/{iteration}")).json()["status"] == "Training"
        assert (await trained(client, path, iteration))["status"] == "Completed"
    await studio.close()


async def test_training_that_cannot_be_done_is_failed_and_the_next_one_is_done(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model
) -> None:
    (added,) = (await upload(trainer, model.path, [png(999)], [model.tags["red"]])).json()["images"]
    file = gallery.folder / "custom_vision" / model.path / "images" / added["image"]["id"]
    content = file.read_bytes()
    file.write_bytes(b"damaged on disk")
    iteration = (await trainer.post(f"{model.path}/train")).json()["id"]
    failed = await trained(trainer, model.path, iteration)
    assert (failed["status"], "trainedAt" in failed) == ("Failed", False)
    refused = await trainer.post(f"{model.path}/iterations/{iteration}/publish?publishName=a&predictionId=b")
    assert refused.json()["code"] == "BadRequestIterationIsNotTrained"
    file.write_bytes(content)
    iteration = (await trainer.post(f"{model.path}/train")).json()["id"]
    assert (await trained(trainer, model.path, iteration))["status"] == "Completed"


async def test_multilabel_training_tells_tags_apart_that_come_together(training: httpx.AsyncClient) -> None:
    path = await project(training)
    large, red = await tag(training, path, "light"), await tag(training, path, "red")
    for number, (colour, tags) in enumerate(
        (("red", [red]), ("white", [large]), ("pink", [red, large]), ("black", [large][:0]))
    ):
        await upload(training, path, [png(100 * number + seed, colour) for seed in range(8)], tags)
    iteration = (await training.post(f"{path}/train")).json()["id"]
    assert (await trained(training, path, iteration))["status"] == "Completed"
    kind = {"Content-Type": "application/octet-stream"}
    answer = await training.post(
        f"{path}/quicktest/image", params={"store": "false"}, content=png(7_777, "pink"), headers=kind
    )
    both = {each["tagName"]: each["probability"] for each in answer.json()["predictions"]}
    assert both["red"] > 0.5
    assert both["light"] > 0.5


async def test_iteration_is_renamed(trainer: httpx.AsyncClient, model: Model) -> None:
    path = f"{model.path}/iterations/{model.iteration}"
    assert (await trainer.patch(path, json={"name": "New Iteration Name"})).json()["name"] == "New Iteration Name"
    for body in ({"name": ""}, {}, {"name": None}):
        assert (await trainer.patch(path, json=body)).json()["code"] == "BadRequestIterationName"
    assert (await trainer.get(path)).json()["name"] == "New Iteration Name"


async def test_deleted_iteration_is_gone_with_its_files(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model
) -> None:
    path = f"{model.path}/iterations/{model.iteration}"
    assert (await trainer.delete(path)).status_code == 204
    assert (await trainer.get(path)).json()["code"] == "NotFoundIteration"
    assert list((gallery.folder / "custom_vision" / model.path / "models").iterdir()) == []


async def performance(trainer: httpx.AsyncClient, model: Model, **query: float) -> dict[str, Any]:
    path = f"{model.path}/iterations/{model.iteration}/performance"
    return (await trainer.get(path, params=query)).json()


async def test_performance_depends_on_the_threshold(trainer: httpx.AsyncClient, model: Model) -> None:
    everything, usual, nothing = [await performance(trainer, model, threshold=t) for t in (0.0, 0.5, 1.0)]
    assert [each["name"] for each in usual["perTagPerformance"]] == list(COLOURS)
    assert everything["recall"] == 1
    assert everything["precision"] == pytest.approx(1 / 3)
    assert usual["precision"] > 0.9
    assert usual["recall"] > 0.9
    assert nothing["recall"] == nothing["precision"] == 0
    assert usual == await performance(trainer, model)
    assert everything["averagePrecision"] == usual["averagePrecision"] > 0.9


@pytest.mark.parametrize("threshold", ["1.1", "-0.1", "half", "nan"])
async def test_faulty_threshold_is_refused(trainer: httpx.AsyncClient, model: Model, threshold: str) -> None:
    path = f"{model.path}/iterations/{model.iteration}/performance"
    answer = await trainer.get(path, params={"threshold": threshold})
    assert answer.status_code == 400
    assert "threshold" in answer.json()["message"]


async def test_image_performances_are_the_predictions_while_held_out(trainer: httpx.AsyncClient, model: Model) -> None:
    path = f"{model.path}/iterations/{model.iteration}/performance/images"
    red = {"tagIds": model.tags["red"]}
    assert (await trainer.get(f"{path}/count")).json() == 24
    assert (await trainer.get(f"{path}/count", params=red)).json() == 8
    images = (await trainer.get(path, params={**red, "take": "8", "orderBy": "Oldest"})).json()
    right = [each["predictions"][0]["tagName"] == each["tags"][0]["tagName"] == "red" for each in images]
    assert sum(right) >= 7
    for each in images:
        assert sum(prediction["probability"] for prediction in each["predictions"]) == pytest.approx(1, abs=1e-5)


async def _begun(client: httpx.AsyncClient, **query: str) -> tuple[str, str]:
    path = await project(client, classificationType="Multiclass")
    for number, colour in enumerate(COLOURS):
        id = await tag(client, path, colour)
        await upload(client, path, [png(10 * number + seed, colour) for seed in range(5)], [id])
    return path, (await client.post(f"{path}/train", params=query)).json()["id"]


async def _model_made(studio: Studio, path: str, iteration: str) -> None:
    """Wait for the worker process, and for the service to see its end."""
    async with asyncio.timeout(120):
        while not (studio.folder / "custom_vision" / path / "models" / f"{iteration}.onnx").exists():
            await asyncio.sleep(0.05)
        while studio.clock.next_wake is None:
            await asyncio.sleep(0.01)


async def test_time_scale_makes_a_training_take_its_share_of_the_services_time(tmp_path: Path) -> None:
    studio = await Studio.open(tmp_path, time_scale=0.5)
    await studio.account("train", "Training")
    async with studio.training() as client:
        path, iteration = await _begun(client)
        await _model_made(studio, path, iteration)
        await studio.clock.advance(91)  # half of 3 minutes and of 15 quarters of a second is 91.9 s
        assert (await client.get(f"{path}/iterations/{iteration}")).json()["status"] == "Training"
        await studio.clock.advance(1)
        found = (await client.get(f"{path}/iterations/{iteration}")).json()
        assert (found["status"], found["trainingTimeInMinutes"]) == ("Completed", 4)
    await studio.close()


async def test_training_does_not_wait_for_the_time_of_another_to_pass(tmp_path: Path) -> None:
    studio = await Studio.open(tmp_path, time_scale=1)
    await studio.account("train", "Training")
    async with studio.training() as client:
        slow, first = await _begun(client, trainingType="Advanced", reservedBudgetInHours="2")
        await _model_made(studio, slow, first)
        quick, second = await _begun(client)
        async with asyncio.timeout(120):
            while not (studio.folder / "custom_vision" / quick / "models" / f"{second}.onnx").exists():
                await asyncio.sleep(0.05)
            while (await client.get(f"{quick}/iterations/{second}")).json()["status"] == "Training":
                await studio.clock.advance(60)
        assert (await client.get(f"{slow}/iterations/{first}")).json()["status"] == "Training"
        await studio.clock.advance(7200)
        found = (await client.get(f"{slow}/iterations/{first}")).json()
        assert (found["status"], found["trainingTimeInMinutes"]) == ("Completed", 120)
    await studio.close()


async def test_time_that_passed_before_a_restart_counts(tmp_path: Path) -> None:
    studio = await Studio.open(tmp_path, time_scale=1)
    await studio.account("train", "Training")
    async with studio.training() as client:
        path, iteration = await _begun(client)
        await _model_made(studio, path, iteration)
        await studio.clock.advance(100)
    await studio.close()
    again = await Studio.open(tmp_path, studio.clock, time_scale=1)
    again.keys.update(studio.keys)
    async with again.training() as client:
        await again.clock.advance(80)
        assert (await client.get(f"{path}/iterations/{iteration}")).json()["status"] == "Training"
        await again.clock.advance(5)
        assert (await client.get(f"{path}/iterations/{iteration}")).json()["status"] == "Completed"
    await again.close()
