"""Answers have the members that recorded answers of the service have, no more and no fewer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.custom_vision.operations import APIS
from tests.emulator.custom_vision.gallery import Model
from tests.emulator.custom_vision.openapi import SPECS
from tests.emulator.custom_vision.studio import Studio, png

RECORDINGS = SPECS / "recordings"
OTHER_VERSION = "CreateTrainedImageClassificationProject"
"""Recorded in 2019 with an earlier version of the API, which had fewer members."""

TRAINING = APIS[0]


def operation_of(method: str, uri: str) -> str | None:
    segments = uri.split("?")[0].strip("/").split("/")[3:]
    return next((each.name for each in TRAINING.operations if each.match(method, segments) is not None), None)


def recorded() -> dict[str, list[Any]]:
    """Answers of status 200 by operation."""
    found: dict[str, list[Any]] = {}
    for file in sorted(RECORDINGS.glob("*.json")):
        if OTHER_VERSION in file.name:
            continue
        for call in json.loads(file.read_text()):
            name = operation_of(call["method"], call["uri"])
            assert name is not None, call["uri"]
            if call["status"] == 200:
                found.setdefault(name, []).append(call["response"])
    return found


def differences(theirs: Any, ours: Any, path: str = "$") -> list[str]:
    """Compare members and kinds of values; null on one side says nothing about the other."""
    if theirs is None or ours is None:
        return []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{path}.{name} is missing" for name in theirs.keys() - ours.keys()]
        found += [f"{path}.{name} is not recorded" for name in ours.keys() - theirs.keys()]
        return found + [
            each
            for name in theirs.keys() & ours.keys()
            for each in differences(theirs[name], ours[name], f"{path}.{name}")
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        return differences(theirs[0], ours[0], f"{path}[0]") if theirs and ours else []
    if isinstance(theirs, (int, float)) and isinstance(ours, (int, float)):
        return [] if isinstance(theirs, bool) == isinstance(ours, bool) else [f"{path}: {theirs!r} and {ours!r}"]
    return [] if type(theirs) is type(ours) else [f"{path}: {theirs!r} and {ours!r}"]


@pytest.fixture
async def answers(gallery: Studio, trainer: httpx.AsyncClient, model: Model, published: str) -> dict[str, list[Any]]:
    """Our answers, by operation, in the situations that were recorded."""
    gallery.pictures.answers["http://images.test/1"] = httpx.Response(200, content=png(9_000, "red"))
    gallery.pictures.answers["http://images.test/2"] = httpx.Response(200, content=png(9_001, "red"))
    found: dict[str, list[Any]] = {}

    async def call(method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = await trainer.request(method, path, params=query, json=body)
        name = operation_of(method, f"customvision/v3.3/training/{path}")
        assert name is not None
        assert answer.is_success, answer.text
        if answer.status_code == 200:
            found.setdefault(name, []).append(answer.json())
            return answer.json()
        return None

    one = f"{model.path}/iterations/{model.iteration}"
    await call("GET", "domains")
    await call("GET", "domains/ee85a74c-405e-4adc-bb47-ffa8ca0c9f31")
    made = await call("POST", "projects", name="Test Project")
    await call("GET", f"projects/{made['id']}")
    await call("PATCH", f"projects/{made['id']}", {"name": "Another Name", "description": "d"})
    await call("GET", "projects")
    tag = await call("POST", f"{model.path}/tags", name="Test Tag 1")
    await call("PATCH", f"{model.path}/tags/{tag['id']}", {"name": "New Tag Name", "description": "d"})
    await call("GET", f"{model.path}/tags/{tag['id']}")
    await call("GET", f"{model.path}/tags")
    await call("DELETE", f"{model.path}/tags/{tag['id']}")
    red = model.tags["red"]
    added = await call(
        "POST", f"{model.path}/images/urls", {"images": [{"url": "http://images.test/1"}], "tagIds": [red]}
    )
    image = added["images"][0]["image"]["id"]
    await call("GET", f"{model.path}/images/id", imageIds=image)
    await call("GET", f"{model.path}/images/tagged", take="50", skip="0")
    await call("DELETE", f"{model.path}/images/tags", imageIds=image, tagIds=red)
    await call("GET", f"{model.path}/images/untagged", take="50", skip="0")
    await call("POST", f"{model.path}/images/tags", {"tags": [{"imageId": image, "tagId": red}]})
    for kind in ("tagged", "untagged"):
        await call("GET", f"{model.path}/images/{kind}/count")
    await call("GET", f"{one}/performance/images/count")
    await call("GET", f"{one}/performance", threshold="0.9")
    await call("GET", one)
    await call("GET", f"{model.path}/iterations")
    await call("PATCH", one, {"name": "New Iteration Name"})
    tested = await call(
        "POST", f"{model.path}/quicktest/url", {"url": "http://images.test/2"}, iterationId=model.iteration
    )
    await call("POST", f"{model.path}/predictions/query", {"maxCount": 0, "orderBy": "Newest"})
    await call("POST", f"{model.path}/images/predictions", {"images": [{"id": tested["id"]}]})
    await call("POST", f"{one}/export", platform="ONNX")
    await call("GET", f"{one}/export")
    await call("GET", f"{model.path}/export")
    await call("POST", f"{model.path}/train", reservedBudgetInHours="0", forceTrain="false")
    return found


@pytest.mark.skipif(
    not Path(RECORDINGS).exists(), reason="the recordings of Custom Vision are not at hand (SHARED_SPECS)"
)
async def test_answers_have_the_members_of_recorded_ones(answers: dict[str, list[Any]]) -> None:
    theirs = recorded()
    compared = theirs.keys() & answers.keys()
    assert len(compared) >= 20
    faults = [
        f"{name} {fault}"
        for name in sorted(compared)
        for ours in answers[name]
        # The recordings of one operation differ among each other, as the situations do.
        if all(differences(each, ours) for each in theirs[name])
        for fault in differences(theirs[name][0], ours)
    ]
    assert faults == []
