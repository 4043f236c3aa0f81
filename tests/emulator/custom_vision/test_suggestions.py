"""Suggested tags for untagged images."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emulator.custom_vision.gallery import COLOURS, Model
from tests.emulator.custom_vision.studio import UNKNOWN, png, upload


@pytest.fixture
async def untagged(trainer: httpx.AsyncClient, model: Model) -> dict[str, str]:
    """Ids of untagged images for which tags were suggested, by colour."""
    images = [png(6_000 + number, colour) for number, colour in enumerate((*COLOURS, "black"))]
    results = (await upload(trainer, model.path, images)).json()["images"]
    ids = {colour: each["image"]["id"] for colour, each in zip((*COLOURS, "black"), results, strict=True)}
    answer = await suggest(trainer, model, list(ids.values()))
    assert {each["id"] for each in answer.json()} == set(ids.values())
    return ids


async def suggest(trainer: httpx.AsyncClient, model: Model, images: list[str]) -> httpx.Response:
    query = {"iterationId": model.iteration, "imageIds": ",".join(images)}
    return await trainer.post(f"{model.path}/tagsandregions/suggestions", params=query)


async def query(trainer: httpx.AsyncClient, model: Model, **token: Any) -> dict[str, Any]:
    iteration = {"iterationId": model.iteration}
    answer = await trainer.post(f"{model.path}/images/suggested", params=iteration, json=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_suggestions_are_the_model_s(trainer: httpx.AsyncClient, model: Model, untagged: dict[str, str]) -> None:
    found = await query(trainer, model, tagIds=[model.tags["red"]], threshold=0.5)
    best = [each for each in found["results"] if each["id"] == untagged["red"]]
    assert best[0]["predictions"][0]["tagName"] == "red"
    assert best[0]["predictionUncertainty"] == pytest.approx(1 - best[0]["predictions"][0]["probability"])
    assert untagged["blue"] not in {each["id"] for each in found["results"]}


async def test_suggestions_are_sorted_by_uncertainty_and_paged(
    trainer: httpx.AsyncClient, model: Model, untagged: dict[str, str]
) -> None:
    first = await query(trainer, model, maxCount=3, sortBy="UncertaintyDescending")
    second = await query(trainer, model, **first["token"])
    values = [each["predictionUncertainty"] for each in first["results"] + second["results"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 4
    assert second["token"]["continuation"] is None
    ascending = await query(trainer, model, sortBy="UncertaintyAscending")
    assert [each["predictionUncertainty"] for each in ascending["results"]] == values[::-1]


async def test_suggestions_are_counted_by_tag(
    trainer: httpx.AsyncClient, model: Model, untagged: dict[str, str]
) -> None:
    iteration = {"iterationId": model.iteration}
    path = f"{model.path}/images/suggested/count"
    counts = (await trainer.post(path, params=iteration, json={"tagIds": [], "threshold": 0})).json()
    assert counts == {model.tags[colour]: 4 for colour in COLOURS}
    some = {"tagIds": [model.tags["lime"]], "threshold": 1.0}
    assert (await trainer.post(path, params=iteration, json=some)).json() == {model.tags["lime"]: 0}


async def test_tagged_image_is_suggested_no_longer(
    trainer: httpx.AsyncClient, model: Model, untagged: dict[str, str]
) -> None:
    pair = {"imageId": untagged["red"], "tagId": model.tags["red"]}
    await trainer.post(f"{model.path}/images/tags", json={"tags": [pair]})
    await trainer.delete(f"{model.path}/images", params={"imageIds": untagged["black"]})
    left = {each["id"] for each in (await query(trainer, model))["results"]}
    assert left == {untagged["lime"], untagged["blue"]}
    assert (await suggest(trainer, model, [untagged["red"]])).json() == []


async def test_suggestion_for_an_unknown_image_or_iteration_is_refused(
    trainer: httpx.AsyncClient, model: Model
) -> None:
    assert (await suggest(trainer, model, [UNKNOWN])).json()["code"] == "NotFoundImage"
    answer = await trainer.post(f"{model.path}/images/suggested", params={"iterationId": UNKNOWN}, json={})
    assert answer.json()["code"] == "NotFoundIteration"
    answer = await trainer.post(f"{model.path}/images/suggested", json={})
    assert "iterationId" in answer.json()["message"]
