import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from emulator.home import HomeError
from tests.emulator.logic_apps.running import Service


def call(name: str, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": f"http://x.test/{name}"}, "runAfter": run_after}


def day(**run_after: list[str]) -> dict[str, Any]:
    return {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}, "runAfter": run_after}


def paths(service: Service) -> list[str]:
    return [request.url.path for request in service.requests]


async def test_a_run_goes_on_after_a_restart_and_does_nothing_twice(service: Service):
    variables = {"variables": [{"name": "v", "type": "integer", "value": 1}]}
    await service.deploy(
        {
            "actions": {
                "Init": {"type": "InitializeVariable", "inputs": variables, "runAfter": {}},
                "First": call("first", Init=["Succeeded"]),
                "Pause": day(First=["Succeeded"]),
                "Add": {"type": "IncrementVariable", "inputs": {"name": "v"}, "runAfter": {"Pause": ["Succeeded"]}},
                "Second": call("second-@{variables('v')}", Add=["Succeeded"]),
            }
        }
    )
    run = await service.begin()
    await service.restart()
    assert (await service.result(run)).status == "Succeeded"
    assert paths(service) == ["/first", "/second-2"]


async def test_finished_iterations_are_not_done_again(service: Service):
    loop = {
        "type": "Foreach",
        "foreach": ["a", "b", "c"],
        "operationOptions": "Sequential",
        "actions": {"Call": call("@{item()}"), "Pause": day(Call=["Succeeded"])},
        "runAfter": {},
    }
    await service.deploy({"actions": {"Each": loop}})
    run = await service.begin()
    await service.clock.advance(24 * 3600 + 1)
    assert paths(service) == ["/a", "/b"]
    await service.restart()
    assert (await service.result(run)).status == "Succeeded"
    assert paths(service) == ["/a", "/b", "/c"]


async def test_a_call_under_way_is_made_again(service: Service):
    begun = asyncio.Event()

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            service.requests.append(request)
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    await service.deploy({"actions": {"Call": call("once")}})
    service.logic_apps._client._transport = Hanging()  # pyright: ignore[reportPrivateUsage]
    run = await service.begin()
    await begun.wait()
    await service.restart()
    assert (await service.result(run)).status == "Succeeded"
    assert paths(service) == ["/once", "/once"]


async def test_a_run_keeps_the_definition_it_began_with(service: Service):
    await service.deploy({"actions": {"Pause": day(), "Old": call("old", Pause=["Succeeded"])}})
    run = await service.begin()
    await service.deploy({"actions": {"New": call("new")}})
    await service.restart()
    assert (await service.result(run)).status == "Succeeded"
    assert paths(service) == ["/old"]


async def test_the_history_survives_a_restart(service: Service):
    run = await service.run({"A": {"type": "Compose", "inputs": [1], "runAfter": {}}})
    await service.restart()
    actions = (await service.get("runs", run.id, "actions"))["value"]
    assert await service.content(actions[0]["properties"]["outputsLink"]) == [1]


async def test_a_cancelled_run_stops_where_it_is(service: Service):
    await service.deploy({"actions": {"Pause": day(), "After": call("after", Pause=["Succeeded"])}})
    run = await service.begin()
    await service.operate("POST", "runs", run, "cancel")
    properties = await service.finish(run)
    assert properties["status"] == "Cancelled"
    await service.clock.advance(3 * 24 * 3600)
    assert paths(service) == []
    assert service.metrics.totals["RunsCancelled"] == 1


async def test_a_deleted_workflow_takes_its_runs_along(service: Service):
    from emulator.arm.provider import Resource
    from emulator.arm.resource_id import ResourceId
    from tests.emulator.logic_apps.running import WORKFLOW

    await service.deploy({"actions": {"Pause": day(), "After": call("after", Pause=["Succeeded"])}})
    await service.begin()
    await service.provider.delete(Resource(ResourceId.parse(WORKFLOW), {}))
    await service.clock.advance(3 * 24 * 3600)
    assert paths(service) == []
    await service.deploy({"actions": {}})
    assert (await service.get("runs"))["value"] == []


async def test_runs_are_counted(service: Service):
    await service.run({"A": {"type": "Compose", "inputs": 1, "runAfter": {}}})
    service.handler = lambda request: httpx.Response(400)
    await service.run({"Call": call("x")})
    totals = service.metrics.totals
    assert {name: totals[name] for name in ("RunsStarted", "RunsCompleted", "RunsSucceeded", "RunsFailed")} == {
        "RunsStarted": 2,
        "RunsCompleted": 2,
        "RunsSucceeded": 1,
        "RunsFailed": 1,
    }
    assert totals["ActionsFailed"] == 1
    assert totals["BillableActionExecutions"] == 2


async def test_runs_are_listed_newest_first_by_status_and_in_pages(service: Service):
    await service.deploy(
        {
            "actions": {
                "Call": {
                    **call("x"),
                    "inputs": {"method": "GET", "uri": "http://x.test/", "retryPolicy": {"type": "none"}},
                }
            }
        }
    )
    ids: list[str] = []
    for status in (200, 400, 200):
        service.handler = lambda request, status=status: httpx.Response(status)
        ids.append(await service.begin())
        await service.finish(ids[-1])
        await service.clock.advance(60)
    assert [run["name"] for run in (await service.get("runs"))["value"]] == ids[::-1]
    failed = await service.get("runs", **{"$filter": "status eq 'Failed'"})
    assert [run["name"] for run in failed["value"]] == [ids[1]]
    page = await service.get("runs", **{"$top": "2"})
    assert [run["name"] for run in (await service.following(page))["value"]] == [ids[0]]
    late = await service.get("runs", **{"$filter": "status eq 'Succeeded' and startTime ge 2026-01-01T00:01:30Z"})
    assert [run["name"] for run in late["value"]] == [ids[2]]
    for wrong, words in (("state eq 'Failed'", "allowed: Status eq"), ("startTime ge yesterday", "which is no time")):
        with pytest.raises(ArmError, match=words):
            await service.get("runs", **{"$filter": wrong})
    with pytest.raises(ArmError, match="allowed: 1 to 250"):
        await service.get("runs", **{"$top": "251"})


async def test_what_is_not_there_is_named(service: Service):
    await service.deploy({"actions": {}})
    for path, words in (
        (("runs", "nope"), "'nope' could not be found"),
        (("triggers", "nope"), "there are: manual"),
        (("nonsense",), "does not implement GET .../nonsense"),
    ):
        with pytest.raises(ArmError, match=words) as raised:
            await service.get(*path)
        assert raised.value.status == 404
    await settle()


async def test_the_file_of_another_version_is_refused_and_left_as_it_is(tmp_path: Path):
    folder = tmp_path / "logic_apps"
    folder.mkdir()
    with sqlite3.connect(folder / "runs.db") as database:
        database.execute("CREATE TABLE runs (id TEXT)")
    database.close()
    with pytest.raises(HomeError, match=r"runs\.db: its tables are of another version of the emulator \(0, this one"):
        Service(folder)
    with sqlite3.connect(folder / "runs.db") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
    database.close()
