from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emulator.portal.running import CONFIGURATION, GROUP, Emulation
from tests.emulator.portal.scripted import ScriptedPortal

API = "2025-06-01"
ACCOUNTS = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts"
TRAINING = f"{ACCOUNTS}/vision-training"
PREDICTION = f"{ACCOUNTS}/vision-prediction"
KEY = "a-key-that-no-page-shows"
PROJECTS = "/vision/customvision/v3.3/training/projects"


async def create_account(emulation: Emulation, id: str, kind: str) -> tuple[str, str]:
    """Create an account; return its endpoint and a key."""
    await emulation.deploy_group()
    body = {"location": "westeurope", "kind": kind, "sku": {"name": "S0"}, "properties": {}}
    account = await emulation.arm("PUT", id, API, body)
    keys = await emulation.arm("POST", f"{id}/listKeys", API)
    return account["properties"]["endpoint"], keys["key1"]


@pytest.fixture
def training(scripted: ScriptedPortal) -> dict[str, Any]:
    """A training account of the scripted portal, without a project; what it returns is the account's body."""
    scripted.provide("Microsoft.CognitiveServices/accounts", api_version=API)
    account: dict[str, Any] = {
        "id": TRAINING,
        "name": "vision-training",
        "type": "Microsoft.CognitiveServices/accounts",
        "kind": "CustomVision.Training",
        "properties": {"endpoint": f"{CONFIGURATION.url('custom-vision')}/vision/"},
    }
    scripted.answers["arm", TRAINING] = account
    scripted.answers["arm", f"{TRAINING}/listKeys"] = {"key1": KEY, "key2": KEY}
    scripted.answers["custom-vision", PROJECTS] = []
    return account


async def test_projects_of_a_training_account_are_reached_from_its_page(emulation: Emulation) -> None:
    endpoint, key = await create_account(emulation, TRAINING, "CustomVision.Training")
    async with httpx.AsyncClient(transport=emulation.network) as client:
        created = await client.post(
            f"{endpoint}customvision/v3.3/training/projects",
            params={"name": "Digits", "description": "What hands write", "classificationType": "Multiclass"},
            headers={"Training-Key": key},
        )
    assert created.is_success, created.text
    page = await emulation.open("/resource", id=TRAINING)
    page = await emulation.follow(page, "Projects and iterations")
    assert page.status == 200
    assert "Digits Multiclass" in page.text
    assert f"What hands write {created.json()['id']}" in page.text
    assert "The project has no iteration yet." in page.text
    assert key not in page.response.text


async def test_iterations_are_listed_newest_first_with_the_name_they_are_published_under(
    scripted: ScriptedPortal, training: dict[str, Any]
) -> None:
    scripted.answers["custom-vision", PROJECTS] = [{"id": "p-1", "name": "Digits", "settings": {}}]
    scripted.answers["custom-vision", f"{PROJECTS}/p-1/iterations"] = [
        {
            "id": f"i-{number}",
            "name": f"Iteration {number}",
            "status": status,
            "publishName": published,
            "created": f"2026-01-0{number}T00:00:00Z",
            "trainedAt": trained,
        }
        for number, status, published, trained in (
            (1, "Completed", "production-previous", "2026-01-01T00:05:00Z"),
            (2, "Completed", "production", "2026-01-02T00:05:00Z"),
            (3, "Training", None, None),
        )
    ]
    page = await scripted.open("/model", account=TRAINING)
    rows = page.rows("Iterations of Digits")
    assert [(row["Iteration"], row["Status"], row["Published as"], row["Trained"]) for row in rows] == [
        ("Iteration 3", "Training", "", ""),
        ("Iteration 2", "Completed", "production", "2026-01-02 00:05:00 UTC"),
        ("Iteration 1", "Completed", "production-previous", "2026-01-01 00:05:00 UTC"),
    ]
    assert KEY not in page.response.text
    asked = [
        request for request in scripted.network.requests if request.url.port == CONFIGURATION.ports["custom-vision"]
    ]
    assert [request.headers["training-key"] for request in asked] == [KEY, KEY]


async def test_an_account_without_projects_says_so(scripted: ScriptedPortal, training: dict[str, Any]) -> None:
    assert "The account has no project." in (await scripted.open("/model", account=TRAINING)).text


async def test_the_key_goes_to_no_other_address_than_custom_visions(
    scripted: ScriptedPortal, training: dict[str, Any]
) -> None:
    training["properties"]["endpoint"] = f"{CONFIGURATION.url('custom-vision')}.elsewhere.test/vision/"
    page = await scripted.open("/model", account=TRAINING)
    assert page.status == 502
    assert "ForeignEndpoint" in page.text
    assert {request.url.port for request in scripted.network.requests} == {CONFIGURATION.ports["arm"]}


async def test_a_prediction_account_has_no_projects_to_show(emulation: Emulation) -> None:
    await create_account(emulation, PREDICTION, "CustomVision.Prediction")
    assert "Projects and iterations" not in (await emulation.open("/resource", id=PREDICTION)).links
    page = await emulation.open("/model", account=PREDICTION)
    assert page.status == 400
    assert (
        "is of the kind CustomVision.Prediction; projects are in accounts of the kind CustomVision.Training"
        in page.text
    )


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (httpx.Response(429, json={"error": {"code": "429", "message": "Too many."}}), 429, "Too many."),
        (httpx.Response(400, json={"code": "BadRequestInvalid", "message": "No."}), 400, "BadRequestInvalid. No."),
        (httpx.Response(200, text="<html>"), 502, "InvalidAnswer"),
        (httpx.Response(200, json={"no": "list"}), 502, "InvalidAnswer"),
    ],
)
async def test_what_custom_vision_refuses_is_told_with_its_code(
    scripted: ScriptedPortal, training: dict[str, Any], answer: httpx.Response, status: int, text: str
) -> None:
    scripted.answers["custom-vision", PROJECTS] = answer
    page = await scripted.open("/model", account=TRAINING)
    assert page.status == status
    assert text in page.text
    assert KEY not in page.response.text


async def test_custom_vision_that_does_not_answer_is_told_as_such(emulation: Emulation) -> None:
    await create_account(emulation, TRAINING, "CustomVision.Training")
    emulation.network.end("custom-vision")
    page = await emulation.open("/model", account=TRAINING)
    assert page.status == 503
    assert "Custom Vision does not answer at" in page.text
