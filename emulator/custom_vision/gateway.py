"""The data plane's front: finds account and operation, checks key, address and rate, reports errors and metrics."""

from __future__ import annotations

import ipaddress
import logging
import uuid
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.blobs import open_blob
from emulator.custom_vision.call import Call, Download, Query, Reply
from emulator.custom_vision.errors import CustomVisionError, GatewayError, access_denied, token_refused
from emulator.custom_vision.operations import APIS, Api, Operation
from emulator.custom_vision.signed_urls import SEGMENT
from emulator.custom_vision.store.accounts import Account
from emulator.custom_vision.throttle import Throttle
from emulator.identity import bearer_token

_log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1
"""What a throttled client is told to wait, as observed."""


class Gateway:
    """Answers ``/{subdomain}/customvision/v3.3/training/...`` and ``/{subdomain}/customvision/v3.1/prediction/...``."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._throttle = Throttle(backend.clock)
        self._stopped = False
        # Not a route: its patterns know no line break, which a path may hold.
        self.app: ASGIApp = Router(default=self)

    def stop(self) -> None:
        """Refuse whatever comes from now on."""
        self._stopped = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive)
        id = str(uuid.uuid4())
        try:
            response = await self._respond(request, id)
        except ClientDisconnect:
            return
        response.headers.update(
            {
                "apim-request-id": id,
                "Request-Id": id,
                "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
                "X-Content-Type-Options": "nosniff",
            }
        )
        await response(scope, receive, send)

    async def _respond(self, request: Request, id: str) -> Response:
        segments = _segments(request)
        if self._stopped:
            return _gateway_response(GatewayError(503, "The service is stopping."))
        if segments and segments[0] == SEGMENT:
            return open_blob(self._backend, "/".join(segments), request.query_params)
        account = self._backend.accounts.by_subdomain(segments[0]) if segments else None
        if account is None:
            name = segments[0] if segments else ""
            return _gateway_response(GatewayError(404, f"No Custom Vision account answers at the address /{name}/."))
        return await self._answer(request, id, account, segments[1:])

    async def _answer(self, request: Request, id: str, account: Account, segments: Sequence[str]) -> Response:
        began = self._backend.clock.now()
        operation = "Unknown"
        try:
            api, rest = _api(segments)
            self._admit(request, api, account)
            found, path = _operation(api, request.method, rest)
            operation = found.name
            if not self._throttle.admit(account.key, found.rate, self._backend.limits(account).rates):
                self._record(account, operation, "BlockedCalls", 1)
                raise _throttled(api, found, account)
            query = Query(request.query_params)
            query.check_known(operation, found.query)
            response = _response(await found.handler(self._backend, Call(operation, account, path, query, request, id)))
        except GatewayError as error:
            response = _gateway_response(error)
        except CustomVisionError as error:
            response = _json(error.body(), error.status)
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("%s of %s, request %s", operation, account.id, id)
            response = _json({"code": "ErrorUnknown", "message": f"The operation failed; see the log for {id}."}, 500)
        elapsed = self._backend.clock.now() - began
        self._count(account, operation, response.status_code, elapsed.total_seconds() * 1000)
        return response

    def _admit(self, request: Request, api: Api, account: Account) -> None:
        if not _allowed(account, request):
            raise GatewayError(403, "Access denied due to Virtual Network/Firewall rules.")
        key = request.headers.get(api.key_header)
        if key is None and bearer_token(request.headers.get("authorization")) is not None:
            raise token_refused()
        if account.kind != api.account_kind or not account.accepts(key or ""):
            raise access_denied()

    def _count(self, account: Account, operation: str, status: int, milliseconds: float) -> None:
        """Report what Azure Monitor has for accounts: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-cognitiveservices-accounts-metrics"""
        self._record(account, operation, "TotalCalls", 1)
        self._record(account, operation, "SuccessRate", 0 if status >= 500 else 100)
        self._record(account, operation, "Latency", milliseconds)
        if status < 400:
            self._record(account, operation, "SuccessfulCalls", 1)
            return
        self._record(account, operation, "TotalErrors", 1)
        self._record(account, operation, "ServerErrors" if status >= 500 else "ClientErrors", 1)

    def _record(self, account: Account, operation: str, metric: str, value: float) -> None:
        self._backend.metrics.record(account.id, metric, value, {"OperationName": operation})


def _segments(request: Request) -> list[str]:
    # The raw path, as a publish name may hold an encoded slash.
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return [unquote(part) for part in raw.decode("latin-1").split("?", 1)[0].split("/") if part]


def _api(segments: Sequence[str]) -> tuple[Api, Sequence[str]]:
    for api in APIS:
        length = len(api.segments)
        if [part.lower() for part in segments[:length]] == list(api.segments):
            return api, segments[length:]
    known = ", ".join("/".join(api.segments) for api in APIS)
    raise GatewayError(404, f"Resource not found: /{'/'.join(segments[:3])} is not emulated; there are {known}.")


def _operation(api: Api, method: str, segments: Sequence[str]) -> tuple[Operation, dict[str, str]]:
    for operation in api.operations:
        path = operation.match(method, segments)
        if path is not None:
            return operation, path
    raise GatewayError(404, f"Resource not found: {api.name} has no operation {method} /{'/'.join(segments)}.")


def _allowed(account: Account, request: Request) -> bool:
    if account.allowed is None:
        return True
    if request.client is None:
        return False
    client = ipaddress.ip_address(request.client.host)
    return any(client in ipaddress.ip_network(each, strict=False) for each in account.allowed)


def _throttled(api: Api, operation: Operation, account: Account) -> GatewayError:
    tier = f"{account.kind.replace('CustomVision', 'Custom_Vision')} {account.tier}"
    advice = " To increase your rate limit switch to a paid tier." if account.tier == "F0" else ""
    return GatewayError(
        429,
        f"Requests to the {operation.name} Operation under {api.name} have exceeded rate limit of your current {tier} "
        f"pricing tier. Please retry after {RETRY_SECONDS} second.{advice}",
        {"Retry-After": str(RETRY_SECONDS)},
    )


def _response(reply: Reply | Download) -> Response:
    if isinstance(reply, Download):
        return Response(reply.content, media_type="application/octet-stream")
    return Response(status_code=reply.status) if reply.status in (202, 204) else _json(reply.body, reply.status)


def _gateway_response(error: GatewayError) -> Response:
    return _json(error.body(), error.status, error.headers)


def _json(body: object, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body, status, headers, media_type="application/json; charset=utf-8")
