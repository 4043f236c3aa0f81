"""Projects exported and imported, and files opened through the API."""

from __future__ import annotations

import httpx
import pytest

from tests.emulator.custom_vision.gallery import Model
from tests.emulator.custom_vision.studio import ACCOUNTS, Studio, png, project, upload

BYTES = {"Content-Type": "application/octet-stream"}


async def exported(trainer: httpx.AsyncClient, model: Model) -> str:
    return (await trainer.get(f"{model.path}/export")).json()["token"]


async def test_export_counts_what_the_project_holds(trainer: httpx.AsyncClient, model: Model) -> None:
    body = (await trainer.get(f"{model.path}/export")).json()
    assert (body["iterationCount"], body["imageCount"], body["tagCount"], body["regionCount"]) == (2, 24, 3, 0)


async def test_import_is_a_copy_with_new_ids_and_nothing_published(
    gallery: Studio, trainer: httpx.AsyncClient, model: Model, published: str
) -> None:
    token = await exported(trainer, model)
    await gallery.account("second", "Training")
    async with gallery.training("second") as other:
        imported = (await other.post("projects/import", params={"token": token})).json()
        path = f"projects/{imported['id']}"
        assert (imported["name"], imported["status"]) == ("flowers", "Succeeded")
        tags = (await other.get(f"{path}/tags")).json()
        assert [(each["name"], each["imageCount"]) for each in tags] == [("red", 8), ("lime", 8), ("blue", 8)]
        (iteration,) = (await other.get(f"{path}/iterations")).json()
        assert (iteration["name"], iteration["status"], iteration["publishName"]) == ("Iteration 1", "Completed", None)
        assert {each["id"] for each in tags}.isdisjoint(model.tags.values())
        assert iteration["id"] != model.iteration
        # The copy lives on when the original is gone.
        await trainer.delete(f"{model.path}/iterations/{model.iteration}/publish")
        assert (await trainer.delete(model.path)).status_code == 204
        answer = await other.post(
            f"{path}/quicktest/image",
            params={"iterationId": iteration["id"]},
            content=png(5_000, "blue"),
            headers=BYTES,
        )
        best = answer.json()["predictions"][0]
        assert (best["tagName"], best["tagId"]) == ("blue", tags[2]["id"])
        scores = (await other.get(f"{path}/iterations/{iteration['id']}/performance")).json()
        assert scores["perTagPerformance"][0]["id"] == tags[0]["id"]
        of_iteration = {"iterationId": iteration["id"], "tagIds": tags[1]["id"]}
        assert (await other.get(f"{path}/images/count", params=of_iteration)).json() == 8
        publishing = {"publishName": "p", "predictionId": f"{ACCOUNTS}/predict"}
        assert (await other.post(f"{path}/iterations/{iteration['id']}/publish", params=publishing)).json() is True
        assert (await other.post(f"{path}/train")).json()["name"] == "Iteration 2"


async def test_import_beside_the_original_gets_a_numbered_name(trainer: httpx.AsyncClient, model: Model) -> None:
    token = await exported(trainer, model)
    names = [(await trainer.post("projects/import", params={"token": token})).json()["name"] for _ in range(2)]
    assert names == ["flowers (1)", "flowers (2)"]
    named = await trainer.post("projects/import", params={"token": token, "name": "copy"})
    assert named.json()["name"] == "copy"


@pytest.mark.parametrize("fault", ["missing", "changed", "expired", "deleted", "of an image"])
async def test_faulty_token_is_refused(gallery: Studio, trainer: httpx.AsyncClient, model: Model, fault: str) -> None:
    token = await exported(trainer, model)
    if fault == "missing":
        token = ""
    elif fault == "changed":
        token = token.replace("sig=", "sig=0")
    elif fault == "expired":
        await gallery.clock.advance(24 * 3600)
    elif fault == "deleted":
        await trainer.delete(model.path)
    else:
        token = (await trainer.get(f"{model.path}/images")).json()[0]["originalImageUri"]
    answer = await trainer.post("projects/import", params={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestInvalidImportToken")


async def test_artifact_is_the_file_of_an_address(training: httpx.AsyncClient) -> None:
    path = await project(training)
    (result,) = (await upload(training, path, [png(1)])).json()["images"]
    address = httpx.URL(result["image"]["originalImageUri"])
    for given in (str(address), address.path):
        answer = await training.get(f"{path}/artifacts", params={"path": given})
        assert answer.content == png(1)
        assert answer.headers["Content-Type"] == "application/octet-stream"


async def test_artifact_of_another_project_is_refused(training: httpx.AsyncClient) -> None:
    path, other = await project(training), await project(training)
    (result,) = (await upload(training, other, [png(1)])).json()["images"]
    for given in (result["image"]["originalImageUri"], "/etc/passwd", f"/_blobs/{other}/images/../../x/file"):
        answer = await training.get(f"{path}/artifacts", params={"path": given})
        assert answer.json()["code"] == "BadRequestInvalidArtifactUri"
