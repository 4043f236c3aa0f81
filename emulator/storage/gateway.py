"""What stands before Azurite: it admits identities by their roles, as Azure does and Azurite does not.

Requests with a shared key or a SAS go through unchanged, and Azurite checks them. A request with a bearer token is
checked here, and goes on with a signature of the emulator's own. Bodies are streamed both ways.

Where the emulator differs from Azure: the scheme is http on loopback whatever `supportsHttpsTrafficOnly` says, though a
SAS for https alone is refused; lists asked for with an account key keep Azurite's markers, because the key signs the
marker; a copy is finished when it is answered (``x-ms-copy-status: success``); versions and soft-deleted blobs are not
kept, and requests for them are refused.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from emulator.clock import Clock
from emulator.storage.accounts import Account, Accounts
from emulator.storage.admission import (
    Admission,
    Admitted,
    Authentication,
    authentication_of,
    cannot_verify_source,
    check_address,
)
from emulator.storage.azurite import Azurite, AzuriteError
from emulator.storage.errors import BlobError
from emulator.storage.paging import clear_marker, opaque_markers, with_bom
from emulator.storage.requests import BlobRequest, CopySource, check_name, read_request
from emulator.storage.signatures import own_sas
from emulator.telemetry import MetricSink

_NOT_FORWARDED: Final = frozenset({
    "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "trailer", "expect",
    "x-ms-copy-source-authorization",
})  # fmt: skip
_NOT_ANSWERED: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "date"})
_OK: Final = 200
_FORBIDDEN: Final = 403
_NOT_AUTHENTICATED: Final = b"Server failed to authenticate the request"
_TIMEOUT_SECONDS: Final = 120
_KEEP_ALIVE_SECONDS: Final = 2
"""Below the 5 s after which Node closes an idle connection, so that none is used while it is being closed."""


@dataclass
class _Exchange:
    """One request and what became of it; `received` and `sent` count the bytes of the bodies."""

    request: Request
    account: Account
    asked: BlobRequest
    authentication: Authentication
    status: int = 0
    received: int = 0
    sent: int = 0

    @property
    def path(self) -> str:
        return self.request.scope["raw_path"].decode("ascii")

    @property
    def query(self) -> str:
        return self.request.scope["query_string"].decode("ascii")


class Gateway:
    """An ASGI application that answers ``/account/container/blob`` with what Azurite has, if the caller may."""

    def __init__(
        self, azurite: Azurite, accounts: Accounts, admission: Admission, clock: Clock, metrics: MetricSink
    ) -> None:
        self._azurite = azurite
        self._accounts = accounts
        self._admission = admission
        self._clock = clock
        self._metrics = metrics
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_connections=100, keepalive_expiry=_KEEP_ALIVE_SECONDS),
        )

    async def close(self) -> None:
        """Close the connections to Azurite."""
        await self._client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of the blob service."""
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii")
        name = path.lstrip("/").partition("/")[0]
        account = self._accounts.get(name)
        if account is None:
            error = BlobError(404, "ResourceNotFound", f"There is no storage account '{name}'.")
            await error.response(self._clock.now())(scope, receive, send)
            return
        asked = read_request(request.method, path, request.query_params, _lower(request))
        exchange = _Exchange(request, account, asked, authentication_of(_lower(request), request.query_params))
        began = time.monotonic()
        try:
            await self._answer(exchange, _counting(exchange, send))
        except ClientDisconnect:
            return
        finally:
            self._measure(exchange, time.monotonic() - began)

    async def _answer(self, exchange: _Exchange, send: Send) -> None:
        request = exchange.request
        try:
            check_name(request.scope["path"])
            if exchange.authentication == "SAS":
                check_address(request.query_params.get("sip"), request.client.host if request.client else "")
            admitted = self._admission.admit(exchange.account, exchange.asked, _lower(request), exchange.authentication)
            async with self._azurite.session() as azurite:
                if admitted.proof is not None:
                    await self._prove(azurite, admitted.proof)
                await self._forward(exchange, admitted, azurite, send)
        except (httpx.TransportError, AzuriteError) as error:
            if exchange.status:
                raise  # The answer has begun; the connection has to break, else it would look complete.
            refusal = BlobError(503, "ServerBusy", f"The blob service did not answer: {error or type(error).__name__}")
            await refusal.response(self._clock.now())(request.scope, request.receive, send)
        except BlobError as error:
            await error.response(self._clock.now())(request.scope, request.receive, send)

    async def _prove(self, azurite: str, source: CopySource) -> None:
        """Ask for a copy's source by its own address alone.

        Raises:
            BlobError: 401 CannotVerifyCopySource.
        """
        account = self._accounts.get(source.account)
        if account is None or not (account.access.allow_shared_key if source.signed else _is_public(account)):
            raise cannot_verify_source()
        query = f"?{source.query}" if source.query else ""
        answer = await self._client.head(f"{azurite}{source.path}{query}")
        if not answer.is_success:
            raise cannot_verify_source()

    async def _forward(self, exchange: _Exchange, admitted: Admitted, azurite: str, send: Send) -> None:
        request, asked = exchange.request, exchange.asked
        rewrites = asked.lists and admitted.authentication != "AccountKey"
        query = clear_marker(exchange.query) if rewrites else exchange.query
        if admitted.authentication == "OAuth":
            query = "&".join(part for part in (query, own_sas(exchange.account)) if part)
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _NOT_FORWARDED
            and not (name.lower() == "authorization" and admitted.authentication == "OAuth")
        ]
        outgoing = self._client.build_request(
            request.method,
            f"{azurite}{exchange.path}{'?' + query if query else ''}",
            headers=headers,
            content=_body(exchange) if _has_body(request) else None,
        )
        answer = await self._client.send(outgoing, stream=True)
        try:
            if answer.status_code == _FORBIDDEN:
                await _translate(answer, admitted)
            if asked.lists and answer.status_code == _OK:
                content = await answer.aread()
                await _send_list(exchange, answer, opaque_markers(content) if rewrites else content, send)
            else:
                await _send_stream(answer, send)
        finally:
            await answer.aclose()

    def _measure(self, exchange: _Exchange, seconds: float) -> None:
        """Count as "Supported metrics for Microsoft.Storage/storageAccounts/blobServices" says."""
        resource = f"{exchange.account.id}/blobServices/default"
        who = {
            "GeoType": "Primary",
            "ApiName": exchange.asked.api,
            "Authentication": exchange.authentication,
        }
        self._metrics.record(resource, "Transactions", 1, {**who, "ResponseType": _response_type(exchange.status)})
        self._metrics.record(resource, "Ingress", exchange.received, who)
        self._metrics.record(resource, "Egress", exchange.sent, who)
        if 0 < exchange.status < 400:
            self._metrics.record(resource, "SuccessE2ELatency", seconds * 1000, who)


