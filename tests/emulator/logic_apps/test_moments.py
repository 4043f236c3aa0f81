"""Cancel, resubmit, disable, enable and delete, whatever a run is doing at that moment."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.arm.provider import Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import settle
from tests.emulator.logic_apps.running import WORKFLOW, Service

BODY = {"who": "me"}


class Internet(httpx.AsyncBaseTransport):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.open = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        await self.open.wait()
        return httpx.Response(200, json={})


def call(path: str, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": f"http://x.test/{path}"}, "runAfter": run_after}


HOUR = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}
LAST = {"Last": call("last", Work=["Succeeded", "Failed", "TimedOut", "Skipped"])}
MOMENTS: dict[str, dict[str, Any]] = {
    "waiting for its turn": {"Work": HOUR, **LAST},
    "in a Wait": {"Work": HOUR, **LAST},
    "in an Http call": {"Work": call("slow"), **LAST},
    "in the middle of a Foreach": {
        "Work": {
            "type": "Foreach",
            "foreach": ["a", "b"],
            "operationOptions": "Sequential",
            "actions": {"Pause": HOUR, "Call": call("@{item()}", Pause=["Succeeded"])},
        },
        **LAST,
    },
}


class Moment:
    """A run that is in the middle of something."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name
        self.internet = Internet()
        self.run = ""

    async def reach(self) -> None:
        service = self.service
        service.logic_apps._client._transport = self.internet  # pyright: ignore[reportPrivateUsage]
        turns = {"concurrency": {"runs": 1}}
        trigger = {"type": "Request", "kind": "Http", "runtimeConfiguration": turns}
        await service.deploy({"triggers": {"manual": trigger}, "actions": MOMENTS[self.name]})
        waits = self.name.startswith("waiting")
        for _ in range(2 if waits else 1):
            await service.operate("POST", "triggers", "manual", "run", body=BODY)
            await settle()
        self.run = (await service.get("runs"))["value"][0]["name"]
        assert (await self.status()) == ("Waiting" if waits else "Running")
        if self.name == "in the middle of a Foreach":
            await service.clock.advance(1800)

    async def status(self) -> str:
        return (await self.service.get("runs", self.run))["properties"]["status"]

    async def end(self) -> dict[str, Any]:
        self.internet.open.set()
        for _ in range(20):
            await self.service.clock.advance(1800)
        return (await self.service.get("runs", self.run))["properties"]


@pytest.fixture(params=sorted(MOMENTS))
async def moment(service: Service, request: pytest.FixtureRequest) -> Moment:
    made = Moment(service, request.param)
    await made.reach()
    return made


async def test_a_cancelled_run_does_nothing_more(moment: Moment):
    before = list(moment.internet.paths)
    await moment.service.operate("POST", "runs", moment.run, "cancel")
    properties = await moment.end()
    assert properties["status"] == "Cancelled"
    actions = (await moment.service.get("runs", moment.run, "actions"))["value"]
    assert all("endTime" in action["properties"] for action in actions)
    others = ["/last"] if moment.name.startswith("waiting") else []
    assert moment.internet.paths == [*before, *others]
    assert moment.service.metrics.totals["RunsCancelled"] == 1


async def test_a_run_that_is_cancelled_twice_or_after_a_restart_is_cancelled_once(moment: Moment):
    await moment.service.operate("POST", "runs", moment.run, "cancel")
    await moment.service.operate("POST", "runs", moment.run, "cancel")
    assert await moment.status() == "Cancelled"
    assert moment.service.metrics.totals["RunsCancelled"] == 1


async def test_a_disabled_workflow_lets_its_runs_end_and_starts_none(moment: Moment):
    await moment.service.operate("POST", "disable")
    with pytest.raises(ArmError, match="disabled"):
        await moment.service.operate("POST", "triggers", "manual", "run")
    with pytest.raises(ArmError, match="enable it to resubmit"):
        await moment.service.operate("POST", "triggers", "manual", "histories", moment.run, "resubmit")
    assert (await moment.end())["status"] == "Succeeded"
    await moment.service.operate("POST", "enable")
    await moment.service.operate("POST", "triggers", "manual", "run")
    assert (await moment.service.get("runs"))["value"][0]["name"] != moment.run


async def test_a_run_is_resubmitted_while_it_goes_on(moment: Moment):
    answer = await moment.service.operate("POST", "triggers", "manual", "histories", moment.run, "resubmit")
    again = answer.headers["x-ms-workflow-run-id"]
    assert again != moment.run
    assert (await moment.end())["status"] == "Succeeded"
    properties = (await moment.service.get("runs", again))["properties"]
    assert properties["status"] == "Succeeded"
    assert (await moment.service.content(properties["trigger"]["outputsLink"]))["body"] == BODY


async def test_a_deleted_workflow_ends_its_runs_at_once(moment: Moment):
    before = list(moment.internet.paths)
    await moment.service.provider.delete(Resource(ResourceId.parse(WORKFLOW), {}))
    moment.internet.open.set()
    for _ in range(6):
        await moment.service.clock.advance(3600)
    assert moment.internet.paths == before
    await moment.service.deploy({"actions": {}})
    assert (await moment.service.get("runs"))["value"] == []
    assert [each["name"] for each in (await moment.service.get("triggers", "manual", "histories"))["value"]] == []
    assert len((await moment.service.get("versions"))["value"]) == 1


async def test_a_deleted_workflows_callback_is_refused_when_it_is_there_again(service: Service):
    await service.deploy({"actions": {}})
    url = (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body["value"]
    await service.provider.delete(Resource(ResourceId.parse(WORKFLOW), {}))
    await service.deploy({"actions": {}})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.logic_apps.app)) as client:
        assert (await client.post(url)).status_code == 401
