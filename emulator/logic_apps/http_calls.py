"""Calls of Http actions and triggers: what is sent, what comes of the answer, and when it is tried again."""

from __future__ import annotations

import base64
import binascii
import email.utils
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote, urlencode

import httpx

from emulator.clock import Clock
from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.identities import Identities
from emulator.logic_apps.tasks import within

_RETRIED = frozenset({408, 429})
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding"})
"""Headers that follow from the body, whatever a definition says."""
_MOST_POLLS = 10_000


class TokenSource(Protocol):
    """Gives managed identities their tokens."""

    def token(self, principal_id: str, workflow: str, audience: str) -> str:
        """Return a bearer token for `audience` of an identity that a workflow acts as."""
        ...


class CallError(Exception):
    """A call could not be made, or no answer came."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Call:
    """A request as an action describes it, every expression evaluated."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None
    authentication: Mapping[str, Any] | None
    retry: RetryPolicy
    asynchronous: bool


@dataclass(frozen=True)
class RetryPolicy:
    """How often and after how many seconds a failed call is tried again."""

    kind: str
    count: int
    interval: float
    least: float
    most: float

    @classmethod
    def parse(cls, policy: Mapping[str, Any] | None) -> RetryPolicy:
        """Return the policy that an action's inputs describe; the default is exponential.

        Raises:
            CallError: the type, the count or a duration is not valid.
        """
        policy = policy or {}
        kind = str(policy.get("type", "exponential")).lower()
        if kind not in ("none", "fixed", "exponential"):
            raise CallError("InvalidRetryPolicy", f"retryPolicy.type is {kind!r}; allowed: none, fixed, exponential")
        count = policy.get("count", limits.RETRY_COUNT)
        if not isinstance(count, int) or not 0 <= count <= limits.RETRY_MOST_COUNT:
            raise CallError(
                "InvalidRetryPolicy", f"retryPolicy.count is {count!r}; allowed: up to {limits.RETRY_MOST_COUNT}"
            )
        try:
            interval = duration_seconds(policy["interval"]) if "interval" in policy else limits.RETRY_INTERVAL_SECONDS
            least = (
                duration_seconds(policy["minimumInterval"])
                if "minimumInterval" in policy
                else limits.RETRY_LEAST_SECONDS
            )
            most = (
                duration_seconds(policy["maximumInterval"])
                if "maximumInterval" in policy
                else limits.RETRY_MOST_SECONDS
            )
        except (TypeError, ValueError) as error:
            raise CallError("InvalidRetryPolicy", f"retryPolicy: {error}") from error
        return cls(kind, count if kind != "none" else 0, interval, least, most)

    def pause(self, attempt: int, source: random.Random) -> float:
        """Return the seconds before the try after the `attempt`-th failed one (from 1)."""
        if self.kind == "fixed":
            return self.interval
        low = self.least if attempt == 1 else max(self.least, 2 ** (attempt - 2) * self.interval)
        high = min(self.most, 2 ** (attempt - 1) * self.interval)
        return source.uniform(min(low, high), high)


def prepare(inputs: Mapping[str, Any], *, asynchronous: bool) -> Call:
    """Return the request that evaluated inputs describe; `asynchronous` follows 202 with a Location.

    Raises:
        CallError: method or uri is missing, or an option is unknown.
    """
    for member in ("queries", "headers", "authentication", "retryPolicy"):
        if not isinstance(inputs.get(member) or {}, dict):
            raise CallError("InvalidHttpInputs", f"{member} has to be an object")
    method, url = inputs.get("method"), inputs.get("uri")
    if not isinstance(method, str) or not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CallError(
            "InvalidHttpInputs", f"method is {method!r}; it has to be a method, and uri an http or https address"
        )
    if len(url) > limits.URL_CHARACTERS:
        raise CallError("InvalidHttpInputs", f"uri has {len(url)} characters; the limit is {limits.URL_CHARACTERS}")
    queries = {str(name): _text(value) for name, value in (inputs.get("queries") or {}).items()}
    if queries:
        url += ("&" if "?" in url else "?") + urlencode(queries, quote_via=quote)
    headers = {
        str(name): _text(value)
        for name, value in (inputs.get("headers") or {}).items()
        if str(name).lower() not in _OWN_HEADERS
    }
    if inputs.get("cookie"):
        headers["Cookie"] = _text(inputs["cookie"])
    content, content_type = _content(inputs.get("body"))
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return Call(
        method.upper(),
        url,
        headers,
        content,
        inputs.get("authentication"),
        RetryPolicy.parse(inputs.get("retryPolicy")),
        asynchronous,
    )


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _content(body: Json) -> tuple[bytes | None, str]:
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if isinstance(body, dict) and "$content" in body:
        try:
            content = base64.b64decode(str(body["$content"]), validate=True)
        except binascii.Error as error:
            raise CallError("InvalidHttpInputs", "body.$content is not base64") from error
        return content, str(body.get("$content-type", "application/octet-stream"))
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"


def answer(response: httpx.Response) -> dict[str, Any]:
    """Return an answer as outputs have it: statusCode, headers, body.

    JSON is parsed, text is text, anything else is content with its type; without content there is no body.
    """
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    found: dict[str, Any] = {"statusCode": response.status_code, "headers": headers}
    if response.content:
        found["body"] = parsed_content(
            response.content, response.headers.get("content-type", "application/octet-stream")
        )
    return found


