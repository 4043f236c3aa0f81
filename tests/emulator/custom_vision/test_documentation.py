"""docs/custom-vision.md says of every operation what the service does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import httpx
import pytest

from emulator.custom_vision.limit_settings import LIMIT_NAMES, smaller_tiers
from emulator.custom_vision.limits import TIERS
from emulator.custom_vision.operations import APIS
from tests.emulator.custom_vision.gallery import Model
from tests.emulator.custom_vision.studio import ACCOUNTS, Studio, png, trained, upload

PAGE: Final = (Path(__file__).parents[3] / "docs" / "custom-vision.md").read_text(encoding="utf-8")
OPERATIONS: Final = {
    found["name"]: found["state"]
    for found in re.finditer(r"^\| (?P<name>\w+) \| (?P<state>done|refused) \|", PAGE, re.MULTILINE)
}
LIMITS: Final = {
    found["name"]: (found["free"], found["standard"])
    for found in re.finditer(r"^\| `(?P<name>\w+)` \| (?P<free>\w+) \| (?P<standard>\w+) \|", PAGE, re.MULTILINE)
}
OCTETS: Final = {"Content-Type": "application/octet-stream"}


def test_the_page_lists_just_the_operations_that_have_routes() -> None:
    assert set(OPERATIONS) == {operation.name for api in APIS for operation in api.operations}
    assert len(re.findall(r"\| (?:done|refused) \|", PAGE)) == len(OPERATIONS)


def test_the_page_lists_just_the_limits_that_can_be_made_smaller() -> None:
    assert list(LIMITS) == list(LIMIT_NAMES)


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_limits_of_the_page_are_those_that_hold(name: str) -> None:
    for tier, number in zip(("F0", "S0"), LIMITS[name], strict=True):
        if number == "none":
            assert smaller_tiers([f"{tier}.{name}=1000000000"]) != TIERS
        else:
            assert smaller_tiers([f"{tier}.{name}={number}"]) == TIERS


class Tour:
    """Calls every operation once at least, with what it needs."""

    def __init__(self, studio: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model) -> None:
        self._studio = studio
        self._trainer = trainer
        self._predictor = predictor
        self._model = model

    async def take(self) -> None:
        picture = "https://pictures.example/red.png"
        self._studio.pictures.answers[picture] = httpx.Response(200, content=png(5_000, "red"))
        await self._projects()
        await self._images(picture)
        await self._iterations(picture)
        await self._predictions(picture)
        await self._copies()

    async def _projects(self) -> None:
        domains = (await self._trainer.get("domains")).json()
        await self._trainer.get(f"domains/{domains[0]['id']}")
        await self._trainer.get("projects")
        made = (await self._trainer.post("projects", params={"name": "other"})).json()
        await self._trainer.get(f"projects/{made['id']}")
        await self._trainer.patch(f"projects/{made['id']}", json={"name": "renamed"})
        await self._trainer.delete(f"projects/{made['id']}")
        tags = f"{self._model.path}/tags"
        tag = (await self._trainer.post(tags, params={"name": "temporary"})).json()["id"]
        await self._trainer.get(tags)
        await self._trainer.get(f"{tags}/{tag}")
        await self._trainer.patch(f"{tags}/{tag}", json={"name": "another"})
        await self._trainer.delete(f"{tags}/{tag}")

    async def _images(self, picture: str) -> None:
        images, red = f"{self._model.path}/images", self._model.tags["red"]
        (added,) = (await upload(self._trainer, self._model.path, [png(7_000)])).json()["images"]
        id = added["image"]["id"]
        await self._trainer.post(images, content=png(7_001), headers=OCTETS)
        await self._trainer.post(f"{images}/urls", json={"images": [{"url": picture}]})
        for kind in ("", "/tagged", "/untagged"):
            await self._trainer.get(f"{images}{kind}")
            await self._trainer.get(f"{images}{kind}/count")
        await self._trainer.get(f"{images}/id", params={"imageIds": id})
        await self._trainer.post(f"{images}/metadata", params={"imageIds": id}, json={"a": "b"})
        box = {"imageId": id, "tagId": red, "left": 0, "top": 0, "width": 1, "height": 1}
        created = (await self._trainer.post(f"{images}/regions", json={"regions": [box]})).json()["created"]
        await self._trainer.delete(f"{images}/regions", params={"regionIds": created[0]["regionId"]})
        await self._trainer.post(f"{images}/{id}/regionproposals")
        await self._trainer.delete(f"{images}/tags", params={"imageIds": id, "tagIds": red})
        query = {"iterationId": self._model.iteration, "imageIds": id}
        await self._trainer.post(f"{self._model.path}/tagsandregions/suggestions", params=query)
        for path in ("suggested", "suggested/count"):
            await self._trainer.post(f"{images}/{path}", params={"iterationId": self._model.iteration}, json={})
        await self._trainer.post(f"{images}/tags", json={"tags": [{"imageId": id, "tagId": red}]})
        await self._trainer.delete(images, params={"imageIds": id})

    async def _iterations(self, picture: str) -> None:
        path = f"{self._model.path}/iterations"
        begun = (await self._trainer.post(f"{self._model.path}/train", params={"forceTrain": "true"})).json()
        await trained(self._trainer, self._model.path, begun["id"])
        await self._trainer.get(path)
        await self._trainer.patch(f"{path}/{begun['id']}", json={"name": "second"})
        await self._trainer.delete(f"{path}/{begun['id']}")
        path = f"{path}/{self._model.iteration}"
        await self._trainer.post(f"{path}/export", params={"platform": "ONNX"})
        await self._trainer.get(f"{path}/export")
        for kind in ("performance", "performance/images", "performance/images/count"):
            await self._trainer.get(f"{path}/{kind}")
        query = {"publishName": "name", "predictionId": f"{ACCOUNTS}/predict"}
        for _ in range(2):
            await self._trainer.post(f"{path}/publish", params=query)
            await self._trainer.delete(f"{path}/publish")
        await self._trainer.post(f"{path}/publish", params=query)
        await self._trainer.post(f"{self._model.path}/quicktest/image", content=png(8_000), headers=OCTETS)
        await self._trainer.post(f"{self._model.path}/quicktest/url", json={"url": picture})

    async def _predictions(self, picture: str) -> None:
        for kind in ("classify", "detect"):
            path = f"{self._model.project}/{kind}/iterations/name"
            for end in ("", "/nostore"):
                await self._predictor.post(f"{path}/image{end}", content=png(9_000), headers=OCTETS)
                await self._predictor.post(f"{path}/url{end}", json={"url": picture})
        path = f"{self._model.path}/predictions"
        (found, *_) = (await self._trainer.post(f"{path}/query", json={})).json()["results"]
        await self._trainer.post(f"{self._model.path}/images/predictions", json={"images": [{"id": found["id"]}]})
        await self._trainer.delete(path, params={"ids": found["id"]})

    async def _copies(self) -> None:
        (image, *_) = (await self._trainer.get(f"{self._model.path}/images")).json()
        await self._trainer.get(f"{self._model.path}/artifacts", params={"path": image["originalImageUri"]})
        token = (await self._trainer.get(f"{self._model.path}/export")).json()["token"]
        await self._trainer.post("projects/import", params={"token": token})


async def test_what_the_page_calls_done_is_answered_and_what_it_calls_refused_is_refused(
    gallery: Studio, trainer: httpx.AsyncClient, predictor: httpx.AsyncClient, model: Model
) -> None:
    await Tour(gallery, trainer, predictor, model).take()
    calls = [(metric, operation) for _, metric, _, operation in gallery.metrics.samples]
    answered = {operation for metric, operation in calls if metric == "SuccessfulCalls"}
    refused = {operation for metric, operation in calls if metric == "ClientErrors"}
    assert answered == {name for name, state in OPERATIONS.items() if state == "done"}
    assert refused == {name for name, state in OPERATIONS.items() if state == "refused"}
    if gallery.openapi is not None:
        assert answered <= gallery.openapi.checked, "each answer was valid by the OpenAPI"
