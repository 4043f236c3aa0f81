"""Request triggers and Responses: relative paths, later answers, correlation, credentials, what bodies are."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from emulator.logic_apps import limits
from tests.emulator.logic_apps.running import Service

OUTPUTS = {"A": {"type": "Compose", "inputs": "@triggerOutputs()"}}


def request(**more: Any) -> dict[str, Any]:
    return {"manual": {"type": "Request", "kind": "Http", **more}}


async def outputs_of(service: Service, answer: httpx.Response) -> Any:
    assert answer.status_code == 202, answer.text
    return await (await service.result(answer.headers["x-ms-workflow-run-id"])).outputs("A")


async def test_a_relative_path_gives_its_parameters(service: Service):
    inputs = {"method": "PUT", "relativePath": "/customers/{id}/orders/{order}"}
    await service.deploy({"triggers": request(inputs=inputs), "actions": OUTPUTS})
    found = (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body
    assert found["relativePath"] == "/customers/{id}/orders/{order}"
    assert found["relativePathParameters"] == ["id", "order"]
    assert "/paths/invoke/customers/{id}/orders/{order}?" in found["value"]
    url = found["value"].replace("{id}", "a%2Fb").replace("{order}", "7")
    outputs = await outputs_of(service, await service.request(url + "&n=1", "PUT"))
    assert outputs["relativePathParameters"] == {"id": "a/b", "order": "7"}
    assert outputs["queries"] == {"n": "1"}


@pytest.mark.parametrize("path", ["", "/customers/1", "/customers//orders/2", "/customers/1/orders/2/more"])
async def test_a_path_that_does_not_fit_is_not_found(service: Service, path: str):
    inputs = {"relativePath": "customers/{id}/orders/{order}"}
    await service.deploy({"triggers": request(inputs=inputs), "actions": OUTPUTS})
    url = (await service.callback()).replace("/customers/{id}/orders/{order}", path)
    answer = await service.request(url)
    assert answer.status_code == 404
    assert "does not fit the relative path '/customers/{id}/orders/{order}'" in answer.text


@pytest.mark.parametrize("path", ["a/{b", "a}/b", "{a}/{a}", "a?b"])
async def test_a_relative_path_that_is_none_is_refused(service: Service, path: str):
    with pytest.raises(ArmError, match=r"inputs\.relativePath is "):
        await service.deploy({"triggers": request(inputs={"relativePath": path}), "actions": {}})


async def test_a_trigger_without_a_relative_path_has_none(service: Service):
    await service.deploy({"actions": OUTPUTS})
    url = await service.callback()
    assert (await service.request(url.replace("/invoke?", "/invoke/more?"))).status_code == 404


def later(run_after: str) -> dict[str, Any]:
    return {
        "type": "Response",
        "operationOptions": "Asynchronous",
        "inputs": {"statusCode": 201, "headers": {"x-a": "b"}, "body": {"done": True}},
        "runAfter": {run_after: ["Succeeded"]},
    }


HOUR = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}}


async def test_an_asynchronous_response_is_given_at_the_location_when_it_is_there(service: Service):
    await service.deploy({"actions": {**HOUR, "R": later("Pause")}})
    accepted = await service.request(await service.callback())
    assert (accepted.status_code, accepted.headers["retry-after"]) == (202, "20")
    location = accepted.headers["location"]
    assert (await service.request(location, "GET")).status_code == 202
    await service.restart()
    assert (await service.request(location, "GET")).headers["location"].partition("?")[0] == location.partition("?")[0]
    await service.clock.advance(3601)
    await settle()
    for _ in range(2):
        answer = await service.request(location, "GET")
        assert (answer.status_code, answer.headers["x-a"], answer.json()) == (201, "b", {"done": True})
    assert (await service.request(location.partition("?")[0], "GET")).status_code == 401


async def test_a_run_that_ends_without_its_asynchronous_response_says_so(service: Service):
    bad = {"type": "ParseJson", "inputs": {"content": 1, "schema": {"type": "string"}}}
    await service.deploy({"actions": {"Bad": bad, "R": later("Bad")}})
    accepted = await service.request(await service.callback())
    await service.finish(accepted.headers["x-ms-workflow-run-id"])
    assert (await service.request(accepted.headers["location"], "GET")).status_code == 502


@pytest.mark.parametrize("status", [302, 99, "abc", True])
async def test_a_status_that_no_response_can_have_is_refused(service: Service, status: Any):
    answer = {"type": "Response", "inputs": {"statusCode": status}}
    with pytest.raises(ArmError, match="allowed: 200 to 299, 400 to 599"):
        await service.deploy({"actions": {"R": answer}})
    answer = {"type": "Response", "inputs": {"statusCode": f"@string('{status}')"}}
    run = await service.run({"R": answer})
    assert "allowed: 200 to 299, 400 to 599" in run.actions["R"]["error"]["message"]


async def test_a_response_stands_in_no_loop(service: Service):
    loop = {"type": "Foreach", "foreach": [1], "actions": {"R": {"type": "Response", "inputs": {"statusCode": 200}}}}
    with pytest.raises(ArmError, match="'R' of type 'Response' cannot stand in the loop 'Each'"):
        await service.deploy({"actions": {"Each": loop}})


async def test_a_second_response_fails(service: Service):
    answer = {"type": "Response", "inputs": {"statusCode": 200, "body": 1}}
    second = {**answer, "runAfter": {"R": ["Succeeded"]}}
    await service.deploy({"actions": {"R": answer, "S": second}})
    first = await service.request(await service.callback())
    assert first.text == "1"
    run = await service.result(first.headers["x-ms-workflow-run-id"])
    assert (run.status, run.actions["S"]["code"]) == ("Failed", "ActionResponseSkipped")


async def test_a_client_tracking_id_correlates_run_and_actions(service: Service):
    await service.deploy({"actions": {"A": {"type": "Compose", "inputs": 1}}})
    answer = await service.request(await service.callback(), headers={"x-ms-client-tracking-id": "mine"})
    assert answer.headers["x-ms-client-tracking-id"] == "mine"
    run = await service.result(answer.headers["x-ms-workflow-run-id"])
    assert run.properties["correlation"] == {"clientTrackingId": "mine"}
    assert run.actions["A"]["correlation"]["clientTrackingId"] == "mine"


async def test_a_triggers_correlation_decides_for_each_run(service: Service):
    correlation = {"clientTrackingId": "@{triggerBody()?['id']}"}
    split = {"splitOn": "@triggerBody()", "correlation": correlation}
    scope = {"S": {"type": "Scope", "actions": OUTPUTS}}
    seen = {"Seen": {"type": "Compose", "inputs": "@result('S')", "runAfter": {"S": ["Succeeded"]}}}
    await service.deploy({"triggers": request(**split), "actions": {**scope, **seen}})
    header = {"x-ms-client-tracking-id": "of the caller"}
    await service.request(await service.callback(), json=[{"id": "a"}, {"id": "b"}], headers=header)
    runs = [await service.result(run["name"]) for run in (await service.get("runs"))["value"]]
    assert [run.properties["correlation"]["clientTrackingId"] for run in runs] == ["b", "a"]
    assert [(await run.outputs("Seen"))[0]["clientTrackingId"] for run in runs] == ["b", "a"]


async def test_a_correlation_that_is_no_string_fails_the_trigger(service: Service):
    correlation = {"clientTrackingId": "@triggerBody()"}
    await service.deploy({"triggers": request(correlation=correlation), "actions": OUTPUTS})
    await service.request(await service.callback(), json=[1])
    assert (await service.get("runs"))["value"] == []
    (look,) = (await service.get("triggers", "manual", "histories"))["value"]
    assert "clientTrackingId of the trigger 'manual' has to give a string" in look["properties"]["error"]["message"]


async def test_credentials_of_a_caller_are_outputs_only_where_the_trigger_asks_for_them(service: Service):
    header = {"Authorization": "Bearer abc"}
    await service.deploy({"actions": OUTPUTS})
    outputs = await outputs_of(service, await service.request(await service.callback(), headers=header))
    assert "authorization" not in outputs["headers"]
    asking = request(operationOptions="IncludeAuthorizationHeadersInOutputs")
    await service.deploy({"triggers": asking, "actions": OUTPUTS})
    outputs = await outputs_of(service, await service.request(await service.callback(), headers=header))
    assert outputs["headers"]["authorization"] == "Bearer abc"


async def test_headers_about_the_run_can_be_suppressed(service: Service):
    await service.deploy({"triggers": request(operationOptions="SuppressWorkflowHeadersOnResponse"), "actions": {}})
    answer = await service.request(await service.callback())
    assert not [name for name in answer.headers if name.startswith("x-ms-")]


async def test_a_form_and_a_message_of_parts_are_read(service: Service):
    fields = {"type": "Compose", "inputs": ["@triggerFormDataValue('a')", "@triggerFormDataMultiValues('b')"]}
    await service.deploy({"actions": {"A": fields}})
    url = await service.callback()
    assert await outputs_of(service, await service.request(url, data={"a": "1", "b": ["2", "3"]})) == ["1", ["2", "3"]]
    parts = {"type": "Compose", "inputs": ["@triggerMultipartBody(0)", "@triggerFormDataValue('f')"]}
    await service.deploy({"actions": {"A": parts}})
    found = await outputs_of(service, await service.request(url, files={"f": ("f.png", b"\x00\xff", "image/png")}))
    image = {"$content-type": "image/png", "$content": base64.b64encode(b"\x00\xff").decode()}
    assert found == [image, image]


async def test_an_answer_with_content_that_is_not_base64_fails_the_action(service: Service):
    body = {"$content-type": "image/png", "$content": "not base64!"}
    await service.deploy({"actions": {"R": {"type": "Response", "inputs": {"statusCode": 200, "body": body}}}})
    answering = asyncio.create_task(service.request(await service.callback()))
    assert (await answering).status_code == 502


async def test_actions_beyond_the_throughput_wait_for_the_next_five_minutes(
    service: Service, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "ACTION_EXECUTIONS", 3)
    began = service.clock.now()
    loop = {"type": "Foreach", "foreach": [1, 2, 3, 4, 5], "operationOptions": "Sequential", "actions": OUTPUTS}
    run = await service.run({"Each": loop})
    assert run.status == "Succeeded"
    assert (service.clock.now() - began).total_seconds() == 300
    assert service.metrics.totals["ActionThrottledEvents"] >= 1


async def test_calls_beyond_the_throughput_are_refused_for_a_while(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "TRIGGER_CALLS", 2)
    await service.deploy({"actions": OUTPUTS})
    url = await service.callback()
    assert [(await service.request(url)).status_code for _ in range(3)] == [202, 202, 429]
    assert "was called 2 times in 5 minutes, which is the limit" in (await service.request(url)).text
    await service.clock.advance(301)
    assert (await service.request(url)).status_code == 202
