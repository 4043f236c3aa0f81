"""Calls of Http actions and triggers: what is sent, what comes of the answer, and when it is tried again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import httpx

from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.http.authentication import Authenticator
from emulator.logic_apps.http.bodies import decoded, encoded
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.http.retry_policy import RetryPolicy, is_retried, seconds_to_wait
from emulator.logic_apps.runs.failures import CallError
from emulator.logic_apps.runs.tasks import within

_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "host"})
"""Headers that follow from the body and the address, whatever a definition says."""


@dataclass(frozen=True)
class Call:
    """A request as an action describes it, every expression evaluated.

    `asynchronous` follows a 202 with a Location; `chunked` lets content be sent, and more of it received, in parts.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None
    authentication: Mapping[str, Any] | None
    retry: RetryPolicy
    asynchronous: bool = False
    chunked: bool = False


@dataclass(frozen=True)
class Exchange:
    """A request and what came of it: `answered` is the answer as outputs have it, None where none came.

    `headers` are those of the definition, without what authenticates the request.
    """

    began: datetime
    ended: datetime
    method: str
    url: str
    headers: Mapping[str, str]
    answered: dict[str, Any] | None


Observer: TypeAlias = Callable[[Exchange], None]


def unobserved(_: Exchange) -> None:
    """Keep nothing of a request."""


@dataclass(frozen=True)
class Sender:
    """Who makes a call; what was tried before the last try is appended to `attempts`, `observer` is told of each."""

    identities: Identities
    random: random.Random
    attempts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    observer: Observer = unobserved


