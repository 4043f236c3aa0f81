"""Http actions against a real server: authentication, bodies, content types, chunks, headers."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from emulator.arm.errors import ArmError
from emulator.logic_apps import limits
from tests.emulator.logic_apps.endpoint import Endpoint
from tests.emulator.logic_apps.running import Run, Service

SECRET = "a secret of the tests alone"


def call(endpoint: Endpoint, **inputs: Any) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": f"{endpoint.url}/a", **inputs}}


async def everything(run: Run) -> str:
    """All that the history shows of a run's actions."""
    parts = [json.dumps(run.actions)]
    for name in run.actions:
        parts += [json.dumps(await run.inputs(name)), json.dumps(await run.outputs(name))]
    return "".join(parts)


def oauth(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return {
        "type": "ActiveDirectoryOAuth",
        "authority": endpoint.url,
        "tenant": "tenant",
        "audience": "https://storage.azure.com/",
        "clientId": "client",
        "secret": SECRET,
        **more,
    }


async def test_oauth_asks_the_authority_for_a_token(online: Service, endpoint: Endpoint):
    def answer(request: Request, body: bytes) -> Response:
        if request.url.path == "/tenant/oauth2/token":
            return JSONResponse({"access_token": "the-token"})
        return JSONResponse({"authorization": request.headers["authorization"]})

    endpoint.answering = answer
    run = await online.run({"Call": call(endpoint, authentication=oauth(endpoint))})
    form = parse_qs(endpoint.requests[0][1].decode())
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": [SECRET],
        "resource": ["https://storage.azure.com/"],
    }
    assert (await run.outputs("Call"))["body"] == {"authorization": "Bearer the-token"}
    assert SECRET not in await everything(run)
    assert (await run.inputs("Call"))["authentication"]["secret"] == "*sanitized*"


async def test_what_the_authority_refuses_fails_the_action_with_its_reason(online: Service, endpoint: Endpoint):
    refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
    endpoint.answering = lambda request, body: JSONResponse(refusal, 401)
    run = await online.run({"Call": call(endpoint, authentication=oauth(endpoint))})
    error = run.actions["Call"]["error"]
    assert error["code"] == "Unauthorized"
    assert "AADSTS7000215" in error["message"]
    assert endpoint.asked == ["POST /tenant/oauth2/token"]


@pytest.mark.parametrize(
    ("authentication", "words"),
    [
        ({"type": "ActiveDirectoryOAuth", "pfx": "x"}, r"certificate \(authentication\.pfx\), which is not emulated"),
        ({"type": "ActiveDirectoryOAuth", "tenant": "t"}, r"'inputs\.authentication\.audience' is missing"),
        ({"type": "ClientCertificate", "pfx": "x"}, r"'inputs\.authentication\.type' is 'ClientCertificate'"),
    ],
)
async def test_authentication_that_cannot_be_is_refused_when_it_is_put(
    online: Service, endpoint: Endpoint, authentication: dict[str, Any], words: str
):
    with pytest.raises(ArmError, match=words):
        await online.run({"Call": call(endpoint, authentication=authentication)})


