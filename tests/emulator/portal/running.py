"""A portal before the real control plane, Logic Apps and monitor, all in this process and on one manual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock, settle
from emulator.custom_vision.service import CustomVision
from emulator.home import SERVICES, Configuration, Secrets
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.logic_apps.service import LogicApps
from emulator.loopback import LoopbackOnly
from emulator.monitor.service import Monitor
from emulator.portal.service import Portal
from emulator.resource_manager import deploying_person
from tests.emulator.portal.pages import WebPage

CONFIGURATION = Configuration(
    tenant_id="11111111-1111-4111-8111-111111111111",
    subscription_id="22222222-2222-4222-8222-222222222222",
    person_id="33333333-3333-4333-8333-333333333333",
    ports={name: 20000 + index for index, name in enumerate(SERVICES)},
)
SECRETS = Secrets("a token signing key for tests alone, long enough", "a state encryption key for tests alone")
GROUP = f"/subscriptions/{CONFIGURATION.subscription_id}/resourceGroups/vision"
WORKFLOW = f"{GROUP}/providers/Microsoft.Logic/workflows/retrain"

Handler = Callable[[httpx.Request], httpx.Response]


class Network(httpx.AsyncBaseTransport):
    """Carries requests to the service at their port, or to `handlers` where a test stands in for one.

    A port with neither refuses the connection, as that of a service that is not up. Every other address is "internet".
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.handlers: dict[str, Handler] = {}
        self._apps: dict[str, httpx.ASGITransport] = {}

    def serve(self, service: str, app: ASGIApp) -> None:
        self._apps[service] = httpx.ASGITransport(LoopbackOnly(app))

    def end(self, service: str) -> None:
        del self._apps[service]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        service = next((name for name, port in CONFIGURATION.ports.items() if port == request.url.port), "internet")
        if service in self.handlers:
            return self.handlers[service](request)
        if service not in self._apps:
            raise httpx.ConnectError("connection refused", request=request)
        return await self._apps[service].handle_async_request(request)


class Emulation:
    """The services, a portal, and a person who deploys and runs things and looks at pages."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.network = Network()
        url = CONFIGURATION.url
        self.issuer = TokenIssuer(SECRETS.token_signing_key, CONFIGURATION.tenant_id, self.clock)
        self._authorization = Authorization(folder / "arm", CONFIGURATION, self.clock)
        self.monitor = Monitor(
            folder / "monitor", url("monitor"), self.clock, self.issuer, self._authorization, self.network
        )
        self.custom_vision = CustomVision(
            folder / "custom_vision", url("custom-vision"), self.clock, self.monitor.metrics, transport=self.network
        )
        self.logic_apps = LogicApps(
            folder / "logic_apps",
            url("logic-apps"),
            self.clock,
            self.issuer,
            self.monitor.metrics,
            SECRETS,
            self.network,
        )
        self.control_plane = ControlPlane(
            folder / "arm",
            CONFIGURATION,
            self.clock,
            self.issuer,
            self._authorization,
            [
                self._authorization,
                *self.monitor.providers,
                *self.custom_vision.providers,
                *self.logic_apps.providers,
            ],
        )
        self.portal = Portal(CONFIGURATION, self.issuer, self.clock, self.network)
        self.network.serve("arm", self.control_plane.app)
        self.network.serve("custom-vision", self.custom_vision.app)
        self.network.serve("logic-apps", self.logic_apps.app)
        self._browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(LoopbackOnly(self.portal.app), raise_app_exceptions=False),
            base_url=url("portal"),
        )
        self._client = httpx.AsyncClient(transport=self.network, base_url=url("arm"), timeout=10)
        self._services = (self.control_plane, self.custom_vision, self.logic_apps, self.monitor, self.portal)

    async def start(self) -> None:
        for service in self._services:
            await service.start()

    async def stop(self) -> None:
        for service in reversed(self._services):
            await service.stop()
        await self._browser.aclose()
        await self._client.aclose()

    # The person at the browser

    async def request(self, method: str, address: str, **query: str) -> httpx.Response:
        return await self._browser.request(method, address, params=query or None)

    async def open(self, address: str, **query: str) -> WebPage:
        return WebPage(await self.request("GET", address, **query))

    async def follow(self, page: WebPage, link: str) -> WebPage:
        return await self.open(page.links[link])

    # The person at the command line

    async def arm(self, method: str, path: str, api: str, body: Any = None, **query: str) -> Any:
        token = self.issuer.issue(deploying_person(CONFIGURATION), ARM_AUDIENCES[0])
        answer = await self._client.request(
            method,
            path,
            params={"api-version": api, **query},
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def deploy_group(self) -> None:
        await self.arm("PUT", GROUP, "2024-03-01", {"location": "westeurope"})

    async def deploy(self, actions: dict[str, Any], triggers: dict[str, Any] | None = None) -> None:
        """Deploy a workflow, with a request trigger if no other is given."""
        definition = {
            "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/"
            "workflowdefinition.json#",
            "contentVersion": "1.0.0.0",
            "triggers": triggers or {"manual": {"type": "Request", "kind": "Http"}},
            "actions": actions,
        }
        await self.deploy_group()
        await self.arm(
            "PUT",
            WORKFLOW,
            "2019-05-01",
            {"location": "westeurope", "properties": {"definition": definition}},
        )

    async def begin(self) -> str:
        """Fire the trigger; return the id of the run that it starts."""
        await self.arm("POST", f"{WORKFLOW}/triggers/manual/run", "2019-05-01")
        await settle()
        return (await self.runs())[0]["id"]

    async def runs(self) -> list[dict[str, Any]]:
        return (await self.arm("GET", f"{WORKFLOW}/runs", "2019-05-01"))["value"]

    async def run(self, actions: dict[str, Any]) -> str:
        """Deploy actions and run them to the end; return the run's id."""
        await self.deploy(actions)
        run = await self.begin()
        await self.finish(run)
        return run

    async def finish(self, run: str) -> None:
        for _ in range(1000):
            await settle(5)
            if "endTime" in (await self.arm("GET", run, "2019-05-01"))["properties"]:
                return
            wake = self.clock.next_wake
            if wake is None:
                await asyncio.sleep(0)
            else:
                await self.clock.advance_to(wake)
        raise AssertionError("the run does not end")
