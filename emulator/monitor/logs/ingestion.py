"""The Logs Ingestion API: rows of a stream, in JSON.

Source: "Logs Ingestion API in Azure Monitor" (learn.microsoft.com), its limits among the "Azure Monitor service
limits", and the specification of Microsoft.Insights/Ingestion 2023-01-01. Codes and texts of refusals are those that
the service is reported to answer (azure-sdk-for-net, azure-sdk-for-python).
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from emulator.arm.provider import Authorizer
from emulator.clock import Clock
from emulator.identity import MONITOR_AUDIENCES, InvalidTokenError, Principal, TokenIssuer, bearer_token
from emulator.monitor.logs.answers import LogsError
from emulator.monitor.logs.collection import Found, find_endpoint, find_rule, flows, stream_columns
from emulator.monitor.logs.store import LogStore
from emulator.monitor.rules import Rules

API_VERSION: Final = "2023-01-01"
MOST_BYTES: Final = 1024 * 1024
"""Of a call's body, compressed or not."""
REQUESTS_PER_MINUTE: Final = 12_000
"""Of one data collection rule."""
_WRITE: Final = "Microsoft.Insights/Telemetry/Write"
"""The data action of the role Monitoring Metrics Publisher."""


class Ingestion:
    """Takes rows."""

    def __init__(self, rules: Rules, logs: LogStore, issuer: TokenIssuer, authorizer: Authorizer, clock: Clock) -> None:
        self._rules = rules
        self._logs = logs
        self._issuer = issuer
        self._authorizer = authorizer
        self._clock = clock
        self._calls: dict[str, deque[datetime]] = {}

    async def upload(self, request: Request) -> Response:
        """Answer ``POST /{endpoint}/dataCollectionRules/{rule}/streams/{stream}``: 204 once the rows are stored."""
        try:
            return await self._upload(request)
        except LogsError as error:
            return error.response()

    async def _upload(self, request: Request) -> Response:
        version = request.query_params.get("api-version")
        if version != API_VERSION:
            raise LogsError(400, "InvalidApiVersion", f"api-version is {version!r}; allowed: {API_VERSION}.")
        principal = self._principal(request)
        body = _decoded(await _read(request), request.headers.get("content-encoding"))
        if find_endpoint(self._rules, request.path_params["endpoint"]) is None:
            raise LogsError(404, "NotFound", f"Data collection endpoint '{request.path_params['endpoint']}' not found.")
        immutable_id = request.path_params["rule"]
        rule = find_rule(self._rules, immutable_id)
        if rule is None:
            raise LogsError(404, "NotFound", f"Data collection rule with immutable Id '{immutable_id}' not found.")
        if not self._authorizer.may_data(principal, _WRITE, rule.id):
            raise LogsError(
                403,
                "OperationFailed",
                "The authentication token provided does not have access to ingest data for the data collection rule "
                f"with immutable Id '{immutable_id}'.",
            )
        self._limit(immutable_id)
        self._store(rule, request.path_params["stream"], body)
        return Response(status_code=204)

    def _principal(self, request: Request) -> Principal:
        try:
            return self._issuer.verify(bearer_token(request.headers.get("authorization")) or "", MONITOR_AUDIENCES)
        except InvalidTokenError as error:
            text = f"The authentication token is missing or invalid: {error}."
            raise LogsError(401, "AuthenticationFailed", text, headers={"WWW-Authenticate": "Bearer"}) from error

    def _limit(self, rule: str) -> None:
        now = self._clock.now()
        calls = self._calls.setdefault(rule, deque())
        while calls and now - calls[0] >= timedelta(minutes=1):
            calls.popleft()
        if len(calls) >= REQUESTS_PER_MINUTE:
            wait = 60 - int((now - calls[0]).total_seconds())
            text = f"More than {REQUESTS_PER_MINUTE} requests a minute for a data collection rule."
            raise LogsError(429, "TooManyRequests", text, headers={"Retry-After": str(wait)})
        calls.append(now)

    def _store(self, rule: Found, stream: str, body: bytes) -> None:
        columns = stream_columns(rule.body, stream)
        targets = flows(rule.body, stream)
        if columns is None or not targets:
            known = ", ".join(rule.body["properties"].get("streamDeclarations") or {}) or "none"
            raise LogsError(400, "InvalidStream", f"Invalid stream name: {stream}; the rule has: {known}.")
        rows = _rows(body)
        for flow in targets:
            try:
                self._logs.append(flow.workspace, flow.table, columns, flow.transform, rows)
            except KeyError as error:
                text = f"The table {flow.table}, where rows of {stream} go, was deleted."
                raise LogsError(400, "InvalidOutputTable", text) from error


async def _read(request: Request) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise _too_large(max(len(found), int(request.headers.get("content-length") or 0)))
    return bytes(found)


def _decoded(body: bytes, encoding: str | None) -> bytes:
    if encoding is None or encoding.lower() == "identity":
        return body
    if encoding.lower() != "gzip":
        raise LogsError(415, "UnsupportedMediaType", f"Content-Encoding is '{encoding}'; allowed: gzip.")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacking.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise LogsError(400, "InvalidPayload", f"The body is not gzip: {error}.") from error
    if len(found) > MOST_BYTES:
        raise _too_large(len(found))
    if not unpacking.eof:
        raise LogsError(400, "InvalidPayload", "The body is not gzip: it ends too early.")
    return found


def _too_large(size: int) -> LogsError:
    text = f"Maximum allowed content length: {MOST_BYTES} bytes (1 MB). Provided content length: {size} bytes."
    return LogsError(413, "ContentLengthLimitExceeded", text)


def _rows(body: bytes) -> list[Any]:
    """Return the rows; a single object is taken without a row, as the service does (azure-sdk-for-python#32562)."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise LogsError(400, "InvalidPayload", f"The body is not JSON: {error}.") from error
    if isinstance(found, dict):
        return []
    if not isinstance(found, list):
        raise LogsError(400, "InvalidPayload", "The body has to be a JSON array of objects.")
    for place, row in enumerate(found):
        if not isinstance(row, dict):
            raise LogsError(400, "InvalidPayload", f"Row {place} is no JSON object.")
    return found