async def _body(exchange: _Exchange) -> AsyncGenerator[bytes]:
    async for chunk in exchange.request.stream():
        exchange.received += len(chunk)
        if chunk:
            yield chunk


async def _translate(answer: httpx.Response, admitted: Admitted) -> None:
    """Raise what Azure says where Azurite says AuthorizationFailure."""
    if answer.headers.get("x-ms-error-code") != "AuthorizationFailure":
        return
    if admitted.authentication == "Anonymous":
        raise BlobError(404, "ResourceNotFound", "The specified resource does not exist.")
    if _NOT_AUTHENTICATED in await answer.aread():
        raise BlobError(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature.",
        )


async def _send_stream(answer: httpx.Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status_code, "headers": _kept(answer)})
    # A refusal that was read to be understood cannot be streamed any more.
    async for chunk in _chunks(answer):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _chunks(answer: httpx.Response) -> AsyncGenerator[bytes]:
    if answer.is_stream_consumed:
        yield answer.content
        return
    async for chunk in answer.aiter_raw():
        yield chunk


async def _send_list(exchange: _Exchange, answer: httpx.Response, content: bytes, send: Send) -> None:
    response = Response(with_bom(content), answer.status_code)
    headers = MutableHeaders(raw=_kept(answer))
    for name in ("content-length", "content-encoding"):
        del headers[name]
    response.raw_headers = [*headers.raw, (b"content-length", str(len(response.body)).encode())]
    await response(exchange.request.scope, exchange.request.receive, send)


def _counting(exchange: _Exchange, send: Send) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
        exchange.sent += len(message.get("body", b""))
        await send(message)

    return counted


def _kept(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in answer.headers.raw if name.lower().decode() not in _NOT_ANSWERED]


def _lower(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _is_public(account: Account) -> bool:
    return account.access.allow_blob_public_access


def _response_type(status: int) -> str:
    if not status:
        return "ClientOtherError"  # The client went away.
    if status < 400:
        return "Success"
    named = {401: "AuthenticationError", 403: "AuthorizationError", 409: "ClientOtherError", 503: "ServerBusyError"}
    return named.get(status, "ClientOtherError" if status < 500 else "ServerOtherError")
