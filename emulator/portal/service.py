"""The portal as a service: one route a page, HTML out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from emulator.arm.errors import ArmError
from emulator.arm.provider import ResourceProvider
from emulator.clock import Clock, SystemClock
from emulator.home import Configuration
from emulator.identity import TokenIssuer
from emulator.portal.arm_client import ArmClient
from emulator.portal.blob_client import BlobClient
from emulator.portal.contents import Contents
from emulator.portal.custom_vision_client import CustomVisionClient
from emulator.portal.pages.action import action
from emulator.portal.pages.blobs import blob, blobs, picture
from emulator.portal.pages.model import model
from emulator.portal.pages.overview import overview
from emulator.portal.pages.page import Page, Sources
from emulator.portal.pages.resource import resource
from emulator.portal.pages.run import run
from emulator.portal.pages.runs import runs
from emulator.portal.pages.triggers import triggers
from emulator.portal.presentation import address, moment
from emulator.portal.security_headers import SecurityHeaders

_FOLDER: Final = Path(__file__).parent
_TIMEOUT_SECONDS: Final = 30

Answering = Callable[[Sources, Mapping[str, str]], Awaitable[Page]]

PAGES: Final[Mapping[str, Answering]] = {
    "/": overview,
    "/resource": resource,
    "/runs": runs,
    "/run": run,
    "/action": action,
    "/triggers": triggers,
    "/model": model,
    "/blobs": blobs,
    "/blob": blob,
}
"""The pages by address."""


class Portal:
    """Pages that only read: from Azure Resource Manager as the person who deploys, from data planes by its keys.

    `transport` replaces the network under the portal's client.
    """

    def __init__(
        self,
        configuration: Configuration,
        issuer: TokenIssuer,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            transport=transport, timeout=_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False
        )
        self._sources = Sources(
            configuration,
            ArmClient(configuration, issuer, self._client),
            Contents(configuration.url("logic-apps"), self._client),
            CustomVisionClient(configuration.url("custom-vision"), self._client),
            BlobClient(configuration.url("storage"), self._client),
            clock or SystemClock(),
        )
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["moment"] = moment
        self._templates.filters["address"] = address
        self._app = SecurityHeaders(
            Starlette(
                routes=[
                    *(Route(path, self._endpoint(answering), methods=["GET"]) for path, answering in PAGES.items()),
                    Route("/picture", self._picture, methods=["GET"]),
                    Mount("/static", StaticFiles(directory=_FOLDER / "static")),
                ],
                exception_handlers={
                    ArmError: self._refused,
                    HTTPException: self._not_served,
                    Exception: self._defect,
                },
            )
        )

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """None: the portal has no resources."""
        return ()

    @property
    def app(self) -> ASGIApp:
        """The pages."""
        return self._app

    async def start(self) -> None:
        """Do nothing: there is no work in the background."""

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _endpoint(self, answering: Answering) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            page = await answering(self._sources, request.query_params)
            return self._rendered(page.template, page.status, page.values)

        return endpoint

    async def _picture(self, request: Request) -> Response:
        shown = await picture(self._sources, request.query_params)
        return Response(shown.content, media_type=shown.media_type)

    async def _refused(self, request: Request, error: Exception) -> Response:
        refusal = cast(ArmError, error)
        return self._error_page(refusal.status, refusal.code, refusal.message)

    async def _not_served(self, request: Request, error: Exception) -> Response:
        refusal = cast(HTTPException, error)
        message = f"The portal answers no {request.method} at {request.url.path}; its pages: {', '.join(PAGES)}."
        response = self._error_page(refusal.status_code, HTTPStatus(refusal.status_code).phrase, message)
        response.headers.update(refusal.headers or {})
        return response

    async def _defect(self, request: Request, error: Exception) -> Response:
        message = "The portal has a defect; the emulator's log has the details."
        return self._error_page(500, type(error).__name__, message)

    def _error_page(self, status: int, code: str, message: str) -> HTMLResponse:
        title = HTTPStatus(status).phrase
        return self._rendered("error.html", status, {"title": title, "code": code, "message": message})

    def _rendered(self, template: str, status: int, values: Mapping[str, Any]) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(values), status)
