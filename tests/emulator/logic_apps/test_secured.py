"""Nothing that is secured stands in the history, on disk or in an answer."""

import json
import re
import sqlite3
from typing import Any

import httpx

from tests.emulator.logic_apps.running import WORKFLOW, Service

SECRET = "not-for-the-history"

SECURED = {"secureData": {"properties": ["inputs", "outputs"]}}


def keys(**more: Any) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {"method": "POST", "uri": "http://x.test/listKeys"},
        "runtimeConfiguration": SECURED,
        "runAfter": {},
        **more,
    }


def files(service: Service) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(service.folder.rglob("*")) if path.is_file())


async def test_secured_inputs_and_outputs_are_used_but_not_shown(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"key1": SECRET})
    use = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "http://x.test/", "headers": {"Training-Key": "@{body('Keys')['key1']}"}},
        "runtimeConfiguration": SECURED,
        "runAfter": {"Keys": ["Succeeded"]},
    }
    run = await service.run({"Keys": keys(), "Use": use})
    assert service.requests[1].headers["Training-Key"] == SECRET
    for action in ("Keys", "Use"):
        assert await run.inputs(action) is None
        assert await run.outputs(action) is None
    assert SECRET.encode() not in files(service)


async def test_what_reads_secured_outputs_hides_its_inputs(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"items": [{"key": SECRET, "name": "n"}]})
    run = await service.run(
        {
            "Keys": keys(),
            "Names": {
                "type": "Select",
                "inputs": {"from": "@body('Keys')['items']", "select": "@item()['name']"},
                "runAfter": {"Keys": ["Succeeded"]},
            },
            "Copy": {"type": "Compose", "inputs": "@body('Keys')", "runAfter": {"Keys": ["Succeeded"]}},
            "CopyOfCopy": {"type": "Compose", "inputs": "@outputs('Copy')", "runAfter": {"Copy": ["Succeeded"]}},
        }
    )
    assert await run.inputs("Names") is None
    assert await run.outputs("Names") == {"body": ["n"]}
    assert await run.outputs("Copy") is None
    assert await run.outputs("CopyOfCopy") is None
    assert SECRET.encode() not in files(service)


async def test_a_secured_state_survives_a_restart_encrypted(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"key1": SECRET})
    wait = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}, "runAfter": {"Keys": ["Succeeded"]}}
    use = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "http://x.test/", "headers": {"Key": "@{body('Keys')['key1']}"}},
        "runtimeConfiguration": SECURED,
        "runAfter": {"Pause": ["Succeeded"]},
    }
    await service.deploy({"actions": {"Keys": keys(), "Pause": wait, "Use": use}})
    run = await service.begin()
    assert SECRET.encode() not in files(service)
    await service.restart()
    assert (await service.result(run)).status == "Succeeded"
    assert [request.url.path for request in service.requests] == ["/listKeys", "/"]
    assert service.requests[1].headers["Key"] == SECRET


async def test_a_secure_parameter_is_not_answered_and_not_on_disk(service: Service):
    body = await service.deploy(
        {"parameters": {"p": {"type": "SecureString"}, "q": {"type": "String"}}, "actions": {}}, p=SECRET, q="shown"
    )
    assert body["properties"]["parameters"] == {"p": {}, "q": {"value": "shown"}}
    assert SECRET.encode() not in files(service)


async def test_a_secured_triggers_outputs_are_not_shown(service: Service):
    trigger = {"type": "Request", "kind": "Http", "runtimeConfiguration": {"secureData": {"properties": ["outputs"]}}}
    await service.deploy({"triggers": {"manual": trigger}, "actions": {}})
    url = (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body["value"]
    transport = httpx.ASGITransport(service.logic_apps.app)
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.post(url, json={"password": SECRET})).status_code == 202
    run = (await service.get("runs"))["value"][0]["name"]
    properties = await service.finish(run)
    assert "outputsLink" not in properties["trigger"]
    assert SECRET.encode() not in files(service)


async def test_contents_need_their_signature(service: Service):
    run = await service.run({"A": {"type": "Compose", "inputs": 1, "runAfter": {}}})
    uri = run.actions["A"]["outputsLink"]["uri"]
    transport = httpx.ASGITransport(service.logic_apps.app)
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(uri)).json() == 1
        assert (await client.get(uri.partition("?")[0])).status_code == 401
        assert (await client.get(uri.replace("ActionOutputs", "ActionInputs"))).status_code == 401
        assert (await client.get(f"http://127.0.0.1:10463/{WORKFLOW}")).status_code == 404


async def shown(service: Service, run: Any) -> str:
    """Everything that the history shows of a run."""
    parts = [str(run.properties)]
    for name, action in run.actions.items():
        parts += [str(action), str(await run.inputs(name)), str(await run.outputs(name))]
    return "".join(parts)


async def test_what_reads_a_secured_trigger_hides_it(service: Service):
    trigger = {"type": "Request", "kind": "Http", "runtimeConfiguration": {"secureData": {"properties": ["outputs"]}}}
    copy = {"type": "Compose", "inputs": "@triggerBody()?['password']", "runAfter": {}}
    await service.deploy({"triggers": {"manual": trigger}, "actions": {"Copy": copy}})
    await service.operate("POST", "triggers", "manual", "run", body={"password": SECRET})
    run = await service.result((await service.get("runs"))["value"][0]["name"])
    assert SECRET not in await shown(service, run)
    assert SECRET.encode() not in files(service)


