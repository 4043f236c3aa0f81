"""``/emulator/faults`` on Azure Resource Manager's port: turns faults on and off. Azure has nothing like it."""

from __future__ import annotations

import json
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.faults.rule import FaultError, parse
from emulator.faults.switch import FaultSwitch
from emulator.identity import ARM_AUDIENCES, InvalidTokenError, TokenIssuer, bearer_token

PATH: Final = "/emulator/faults"
_MOST_BYTES: Final = 64 * 1024


class FaultEndpoint:
    """ASGI middleware before Azure Resource Manager; only the person `person_id` may call it.

    GET lists the faults that are on, POST turns one on, DELETE one (``/emulator/faults/ID``) or all of them off.
    """

    def __init__(self, app: ASGIApp, switch: FaultSwitch, issuer: TokenIssuer, person_id: str) -> None:
        self._app = app
        self._switch = switch
        self._issuer = issuer
        self._person_id = person_id
        self._own = Starlette(
            routes=[
                Route(PATH, self._all, methods=["GET", "POST", "DELETE"]),
                Route(PATH + "/{id}", self._one, methods=["DELETE"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the call on."""
        path = scope.get("path", "")
        own = scope["type"] == "http" and (path == PATH or path.startswith(PATH + "/"))
        await (self._own if own else self._app)(scope, receive, send)

    async def _all(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if request.method == "GET":
            return JSONResponse({"value": self._switch.to_json()})
        if request.method == "DELETE":
            self._switch.clear()
            return Response(status_code=204)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > _MOST_BYTES:
                return _error(413, "RequestContentTooLarge", f"The fault has more than {_MOST_BYTES} bytes.")
        try:
            rule = parse(json.loads(content))
        except FaultError as error:
            return _error(400, "InvalidFault", str(error))
        except (ValueError, RecursionError) as error:
            return _error(400, "InvalidFault", f"The fault is not JSON: {error}.")
        return JSONResponse({"id": self._switch.add(rule), **rule.to_json(), "met": 0}, 201)

    async def _one(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        id: str = request.path_params["id"]
        if self._switch.remove(id):
            return Response(status_code=204)
        there = ", ".join(each["id"] for each in self._switch.to_json()) or "none"
        return _error(404, "FaultNotFound", f"There is no fault '{id}'; those that are on: {there}.")

    def _refusal(self, request: Request) -> Response | None:
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            return _error(401, "AuthenticationFailed", "The 'Authorization' header has no bearer token.")
        try:
            principal = self._issuer.verify(token, ARM_AUDIENCES)
        except InvalidTokenError as error:
            return _error(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.")
        if principal.object_id != self._person_id:
            return _error(403, "AuthorizationFailed", f"'{principal.name}' may not turn faults on or off.")
        return None


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
