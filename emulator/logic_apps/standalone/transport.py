"""The network of a workflow that runs on its own: mocked answers, else what is let through."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import httpx

from emulator.clock import Clock
from emulator.logic_apps.http.bodies import decoded
from emulator.logic_apps.standalone.mocks import Answer, NoResponse, Response
from emulator.logic_apps.standalone.session import Call, Caller, Session
from emulator.logic_apps.standalone.tokens import MOCKED_TOKEN
from emulator.logic_apps.standalone.virtual_time import VirtualClock

_NEVER_SECONDS = 10 * 365 * 86_400.0
"""Longer than any limit of the service."""


class MockedTransport(httpx.AsyncBaseTransport):
    """Answers calls from a session's mocks; what passes goes to `network`, None where nothing may."""

    def __init__(self, session: Session, clock: Clock, network: httpx.AsyncBaseTransport | None) -> None:
        self._session = session
        self._clock = clock
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a call."""
        content = await request.aread()
        caller, url = self._session.caller, str(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = _readable(content, headers.get("content-type", ""))
        call = Call(caller.name, caller.repetition, request.method, url, headers, body)
        self._session.calls.append(call)
        answer = await self._answer(call, caller, content)
        if answer is None:
            response = await self._pass(call, caller, request)
        else:
            response = await self._given(call, caller, answer, request)
        call.status_code = response.status_code
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        if self._network is not None:
            await self._network.aclose()

    async def _answer(self, call: Call, caller: Caller, content: bytes) -> Answer | None:
        found = await self._session.next(caller)
        if found is not None:
            call.answered_by = "action"
            return found
        number = self._rule(call, content)
        if number is None:
            return None
        call.answered_by = f"request {number - 1}"
        return await self._session.next_of_rule(number - 1)

    def _rule(self, call: Call, content: bytes) -> int | None:
        """Return the number of the first rule that fits, counted from 1."""
        return next(
            (
                number
                for number, rule in enumerate(self._session.mocks.rules, 1)
                if rule.fits(call.action, call.method, call.url, call.headers, content)
            ),
            None,
        )

    async def _given(self, call: Call, caller: Caller, answer: Answer, request: httpx.Request) -> httpx.Response:
        match answer:
            case Response():
                await self._clock.sleep(answer.delay)
                return _response(answer, request)
            case NoResponse():
                await self._clock.sleep(answer.delay)
                if answer.failure == "timeout":
                    await self._clock.sleep(_NEVER_SECONDS)
                raise _failure(answer, request)
            case _:
                call.answered_by = "nothing"
                await self._session.refuse(
                    f"{self._session.told(caller, call)} again, but its next answer in "
                    f"{self._session.mocks.source} is a result of the action and no answer of a call"
                )
                raise AssertionError("unreachable: a refused call never goes on")

    async def _pass(self, call: Call, caller: Caller, request: httpx.Request) -> httpx.Response:
        if self._network is None or not self._session.mocks.passes(call.url):
            await self._session.refuse(
                f"{self._session.told(caller, call)}, and nothing answers: add it to 'actions' or "
                f"'requests' of {self._session.mocks.source}, or let it through with 'passthrough'"
            )
        if MOCKED_TOKEN in call.headers.get("authorization", ""):
            await self._session.refuse(
                f"{self._session.told(caller, call)} on the network as a managed identity, for which "
                f"there is no token: give one for its audience with --tokens"
            )
        assert self._network is not None
        call.answered_by = "network"
        hold = self._clock.held if isinstance(self._clock, VirtualClock) else contextlib.nullcontext
        with hold():
            response = await self._network.handle_async_request(request)
            await response.aread()
        return response


def _response(answer: Response, request: httpx.Request) -> httpx.Response:
    headers = dict(answer.headers)
    given = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    content, content_type = _content(answer.body, is_json="json" in given)
    if content_type and not given:
        headers["Content-Type"] = content_type
    return httpx.Response(answer.status_code, headers=headers, content=content, request=request)


def _content(body: Any, *, is_json: bool) -> tuple[bytes, str]:
    """Return the bytes of a mocked body and their type; text is itself, or a string where the headers say JSON."""
    if body is None:
        return b"", ""
    if isinstance(body, str) and not is_json:
        return body.encode(), "text/plain; charset=utf-8"
    if isinstance(body, Mapping) and set(body) == {"$content-type", "$content"}:
        return base64.b64decode(str(body["$content"])), str(body["$content-type"])
    return json.dumps(body).encode(), "application/json; charset=utf-8"


def _failure(answer: NoResponse, request: httpx.Request) -> httpx.TransportError:
    match answer.failure:
        case "connectionDropped":
            return httpx.RemoteProtocolError("the connection was dropped", request=request)
        case "connectionRefused":
            return httpx.ConnectError("the connection was refused", request=request)
        case "nameNotResolved":
            return httpx.ConnectError("the name was not resolved", request=request)
        case "timeout":
            return httpx.ReadTimeout("no answer came", request=request)


def _readable(content: bytes, content_type: str) -> Any:
    return decoded(content, content_type or "application/json") if content else None
