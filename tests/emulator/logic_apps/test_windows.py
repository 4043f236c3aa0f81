"""Sliding windows, each in turn, and what polls do with the status, the Location and the Retry-After of an answer."""

from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from tests.emulator.logic_apps.running import Service

ACTIONS = {"A": {"type": "Compose", "inputs": "@triggerOutputs()"}}


def sliding(recurrence: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    recurrence = {"frequency": "Hour", "interval": 1, **(recurrence or {})}
    return {"triggers": {"window": {"type": "SlidingWindow", "recurrence": recurrence, **more}}, "actions": ACTIONS}


async def windows(service: Service) -> list[str]:
    """The start of each window that fired, in turn, and the end of the last."""
    found: list[str] = []
    for run in reversed((await service.get("runs", **{"$top": "250"}))["value"]):
        outputs = await (await service.result(run["name"])).outputs("A")
        found = [*found[:-1], outputs["windowStartTime"][8:16], outputs["windowEndTime"][8:16]]
    return found


async def test_windows_follow_each_other_from_the_start_time(service: Service):
    """The clock begins on 1 January 2026, 00:00 UTC."""
    await service.deploy(sliding({"startTime": "2026-01-01T02:00:00Z"}))
    await service.clock.advance(4 * 3600)
    assert await windows(service) == ["01T02:00", "01T03:00", "01T04:00", "01T05:00"]


async def test_without_a_start_time_the_first_window_begins_at_once(service: Service):
    await service.deploy(sliding())
    await service.clock.advance(3601)
    assert await windows(service) == ["01T00:00", "01T01:00", "01T02:00"]


async def test_a_start_time_in_the_past_makes_up_for_every_window_since(service: Service):
    await service.deploy(sliding({"frequency": "Day", "startTime": "2025-12-30T00:00:00Z"}))
    await settle()
    assert await windows(service) == ["30T00:00", "31T00:00", "01T00:00", "02T00:00"]


@pytest.mark.parametrize("how", ["restart", "disable"])
async def test_windows_that_were_missed_are_made_up_for_one_by_one(service: Service, how: str):
    await service.deploy(sliding())
    await settle()
    if how == "disable":
        await service.operate("POST", "disable")
    else:
        await service.logic_apps.stop()
    await service.clock.advance(3 * 3600)
    if how == "disable":
        await service.operate("POST", "enable")
    else:
        await service.restart()
    await settle()
    assert await windows(service) == ["01T00:00", "01T01:00", "01T02:00", "01T03:00", "01T04:00"]


async def test_another_recurrence_begins_anew(service: Service):
    await service.deploy(sliding())
    await service.clock.advance(1800)
    await service.deploy(sliding({"interval": 2}))
    await settle()
    assert await windows(service) == ["01T00:00", "01T00:30", "01T02:30"]


async def test_a_delay_puts_off_each_run_and_not_its_window(service: Service):
    await service.deploy(sliding(inputs={"delay": "PT30M"}))
    await service.clock.advance(1799)
    assert (await service.get("runs"))["value"] == []
    await service.clock.advance(3601)
    assert await windows(service) == ["01T00:00", "01T01:00", "01T02:00"]


async def test_the_last_window_begins_at_the_end_time(service: Service):
    await service.deploy(sliding({"endTime": "2026-01-01T01:30:00Z"}))
    await service.clock.advance(5 * 3600)
    assert await windows(service) == ["01T00:00", "01T01:00", "01T02:00"]


async def test_a_window_waits_until_a_run_may_start_and_none_is_left_out(service: Service):
    pause = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 150, "unit": "Minute"}}}}
    definition = sliding(operationOptions="SingleInstance")
    await service.deploy({**definition, "actions": {**ACTIONS, **pause}})
    await service.clock.advance(6 * 3600)
    assert (await windows(service))[:3] == ["01T00:00", "01T01:00", "01T02:00"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"inputs": {"delay": "soon"}}, r"inputs\.delay: 'soon' is not an ISO 8601 duration"),
        ({"recurrence": {"frequency": "Day", "interval": 1, "schedule": {"hours": [1]}}}, "schedule' is not emulated"),
    ],
)
async def test_a_window_that_cannot_be_is_refused(service: Service, more: dict[str, Any], words: str):
    with pytest.raises(ArmError, match=words):
        await service.deploy(sliding(**more))


