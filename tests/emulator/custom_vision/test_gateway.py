"""What every call has in common: addresses, headers, errors, rates, metrics."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from emulator.clock import ManualClock
from emulator.custom_vision.limits import TIERS
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import BASE, Studio, project


@pytest.mark.parametrize(
    "path",
    [
        "/train/customvision/v3.3/Training/domains",
        "/TRAIN/CustomVision/V3.3/training/Domains/",
        "/train//customvision/v3.3/training/domains",
        "/train/customvision/v3.4-preview/training/domains",
    ],
)
async def test_addresses_compare_without_regard_to_case(training: httpx.AsyncClient, path: str) -> None:
    assert (await training.get(BASE + path)).status_code == 200


async def test_answers_carry_the_headers_of_the_service(training: httpx.AsyncClient) -> None:
    headers = (await training.get("projects")).headers
    assert uuid.UUID(headers["apim-request-id"]).version == 4
    assert headers["Request-Id"] == headers["apim-request-id"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", f"{BASE}/train/customvision/v2.0/training/projects", "customvision/v2.0"),
        ("GET", "projects/x/nonsense", "GET /projects/x/nonsense"),
        ("PUT", "projects", "PUT /projects"),
        ("GET", "projects/a%0Ab/nonsense", "a\nb/nonsense"),
        ("GET", f"{BASE}/nobody/customvision/v3.3/training/projects", "nobody"),
    ],
)
async def test_unknown_address_is_an_error_that_names_it(
    training: httpx.AsyncClient, method: str, path: str, named: str
) -> None:
    answer = await training.request(method, path)
    assert answer.status_code == 404
    assert named in answer.json()["error"]["message"]


async def test_options_of_the_preview_are_refused_rather_than_passed_over(training: httpx.AsyncClient) -> None:
    preview = f"{BASE}/train/customvision/v3.4-preview/training/projects"
    answer = await training.post(preview, params={"name": "p"}, json={"notificationQueueUri": "https://q"})
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestNotSupported")
    assert "notificationQueueUri" in answer.json()["message"]
    assert (await training.post(preview, params={"name": "p"}, json={})).status_code == 200


async def test_unknown_query_parameter_is_refused_rather_than_passed_over(training: httpx.AsyncClient) -> None:
    answer = await training.post("projects", params={"name": "p", "notificationQueueUri": "https://q"})
    assert answer.status_code == 400
    assert "notificationQueueUri" in answer.json()["message"]
    assert (await training.get("projects")).json() == []


async def test_id_that_is_no_guid_is_refused_naming_it(training: httpx.AsyncClient) -> None:
    answer = await training.get("projects/flowers")
    assert answer.json()["code"] == "BadRequestInvalidIds"
    assert "flowers" in answer.json()["message"]


async def test_fault_of_the_service_is_an_error_500_in_its_form(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    (studio.folder / "custom_vision" / "projects").write_text("in the way of the folder")
    answer = await training.post(f"{path}/images", content=PIXEL, headers={"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json()["code"]) == (500, "ErrorUnknown")
    assert studio.metrics.of("ServerErrors", "CreateImagesFromData") == [1]
    assert studio.metrics.of("SuccessRate", "CreateImagesFromData") == [0]
    assert (await training.get(f"{path}/images/count")).json() == 0


PIXEL = bytes.fromhex("474946383961010001008000000000000000002c000000000100010000020244003b")
"""A GIF of one pixel."""


async def test_metrics_are_counted_for_each_operation(studio: Studio, training: httpx.AsyncClient) -> None:
    await project(training)
    await training.get("projects/00000000-0000-4000-8000-000000000000")
    assert studio.metrics.of("TotalCalls", "CreateProject") == [1]
    assert studio.metrics.of("SuccessfulCalls", "CreateProject") == [1]
    assert studio.metrics.of("ClientErrors", "GetProject") == [1]
    assert studio.metrics.of("TotalErrors", "GetProject") == [1]
    assert studio.metrics.of("SuccessfulCalls", "GetProject") == []
    assert studio.metrics.of("SuccessRate", "GetProject") == [100]
    assert studio.metrics.of("Latency", "GetProject") == [0]


async def test_calls_over_the_rate_are_throttled_until_the_second_is_over(
    tmp_path: Path, openapi: OpenApi | None
) -> None:
    clock = ManualClock()
    studio = await Studio.open(tmp_path, clock, TIERS, openapi)
    await studio.account("train", "Training", "F0")
    async with studio.training() as client:
        answers = [await client.get("projects") for _ in range(TIERS["F0"].rates.others + 1)]
        assert {answer.status_code for answer in answers[:-1]} == {200}
        refused = answers[-1]
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert refused.json()["error"]["message"] == (
            "Requests to the GetProjects Operation under Custom_Vision_Training_3.3 have exceeded rate limit of your "
            "current Custom_Vision.Training F0 pricing tier. Please retry after 1 second. To increase your rate limit "
            "switch to a paid tier."
        )
        assert studio.metrics.of("BlockedCalls") == [1]
        await clock.advance(1)
        assert (await client.get("projects")).status_code == 200
    await studio.close()


async def test_limits_can_be_made_smaller(tmp_path: Path, openapi: OpenApi | None) -> None:
    tiers = {"S0": replace(TIERS["S0"], projects=1)}
    studio = await Studio.open(tmp_path, tiers=tiers, openapi=openapi)
    await studio.account("train", "Training")
    async with studio.training() as client:
        await project(client)
        answer = await client.post("projects", params={"name": "second"})
        assert answer.json()["code"] == "BadRequestExceedProjectLimit"
    await studio.close()


async def test_stopped_service_refuses_calls(tmp_path: Path) -> None:
    studio = await Studio.open(tmp_path)
    await studio.account("train", "Training")
    await studio.service.stop()
    async with studio.training() as client:
        assert (await client.get("projects")).status_code == 503
    await studio.arm.aclose()
    await studio.control_plane.stop()
