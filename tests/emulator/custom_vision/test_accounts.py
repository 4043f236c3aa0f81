"""Accounts on Azure Resource Manager, their keys, and who may call."""

from __future__ import annotations

import stat
from typing import Any

import httpx
import pytest

from tests.emulator.custom_vision.studio import ACCOUNTS, BASE, Studio, project

DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)


async def test_account_answers_at_an_endpoint_of_its_subdomain(studio: Studio) -> None:
    body = (await studio.arm.get(f"{ACCOUNTS}/train")).json()
    assert body["properties"]["endpoint"] == f"{BASE}/train/"
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert body["kind"] == "CustomVision.Training"
    assert studio.keys["train"] not in str(body)


@pytest.mark.parametrize(
    ("kind", "sku", "properties", "at_fault"),
    [
        ("Speech", "S0", {}, "kind"),
        ("Training", "S1", {}, "sku.name"),
        ("Training", "S0", {"customSubDomainName": "ends-with-"}, "customSubDomainName"),
        ("Training", "S0", {"publicNetworkAccess": "Sometimes"}, "publicNetworkAccess"),
        ("Training", "S0", {"colour": "red"}, "colour"),
        ("Training", "S0", {"restrictOutboundNetworkAccess": True}, "restrictOutboundNetworkAccess"),
    ],
)
async def test_faulty_account_is_refused_naming_the_property(
    studio: Studio, kind: str, sku: str, properties: dict[str, Any], at_fault: str
) -> None:
    answer = await studio.put_account("third", kind, sku, **properties)
    assert answer.status_code == 400
    assert at_fault in answer.text


async def test_subdomain_is_unique_and_immutable(studio: Studio) -> None:
    taken = await studio.put_account("third", "Training", customSubDomainName="TRAIN")
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "CustomDomainInUse")
    changed = await studio.put_account("train", "Training", customSubDomainName="other")
    assert changed.status_code == 409
    assert "customSubDomainName" in changed.text


async def test_update_keeps_the_keys(studio: Studio) -> None:
    answer = await studio.put_account("train", "Training", "F0")
    assert answer.json()["sku"]["name"] == "F0"
    keys = (await studio.arm.post(f"{ACCOUNTS}/train/listKeys")).json()
    assert keys["key1"] == studio.keys["train"]
    assert keys["key1"] != keys["key2"]


async def test_both_keys_open_and_a_regenerated_one_does_no_longer(studio: Studio) -> None:
    second = (await studio.arm.post(f"{ACCOUNTS}/train/listKeys")).json()["key2"]
    async with studio.training(key=second) as client:
        assert (await client.get("projects")).status_code == 200
        regenerated = await studio.arm.post(f"{ACCOUNTS}/train/regenerateKey", json={"keyName": "Key2"})
        assert regenerated.json()["key1"] == studio.keys["train"]
        assert (await client.get("projects")).status_code == 401
        client.headers["Training-Key"] = regenerated.json()["key2"]
        assert (await client.get("projects")).status_code == 200


async def test_regenerating_an_unknown_key_is_refused(studio: Studio) -> None:
    answer = await studio.arm.post(f"{ACCOUNTS}/train/regenerateKey", json={"keyName": "Key3"})
    assert answer.status_code == 400
    assert "Key1, Key2" in answer.text


@pytest.mark.parametrize("key", ["wrong", "predict", "second"])
async def test_key_of_nobody_or_of_another_account_is_denied(studio: Studio, key: str) -> None:
    await studio.account("second", "Training")
    async with studio.training(key=studio.keys.get(key, key)) as client:
        answer = await client.get("projects")
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "401", "message": DENIED}}


async def test_key_of_other_than_ascii_characters_is_denied(studio: Studio) -> None:
    async with studio.training() as client:
        answer = await client.get("projects", headers=[(b"Training-Key", "schlüssel".encode())])
    assert answer.status_code == 401


async def test_missing_key_is_denied(studio: Studio) -> None:
    async with studio.training() as client:
        del client.headers["Training-Key"]
        assert (await client.get("projects")).status_code == 401


async def test_bearer_token_is_refused_as_the_service_words_it(studio: Studio) -> None:
    async with studio.training() as client:
        del client.headers["Training-Key"]
        answer = await client.get("projects", headers={"Authorization": "Bearer something"})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("Unauthorized. Access token is missing, invalid, audience")


async def test_training_key_is_denied_at_the_prediction_api_of_the_same_account(studio: Studio) -> None:
    async with studio.prediction("train") as client:
        assert (await client.post("p/classify/iterations/i/image", content=b"")).status_code == 401


async def test_disabled_local_auth_denies_the_keys(studio: Studio) -> None:
    await studio.put_account("train", "Training", disableLocalAuth=True)
    async with studio.training() as client:
        assert (await client.get("projects")).status_code == 401
    assert (await studio.arm.post(f"{ACCOUNTS}/train/listKeys")).status_code == 400


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"publicNetworkAccess": "Disabled"}, 403),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}}, 403),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "127.0.0.0/8"}]}}, 200),
        ({"networkAcls": {"defaultAction": "Allow"}}, 200),
    ],
)
async def test_network_rules_decide_who_may_call(studio: Studio, properties: dict[str, Any], status: int) -> None:
    assert (await studio.put_account("train", "Training", **properties)).status_code == 200
    async with studio.training() as client:
        assert (await client.get("projects")).status_code == status


async def test_projects_are_seen_by_their_account_only(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    await studio.account("second", "Training")
    async with studio.training("second") as other:
        assert (await other.get("projects")).json() == []
        assert (await other.get(path)).json()["code"] == "NotFoundProject"


async def test_files_are_for_their_owner_only(studio: Studio) -> None:
    folder = studio.folder / "custom_vision"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