def poll(frequency: str = "Hour", interval: int = 1, **more: Any) -> dict[str, Any]:
    trigger = {
        "type": "Http",
        "inputs": {"method": "POST", "uri": "http://x.test/first", "queries": {"q": "1"}, "body": 1},
        "recurrence": {"frequency": frequency, "interval": interval},
        **more,
    }
    return {"triggers": {"poll": trigger}, "actions": ACTIONS}


async def looks(service: Service) -> list[str]:
    return [f"{request.method} {request.url.path}" for request in service.requests]


async def test_the_next_poll_goes_where_the_answer_says(service: Service):
    answers = iter([{"Location": "/second?token=1"}, {}, {}])
    service.handler = lambda request: httpx.Response(202, headers=next(answers))
    await service.deploy(poll())
    await service.clock.advance(10)
    await service.restart()
    await service.clock.advance(2 * 3600)
    assert await looks(service) == ["POST /first", "GET /second", "POST /first"]
    assert service.requests[1].url.query == b"token=1"


@pytest.mark.parametrize(
    ("status", "recurrence", "after", "next_look"),
    [
        (200, ("Hour", 1), "10", 10),
        (200, ("Hour", 1), None, 3600),
        (202, ("Second", 10), "60", 60),
        (202, ("Hour", 1), "60", 3600),
        (202, ("Hour", 1), "7200", 7200),
    ],
)
async def test_when_the_next_poll_is_made(
    service: Service, status: int, recurrence: tuple[str, int], after: str | None, next_look: int
):
    headers = {"Retry-After": after} if after else {}
    service.handler = lambda request: httpx.Response(status, headers=headers)
    await service.deploy(poll(*recurrence))
    await service.clock.advance(next_look - 1)
    assert len(service.requests) == 1
    await service.clock.advance(1.5)
    assert len(service.requests) == 2


@pytest.mark.parametrize("status", [201, 204, 304])
async def test_only_200_fires(service: Service, status: int):
    service.handler = lambda request: httpx.Response(status)
    await service.deploy(poll())
    await settle()
    assert (await service.get("runs"))["value"] == []
    (look,) = (await service.get("triggers", "poll", "histories"))["value"]
    assert look["properties"]["status"] == "Skipped"


async def test_conditions_that_read_the_status_decide_and_not_the_status(service: Service):
    service.handler = lambda request: httpx.Response(404)
    conditions = [{"expression": "@equals(trigger().outputs.statusCode,404)"}]
    await service.deploy(poll(conditions=conditions))
    await settle()
    assert len((await service.get("runs"))["value"]) == 1
    conditions = [{"expression": "@equals(triggers().code,'NotFound')"}]
    await service.deploy(poll(conditions=conditions))
    await settle()
    assert len((await service.get("runs"))["value"]) == 2


async def test_split_on_with_a_concurrency_splits_no_more_than_a_hundred(service: Service):
    limited: dict[str, Any] = {"concurrency": {"runs": 100, "maximumWaitingRuns": 100}}
    service.handler = lambda request: httpx.Response(200, json=list(range(101)))
    await service.deploy(poll(splitOn="@triggerBody()", runtimeConfiguration=limited))
    await settle()
    assert len((await service.get("runs", **{"$top": "250"}))["value"]) == 1
    service.handler = lambda request: httpx.Response(200, json=list(range(100)))
    await service.clock.advance(3600)
    assert len((await service.get("runs", **{"$top": "250"}))["value"]) == 101
