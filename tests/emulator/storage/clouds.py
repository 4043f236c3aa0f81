"""A storage service on real Azurite and a control plane, served over HTTP by a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from azure.storage.blob import BlobServiceClient
from starlette.types import ASGIApp

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import Clock
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, STORAGE_AUDIENCES, Principal, TokenIssuer
from emulator.loopback import LoopbackOnly
from emulator.storage.service import Storage

API = "2024-01-01"
BLOB_VERSION = "2021-12-02"
CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
WORKFLOW = Principal("44444444-4444-4444-8444-444444444444", "ServicePrincipal", "workflow")

_T = TypeVar("_T")


@dataclass
class Grants:
    """An Authorizer that allows what the test granted, at the scope granted and below."""

    granted: set[tuple[str, str, bool]] = field(default_factory=set[tuple[str, str, bool]])

    def may(self, principal: Principal, action: str, scope: str) -> bool:
        return self._is_granted(principal, action, scope, data=False)

    def may_data(self, principal: Principal, action: str, scope: str) -> bool:
        return self._is_granted(principal, action, scope, data=True)

    def _is_granted(self, principal: Principal, action: str, scope: str, *, data: bool) -> bool:
        return principal == WORKFLOW and any(
            (action, data) == (allowed, kind) and f"{scope}/".startswith(f"{at}/") for allowed, at, kind in self.granted
        )


@dataclass
class Samples:
    """A MetricSink that keeps what it is told."""

    samples: list[tuple[str, str, float, Mapping[str, str]]] = field(
        default_factory=list[tuple[str, str, float, Mapping[str, str]]]
    )

    def record(self, resource_id: str, metric: str, value: float, dimensions: Mapping[str, str] | None = None) -> None:
        self.samples.append((resource_id, metric, value, dimensions or {}))

    def of(self, resource_id: str, metric: str, **dimensions: str) -> list[float]:
        return [
            value
            for resource, name, value, has in self.samples
            if (resource, name) == (resource_id, metric) and dimensions.items() <= has.items()
        ]


class Cloud:
    """Both services over one folder; `running` serves them as long as the context lasts."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in ("arm", "storage")}
        ports = dict.fromkeys(SERVICES, 1) | {
            name: listener.getsockname()[1] for name, listener in self._listeners.items()
        }
        self.configuration = Configuration(
            tenant_id="11111111-1111-4111-8111-111111111111",
            subscription_id="22222222-2222-4222-8222-222222222222",
            person_id="33333333-3333-4333-8333-333333333333",
            ports=ports,
        )
        self.folder = folder
        self.url = self.configuration.url("storage")
        self.group = f"/subscriptions/{self.configuration.subscription_id}/resourceGroups/rg"
        self.grants = Grants()
        self.metrics = Samples()
        self.issuer = TokenIssuer("a signing key for tests only, of enough length", self.configuration.tenant_id, clock)
        authorization = Authorization(folder / "arm", self.configuration, clock)
        self.storage = Storage(folder / "storage", self.url, clock, self.issuer, self.grants, self.metrics)
        self._plane = ControlPlane(
            folder / "arm",
            self.configuration,
            clock,
            self.issuer,
            authorization,
            [authorization, *self.storage.providers],
        )
        self._loop = asyncio.new_event_loop()
        person = Principal(self.configuration.person_id, "User", "me")
        token = self.issuer.issue(person, ARM_AUDIENCES[0], timedelta(days=400))
        self.arm = httpx.Client(
            base_url=self.configuration.url("arm"),
            headers={"Authorization": f"Bearer {token}"},
            params={"api-version": API},
            timeout=30,
        )

    @contextlib.contextmanager
    def running(self) -> Generator[Cloud]:
        started, ended = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(started, ended),))
        thread.start()
        try:
            assert started.wait(60)
            self.arm.put(self.group, json={"location": "westeurope"}, params={"api-version": "2024-03-01"})
            yield self
        finally:
            self._loop.call_soon_threadsafe(ended.set)
            thread.join()
            self._loop.close()
            self.arm.close()

    async def _serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        await self._plane.start()
        await self.storage.start()
        async with contextlib.AsyncExitStack() as stack:
            for name, app in (("arm", self._plane.app), ("storage", self.storage.app)):
                await stack.enter_async_context(_serving(app, self._listeners[name]))
            started.set()
            await ended.wait()
        await self.storage.stop()
        await self._plane.stop()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine where the services run."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def account_id(self, name: str) -> str:
        return f"{self.group}/providers/Microsoft.Storage/storageAccounts/{name}"

    def put_account(self, name: str, **properties: Any) -> str:
        body = {
            "location": "westeurope",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": properties,
        }
        answer = self.arm.put(self.account_id(name), json=body)
        assert answer.is_success, answer.text
        return self.account_id(name)

    def put_container(self, account: str, name: str, **properties: Any) -> str:
        id = f"{self.account_id(account)}/blobServices/default/containers/{name}"
        answer = self.arm.put(id, json={"properties": properties})
        assert answer.is_success, answer.text
        return id

    def key(self, account: str, number: int = 1) -> str:
        keys = self.arm.post(f"{self.account_id(account)}/listKeys").json()["keys"]
        return str(keys[number - 1]["value"])

    def client(self, account: str, credential: Any = None) -> BlobServiceClient:
        return BlobServiceClient(f"{self.url}/{account}", credential=credential or self.key(account), retry_total=0)

    def grant(self, scope: str, *actions: str) -> None:
        """Grant data actions of blobs, or with their full name those of containers."""
        for action in actions:
            full = action if "/" in action and action.startswith("Microsoft.") else f"{BLOBS}/{action}"
            self.grants.granted.add((full, scope, full.startswith(f"{BLOBS}/")))

    def token(self, audience: str = STORAGE_AUDIENCES[0], **lifetime: float) -> str:
        return self.issuer.issue(WORKFLOW, audience, timedelta(**lifetime or {"hours": 1}))

    def identity(self, token: str | None = None) -> httpx.Client:
        """A client that asks the blob service as the workflow's identity."""
        headers = {"Authorization": f"Bearer {token or self.token()}", "x-ms-version": BLOB_VERSION}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)


@contextlib.asynccontextmanager
async def _serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    server = uvicorn.Server(uvicorn.Config(LoopbackOnly(app), log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield
    server.should_exit = True
    await task
