"""Limits are made smaller by settings, and then hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.custom_vision.limit_settings import LIMIT_NAMES, LimitError, smaller_tiers
from emulator.custom_vision.limits import TIERS
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import ACCOUNTS, Studio, png, project, tag, trained, upload


def test_each_limit_of_a_tier_can_be_made_smaller_and_nothing_else_changes() -> None:
    for name in LIMIT_NAMES:
        tiers = smaller_tiers([f"F0.{name}=2"])
        changed = str(tiers["F0"]) != str(TIERS["F0"])
        # F0 allows just two of these.
        assert changed == (
            name not in ("projects", "predictionsPerSecond", "predictionsWithoutStorePerSecond", "trainingsPerSecond")
        )
        assert tiers["S0"] == TIERS["S0"]


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("S0.images=1", "imagesPerProject"),
        ("S9.projects=1", "F0, S0"),
        ("S0.projects=many", "TIER.NAME=NUMBER"),
        ("S0.projects", "TIER.NAME=NUMBER"),
        ("S0.projects=101", "the service's own 100"),
        ("S0.projects=0", "1 at least"),
        ("S0.imagesPerTag=1", "2 at least"),
    ],
)
def test_faulty_setting_is_refused_with_what_is_allowed(setting: str, shown: str) -> None:
    with pytest.raises(LimitError, match=shown) as caught:
        smaller_tiers([setting])
    assert setting in str(caught.value)


async def test_smaller_limits_hold(tmp_path: Path, openapi: OpenApi | None) -> None:
    settings = ["imagesPerBatch=3", "imagesPerTag=2", "trainingImageBytes=5000", "publishedIterationsPerProject=1"]
    tiers = smaller_tiers([f"S0.{setting}" for setting in settings])
    studio = await Studio.open(tmp_path, tiers=tiers, openapi=openapi)
    await studio.account("train", "Training")
    await studio.account("predict", "Prediction")
    async with studio.training() as client:
        path = await project(client, classificationType="Multiclass")
        answer = await upload(client, path, [png(seed) for seed in range(4)])
        assert answer.json()["code"] == "BadRequestExceededBatchSize"
        (large,) = (await upload(client, path, [png(9) + bytes(5_000)])).json()["images"]
        assert large["status"] == "ErrorImageSize"
        for number, colour in enumerate(("red", "blue")):
            id = await tag(client, path, colour)
            assert (await upload(client, path, [png(10 * number + seed, colour) for seed in range(2)], [id])).json()[
                "isBatchSuccessful"
            ]
        await studio.clock.advance(1)
        published: list[dict[str, str]] = []
        for name in ("first", "second"):
            begun = (await client.post(f"{path}/train", params={"forceTrain": "true"})).json()
            while (await client.get(f"{path}/iterations/{begun['id']}")).json()["status"] == "Training":
                await studio.clock.advance(1)
            await trained(client, path, begun["id"])
            query = {"publishName": name, "predictionId": f"{ACCOUNTS}/predict"}
            published.append((await client.post(f"{path}/iterations/{begun['id']}/publish", params=query)).json())
            last = begun["id"]
        assert published[0] is True
        assert published[1]["code"] == "BadRequestExceededQuota"
        query = {"publishName": "first", "predictionId": f"{ACCOUNTS}/predict", "overwrite": "true"}
        assert (await client.post(f"{path}/iterations/{last}/publish", params=query)).json() is True
    await studio.close()
