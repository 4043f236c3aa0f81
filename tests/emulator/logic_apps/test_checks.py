"""Definitions that the service refuses, and those that it accepts."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from emulator.arm.errors import ArmError
from tests.emulator.logic_apps.running import SCHEMA, Service

ROOT = Path(__file__).resolve().parents[3]
SPECS = (ROOT / os.environ.get("SHARED_SPECS", "../shared/specs")).resolve() / "logic_apps"

HTTP: dict[str, Any] = {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/"}}


def compose(value: Any, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": run_after}


def scope(**actions: Any) -> dict[str, Any]:
    return {"type": "Scope", "actions": actions}


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ({"A": "text"}, "'A' needs a 'type'"),
        ({"A": {"type": "Compose", "inputs": 1, "runAfter": ["B"]}}, "'runAfter' has to be of the type object"),
        ({"A": {"type": "Http", "inputs": {"method": "GET"}}}, "the required member 'inputs.uri' is missing"),
        (
            {"A": {**HTTP, "inputs": {**HTTP["inputs"], "headers": "x"}}},
            "'inputs.headers' has to be of the type object",
        ),
        ({"A": {"type": "Foreach", "actions": {}}}, "the required member 'foreach' is missing"),
        (
            {"A": {"type": "Foreach", "foreach": 5}},
            "'foreach' of the action 'A' is 5; allowed: an array or an expression",
        ),
        (
            {
                "A": {
                    "type": "Foreach",
                    "foreach": [],
                    "operationOptions": "Sequential",
                    "runtimeConfiguration": {"concurrency": {"repetitions": 1}},
                }
            },
            "both operationOptions Sequential and a concurrency",
        ),
        (
            {"A": {"type": "Foreach", "foreach": [], "runtimeConfiguration": {"concurrency": {"repetitions": 51}}}},
            "'runtimeConfiguration.concurrency.repetitions' is 51; allowed: 1 to 50",
        ),
        ({"A": {"type": "Until", "expression": "@true", "limit": {"timeout": "1h"}}}, "is not an ISO 8601 duration"),
        ({"A": {**HTTP, "operationOptions": "Whatever"}}, "the operationOptions 'Whatever'; the emulator has"),
        ({"A": {**HTTP, "runtimeConfiguration": {"paginationPolicy": {}}}}, "paginationPolicy' is not emulated"),
        ({"A": {"type": "Wait", "inputs": {}}}, "needs either 'interval' or 'until'"),
        ({"A": {"type": "If", "expression": {}}}, "A condition object has exactly one operator"),
        (
            {"A": {"type": "Switch", "expression": "@1", "cases": {"x": {"case": 1}, "y": {"case": 1}}}},
            "has at 'y' the case 1 again",
        ),
        ({"A": {"type": "Switch", "expression": "@1", "cases": {"x": {}}}}, "'cases.x.case' is missing"),
        ({"A": {"type": "Switch", "expression": "@1", "cases": {"x": {"case": ["a"]}}}}, "allowed: a string, a number"),
        (
            {"A": {"type": "Switch", "expression": "@1", "cases": {"x": {"case": "@triggerBody()"}}}},
            "an expression with parameters()",
        ),
        (
            {"A": {"type": "Switch", "expression": "@1", "cases": {"x": {"case": 1}, "y": {"case": "a"}}}},
            "has at 'y' the case 'a', of another type than the first one: 1",
        ),
        ({"A": {"type": "If", "expression": {"and": "@true"}}}, "allowed: an object or an array"),
        ({"A": {"type": "If", "expression": {"variables": ["v"]}}}, "reads the run; write it as an operand"),
        ({"A": {"type": "If", "expression": "true"}}, "is 'true', which is not an expression"),
        ({"A": {**compose(1), "kind": "Web"}}, "has the kind 'Web', which does not exist"),
        ({"A": {**compose(1), "until": {}}}, "write an action of type 'Until'"),
        ({"A": {**compose(1), "else": "@item()"}}, "'else' has to be of the type object"),
        ({"A": {**compose(1), "runAfter": "@item()"}}, "'runAfter' has to be of the type object"),
        ({"A": {**compose(1), "limit": "@item()"}}, "'limit' has to be of the type object"),
        ({"A": {"type": "ParseJson", "inputs": "@outputs('B')"}}, "'inputs' has to be of the type object"),
        ({"A": {"type": "", "inputs": 1}}, "the action 'A' needs a 'type'"),
        (
            {"A": {"type": "ParseJson", "inputs": {"content": 1, "schema": {"type": "thing"}}}},
            "the schema of the action 'A' is not valid at $.type",
        ),
        (
            {"A": {**scope(), "runtimeConfiguration": {"secureData": {"properties": ["inputs"]}}}},
            "cannot have secureData",
        ),
        ({"A": {**scope(), "limit": {"timeout": "PT1H"}}}, "cannot have a limit.timeout"),
        (
            {"A": {**HTTP, "runtimeConfiguration": {"secureData": {"properties": ["all"]}}}},
            "is 'all'; allowed: inputs, outputs",
        ),
        (
            {"A": {**HTTP, "runtimeConfiguration": {"staticResult": {"name": "S"}}}},
            "the static result 'S', which the definition does not have",
        ),
        ({"A": compose("@outputs('B')"), "B": compose(1)}, "cannot reference action 'B'"),
        ({"A": compose("@outputs('B')"), "S": scope(B=compose(1))}, "cannot reference action 'B'"),
        ({"S": scope(B=compose("@outputs('S')"))}, "cannot reference action 'S'"),
        ({"A": compose("@result('B')", B=["Succeeded"]), "B": compose(1)}, "which is no scope"),
        ({"A": compose("@items('B')", B=["Succeeded"]), "B": scope()}, "it stands in: none"),
        ({"manual": compose(1)}, "the name 'manual' occurs twice"),
        (
            {"A": {"type": "InitializeVariable", "inputs": {"variables": [{"name": "v", "type": "number"}]}}},
            "the type 'number'; allowed: boolean, integer",
        ),
        (
            {
                "A": {
                    "type": "InitializeVariable",
                    "inputs": {"variables": [{"name": "v", "type": "array"}, {"name": "V", "type": "array"}]},
                }
            },
            "initializes the variable 'V', which another one does",
        ),
        ({"A": {"type": "SetVariable", "inputs": {"name": "v", "value": 1}}}, "'v', which no action initializes"),
        ({"A": {"type": "HttpWebhook", "inputs": {}}}, "'A' is not valid: the required member 'inputs.subscribe'"),
    ],
)
async def test_an_action_that_cannot_work_is_refused(service: Service, actions: dict[str, Any], words: str):
    with pytest.raises(ArmError) as raised:
        await service.deploy({"actions": actions})
    assert raised.value.code == "InvalidTemplate"
    assert words in raised.value.message


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"$schema": "http://x.test/2099/other.json#"}, "is not supported; supported versions are"),
        ({"actions": []}, "'actions' has to be of the type object"),
        ({"parameters": {"p": {"type": "Text"}}}, "the type 'Text'; allowed: string"),
        ({"parameters": {"p": {"type": "Int", "defaultValue": "1"}}}, "the default value of the parameter 'p'"),
        ({"parameters": {"p": {"type": "Float", "defaultValue": 1}}}, "it has to be of the type Float"),
        ({"parameters": {"p": {"type": "Int", "value": 1}}}, "it may only have a defaultValue"),
        ({"parameters": {f"p{i}": {"type": "Int"} for i in range(51)}}, "'parameters' is out of its limit"),
        ({"triggers": {"t": {"type": "Request"}}}, "the trigger 't' of type 'Request' needs a 'kind'"),
        (
            {
                "triggers": {
                    "t": {
                        "type": "Request",
                        "kind": "Http",
                        "recurrence": {"frequency": "Day", "interval": 1},
                    }
                }
            },
            "is called, so it has no recurrence",
        ),
        (
            {
                "triggers": {
                    "t": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1, "every": "day"}}
                }
            },
            "'recurrence' has members that are not emulated",
        ),
        (
            {"triggers": {"t": {"type": "Recurrence", "recurrence": {"frequency": "@workflow()['x']", "interval": 1}}}},
            "uses workflow() in its recurrence, which sees parameters() alone",
        ),
        ({"triggers": {"t": {"type": "Request", "kind": "Http", "splitOn": "body"}}}, "which is not an expression"),
        ({"actions": "@workflow()"}, "'actions' has to be of the type object"),
        ({"contentVersion": {}}, "'contentVersion' has to be of the type"),
        ({"staticResults": {"S": {}}}, "'staticResults.S.status' is missing"),
        ({"parameters": {"p": {"type": "Object", "defaultValue": "@trigger()"}}}, "it has to be of the type Object"),
        (
            {"triggers": {"t": {"type": "Request", "kind": "Http", "conditions": [{"expression": "equals"}]}}},
            "is not an expression",
        ),
        (
            {"triggers": {"t": {"type": "Request", "kind": "Http", "splitOn": "@body('A')"}}},
            "uses body(), but nothing ran before it",
        ),
        (
            {"triggers": {"t": {"type": "Request", "kind": "Http", "inputs": {"relativePath": "/a/{b"}}}},
            "relativePath is '/a/{b'",
        ),
        (
            {
                "triggers": {
                    "t": {
                        "type": "Request",
                        "kind": "Http",
                        "operationOptions": "SingleInstance",
                        "runtimeConfiguration": {"concurrency": {"runs": 1}},
                    }
                }
            },
            "both SingleInstance and a concurrency of runs",
        ),
        (
            {
                "triggers": {"t": {"type": "Request", "kind": "Http", "splitOn": "@triggerBody()"}},
                "actions": {"R": {"type": "Response", "inputs": {"statusCode": 200}}},
            },
            "no Response action can answer its request",
        ),
    ],
)
async def test_a_definition_that_cannot_work_is_refused(service: Service, definition: dict[str, Any], words: str):
    with pytest.raises(ArmError) as raised:
        await service.deploy(definition)
    assert words in raised.value.message


async def test_what_a_refused_put_would_have_replaced_stays(service: Service):
    await service.deploy({"actions": {"A": compose("old")}})
    with pytest.raises(ArmError):
        await service.deploy({"actions": {"A": compose("@nonsense()")}})
    run = await service.result(await service.begin())
    assert await run.outputs("A") == "old"


async def test_an_action_sees_what_ran_before_it_or_before_a_scope_around_it(service: Service):
    await service.deploy(
        {
            "actions": {
                "First": scope(Inner=compose(1)),
                "Second": {
                    **scope(A=compose("@outputs('Inner')"), B=compose("@outputs('A')", A=["Succeeded"])),
                    "runAfter": {"First": ["Succeeded"]},
                },
                "Loop": {
                    "type": "Until",
                    "expression": "@equals(outputs('Again'),1)",
                    "actions": {"Again": compose(1)},
                },
            }
        }
    )


async def test_validate_checks_without_deploying(service: Service):
    await service.deploy({"actions": {"A": compose("old")}})
    body: dict[str, Any] = {"properties": {"definition": {"$schema": SCHEMA, "actions": {"A": compose("@nonsense()")}}}}
    with pytest.raises(ArmError, match="'nonsense' is not defined"):
        await service.operate("POST", "validate", body=body)
    body["properties"]["definition"]["actions"]["A"] = compose("new")
    assert (await service.operate("POST", "validate", body=body)).status == 200
    run = await service.result(await service.begin())
    assert await run.outputs("A") == "old"


UNKNOWN_TO_CONSUMPTION = ("appsetting", "'Workflow'", "'Expression'")
ACCEPTED_BY_THE_ENGINE_ALONE = {
    "builtin-029": "uses a parameter that is declared outside of the definition",
    "builtin-068": "calls concat() without arguments",
    "builtin-069": "uses a parameter that is not declared",
}
"""The service checks parameters and arguments when it saves; the engine whose verdicts these are does not."""


def refusal(definition: dict[str, Any]) -> str | None:
    from emulator.logic_apps.definitions.checks import parse_checked

    try:
        parse_checked(definition)
    except ArmError as error:
        return error.message
    return None


@pytest.mark.skipif(not SPECS.is_dir(), reason="the collection of public definitions is not here")
def test_public_definitions_load_or_are_refused_as_microsofts_engine_judged_them():
    wrong: list[str] = []
    for entry in json.loads((SPECS / "definitions" / "index.json").read_text()):
        if entry["operations"] != "built-in only":
            continue
        name = entry["file"][:11]
        refused = refusal(json.loads((SPECS / "definitions" / entry["file"]).read_text()))
        expected = entry["engine"] != "accepted" or name in ACCEPTED_BY_THE_ENGINE_ALONE
        if refused is not None and any(word in refused for word in UNKNOWN_TO_CONSUMPTION):
            continue
        if (refused is not None) != expected:
            wrong.append(f"{entry['file']}: {refused}, engine: {entry['engine']}")
    assert wrong == []


@pytest.mark.skipif(not SPECS.is_dir(), reason="the collection of changed definitions is not here")
def test_what_microsofts_engine_rejects_is_refused_and_harmless_changes_are_not():
    wrong: list[str] = []
    for entry in json.loads((SPECS / "changed_definitions.json").read_text())["definitions"]:
        refused = refusal(entry["definition"])
        if entry["engine"] != "accepted" and refused is None:
            wrong.append(f"{entry['change']} {entry['what']} was accepted; engine: {entry['engine']}")
        if entry["change"].startswith("harmless_") and refused is not None:
            wrong.append(f"{entry['change']} {entry['what']}: {refused}")
    assert wrong == []
