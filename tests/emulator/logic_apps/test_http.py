import base64
import json
from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from tests.emulator.logic_apps.running import IDENTITY, Service


def call(**inputs: Any) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/a", **inputs}, "runAfter": {}}


async def test_a_call_is_sent_as_it_is_described(service: Service):
    await service.run(
        {
            "Call": call(
                method="post",
                uri="http://x.test/a%2Fb/@{encodeURIComponent('c d+%')}",
                queries={"comp": "list", "marker": "a b&c", "n": 5},
                headers={"x-ms-version": "2021-12-02", "If-Match": '"0x1"'},
                body={"a": [1, "é"]},
            )
        }
    )
    (request,) = service.requests
    assert request.method == "POST"
    assert request.url.raw_path == b"/a%2Fb/c%20d%2B%25?comp=list&marker=a%20b%26c&n=5"
    assert request.headers["x-ms-version"] == "2021-12-02"
    assert request.headers["If-Match"] == '"0x1"'
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {"a": [1, "é"]}


async def test_a_post_without_a_body_says_so(service: Service):
    await service.run({"Call": call(method="POST")})
    assert service.requests[0].headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (httpx.Response(200, json={"a": 1}), {"a": 1}),
        (httpx.Response(200, text="plain"), "plain"),
        (
            httpx.Response(200, content=b"<a/>", headers={"Content-Type": "application/xml"}),
            {"$content-type": "application/xml", "$content": base64.b64encode(b"<a/>").decode()},
        ),
        (httpx.Response(204), None),
    ],
)
async def test_an_answers_body_depends_on_its_content_type(service: Service, response: httpx.Response, body: Any):
    service.handler = lambda request: response
    run = await service.run({"Call": call()})
    outputs = await run.outputs("Call")
    assert outputs["statusCode"] == response.status_code
    assert outputs.get("body") == body


async def test_a_refusal_fails_the_action_and_is_its_output(service: Service):
    service.handler = lambda request: httpx.Response(
        404, json={"code": "NotFound"}, headers={"x-ms-error-code": "BlobNotFound"}
    )
    run = await service.run(
        {
            "Call": call(),
            "Seen": {"type": "Compose", "inputs": "@outputs('Call')?['statusCode']", "runAfter": {"Call": ["Failed"]}},
        }
    )
    assert run.actions["Call"]["code"] == "NotFound"
    assert await run.outputs("Seen") == 404
    assert len(service.requests) == 1


async def test_an_identity_gets_a_token_for_the_audience(service: Service):
    audience = "https://storage.azure.com/"
    await service.run(
        {
            "Call": call(
                authentication={
                    "type": "ManagedServiceIdentity",
                    "audience": "@concat('https://storage','.azure.com/')",
                }
            )
        }
    )
    scheme, _, token = service.requests[0].headers["Authorization"].partition(" ")
    assert scheme == "Bearer"
    assert service.issuer.verify(token, [audience]).object_id == IDENTITY


async def test_basic_and_raw_authentication(service: Service):
    await service.run(
        {
            "Basic": call(authentication={"type": "Basic", "username": "u", "password": "p"}),
            "Raw": {**call(authentication={"type": "Raw", "value": "Key k"}), "runAfter": {"Basic": ["Succeeded"]}},
        }
    )
    assert [request.headers["Authorization"] for request in service.requests] == ["Basic dTpw", "Key k"]


