"""What stands before Azurite: it admits identities by their roles, as Azure does and Azurite does not.

Requests with a shared key or a SAS go through unchanged, and Azurite checks them. A request with a bearer token is
checked here, and goes on with a signature of the emulator's own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Final

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from emulator.arm.provider import Authorizer
from emulator.clock import Clock
from emulator.identity import STORAGE_AUDIENCES, InvalidTokenError, TokenIssuer, bearer_token
from emulator.storage.accounts import Account, Accounts
from emulator.storage.azurite import Azurite
from emulator.storage.errors import BlobError
from emulator.storage.requests import BlobRequest, read_request
from emulator.telemetry import MetricSink

_HOP_BY_HOP: Final = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "trailer"})
_OLDEST_WITH_BEARER: Final = "2017-11-09"
"""Oldest x-ms-version that takes Entra tokens (authorize-with-azure-active-directory, learn.microsoft.com)."""
_BOM: Final = b"\xef\xbb\xbf"


class Gateway:
    """Answers ``/account/container/blob`` with what Azurite has, if the caller may."""

    def __init__(
        self,
        base_url: str,
        azurite: Azurite,
        accounts: Accounts,
        clock: Clock,
        issuer: TokenIssuer,
        authorizer: Authorizer,
        metrics: MetricSink,
    ) -> None:
        self._base_url = base_url
        self._azurite = azurite
        self._accounts = accounts
        self._clock = clock
        self._issuer = issuer
        self._authorizer = authorizer
        self._metrics = metrics
        self._client = httpx.AsyncClient(
            timeout=120, trust_env=False, limits=httpx.Limits(max_connections=100, max_keepalive_connections=100)
        )

    async def close(self) -> None:
        """Close the connections to Azurite."""
        await self._client.aclose()

    async def answer(self, request: Request) -> Response:
        """Answer a request of the blob service."""
        began = time.monotonic()
        account, asked, authentication = None, None, "Anonymous"
        try:
            account, asked = self._read(request)
            authentication = _authentication(request)
            query = self._admit(request, account, asked, authentication)
            response = await self._forward(request, query, lists=asked is not None and asked.api.startswith("List"))
        except BlobError as error:
            response = error.response(self._clock.now())
        if account is not None:
            self._measure(account, asked, authentication, response, time.monotonic() - began)
        return response

    def _read(self, request: Request) -> tuple[Account, BlobRequest | None]:
        raw_path = request.scope["raw_path"].decode("ascii")
        headers = {name.lower(): value for name, value in request.headers.items()}
        name = raw_path.strip("/").partition("/")[0]
        account = self._accounts.get(name)
        if account is None:
            raise BlobError(404, "ResourceNotFound", f"There is no storage account '{name}'.")
        return account, read_request(request.method, raw_path, request.query_params, headers)

    def _admit(self, request: Request, account: Account, asked: BlobRequest | None, authentication: str) -> str:
        """Return the query to go on with; refuse who may not."""
        query = request.scope["query_string"].decode("ascii")
        if authentication == "Anonymous":
            raise BlobError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
        if authentication != "OAuth":
            if not account.allow_shared_key:
                raise BlobError(
                    403,
                    "KeyBasedAuthenticationNotPermitted",
                    "Key based authentication is not permitted on this account.",
                )
            return query
        if asked is None:
            comp, restype = request.query_params.get("comp", ""), request.query_params.get("restype", "")
            raise BlobError(
                501,
                "NotImplemented",
                f"The emulator does not implement {request.method} with comp={comp!r}, restype={restype!r}.",
            )
        self._authorize(request, account, asked)
        own = self._accounts.own_sas(account)
        return f"{query}&{own}" if query else own

    def _authorize(self, request: Request, account: Account, asked: BlobRequest) -> None:
        if request.headers.get("x-ms-version", "") < _OLDEST_WITH_BEARER:
            raise BlobError(
                400,
                "InvalidHeaderValue",
                f"Entra tokens need the header x-ms-version of {_OLDEST_WITH_BEARER} or later.",
            )
        token = bearer_token(request.headers.get("authorization")) or ""
        own = f"{self._base_url}/{account.name}"
        try:
            principal = self._issuer.verify(token, (*STORAGE_AUDIENCES, own, f"{own}/"))
        except InvalidTokenError as error:
            raise BlobError(
                401, "InvalidAuthenticationInfo", f"Server failed to authenticate the request: {error}"
            ) from error
        for permission in asked.permissions:
            scope = account.id
            if permission.container is not None:
                scope += f"/blobServices/default/containers/{permission.container}"
            may = self._authorizer.may_data if permission.data else self._authorizer.may
            if not may(principal, permission.action, scope):
                raise BlobError(
                    403,
                    "AuthorizationPermissionMismatch",
                    "This request is not authorized to perform this operation using this permission.",
                )
        if asked.copies_synchronously and "x-ms-copy-source-authorization" not in request.headers:
            raise BlobError(
                401,
                "CannotVerifyCopySource",
                "A synchronous copy needs an authorization for its source: a SAS, or x-ms-copy-source-authorization.",
            )

    async def _forward(self, request: Request, query: str, *, lists: bool) -> Response:
        if not self._azurite.running:
            raise BlobError(503, "ServerBusy", "The storage accounts are being changed; try again.")
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
            and not (name.lower() == "authorization" and value.lower().startswith("bearer"))
        ]
        url = f"{self._azurite.url}{request.scope['raw_path'].decode('ascii')}{'?' + query if query else ''}"
        sends = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        outgoing = self._client.build_request(
            request.method, url, headers=headers, content=_body(request) if sends else None
        )
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.TransportError as error:
            raise BlobError(503, "ServerBusy", "The blob service did not answer; try again.") from error
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        if lists and answer.status_code == HTTPStatus.OK:
            content = _BOM + (await answer.aread()).removeprefix(_BOM)
            kept.pop("content-length", None)
            kept.pop("content-encoding", None)
            await answer.aclose()
            return Response(content, answer.status_code, kept)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))

    def _measure(
        self, account: Account, asked: BlobRequest | None, authentication: str, response: Response, seconds: float
    ) -> None:
        resource = f"{account.id}/blobServices/default"
        api = asked.api if asked else "Unknown"
        dimensions: Mapping[str, str] = {
            "ApiName": api,
            "Authentication": authentication,
            "ResponseType": _response_type(response),
        }
        self._metrics.record(resource, "Transactions", 1, dimensions)
        self._metrics.record(
            resource, "SuccessE2ELatency", seconds * 1000, {"ApiName": api, "Authentication": authentication}
        )


def _authentication(request: Request) -> str:
    """Return who is asking, in the words of the metric dimension Authentication."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    if scheme == "bearer":
        return "OAuth"
    if scheme in ("sharedkey", "sharedkeylite"):
        return "AccountKey"
    return "SAS" if "sig" in request.query_params else "Anonymous"


def _response_type(response: Response) -> str:
    if response.status_code < 400:
        return "Success"
    named = {403: "AuthorizationError", 401: "AuthenticationError", 503: "ServerBusyError"}
    return named.get(response.status_code, "ClientOtherError" if response.status_code < 500 else "ServerOtherError")


async def _body(request: Request) -> AsyncGenerator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk
