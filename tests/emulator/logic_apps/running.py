"""A Logic Apps service on a manual clock, with scripted answers to its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from emulator.arm.provider import Answer, Operation, Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import ManualClock, settle
from emulator.home import Secrets
from emulator.identity import Principal, TokenIssuer
from emulator.logic_apps.service import LogicApps
from emulator.telemetry import MetricSink

WORKFLOW = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
SECRETS = Secrets("a token signing key for tests alone, long enough", "a state encryption key for tests alone")
SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
AUTHORITY = "http://127.0.0.1:9/authority"
"""Nothing listens there: tests of OAuth name the authority that they have."""
PERSON = Principal("11111111-0000-0000-0000-000000000000", "User", "somebody")
IDENTITY = "22222222-0000-0000-0000-000000000000"

Handler = Callable[[httpx.Request], httpx.Response]


class Counter:
    """Counts metrics."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}

    def record(self, resource_id: str, metric: str, value: float, dimensions: Any = None) -> None:
        self.totals[metric] = self.totals.get(metric, 0) + value


class Service:
    """The service under test, and what a user does with it."""

    def __init__(
        self,
        folder: Path,
        *,
        network: bool = False,
        clock: ManualClock | None = None,
        metrics: MetricSink | None = None,
    ) -> None:
        """Make one over `folder`; with `network` its calls are real. `clock` and `metrics` are shared with others."""
        self.folder = folder
        self._network = network
        self.clock = clock or ManualClock()
        self.issuer = TokenIssuer(SECRETS.token_signing_key, "tenant", self.clock)
        self.metrics = Counter()
        self._sink = metrics or self.metrics
        self.requests: list[httpx.Request] = []
        self.handler: Handler = lambda request: httpx.Response(200, json={})
        self.identity: dict[str, Any] = {
            "type": "SystemAssigned",
            "principalId": IDENTITY,
            "tenantId": "tenant",
        }
        self._open()

    def _open(self) -> None:
        self.logic_apps = LogicApps(
            self.folder,
            "http://127.0.0.1:10463",
            self.clock,
            self.issuer,
            self._sink,
            SECRETS,
            None if self._network else httpx.MockTransport(self._answer),
            authority=AUTHORITY,
        )
        self.provider = self.logic_apps.providers[0]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)

    async def restart(self) -> None:
        """Stop the service where it is, and start it again over the same folder."""
        await self.logic_apps.stop()
        self._open()
        await self.logic_apps.start()

    async def deploy(
        self,
        definition: dict[str, Any],
        access_control: dict[str, Any] | None = None,
        *,
        workflow: str = WORKFLOW,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Put a definition; `parameters` are values."""
        body = {
            "location": "eastus",
            "identity": self.identity,
            "properties": {
                "definition": {
                    "$schema": SCHEMA,
                    "triggers": {"manual": {"type": "Request", "kind": "Http"}},
                    **definition,
                },
                "parameters": {name: {"value": value} for name, value in parameters.items()},
                **({"accessControl": access_control} if access_control is not None else {}),
            },
        }
        return await self.provider.put(Resource(ResourceId.parse(workflow), body), None)

    async def operate(self, method: str, *path: str, body: Any = None, **query: str) -> Answer:
        """Ask for something below the workflow."""
        resource = Resource(ResourceId.parse(WORKFLOW), {"properties": {}})
        url = f"http://127.0.0.1:10460{WORKFLOW}/{'/'.join(path)}"
        query = {"api-version": "2019-05-01", **query}
        return await self.provider.operate(Operation(method, resource, path, query, body, PERSON, url))

    async def following(self, page: dict[str, Any]) -> Any:
        """Return the page that a page's nextLink leads to."""
        link = urlsplit(page["nextLink"])
        path = link.path.removeprefix(f"{WORKFLOW}/").split("/")
        return await self.get(*path, **dict(parse_qsl(link.query)))

    async def get(self, *path: str, **query: str) -> Any:
        """Return the body of a GET below the workflow."""
        return (await self.operate("GET", *path, **query)).body

    async def begin(self, trigger: str = "manual") -> str:
        """Fire a trigger; return the newest run."""
        await self.operate("POST", "triggers", trigger, "run")
        await settle()
        return (await self.get("runs"))["value"][0]["name"]

    async def finish(self, run: str) -> dict[str, Any]:
        """Move the clock until the run is over; return its properties. Where calls are real, the clock stands still."""
        found: dict[str, Any] = {}
        for _ in range(10_000 if self._network else 100_000):
            await settle(5)
            found = (await self.get("runs", run))["properties"]
            if "endTime" in found:
                return found
            wake = self.clock.next_wake
            if wake is None or self._network:
                await asyncio.sleep(0.001)
            else:
                await self.clock.advance_to(wake)
        raise AssertionError(f"the run does not end: {found}")

    async def run(self, actions: dict[str, Any], **rest: Any) -> Run:
        """Deploy actions and run them to the end."""
        parameters = rest.pop("values", {})
        await self.deploy({"actions": actions, **rest}, **parameters)
        return await self.result(await self.begin())

    async def result(self, run: str) -> Run:
        """Wait for a run and read its history."""
        properties = await self.finish(run)
        actions: dict[str, Any] = {}
        page = await self.get("runs", run, "actions", **{"$top": "250"})
        for action in page["value"]:
            actions[action["name"]] = action["properties"]
        return Run(self, run, properties, actions)

    async def callback(self, trigger: str = "manual") -> str:
        """Return the signed address of a trigger."""
        return (await self.operate("POST", "triggers", trigger, "listCallbackUrl")).body["value"]

    async def request(self, url: str, method: str = "POST", **more: Any) -> httpx.Response:
        """Call an address that the service gave out."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.logic_apps.app)) as client:
            return await client.request(method, url, **more)

    async def content(self, link: dict[str, Any]) -> Any:
        """Open a content link."""
        transport = httpx.ASGITransport(self.logic_apps.app)
        async with httpx.AsyncClient(transport=transport) as client:
            response = await client.get(link["uri"])
        response.raise_for_status()
        return response.json()


class Run:
    """A finished run as its history has it."""

    def __init__(self, service: Service, id: str, properties: dict[str, Any], actions: dict[str, Any]) -> None:
        self._service = service
        self.id = id
        self.properties = properties
        self.actions = actions

    @property
    def status(self) -> str:
        return self.properties["status"]

    @property
    def statuses(self) -> dict[str, str]:
        return {name: action["status"] for name, action in self.actions.items()}

    async def outputs(self, action: str) -> Any:
        link = self.actions[action].get("outputsLink")
        return None if link is None else await self._service.content(link)

    async def inputs(self, action: str) -> Any:
        link = self.actions[action].get("inputsLink")
        return None if link is None else await self._service.content(link)