async def test_an_unknown_authentication_is_named(service: Service):
    with pytest.raises(ArmError, match=r"'Call' is not valid: 'inputs\.authentication\.type' is 'ClientCertificate'"):
        await service.run({"Call": call(authentication={"type": "ClientCertificate"})})
    run = await service.run({"Call": call(authentication={"type": "@concat('Client','Certificate')"})})
    assert "authentication.type is 'ClientCertificate'" in run.actions["Call"]["error"]["message"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_by_default_a_failed_call_is_tried_four_times_more(service: Service, status: int):
    service.handler = lambda request: httpx.Response(status)
    run = await service.run({"Call": call()})
    assert len(service.requests) == 5
    assert run.statuses["Call"] == "Failed"
    assert [attempt["code"] for attempt in run.actions["Call"]["retryHistory"]] == [str(status)] * 4


@pytest.mark.parametrize("status", [400, 401, 404, 409, 412])
async def test_a_refusal_is_not_tried_again(service: Service, status: int):
    service.handler = lambda request: httpx.Response(status)
    await service.run({"Call": call()})
    assert len(service.requests) == 1


async def test_a_lost_connection_is_tried_again(service: Service):
    answers = iter([httpx.ConnectError("lost"), httpx.Response(200, json={})])

    def answer(request: httpx.Request) -> httpx.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    service.handler = answer
    run = await service.run({"Call": call()})
    assert run.statuses["Call"] == "Succeeded"


async def test_retry_after_is_honoured(service: Service):
    answers = iter([httpx.Response(429, headers={"Retry-After": "1000"}), httpx.Response(200)])
    service.handler = lambda request: next(answers)
    began = service.clock.now()
    await service.run({"Call": call()})
    assert (service.clock.now() - began).total_seconds() == 1000


async def test_a_policy_of_the_definition_is_kept_to(service: Service):
    service.handler = lambda request: httpx.Response(500)
    began = service.clock.now()
    await service.run({"Call": call(retryPolicy={"type": "fixed", "count": 2, "interval": "PT20S"})})
    assert len(service.requests) == 3
    assert (service.clock.now() - began).total_seconds() == 40
    service.requests.clear()
    await service.run({"Call": call(retryPolicy={"type": "none"})})
    assert len(service.requests) == 1


async def test_a_wrong_policy_names_what_is_allowed(service: Service):
    with pytest.raises(ArmError, match="'Call' has the retry policy 'sometimes'; allowed: none, fixed"):
        await service.run({"Call": call(retryPolicy={"type": "sometimes"})})
    run = await service.run({"Call": call(retryPolicy={"type": "@concat('some','times')"})})
    assert "allowed: none, fixed, exponential" in run.actions["Call"]["error"]["message"]


async def test_a_202_with_a_location_is_followed_until_it_is_over(service: Service):
    answers = iter(
        [
            httpx.Response(202, headers={"Location": "/status", "Retry-After": "30"}),
            httpx.Response(202, headers={"Location": "/status", "Retry-After": "30"}),
            httpx.Response(200, json={"done": True}),
        ]
    )
    service.handler = lambda request: next(answers)
    run = await service.run({"Call": call(method="POST")})
    assert (await run.outputs("Call"))["body"] == {"done": True}
    assert [(request.method, request.url.path) for request in service.requests] == [
        ("POST", "/a"),
        ("GET", "/status"),
        ("GET", "/status"),
    ]


async def test_the_asynchronous_pattern_can_be_switched_off(service: Service):
    service.handler = lambda request: httpx.Response(202, headers={"Location": "/status"})
    run = await service.run({"Call": {**call(), "operationOptions": "DisableAsyncPattern"}})
    assert (await run.outputs("Call"))["statusCode"] == 202


async def test_a_202_without_a_location_is_the_answer(service: Service):
    service.handler = lambda request: httpx.Response(202, headers={"x-ms-copy-status": "success"})
    run = await service.run({"Call": call(method="PUT")})
    assert (await run.outputs("Call"))["headers"]["x-ms-copy-status"] == "success"


async def test_a_user_assigned_identity_is_named_by_its_id(service: Service):
    mine = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    service.identity = {
        "type": "UserAssigned",
        "userAssignedIdentities": {mine: {"principalId": IDENTITY, "clientId": "c"}},
    }
    audience = "https://storage.azure.com/"

    def authentication(**more: str) -> dict[str, str]:
        return {"type": "ManagedServiceIdentity", "audience": audience, **more}

    run = await service.run(
        {
            "Mine": call(authentication=authentication(identity=mine)),
            "Own": call(authentication=authentication()),
            "Other": call(authentication=authentication(identity="/other")),
        }
    )
    (request,) = service.requests
    principal = service.issuer.verify(request.headers["Authorization"].partition(" ")[2], [audience])
    assert (principal.object_id, principal.name) == (IDENTITY, "w")
    assert run.statuses == {"Mine": "Succeeded", "Own": "Failed", "Other": "Failed"}
    assert "has not the identity '/other'; it has: /subscriptions" in run.actions["Other"]["error"]["message"]


async def test_the_length_of_a_body_is_not_the_definitions_to_say(service: Service):
    await service.run({"Call": call(method="PUT", body="four", headers={"Content-Length": "1", "x-a": "b"})})
    (request,) = service.requests
    assert (request.headers["Content-Length"], request.headers["x-a"]) == ("4", "b")