async def test_secrets_of_every_authentication_stay_out_of_the_history(online: Service, endpoint: Endpoint):
    run = await online.run(
        {
            "Basic": call(endpoint, authentication={"type": "Basic", "username": "u", "password": SECRET}),
            "Raw": call(endpoint, authentication={"type": "Raw", "value": SECRET}),
            "Scheme": call(endpoint, authentication={"type": "Raw", "scheme": "Key", "parameter": SECRET}),
        }
    )
    assert SECRET not in await everything(run)
    sent = {request.headers["authorization"] for request, _ in endpoint.requests}
    assert sent == {"Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode(), SECRET, f"Key {SECRET}"}


async def test_a_form_and_a_message_of_parts_are_sent_and_read(online: Service, endpoint: Endpoint):
    """What is answered is what was sent, with the same type."""
    endpoint.answering = lambda request, body: Response(body, headers={"content-type": request.headers["content-type"]})
    form = {
        "$content-type": "application/x-www-form-urlencoded",
        "$formdata": [{"key": "a", "value": "1 & ü"}, {"key": "a", "value": ""}],
    }
    parts = {
        "$content-type": "multipart/form-data",
        "$multipart": [
            {"headers": {"Content-Disposition": 'form-data; name="text"'}, "body": "ä\r\n--b"},
            {
                "headers": {"Content-Disposition": 'form-data; name="file"; filename="f.png"'},
                "body": {"$content-type": "image/png", "$content": base64.b64encode(b"\x00\r\n\xff").decode()},
            },
            {"headers": {"Content-Disposition": 'form-data; name="json"'}, "body": {"n": [1]}},
        ],
    }
    run = await online.run(
        {
            "Form": call(endpoint, method="POST", body=form),
            "Parts": call(endpoint, method="POST", body=parts),
            "Fields": {
                "type": "Compose",
                "inputs": [
                    "@formDataMultiValues('Form','a')",
                    "@formDataValue('Parts','text')",
                    "@multipartBody('Parts',1)",
                    "@multipartBody('Parts',2)",
                ],
                "runAfter": {"Form": ["Succeeded"], "Parts": ["Succeeded"]},
            },
        }
    )
    assert endpoint.requests[0][1] == b"a=1%20%26%20%C3%BC&a="
    image = {"$content-type": "image/png", "$content": base64.b64encode(b"\x00\r\n\xff").decode()}
    assert await run.outputs("Fields") == [["1 & ü", ""], "ä\r\n--b", image, {"n": [1]}]
    received = (await run.outputs("Form"))["body"]
    assert received["$content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(received["$content"]) == endpoint.requests[0][1]


@pytest.mark.parametrize(
    ("content", "content_type", "body"),
    [
        ("grün".encode("latin-1"), "text/plain; charset=iso-8859-1", "grün"),
        (b'{"a": NaN}', "application/json", "$content"),
        (b"[" * 100_000, "application/json", "$content"),
        (b"{", "application/problem+json", "$content"),
        ("\ufeff[1]".encode(), "application/json; charset=utf-8", [1]),
        (b"x", "text/plain; charset=klingon", "$content"),
    ],
)
async def test_what_an_answer_is_depends_on_its_type_and_on_its_content(
    online: Service, endpoint: Endpoint, content: bytes, content_type: str, body: Any
):
    endpoint.answering = lambda request, _: Response(content, headers={"content-type": content_type})
    run = await online.run({"Call": call(endpoint)})
    found = (await run.outputs("Call"))["body"]
    if body == "$content":
        assert base64.b64decode(found["$content"]) == content
    else:
        assert found == body


async def test_a_redirect_is_not_followed_and_fails_the_action(online: Service, endpoint: Endpoint):
    endpoint.answering = lambda request, body: RedirectResponse("/elsewhere", 302)
    run = await online.run({"Call": call(endpoint)})
    assert endpoint.asked == ["GET /a"]
    assert run.actions["Call"]["code"] == "Found"
    assert (await run.outputs("Call"))["headers"]["location"] == "/elsewhere"


async def test_calls_carry_whose_they_are_unless_that_is_suppressed(online: Service, endpoint: Endpoint):
    quiet = {**call(endpoint), "operationOptions": "SuppressWorkflowHeaders", "runAfter": {"Call": ["Succeeded"]}}
    run = await online.run({"Call": call(endpoint, headers={"x-ms-workflow-name": "mine"}), "Quiet": quiet})
    told, silent = (request.headers for request, _ in endpoint.requests)
    assert (told["x-ms-workflow-run-id"], told["x-ms-workflow-operation-name"]) == (run.id, "Call")
    assert told["x-ms-workflow-name"] == "mine"
    assert not [name for name in silent if name.startswith("x-ms-")]


CONTENT = bytes(range(256)) * 5


async def test_what_comes_in_parts_is_put_together(online: Service, endpoint: Endpoint):
    def part(request: Request, _: bytes) -> Response:
        wanted = request.headers.get("range", "bytes=0-499").removeprefix("bytes=").split("-")
        start, end = int(wanted[0]), min(int(wanted[1]), len(CONTENT) - 1)
        headers = {"content-range": f"bytes {start}-{end}/{len(CONTENT)}", "content-type": "image/png"}
        return Response(CONTENT[start : end + 1], 206, headers)

    endpoint.answering = part
    run = await online.run({"Call": call(endpoint)})
    assert base64.b64decode((await run.outputs("Call"))["body"]["$content"]) == CONTENT
    assert [request.headers.get("range") for request, _ in endpoint.requests] == [
        None, "bytes=500-999", "bytes=1000-1279",
    ]  # fmt: skip


async def test_content_goes_out_in_parts_where_the_action_says_so(online: Service, endpoint: Endpoint):
    def take(request: Request, body: bytes) -> Response:
        if request.method == "POST":
            return Response(headers={"location": "/parts/7", "x-ms-chunk-size": "1000"})
        return Response(headers={"x-ms-chunk-size": "200"})

    endpoint.answering = take
    body = {"$content-type": "image/png", "$content": base64.b64encode(CONTENT).decode()}
    chunked = {"runtimeConfiguration": {"contentTransfer": {"transferMode": "Chunked"}}}
    run = await online.run({"Call": {**call(endpoint, method="POST", body=body), **chunked}})
    assert run.status == "Succeeded"
    (announced, nothing), *parts = endpoint.requests
    assert (announced.headers["x-ms-transfer-mode"], announced.headers["x-ms-content-length"], nothing) == (
        "chunked", "1280", b"",
    )  # fmt: skip
    assert b"".join(content for _, content in parts) == CONTENT
    assert [(request.method, request.url.path, request.headers["content-range"]) for request, _ in parts] == [
        ("PATCH", "/parts/7", "bytes=0-999/1280"),
        ("PATCH", "/parts/7", "bytes=1000-1199/1280"),
        ("PATCH", "/parts/7", "bytes=1200-1279/1280"),
    ]


async def test_chunked_content_needs_an_endpoint_that_knows_the_protocol(online: Service, endpoint: Endpoint):
    chunked = {"runtimeConfiguration": {"contentTransfer": {"transferMode": "Chunked"}}}
    run = await online.run({"Call": {**call(endpoint, method="PUT", body="x"), **chunked}})
    assert "has no Location header" in run.actions["Call"]["error"]["message"]


async def test_an_action_with_a_pagination_policy_is_refused(online: Service, endpoint: Endpoint):
    paging = {"runtimeConfiguration": {"paginationPolicy": {"minimumItemCount": 10}}}
    with pytest.raises(ArmError, match=r"'runtimeConfiguration\.paginationPolicy' is not emulated"):
        await online.run({"Call": {**call(endpoint), **paging}})


@pytest.mark.parametrize(
    ("limit", "actions", "words"),
    [
        ("CONTENT_BYTES", {"Call": {"method": "POST", "body": "x" * 2000}}, "body has 2000 bytes; the limit is 1000"),
        ("CONTENT_BYTES", {"Call": {"uri": "large"}}, "The answer has more than 1000 bytes"),
        ("URL_CHARACTERS", {"Call": {"queries": {"q": "x" * 2000}}}, "characters; the limit is 1000"),
    ],
)
async def test_what_is_larger_than_a_limit_names_it(
    online: Service, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, limit: str, actions: Any, words: str
):
    endpoint.answering = lambda request, _: Response("x" * (2000 if request.url.path == "/large" else 1))
    inputs = {name: f"{endpoint.url}/large" if value == "large" else value for name, value in actions["Call"].items()}
    monkeypatch.setattr(limits, limit, 1000)
    run = await online.run({"Call": call(endpoint, **inputs)})
    assert words in run.actions["Call"]["error"]["message"]


async def test_inputs_and_outputs_together_are_limited_too(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "COMBINED_BYTES", 1000)
    run = await service.run({"A": {"type": "Compose", "inputs": "x" * 600}})
    assert "have 1204 bytes together; the limit is 1000" in run.actions["A"]["error"]["message"]
    monkeypatch.setattr(limits, "CONTENT_BYTES", 500)
    run = await service.run({"A": {"type": "Compose", "inputs": "x" * 600}})
    assert "The inputs of the action 'A' have 602 bytes; the limit is 500" in run.actions["A"]["error"]["message"]


async def test_tracked_properties_are_limited_where_they_are_evaluated(service: Service):
    tracked = {"trackedProperties": {"all": "@action()['outputs']"}}
    run = await service.run({"A": {"type": "Compose", "inputs": "x" * 9000, **tracked}})
    assert "the limit is 8000" in run.actions["A"]["error"]["message"]


@pytest.mark.parametrize("interval", ["PT4S", "P2D"])
async def test_an_interval_outside_of_its_limits_fails_the_action(service: Service, interval: str):
    policy = {"type": "fixed", "count": 1, "interval": f"@concat('{interval}','')"}
    call_ = {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/", "retryPolicy": policy}}
    run = await service.run({"Call": call_})
    assert f"interval is '{interval}'; allowed: PT5S to P1D" in run.actions["Call"]["error"]["message"]
