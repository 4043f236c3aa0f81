"""A portal alone, before services whose answers a test writes down: for what real ones do seldom, or not yet."""

from __future__ import annotations

from typing import Any

import httpx

from emulator.clock import ManualClock
from emulator.identity import TokenIssuer
from emulator.portal.service import Portal
from tests.emulator.portal.pages import WebPage
from tests.emulator.portal.running import CONFIGURATION, SECRETS, Network

Answer = httpx.Response | dict[str, Any] | list[Any]


class ScriptedPortal:
    """`answers` by service and path; what is not there is answered with ARM's 404."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer] = {}
        self.network = Network()
        for service in CONFIGURATION.ports:
            self.network.handlers[service] = lambda request, service=service: self._answer(service, request)
        self._portal = Portal(
            CONFIGURATION,
            TokenIssuer(SECRETS.token_signing_key, CONFIGURATION.tenant_id, ManualClock()),
            ManualClock(),
            self.network,
        )
        self._browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._portal.app, raise_app_exceptions=False), base_url="http://portal.test"
        )

    async def open(self, address: str, **query: str) -> WebPage:
        return WebPage(await self._browser.get(address, params=query or None))

    async def close(self) -> None:
        await self._browser.aclose()
        await self._portal.stop()

    def provide(self, *types: str, api_version: str = "2024-01-01") -> None:
        """Let ARM serve resource types: ``NAMESPACE/TYPE``."""
        self.answers["arm", f"/subscriptions/{CONFIGURATION.subscription_id}/providers"] = {
            "value": [
                {
                    "namespace": type.partition("/")[0],
                    "resourceTypes": [{"resourceType": type.partition("/")[2], "apiVersions": [api_version]}],
                }
                for type in types
            ]
        }

    def _answer(self, service: str, request: httpx.Request) -> httpx.Response:
        answer = self.answers.get((service, request.url.path))
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "It was not found."}})
        return httpx.Response(200, json=answer)
