"""ActiveDirectoryOAuth without an authority asks the emulator's own token endpoint, for a registered application."""

from pathlib import Path

import httpx

from emulator.arm.applications import Applications
from emulator.arm.directory import Directory
from emulator.arm.provider import Operation, Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import ManualClock, settle
from emulator.home import Home
from emulator.identity import STORAGE_AUDIENCES, TokenIssuer
from emulator.server import Emulator
from tests.emulator.logic_apps.running import PERSON, SCHEMA, WORKFLOW

AUDIENCE = STORAGE_AUDIENCES[0]


class Network(httpx.AsyncBaseTransport):
    """Carries requests to the control plane, and keeps all others."""

    def __init__(self) -> None:
        self.authority: tuple[int, httpx.ASGITransport] | None = None
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.authority is not None and request.url.port == self.authority[0]:
            return await self.authority[1].handle_async_request(request)
        self.requests.append(request)
        return httpx.Response(200)


async def test_a_registered_application_gets_its_token_at_the_emulator(tmp_path: Path):
    home, network, clock = Home(tmp_path / "home"), Network(), ManualClock()
    emulator = Emulator(home, clock, network)
    configuration, secrets = home.load()
    network.authority = configuration.ports["arm"], httpx.ASGITransport(emulator.services["arm"].app)
    directory = Directory(home.database / "arm")
    applications = Applications(home.database / "arm", directory)
    made = applications.register("client")
    authentication = {
        "type": "ActiveDirectoryOAuth",
        "tenant": configuration.tenant_id,
        "audience": AUDIENCE,
        "clientId": made.client_id,
        "secret": "@parameters('secret')",
    }
    call = {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/", "authentication": authentication}}
    body = {
        "location": "eastus",
        "properties": {
            "definition": {
                "$schema": SCHEMA,
                "parameters": {"secret": {"type": "SecureString"}},
                "triggers": {"manual": {"type": "Request", "kind": "Http"}},
                "actions": {"Call": call},
            },
            "parameters": {"secret": {"value": made.secret}},
        },
    }
    logic_apps = emulator.services["logic-apps"]
    await logic_apps.start()
    provider, resource = logic_apps.providers[0], Resource(ResourceId.parse(WORKFLOW), body)
    await provider.put(resource, None)
    path, url = ("triggers", "manual", "run"), f"{configuration.url('arm')}{WORKFLOW}/triggers/manual/run"
    await provider.operate(Operation("POST", resource, path, {"api-version": "2019-05-01"}, None, PERSON, url))
    await settle()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, clock)
    (request,) = network.requests
    principal = issuer.verify(request.headers["Authorization"].removeprefix("Bearer "), [AUDIENCE])
    assert (principal.object_id, principal.name) == (made.object_id, "client")
    await logic_apps.stop()
    applications.close()
    directory.close()