def parsed_content(content: bytes, content_type: str) -> Json:
    """Return content as expressions see it: JSON parsed, text as text, anything else as base64 with its type."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(content.decode("utf-8-sig"))
        except ValueError:
            pass
    elif kind.startswith("text/"):
        return content.decode("utf-8", errors="replace")
    return {"$content-type": content_type, "$content": base64.b64encode(content).decode("ascii")}


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


class HttpCalls:
    """Makes calls with retries, on the emulator's clock."""

    def __init__(self, client: httpx.AsyncClient, tokens: TokenSource, clock: Clock) -> None:
        self._client = client
        self._tokens = tokens
        self._clock = clock

    async def send(
        self,
        call: Call,
        identities: Identities,
        source: random.Random,
        attempts: list[dict[str, Any]],
        observer: Observer = unobserved,
    ) -> dict[str, Any]:
        """Return the answer; tries that failed before it are appended to `attempts`, `observer` is told of each.

        Raises:
            CallError: no answer came, or the call cannot be made.
        """
        response = await self._tried(call, identities, source, attempts, observer)
        polls = 0
        while (
            call.asynchronous and response.status_code == 202 and "location" in response.headers and polls < _MOST_POLLS
        ):
            polls += 1
            await self._clock.sleep(seconds_to_wait(response.headers) or limits.ASYNCHRONOUS_POLL_SECONDS)
            url = str(response.url.join(response.headers["location"]))
            follow = Call("GET", url, {}, None, call.authentication, call.retry, call.asynchronous)
            response = await self._tried(follow, identities, source, attempts, observer)
        return answer(response)

    async def _tried(
        self,
        call: Call,
        identities: Identities,
        source: random.Random,
        attempts: list[dict[str, Any]],
        observer: Observer,
    ) -> httpx.Response:
        for attempt in range(1, call.retry.count + 2):
            began = self._clock.now().isoformat()
            try:
                response = await self._observed(call, identities, observer)
            except TimeoutError as error:
                failure = CallError("Timeout", f"No answer came within {limits.HTTP_SECONDS:.0f} seconds.")
                if attempt > call.retry.count:
                    raise failure from error
                pause, code = None, failure.code
            except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
                raise CallError("InvalidHttpInputs", f"The request cannot be made: {type(error).__name__}.") from error
            except httpx.HTTPError as error:
                failure = CallError("ActionRequestFailed", _words(error))
                if attempt > call.retry.count:
                    raise failure from error
                pause, code = None, failure.code
            else:
                if (response.status_code not in _RETRIED and response.status_code < 500) or attempt > call.retry.count:
                    return response
                pause, code = seconds_to_wait(response.headers), str(response.status_code)
            attempts.append({"startTime": began, "endTime": self._clock.now().isoformat(), "code": code})
            await self._clock.sleep(pause if pause is not None else call.retry.pause(attempt, source))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _observed(self, call: Call, identities: Identities, observer: Observer) -> httpx.Response:
        began = self._clock.now()

        def observe(answered: dict[str, Any] | None) -> None:
            observer(Exchange(began, self._clock.now(), call.method, call.url, call.headers, answered))

        try:
            response = await self._once(call, identities)
        except (TimeoutError, httpx.HTTPError):
            observe(None)
            raise
        observe(answer(response))
        return response

    async def _once(self, call: Call, identities: Identities) -> httpx.Response:
        headers = {"User-Agent": "azure-logic-apps/1.0", **call.headers, **self._authorization(call, identities)}
        if call.content is None and call.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        request = self._client.request(call.method, call.url, headers=headers, content=call.content, timeout=None)
        response = await within(request, limits.HTTP_SECONDS, self._clock)
        if len(response.content) > limits.CONTENT_BYTES:
            raise CallError("ResponseTooLarge", f"The answer has more than {limits.CONTENT_BYTES} bytes.")
        return response

    def _authorization(self, call: Call, identities: Identities) -> dict[str, str]:
        authentication = call.authentication
        if not authentication:
            return {}
        kind = str(authentication.get("type"))
        if kind == "ManagedServiceIdentity":
            try:
                principal_id = identities.principal(authentication.get("identity"))
            except LookupError as error:
                raise CallError("WorkflowManagedIdentityNotSpecified", str(error.args[0])) from error
            audience = str(authentication.get("audience") or "https://management.azure.com/")
            return {"Authorization": f"Bearer {self._tokens.token(principal_id, identities.workflow, audience)}"}
        if kind == "Basic":
            pair = f"{authentication.get('username', '')}:{authentication.get('password', '')}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}
        if kind == "Raw":
            return {"Authorization": str(authentication.get("value", ""))}
        raise CallError(
            "InvalidAuthentication",
            f"authentication.type is {kind!r}, which is not emulated; there are: Basic, ManagedServiceIdentity, Raw",
        )


def _words(error: Exception) -> str:
    """Addresses carry signatures, so the exception's own text is not repeated."""
    return f"The request failed: {type(error).__name__}."


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return what an answer's Retry-After says: seconds, or a date; None where it says nothing that can be read."""
    found = {name.lower(): value for name, value in headers.items()}
    text = found.get("retry-after", "")
    if text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(found["date"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (moment - now).total_seconds())
