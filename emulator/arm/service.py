"""The control plane as a service: HTTP in, ARM's JSON out."""

from __future__ import annotations

import builtins
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, Never

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from emulator.arm.applications import Applications
from emulator.arm.authorization import Authorization
from emulator.arm.caller import caller
from emulator.arm.dispatch import Dispatcher
from emulator.arm.errors import ArmError
from emulator.arm.managed_identity import ResourceIdentities, UserAssignedIdentities
from emulator.arm.metadata import METADATA_API_VERSIONS, cloud_metadata
from emulator.arm.provider import Answer, Resource, ResourceProvider
from emulator.arm.registry import Registry, check_api_version
from emulator.arm.request import ArmRequest
from emulator.arm.resource_groups import ResourceGroups
from emulator.arm.resource_id import ResourceId
from emulator.arm.resources import Resources
from emulator.arm.store import ResourceStore
from emulator.arm.subscription import SubscriptionRequests
from emulator.arm.token_endpoint import TokenEndpoint
from emulator.clock import Clock
from emulator.home import Configuration
from emulator.identity import ARM_AUDIENCES, InvalidTokenError, Principal, TokenIssuer, bearer_token
from emulator.routing import ANY_PATH

MAXIMUM_BODY_BYTES: Final = 4 * 1024 * 1024
"""https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits"""

_METHODS: Final = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")

_log = logging.getLogger(__name__)


class ControlPlane:
    """Azure Resource Manager over the resource types of `providers`; keeps its record in SQLite in `folder`.

    Resource groups and user-assigned identities are its own.
    """

    def __init__(
        self,
        folder: Path,
        configuration: Configuration,
        clock: Clock,
        issuer: TokenIssuer,
        authorization: Authorization,
        providers: Sequence[ResourceProvider],
    ) -> None:
        self._configuration = configuration
        self._issuer = issuer
        self._authorization = authorization
        self._stopped = False
        own = (ResourceGroups(), UserAssignedIdentities(authorization.directory, configuration.tenant_id))
        self._registry = Registry(
            ResourceId.parse(f"/subscriptions/{configuration.subscription_id}"), [*own, *providers]
        )
        self._store = ResourceStore(folder, clock)
        self._dispatcher = Dispatcher(
            self._registry,
            Resources(
                self._registry, self._store, ResourceIdentities(authorization.directory, configuration.tenant_id)
            ),
            SubscriptionRequests(configuration, self._registry, self._store, authorization),
            authorization,
        )
        self._applications = Applications(folder, authorization.directory)
        self._app = Starlette(
            routes=[
                Route("/metadata/endpoints", self._metadata, methods=["GET"]),
                *TokenEndpoint(self._applications, issuer).routes,
                Route(ANY_PATH, self._serve, methods=list(_METHODS)),
            ]
        )

    # Service

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """None: what is the control plane's own it has registered itself."""
        return ()

    @property
    def app(self) -> ASGIApp:
        """ARM's REST API."""
        return self._app

    async def start(self) -> None:
        """Do nothing: there is no work in the background."""

    async def stop(self) -> None:
        """Refuse requests from now on and close the files; every write was durable when it was answered."""
        self._stopped = True
        self._store.close()
        self._applications.close()
        self._authorization.close()

    # Access for other services

    def get(self, id: str) -> Resource | None:
        """Return the resource or group as it was last written, or None when there is none.

        Raises:
            ArmError: 400, `id` is no resource id.
        """
        return self._store.get(ResourceId.parse(id))

    def list(self, type: str) -> builtins.list[Resource]:
        """Return every resource of `type` as it was last written, oldest first.

        Raises:
            ArmError: 404, there is no such type.
        """
        return self._store.of_type(self._registry.get(type)[0].type)

    # HTTP

    async def _metadata(self, request: Request) -> Response:
        async def answer() -> Answer:
            check_api_version(request.url.path, request.query_params.get("api-version"), METADATA_API_VERSIONS)
            return Answer(200, cloud_metadata(self._configuration))

        return await self._respond(request, answer)

    async def _serve(self, request: Request) -> Response:
        async def answer() -> Answer:
            principal = self._authenticated(request)
            caller.set(principal)
            path = "/" + request.path_params["path"].strip("/")
            return await self._dispatcher.answer(
                ArmRequest(
                    request.method,
                    path,
                    self._configuration.url("arm") + path,
                    dict(request.query_params),
                    await _json_body(request),
                    principal,
                )
            )

        return await self._respond(request, answer)

    async def _respond(self, request: Request, answer: Callable[[], Awaitable[Answer]]) -> Response:
        """Return the answer, or what it raised in ARM's form, with the headers that ARM gives to each."""
        correlation = request.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
        headers = {"x-ms-request-id": str(uuid.uuid4()), "x-ms-correlation-request-id": correlation}
        try:
            if self._stopped:
                raise ArmError(503, "ServiceUnavailable", "The emulator is stopping.")
            answered = await answer()
        except ArmError as error:
            if error.status == 401:
                headers["WWW-Authenticate"] = f'Bearer authorization_uri="{self._issuer.issuer}", error="invalid_token"'
            return JSONResponse(error.body(), error.status, headers)
        except Exception:
            _log.exception("%s %s, request %s", request.method, request.url.path, headers["x-ms-request-id"])
            fault = ArmError(
                500,
                "InternalServerError",
                f"The emulator has a defect; its log names the request {headers['x-ms-request-id']}.",
            )
            return JSONResponse(fault.body(), fault.status, headers)
        headers |= answered.headers
        if answered.body is None:
            return Response(status_code=answered.status, headers=headers)
        return JSONResponse(answered.body, answered.status, headers)

    def _authenticated(self, request: Request) -> Principal:
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            raise ArmError(
                401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header has no bearer token."
            )
        try:
            return self._issuer.verify(token, ARM_AUDIENCES)
        except InvalidTokenError as error:
            raise ArmError(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error


async def _json_body(request: Request) -> Any:
    """Return the parsed body, None where there is none."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAXIMUM_BODY_BYTES:
            raise ArmError(
                413, "RequestContentTooLarge", f"The request content has more than {MAXIMUM_BODY_BYTES} bytes."
            )
    if not content:
        return None
    try:
        return json.loads(content, parse_constant=_no_number)
    except RecursionError as error:
        raise ArmError(
            400, "InvalidRequestContent", "The request content was invalid: it nests too deeply to be deserialized."
        ) from error
    except ValueError as error:
        raise ArmError(
            400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: {error}."
        ) from error


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is no JSON number")
