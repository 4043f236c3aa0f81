"""Logic Apps behind the real control plane, both on real ports, and Microsoft's client of the management API."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.logic import LogicManagementClient
from starlette.types import ASGIApp

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock, settle
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.logic_apps.service import LogicApps
from emulator.resource_manager import deploying_person
from tests.emulator.logic_apps.running import SCHEMA, SECRETS, Counter

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
PERSON = "33333333-3333-4333-8333-333333333333"
GROUP = "rg"
WORKFLOW = "retrain"
LOCATION = "eastus"


class PlainHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets azure-core send its token to this machine, where there is no TLS."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options["enforce_https"] = False


class Credential:
    """Gives the person's token of the emulator's issuer."""

    def __init__(self, issuer: TokenIssuer, configuration: Configuration) -> None:
        self._issuer = issuer
        self._person = deploying_person(configuration)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://management.azure.com/.default",)
        return AccessToken(
            self._issuer.issue(self._person, ARM_AUDIENCES[0], timedelta(days=365)), int(time.time()) + 3600
        )


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Managed:
    """The services, a client that asks them, and a scripted internet for the workflows' calls."""

    def __init__(self, folder: Path) -> None:
        self._listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in ("arm", "logic-apps")}
        ports = dict.fromkeys(SERVICES, 1) | {
            name: listener.getsockname()[1] for name, listener in self._listeners.items()
        }
        self.configuration = Configuration(TENANT, SUBSCRIPTION, PERSON, ports)
        self.clock = ManualClock()
        self.metrics = Counter()
        self.requests: list[httpx.Request] = []
        self.handler: Callable[[httpx.Request], httpx.Response] = lambda request: httpx.Response(200, json={})
        issuer = TokenIssuer(SECRETS.token_signing_key, self.configuration.tenant_id, self.clock)
        authorization = Authorization(folder / "arm", self.configuration, self.clock)
        self.logic_apps = LogicApps(
            folder / "logic_apps",
            self.configuration.url("logic-apps"),
            self.clock,
            issuer,
            self.metrics,
            SECRETS,
            httpx.MockTransport(self._answer),
        )
        self._control_plane = ControlPlane(
            folder / "arm",
            self.configuration,
            self.clock,
            issuer,
            authorization,
            [authorization, *self.logic_apps.providers],
        )
        self._credential = Credential(issuer, self.configuration)
        self.client = LogicManagementClient(
            self._credential,
            self.configuration.subscription_id,
            base_url=self.configuration.url("arm"),
            per_call_policies=[PlainHttp()],
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[Managed]:
        async with contextlib.AsyncExitStack() as stack:
            for name, app in (("arm", self._control_plane.app), ("logic-apps", self.logic_apps.app)):
                await stack.enter_async_context(_serving(app, self._listeners[name]))
            for service in (self._control_plane, self.logic_apps):
                await service.start()
                stack.push_async_callback(service.stop)
            stack.callback(self.client.close)
            path = f"/subscriptions/{self.configuration.subscription_id}/resourcegroups/{GROUP}"
            await self.arm("PUT", path, "2024-03-01", {"location": LOCATION})
            yield self

    async def arm(self, method: str, path: str, version: str, body: Any = None) -> httpx.Response:
        """Ask the control plane itself."""
        token = self._credential.get_token("https://management.azure.com/.default").token
        async with httpx.AsyncClient(base_url=self.configuration.url("arm")) as client:
            return await client.request(
                method, path, params={"api-version": version}, json=body, headers={"Authorization": f"Bearer {token}"}
            )

    async def ask(self, operation: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call an operation of the client for the workflow; it is synchronous, so in a thread.

        The client's annotations name pages where it gives their members, so that they are of no use here.
        """
        return await asyncio.to_thread(operation, GROUP, WORKFLOW, *arguments, **options)

    async def all(self, operation: Callable[..., Any], *arguments: Any, **options: Any) -> list[Any]:
        """Return every member of a list of the workflow, page after page."""
        return await asyncio.to_thread(lambda: list(operation(GROUP, WORKFLOW, *arguments, **options)))

    async def deploy(self, definition: dict[str, Any], **properties: Any) -> Any:
        """Put the workflow."""
        return await self.ask(self.client.workflows.create_or_update, workflow(definition, **properties))

    async def run(self) -> str:
        """Fire the request trigger and let the run go to its end; return its name."""
        await self.ask(self.client.workflow_triggers.run, "manual")
        newest = (await self.all(self.client.workflow_runs.list, top=1))[0]
        for _ in range(1000):
            await settle(5)
            found: Any = await self.ask(self.client.workflow_runs.get, newest.name)
            if found.end_time is not None:
                return found.name
            wake = self.clock.next_wake
            if wake is not None:
                await self.clock.advance_to(wake)
        raise AssertionError("the run does not end")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)


def workflow(definition: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a workflow's body."""
    manual = {"manual": {"type": "Request", "kind": "Http"}}
    return {
        "location": LOCATION,
        "properties": {"definition": {"$schema": SCHEMA, "triggers": manual, **definition}, **properties},
    }


@contextlib.asynccontextmanager
async def _serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.001)
    try:
        yield
    finally:
        server.should_exit = True
        await task
