from typing import Any

import pytest

from tests.emulator.logic_apps.running import Service


async def outputs(service: Service, type: str, inputs: dict[str, Any]) -> Any:
    run = await service.run({"A": {"type": type, "inputs": inputs, "runAfter": {}}})
    assert run.status == "Succeeded", run.actions["A"].get("error")
    return await run.outputs("A")


async def test_select_maps_each_element_to_an_object_or_a_value(service: Service):
    rows = [{"n": 1}, {"n": 2}]
    assert await outputs(service, "Select", {"from": rows, "select": {"m": "@mul(item()['n'],10)", "k": "v"}}) == {
        "body": [{"m": 10, "k": "v"}, {"m": 20, "k": "v"}]
    }
    assert await outputs(service, "Select", {"from": rows, "select": "@item()['n']"}) == {"body": [1, 2]}


async def test_query_keeps_what_its_condition_holds_for(service: Service):
    assert await outputs(service, "Query", {"from": [1, 2, 3], "where": "@greater(item(),1)"}) == {"body": [2, 3]}


async def test_join_joins_texts(service: Service):
    assert await outputs(service, "Join", {"from": ["a", 1, True], "joinWith": ", "}) == {"body": "a, 1, True"}


async def test_table_writes_csv_and_html(service: Service):
    rows = [{"a": 1, "b": "x,y"}, {"a": 2, "b": "<"}]
    assert await outputs(service, "Table", {"from": rows, "format": "CSV"}) == {"body": 'a,b\r\n1,"x,y"\r\n2,<\r\n'}
    columns = [{"header": "A", "value": "@item()['a']"}]
    html = "<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table>"
    assert await outputs(service, "Table", {"from": rows, "format": "HTML", "columns": columns}) == {"body": html}


async def test_parse_json_gives_the_content_and_refuses_what_the_schema_refuses(service: Service):
    schema = {"type": "object", "properties": {"n": {"enum": [0]}}, "required": ["n"]}
    assert await outputs(service, "ParseJson", {"content": '{"n": 0}', "schema": schema}) == {"body": {"n": 0}}
    run = await service.run(
        {"A": {"type": "ParseJson", "inputs": {"content": {"n": 1}, "schema": schema}, "runAfter": {}}}
    )
    assert run.actions["A"]["code"] == "ValidationFailed"
    assert "$.n" in run.actions["A"]["error"]["message"]


@pytest.mark.parametrize("type", ["Select", "Query", "Join", "Table"])
async def test_what_is_no_array_is_refused(service: Service, type: str):
    inputs = {"from": {"a": 1}, "select": 1, "where": "@true", "joinWith": "", "format": "CSV"}
    run = await service.run({"A": {"type": type, "inputs": inputs, "runAfter": {}}})
    assert "must be an array" in run.actions["A"]["error"]["message"]


def variable(name: str, kind: str, value: Any) -> dict[str, Any]:
    inputs = {"variables": [{"name": name, "type": kind, "value": value}]}
    return {"type": "InitializeVariable", "inputs": inputs, "runAfter": {}}


def change(type: str, after: str, **inputs: Any) -> dict[str, Any]:
    return {"type": type, "inputs": {"name": "v", **inputs}, "runAfter": {after: ["Succeeded"]}}


@pytest.mark.parametrize(
    ("kind", "start", "type", "inputs", "end"),
    [
        ("integer", 5, "IncrementVariable", {}, 6),
        ("integer", 5, "IncrementVariable", {"value": 3}, 8),
        ("integer", 5, "DecrementVariable", {"value": 2}, 3),
        ("array", [1], "AppendToArrayVariable", {"value": {"a": 1}}, [1, {"a": 1}]),
        ("string", "a", "AppendToStringVariable", {"value": 1}, "a1"),
        ("object", {"a": 1}, "SetVariable", {"value": {"b": 2}}, {"b": 2}),
    ],
)
async def test_variables_change_as_their_actions_say(
    service: Service, kind: str, start: Any, type: str, inputs: dict[str, Any], end: Any
):
    run = await service.run(
        {
            "Init": variable("v", kind, start),
            "Change": change(type, "Init", **inputs),
            "Read": {"type": "Compose", "inputs": "@variables('v')", "runAfter": {"Change": ["Succeeded"]}},
        }
    )
    assert await run.outputs("Read") == end


@pytest.mark.parametrize(
    ("kind", "type", "value"),
    [("integer", "SetVariable", "five"), ("boolean", "SetVariable", 1), ("integer", "IncrementVariable", "x")],
)
async def test_a_value_of_another_type_is_refused(service: Service, kind: str, type: str, value: Any):
    start = {"integer": 1, "boolean": True}[kind]
    run = await service.run({"Init": variable("v", kind, start), "Change": change(type, "Init", value=value)})
    assert run.actions["Change"]["code"] == "InvalidVariable"


async def test_a_variable_that_copies_another_does_not_share_it(service: Service):
    run = await service.run(
        {
            "Init": variable("v", "array", [1]),
            "Copy": {"type": "Compose", "inputs": "@variables('v')", "runAfter": {"Init": ["Succeeded"]}},
            "Append": change("AppendToArrayVariable", "Copy", value=2),
            "Read": {"type": "Compose", "inputs": "@outputs('Copy')", "runAfter": {"Append": ["Succeeded"]}},
        }
    )
    assert await run.outputs("Read") == [1]