def prepare(
    inputs: Mapping[str, Any],
    *,
    asynchronous: bool = False,
    chunked: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Call:
    """Return the request that evaluated inputs describe; `headers` are those that the service adds.

    Raises:
        CallError: a member is missing, of a wrong type or too long, or an option is unknown.
    """
    for member in ("queries", "headers", "authentication", "retryPolicy"):
        if not isinstance(inputs.get(member) or {}, dict):
            raise CallError("InvalidHttpInputs", f"{member} has to be an object")
    method, url = inputs.get("method"), inputs.get("uri")
    if not isinstance(method, str) or not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CallError(
            "InvalidHttpInputs", f"method is {method!r}; it has to be a method, and uri an http or https address"
        )
    queries = {str(name): _text(value) for name, value in (inputs.get("queries") or {}).items()}
    if queries:
        url += ("&" if "?" in url else "?") + urlencode(queries, quote_via=quote)
    if len(url) > limits.URL_CHARACTERS:
        raise CallError("InvalidHttpInputs", f"uri has {len(url)} characters; the limit is {limits.URL_CHARACTERS}")
    given = {
        str(name): _text(value)
        for name, value in (inputs.get("headers") or {}).items()
        if str(name).lower() not in _OWN_HEADERS and value is not None
    }
    if inputs.get("cookie"):
        given["Cookie"] = _text(inputs["cookie"])
    body = inputs.get("body")
    content, content_type = encoded(body)
    if content is not None and len(content) > (limits.CHUNKED_BYTES if chunked else limits.CONTENT_BYTES):
        raise CallError(
            "RequestEntityTooLarge", f"body has {len(content)} bytes; the limit is {limits.CONTENT_BYTES} bytes"
        )
    if content is not None and (_made_of_parts(body) or not any(name.lower() == "content-type" for name in given)):
        given = {name: value for name, value in given.items() if name.lower() != "content-type"}
        given["Content-Type"] = content_type
    added = {name: value for name, value in (headers or {}).items() if name not in {each.lower() for each in given}}
    return Call(
        method.upper(),
        url,
        {**added, **given},
        content,
        inputs.get("authentication"),
        RetryPolicy.parse(inputs.get("retryPolicy")),
        asynchronous,
        chunked,
    )


def _made_of_parts(body: Json) -> bool:
    """Tell whether the type of a body's content follows from how it is made: a form, or parts with a boundary."""
    return isinstance(body, dict) and "$content" not in body and ("$multipart" in body or "$formdata" in body)


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@dataclass(frozen=True)
class Response:
    """An answer; `url` is where it came from."""

    status: int
    headers: httpx.Headers
    content: bytes
    url: httpx.URL

    def outputs(self) -> dict[str, Any]:
        """Return the answer as outputs have it: statusCode, headers, and body where there is content."""
        headers: dict[str, str] = {}
        for name, value in self.headers.multi_items():
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        found: dict[str, Any] = {"statusCode": self.status, "headers": headers}
        if self.content:
            found["body"] = decoded(self.content, self.headers.get("content-type", "application/octet-stream"))
        return found


class HttpCalls:
    """Makes calls with retries, on the emulator's clock."""

    def __init__(self, client: httpx.AsyncClient, authenticator: Authenticator, clock: Clock) -> None:
        self._client = client
        self._authenticator = authenticator
        self._clock = clock

    async def send(self, call: Call, sender: Sender) -> Response:
        """Return the answer, of the asynchronous pattern the last one.

        Raises:
            CallError: no answer came, or the call cannot be made.
        """
        response = await self.tried(call, sender)
        while call.asynchronous and response.status == HTTPStatus.ACCEPTED and "location" in response.headers:
            pause = seconds_to_wait(response.headers)
            await self._clock.sleep(limits.ASYNCHRONOUS_POLL_SECONDS if pause is None else pause)
            url = str(response.url.join(response.headers["location"]))
            follow = replace(call, method="GET", url=url, headers={}, content=None, chunked=False)
            response = await self.tried(follow, sender)
        return response

    async def tried(self, call: Call, sender: Sender) -> Response:
        """Return the answer of a call that is tried again as its policy says.

        Raises:
            CallError: no answer came, or the call cannot be made.
        """
        for attempt in range(1, call.retry.count + 2):
            began = self._clock.now().isoformat()
            pause = None
            try:
                response = await self._observed(call, sender)
            except TimeoutError:
                failure = CallError("Timeout", f"No answer came within {limits.HTTP_SECONDS:.0f} seconds.")
            except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
                raise CallError("InvalidHttpInputs", f"The request cannot be made: {type(error).__name__}.") from error
            except httpx.HTTPError as error:
                failure = CallError("ActionRequestFailed", _words(error))
            else:
                if not is_retried(response.status) or attempt > call.retry.count:
                    return response
                pause = seconds_to_wait(response.headers)
                failure = CallError(str(response.status), f"The call was answered with {response.status}.")
            if attempt > call.retry.count:
                raise failure
            sender.attempts.append({"startTime": began, "endTime": self._clock.now().isoformat(), "code": failure.code})
            await self._clock.sleep(pause if pause is not None else call.retry.pause(attempt, sender.random))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _observed(self, call: Call, sender: Sender) -> Response:
        began = self._clock.now()

        def observe(answered: dict[str, Any] | None) -> None:
            sender.observer(Exchange(began, self._clock.now(), call.method, call.url, call.headers, answered))

        try:
            response = await self._once(call, sender.identities)
        except (TimeoutError, httpx.HTTPError):
            observe(None)
            raise
        observe(response.outputs())
        return response

    async def _once(self, call: Call, identities: Identities) -> Response:
        headers = {"User-Agent": "azure-logic-apps/1.0", **call.headers}
        headers |= await self._authenticator.headers(call.authentication, identities)
        if call.content is None and call.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        request = self._client.build_request(call.method, call.url, headers=headers, content=call.content, timeout=None)
        return await within(self._received(request, limits.CONTENT_BYTES), limits.HTTP_SECONDS, self._clock)

    async def _received(self, request: httpx.Request, most: int) -> Response:
        answer = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > most:
                    raise CallError("ResponseTooLarge", f"The answer has more than {most} bytes.")
        finally:
            await answer.aclose()
        return Response(answer.status_code, answer.headers, bytes(content), answer.url)


def _words(error: Exception) -> str:
    """Addresses carry signatures, so the exception's own text is not repeated."""
    return f"The request failed: {type(error).__name__}."