async def test_loops_branches_variables_and_scopes_pass_nothing_secured_on(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"list": [SECRET], "key": SECRET})
    after = {"Keys": ["Succeeded"]}
    run = await service.run(
        {
            "Init": {"type": "InitializeVariable", "inputs": {"variables": [{"name": "v", "type": "string"}]}},
            "Keys": {**keys(), "runAfter": {"Init": ["Succeeded"]}},
            "Each": {
                "type": "Foreach",
                "foreach": "@body('Keys')['list']",
                "actions": {
                    "Item": {"type": "Compose", "inputs": "@item()"},
                    "Items": {"type": "Compose", "inputs": "@items('Each')"},
                },
                "runAfter": after,
            },
            "Switch": {"type": "Switch", "expression": "@body('Keys')['key']", "cases": {}, "runAfter": after},
            "Set": {"type": "SetVariable", "inputs": {"name": "v", "value": "@body('Keys')['key']"}, "runAfter": after},
            "Scope": {"type": "Scope", "actions": {"Again": {**keys(), "runAfter": {}}}, "runAfter": after},
            "Result": {"type": "Compose", "inputs": "@result('Scope')", "runAfter": {"Scope": ["Succeeded"]}},
        }
    )
    assert run.status == "Succeeded"
    assert SECRET not in await shown(service, run)
    assert SECRET.encode() not in files(service)


async def test_errors_do_not_repeat_what_is_secured(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"key": SECRET})
    after = {"Keys": ["Succeeded"]}
    run = await service.run(
        {
            "Keys": keys(),
            "Number": {"type": "Compose", "inputs": "@int(body('Keys')['key'])", "runAfter": after},
            "Parse": {
                "type": "ParseJson",
                "inputs": {"content": "@body('Keys')", "schema": {"properties": {"key": {"type": "integer"}}}},
                "runAfter": after,
            },
        }
    )
    assert run.statuses == {"Keys": "Succeeded", "Number": "Failed", "Parse": "Failed"}
    assert SECRET not in await shown(service, run)
    assert SECRET.encode() not in files(service)


async def test_working_state_is_dropped_when_a_run_is_over(service: Service):
    service.handler = lambda request: httpx.Response(200, json={"key": SECRET})
    await service.run({"Keys": keys()})
    with sqlite3.connect(service.folder / "runs.db") as database:
        assert database.execute("SELECT count(*) FROM working").fetchone() == (0,)
    database.close()


async def everything(service: Service, *path: str) -> list[str]:
    """Every answer of the management API at and below a path, and every content that one links to."""
    page = await service.get(*path, **({"$top": "250"} if path[-1] in LISTS else {}))
    found = [json.dumps(page)]
    members = page["value"] if path[-1] in LISTS else [page]
    for member in members:
        links = LINK.findall(json.dumps(member))
        found += [json.dumps(await service.content({"uri": link})) for link in links]
        for below in BELOW.get(path[-1], ()) if path[-1] in LISTS else ():
            found += await everything(service, *path, member["name"], below)
        if path[-1] in ("actions", "repetitions"):
            traces = await service.operate("POST", *path, member["name"], "listExpressionTraces")
            found.append(json.dumps(traces.body))
    return found


LINK = re.compile(r'"uri": "(http://127[^"]+)"')
BELOW = {
    "runs": ("actions",),
    "actions": ("repetitions", "scopeRepetitions", "requestHistories"),
    "repetitions": ("requestHistories",),
    "triggers": ("histories",),
}
LISTS = {"runs", "actions", "repetitions", "scopeRepetitions", "requestHistories", "triggers", "histories", "versions"}


async def test_nothing_secured_is_in_any_answer_of_the_management_api(service: Service):
    """Also not in expression traces, request histories of attempts, trigger histories, versions."""
    answers = iter([503, 200, 200, 200])
    service.handler = lambda request: httpx.Response(next(answers), json={"key": SECRET, "list": [SECRET, SECRET]})
    trigger = {"type": "Request", "kind": "Http", "runtimeConfiguration": {"secureData": {"properties": ["outputs"]}}}
    use = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "http://x.test/@{item()}", "headers": {"Key": "@{body('Keys')['key']}"}},
        "runtimeConfiguration": {"secureData": {"properties": ["outputs"]}},
    }
    loop = {"type": "Foreach", "foreach": "@body('Keys')['list']", "actions": {"Use": use}}
    wrong = {"type": "Compose", "inputs": "@int(body('Keys')['key'])", "runAfter": {"Keys": ["Succeeded"]}}
    parameter = {"type": "Compose", "inputs": "@length(parameters('p'))"}
    await service.deploy(
        {
            "triggers": {"manual": trigger},
            "parameters": {"p": {"type": "SecureString"}},
            "actions": {
                "Keys": keys(),
                "Each": {**loop, "runAfter": {"Keys": ["Succeeded"]}},
                "Wrong": wrong,
                "Length": parameter,
            },
        },
        p=SECRET,
    )
    await service.operate("POST", "triggers", "manual", "run", body={"password": SECRET})
    run = (await service.get("runs"))["value"][0]["name"]
    await service.finish(run)
    assert len(service.requests) == 4
    found = [text for path in ("runs", "triggers", "versions") for text in await everything(service, path)]
    assert len(found) > 20
    assert any('"statusCode"' in text or "requestHistories" in text for text in found)
    for text in found:
        assert SECRET not in text
    assert SECRET.encode() not in files(service)


async def test_a_call_that_is_not_secured_shows_its_requests(service: Service):
    """That the search above finds what is there."""
    service.handler = lambda request: httpx.Response(200, json={"key": SECRET})
    await service.run({"Call": {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/"}}})
    assert sum(SECRET in text for text in await everything(service, "runs")) >= 2
