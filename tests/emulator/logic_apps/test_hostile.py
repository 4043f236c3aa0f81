"""Definitions that are there to break the engine: a clear error, no crash, no hang."""

from typing import Any

import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from emulator.logic_apps.definitions import azure_types
from emulator.logic_apps.definitions.catalogue import EMULATED
from emulator.logic_apps.definitions.checks import parse_checked
from tests.emulator.logic_apps.running import SCHEMA, Service


def definition(actions: Any = None, **members: Any) -> dict[str, Any]:
    triggers = {"manual": {"type": "Request", "kind": "Http"}}
    return {"$schema": SCHEMA, "triggers": triggers, "actions": actions or {}, **members}


def nested(levels: int, around: Any) -> Any:
    found: Any = {}
    for level in range(levels):
        found = around(level, found)
    return found


LISTS = nested(10_000, lambda level, inner: [inner])
OBJECTS = nested(10_000, lambda level, inner: {"a": inner})


def compose(inputs: Any) -> dict[str, Any]:
    return {"A": {"type": "Compose", "inputs": inputs}}


def http(**more: Any) -> dict[str, Any]:
    return {"A": {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/"}, **more}}


def chain(count: int) -> dict[str, Any]:
    return {
        f"A{index}": {"type": "Compose", "inputs": 1, "runAfter": {f"A{index - 1}": ["Succeeded"]} if index else {}}
        for index in range(count)
    }


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (definition(compose(LISTS)), "nests deeper than"),
        (definition(compose(OBJECTS)), "nests deeper than"),
        (definition(metadata=OBJECTS), "nests deeper than"),
        (definition(parameters={"p": {"type": "Object", "defaultValue": OBJECTS}}), "nests deeper than"),
        (
            definition(triggers={"t": {"type": "Request", "kind": "Http", "inputs": {"schema": OBJECTS}}}),
            "nests deeper",
        ),
        (definition(nested(10_000, lambda n, inner: {f"S{n}": {"type": "Scope", "actions": inner}})), "nests deeper"),
        (
            definition({"A": {"type": "If", "expression": nested(10_000, lambda n, inner: {"not": inner})}}),
            "nests deeper than",
        ),
        (definition(compose("@" + "string(" * 10_000 + "1" + ")" * 10_000)), "has at most 8192 characters"),
        (definition(compose("@concat('" + "x" * 100_000 + "')")), "has at most 8192 characters"),
        (definition(compose("@{" * 50_000)), "the action 'A': "),
        (definition(compose("@" + "string(" * 1000 + "1" + ")" * 1000)), "the action 'A': "),
        (definition(chain(10_000)), "has 10000 actions; the limit is 500"),
        (definition({"A": {"type": "Until", "expression": "@true", "limit": {"count": 10**400}}}), r"limit\.count"),
        (definition(http(limit={"timeout": "P" + "9" * 400 + "D"})), "is longer than 10675199 days"),
        ([1], "has to be of the type object"),
        (definition([1]), "'actions' has to be of the type object"),
        (definition({"A": None}), "the action 'A'"),
        (definition({"": {"type": "Compose", "inputs": 1}}), "the action name ''"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_a_hostile_definition_is_refused_with_the_reason(raw: Any, words: str):
    with pytest.raises(ArmError, match=words) as raised:
        parse_checked(raw)
    assert raised.value.status == 400
    assert len(raised.value.message) < 2000


@pytest.mark.parametrize("count", [10**400, -(10**400), float("inf"), "1e999", [1], None])
async def test_a_wait_for_an_impossible_time_fails_or_ends_with_the_run(service: Service, count: Any):
    run = await service.run({"A": {"type": "Wait", "inputs": {"interval": {"count": count, "unit": "Month"}}}})
    assert run.status in ("Failed", "TimedOut", "Succeeded")
    assert run.properties.get("code") != "InternalServerError"


async def test_a_run_ends_after_ninety_days(service: Service):
    day = {"type": "Wait", "inputs": {"interval": {"count": 10, "unit": "Day"}}}
    loop = {
        "type": "Until",
        "expression": "@false",
        "limit": {"count": 60, "timeout": "P365D"},
        "actions": {"Day": day},
    }
    loop["expression"] = "@equals(1,2)"
    began = service.clock.now()
    run = await service.run({"Loop": loop})
    assert (run.status, run.properties["code"]) == ("TimedOut", "WorkflowRunTimedOut")
    assert "the limit of 90 days" in run.properties["error"]["message"]
    assert (service.clock.now() - began).days == 90


async def test_a_recurrence_beyond_the_end_of_time_looks_no_more(service: Service):
    recurrence = {"frequency": "Year", "interval": 9000}
    await service.deploy({"triggers": {"t": {"type": "Recurrence", "recurrence": recurrence}}, "actions": {}})
    await settle()
    assert len((await service.get("runs"))["value"]) == 1
    assert service.clock.next_wake is None


async def test_names_with_any_character_work(service: Service):
    run = await service.run({"ü 漢 🙂": {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/"}}})
    assert run.status == "Succeeded"
    assert service.requests[0].headers["x-ms-workflow-operation-name"] == "%C3%BC %E6%BC%A2 %F0%9F%99%82"


KNOWN = set(EMULATED.actions)


@pytest.mark.parametrize("kind", sorted(set(azure_types.ACTIONS) - KNOWN))
def test_an_action_that_is_not_emulated_is_refused_with_its_name_and_the_reason(kind: str):
    type = azure_types.ACTIONS[kind]
    with pytest.raises(ArmError) as raised:
        parse_checked(definition({"Mine": {"type": type.name, "inputs": {}, "kind": "Http"}}))
    assert f"the action 'Mine' has the type '{type.name}', {type.what}, which is not emulated" in raised.value.message


@pytest.mark.parametrize("kind", sorted(set(azure_types.TRIGGERS) - set(EMULATED.triggers)))
def test_a_trigger_that_is_not_emulated_is_refused_with_its_name_and_the_reason(kind: str):
    type = azure_types.TRIGGERS[kind]
    with pytest.raises(ArmError) as raised:
        parse_checked(definition(triggers={"mine": {"type": type.name, "inputs": {}}}))
    assert f"the trigger 'mine' has the type '{type.name}', {type.what}, which is not emulated" in raised.value.message


def test_a_type_that_nobody_has_is_refused_with_those_that_there_are():
    with pytest.raises(ArmError, match=r"'Mine' has the type 'Foo'.*HttpWebhook.*Workflow"):
        parse_checked(definition({"Mine": {"type": "Foo"}}))
