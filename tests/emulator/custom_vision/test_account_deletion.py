"""Deleted accounts: recoverable for 48 hours, their names kept; then, or when they are purged, gone for good."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emulator.custom_vision.studio import ACCOUNTS, GROUP, Studio, project

SUBSCRIPTION = GROUP.split("/resourceGroups/")[0]
PROVIDER = f"{SUBSCRIPTION}/providers/Microsoft.CognitiveServices"
DELETED = f"{PROVIDER}/locations/westeurope/resourceGroups/rg/deletedAccounts/train"
AZURE_CLI = {"api-version": "2023-05-01"}


async def delete(studio: Studio, name: str = "train") -> None:
    assert (await studio.arm.delete(f"{ACCOUNTS}/{name}")).status_code == 200


async def restore(studio: Studio, **properties: Any) -> httpx.Response:
    body = {"location": "westeurope", "properties": {"restore": True, **properties}}
    return await studio.arm.put(f"{ACCOUNTS}/train", json=body)


async def free(studio: Studio, name: str) -> bool:
    body = {"subdomainName": name, "type": "Microsoft.CognitiveServices/accounts"}
    answer = (await studio.arm.post(f"{PROVIDER}/checkDomainAvailability", json=body)).json()
    assert answer["subdomainName"] == name
    assert (answer["reason"] is None) == answer["isSubdomainAvailable"]
    return answer["isSubdomainAvailable"]


async def test_deleted_account_answers_no_longer_and_is_listed(studio: Studio, training: httpx.AsyncClient) -> None:
    await delete(studio)
    assert (await training.get("projects")).status_code == 404
    assert (await studio.arm.get(f"{ACCOUNTS}/train")).status_code == 404
    (listed,) = (await studio.arm.get(f"{PROVIDER}/deletedAccounts", params=AZURE_CLI)).json()["value"]
    assert listed["id"] == DELETED
    assert listed["type"] == "Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts"
    assert (listed["name"], listed["kind"]) == ("train", "CustomVision.Training")
    assert listed["properties"]["deletionDate"] == "2026-01-01T00:00:00.000Z"
    assert listed["properties"]["scheduledPurgeDate"] == "2026-01-03T00:00:00.000Z"
    assert (await studio.arm.get(DELETED)).json() == listed
    assert studio.keys["train"] not in str(listed)


async def test_its_name_is_not_given_to_a_new_account(studio: Studio) -> None:
    await delete(studio)
    refused = await studio.put_account("train", "Training")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "FlagMustBeSetForRestore")
    assert f"An existing resource with ID '{ACCOUNTS}/train' has been soft-deleted." in refused.text
    taken = await studio.put_account("other", "Training", customSubDomainName="train")
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "CustomDomainInUse")
    assert not await free(studio, "Train")
    assert await free(studio, "untaken")


async def test_recovered_account_has_its_keys_and_projects(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    before = (await studio.arm.get(f"{ACCOUNTS}/train")).json()
    await delete(studio)
    recovered = await restore(studio)
    assert recovered.status_code == 201
    assert recovered.json() == before
    assert (await training.get(path)).status_code == 200
    assert (await studio.arm.get(f"{PROVIDER}/deletedAccounts")).json()["value"] == []
    assert (await studio.put_account("train", "Training", "F0")).json()["sku"] == {"name": "F0"}


async def test_recovery_may_change_what_an_update_may_and_no_more(studio: Studio, training: httpx.AsyncClient) -> None:
    await delete(studio)
    refused = await restore(studio, customSubDomainName="another")
    assert (refused.status_code, "customSubDomainName" in refused.text) == (409, True)
    assert (await training.get("projects")).status_code == 404, "nothing was recovered"
    assert (await restore(studio, disableLocalAuth=True)).json()["properties"]["disableLocalAuth"] is True
    assert (await training.get("projects")).status_code == 401


@pytest.mark.parametrize("name", ["train", "never"])
async def test_what_was_not_deleted_is_not_recovered(studio: Studio, name: str) -> None:
    refused = await studio.put_account(name, "Training", restore=True)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CanNotRestoreANonExistingResource")


async def test_purged_account_is_gone_and_its_names_are_free(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    files = studio.folder / "custom_vision" / path
    await training.post(f"{path}/images", content=b"x", headers={"Content-Type": "application/octet-stream"})
    await delete(studio)
    assert (await studio.arm.delete(DELETED.replace("westeurope", "eastus"))).status_code == 404
    assert (await studio.arm.delete(DELETED)).status_code == 200
    assert (await studio.arm.delete(DELETED)).status_code == 404
    assert not files.exists()
    assert await free(studio, "train")
    await studio.account("train", "Training")
    async with studio.training() as client:
        assert (await client.get("projects")).json() == []


async def test_deleted_account_is_purged_after_48_hours(studio: Studio) -> None:
    await delete(studio)
    await studio.clock.advance(48 * 3600 - 1)
    assert not await free(studio, "train")
    await studio.clock.advance(1)
    assert await free(studio, "train")
    assert (await studio.put_account("train", "Training")).status_code == 201


async def test_accounts_of_a_deleted_group_are_recoverable_in_a_new_one(studio: Studio) -> None:
    assert (await studio.arm.delete(GROUP, params={"api-version": "2024-03-01"})).status_code in (200, 202, 204)
    names = [each["name"] for each in (await studio.arm.get(f"{PROVIDER}/deletedAccounts")).json()["value"]]
    assert sorted(names) == ["predict", "train"]
    assert (await restore(studio)).status_code == 404
    await studio.arm.put(GROUP, json={"location": "westeurope"}, params={"api-version": "2024-03-01"})
    assert (await restore(studio)).status_code == 201


async def test_iterations_are_not_published_to_a_deleted_account(studio: Studio, training: httpx.AsyncClient) -> None:
    await delete(studio, "predict")
    async with studio.prediction() as client:
        assert (await client.post("p/classify/iterations/i/image", content=b"")).status_code == 404


async def test_availability_says_what_is_missing(studio: Studio) -> None:
    url = f"{PROVIDER}/checkDomainAvailability"
    missing = await studio.arm.post(url, json={"type": "Microsoft.CognitiveServices/accounts"})
    assert (missing.status_code, "subdomainName" in missing.text) == (400, True)
    other = await studio.arm.post(url, json={"subdomainName": "a", "type": "Microsoft.Storage/storageAccounts"})
    assert (other.status_code, "Microsoft.CognitiveServices/accounts" in other.text) == (400, True)


async def test_account_needs_kind_and_sku_unless_it_is_recovered(studio: Studio) -> None:
    refused = await studio.arm.put(f"{ACCOUNTS}/new", json={"location": "westeurope", "properties": {}})
    assert (refused.status_code, "'kind' is required" in refused.text) == (400, True)
