"""What a run decided before the emulator stopped stays decided when it goes on."""

from typing import Any

import httpx

from tests.emulator.logic_apps.running import Service


def call(name: str, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": f"http://x.test/{name}"}, "runAfter": run_after}


def pause(hours: int = 24, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Wait", "inputs": {"interval": {"count": hours, "unit": "Hour"}}, "runAfter": run_after}


def variable(value: Any, type: str = "integer") -> dict[str, Any]:
    return {"type": "InitializeVariable", "inputs": {"variables": [{"name": "v", "type": type, "value": value}]}}


def set_to(value: Any, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "SetVariable", "inputs": {"name": "v", "value": value}, "runAfter": run_after}


def paths(service: Service) -> list[str]:
    return [request.url.path for request in service.requests]


async def interrupted(service: Service, actions: dict[str, Any], hours: float = 1) -> Any:
    await service.deploy({"actions": actions})
    run = await service.begin()
    await service.clock.advance(hours * 3600)
    await service.restart()
    return await service.result(run)


async def test_a_wait_ends_when_it_would_have_ended(service: Service):
    run = await interrupted(service, {"Pause": pause()}, hours=10)
    assert run.status == "Succeeded"
    assert run.actions["Pause"]["startTime"] == "2026-01-01T00:00:00.0000000Z"
    assert run.actions["Pause"]["endTime"] == "2026-01-02T00:00:00.0000000Z"


async def test_the_time_of_an_until_goes_on(service: Service):
    loop = {
        "type": "Until",
        "expression": "@false",
        "limit": {"count": 100, "timeout": "P1D"},
        "operationOptions": "FailWhenLimitsReached",
        "actions": {"Pause": pause(5)},
    }
    run = await interrupted(service, {"Loop": loop}, hours=12)
    assert run.statuses["Loop"] == "Failed"
    assert (await run.outputs("Loop"))["iterationCount"] == 5


async def test_a_branch_stays_taken_when_what_decided_it_has_changed(service: Service):
    actions = {
        "Init": variable(1),
        "If": {
            "type": "If",
            "expression": {"equals": ["@variables('v')", 1]},
            "actions": {
                "Change": set_to(2),
                "Pause": pause(Change=["Succeeded"]),
                "Yes": call("yes", Pause=["Succeeded"]),
            },
            "else": {"actions": {"No": call("no")}},
            "runAfter": {"Init": ["Succeeded"]},
        },
    }
    run = await interrupted(service, actions)
    assert paths(service) == ["/yes"]
    assert run.statuses["No"] == "Skipped"


async def test_a_switch_and_a_foreach_keep_their_values(service: Service):
    actions = {
        "Init": variable(["a", "b"], "array"),
        "Switch": {
            "type": "Switch",
            "expression": "@length(variables('v'))",
            "cases": {
                "Two": {
                    "case": 2,
                    "actions": {
                        "Each": {
                            "type": "Foreach",
                            "foreach": "@variables('v')",
                            "operationOptions": "Sequential",
                            "actions": {
                                "Empty": set_to([]),
                                "Call": call("@{item()}", Empty=["Succeeded"]),
                                "Pause": pause(Call=["Succeeded"]),
                            },
                        }
                    },
                }
            },
            "default": {"actions": {"Other": call("other")}},
            "runAfter": {"Init": ["Succeeded"]},
        },
    }
    run = await interrupted(service, actions)
    assert run.status == "Succeeded"
    assert paths(service) == ["/a", "/b"]


async def test_a_finished_until_is_not_judged_again(service: Service):
    actions = {
        "Init": variable(0),
        "Loop": {
            "type": "Until",
            "expression": "@equals(variables('v'),1)",
            "actions": {"Set": set_to(1), "Call": call("once", Set=["Succeeded"])},
            "runAfter": {"Init": ["Succeeded"]},
        },
        "Reset": set_to(0, Loop=["Succeeded"]),
        "Pause": pause(Reset=["Succeeded"]),
        "Seen": {"type": "Compose", "inputs": "@outputs('Call')['statusCode']", "runAfter": {"Pause": ["Succeeded"]}},
    }
    run = await interrupted(service, actions)
    assert run.status == "Succeeded"
    assert paths(service) == ["/once"]
    assert await run.outputs("Seen") == 200


async def test_a_foreach_that_was_over_is_seen_from_outside_as_before(service: Service):
    actions = {
        "Each": {
            "type": "Foreach",
            "foreach": [1, 2],
            "actions": {"Twice": {"type": "Compose", "inputs": "@mul(item(),2)"}},
        },
        "Pause": pause(Each=["Succeeded"]),
        "All": {"type": "Compose", "inputs": "@outputs('Twice')", "runAfter": {"Pause": ["Succeeded"]}},
    }
    run = await interrupted(service, actions)
    assert await run.outputs("All") == [2, 4]


async def test_a_run_keeps_the_parameters_it_began_with(service: Service):
    definition = {
        "parameters": {"p": {"type": "String"}},
        "actions": {"Pause": pause(), "Call": call("@{parameters('p')}", Pause=["Succeeded"])},
    }
    await service.deploy(definition, p="old")
    run = await service.begin()
    await service.deploy(definition, p="new")
    await service.restart()
    await service.result(run)
    assert paths(service) == ["/old"]


async def test_a_timeout_of_an_action_counts_from_its_first_start(service: Service):
    service.handler = lambda request: httpx.Response(202, headers={"Location": "/again", "Retry-After": "3600"})
    slow = {**call("slow"), "limit": {"timeout": "PT12H"}}
    run = await interrupted(service, {"Slow": slow}, hours=6)
    assert run.statuses["Slow"] == "TimedOut"
    assert run.actions["Slow"]["endTime"] == "2026-01-01T12:00:00.0000000Z"


async def test_runs_that_wait_for_their_turn_go_on_after_a_restart(service: Service):
    trigger = {"type": "Request", "kind": "Http", "runtimeConfiguration": {"concurrency": {"runs": 1}}}
    await service.deploy({"triggers": {"manual": trigger}, "actions": {"Pause": pause(1)}})
    runs = [await service.begin() for _ in range(3)]
    await service.restart()
    listed = {run["name"]: run["properties"]["status"] for run in (await service.get("runs"))["value"]}
    assert [listed[run] for run in runs] == ["Running", "Waiting", "Waiting"]
    ends = [(await service.finish(run))["endTime"] for run in runs]
    assert [end[11:13] for end in ends] == ["01", "02", "03"]
