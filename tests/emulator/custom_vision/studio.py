"""A Custom Vision service with its accounts on a control plane, and clients that call it with their keys."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from PIL import Image, ImageDraw

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock
from emulator.custom_vision.limits import TIERS, CallRates, TierLimits
from emulator.custom_vision.service import CustomVision
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from tests.emulator.custom_vision.openapi import OpenApi

CONFIGURATION: Final = Configuration(
    tenant_id="11111111-1111-4111-8111-111111111111",
    subscription_id="22222222-2222-4222-8222-222222222222",
    person_id="33333333-3333-4333-8333-333333333333",
    ports={name: 20000 + index for index, name in enumerate(SERVICES)},
)
BASE: Final = CONFIGURATION.url("custom-vision")
GROUP: Final = f"/subscriptions/{CONFIGURATION.subscription_id}/resourceGroups/rg"
ACCOUNTS: Final = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts"
API: Final = "2025-06-01"
COMPACT: Final = "0732100f-1a38-4e49-a514-c9b44c697ab5"
FOOD: Final = "c151d5b5-dd07-472a-acc8-15d29dea8518"
UNKNOWN: Final = "99999999-9999-4999-8999-999999999999"
UNLIMITED: Final = CallRates(10_000, 10_000, 10_000, 10_000)
GENEROUS: Final = {name: replace(tier, rates=UNLIMITED) for name, tier in TIERS.items()}


class Metrics:
    """Keeps every sample."""

    def __init__(self) -> None:
        self.samples: list[tuple[str, str, float, str | None]] = []

    def record(self, resource_id: str, metric: str, value: float, dimensions: Mapping[str, str] | None = None) -> None:
        self.samples.append((resource_id, metric, value, (dimensions or {}).get("OperationName")))

    def of(self, metric: str, operation: str | None = None) -> list[float]:
        return [
            value for _, name, value, of in self.samples if name == metric and (operation is None or of == operation)
        ]


class Pictures(httpx.AsyncBaseTransport):
    """The web, as far as the service's downloads see it: answers by address."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response | Exception] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.get(str(request.url), httpx.Response(404))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Checked(httpx.AsyncBaseTransport):
    """Calls the data plane and checks every answer against the OpenAPI."""

    def __init__(self, inner: httpx.AsyncBaseTransport, openapi: OpenApi | None) -> None:
        self._inner = inner
        self._openapi = openapi

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        response.request = request
        if self._openapi is not None and "/_blobs/" not in str(request.url):
            self._openapi.check(response)
        return response


class SignedIn(httpx.Auth):
    """A new token for each request: hours may pass on the clock."""

    def __init__(self, issuer: TokenIssuer, person: Principal) -> None:
        self._issuer = issuer
        self._person = person

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {self._issuer.issue(self._person, ARM_AUDIENCES[0])}"
        yield request


@dataclass
class Studio:
    """The service over one folder, with two training and two prediction accounts at the most."""

    folder: Path
    clock: ManualClock
    service: CustomVision
    control_plane: ControlPlane
    arm: httpx.AsyncClient
    metrics: Metrics
    pictures: Pictures
    openapi: OpenApi | None
    keys: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    async def open(
        cls,
        folder: Path,
        clock: ManualClock | None = None,
        tiers: Mapping[str, TierLimits] = GENEROUS,
        openapi: OpenApi | None = None,
        time_scale: float = 0,
    ) -> Studio:
        clock = clock or ManualClock()
        metrics, pictures = Metrics(), Pictures()
        service = CustomVision(folder / "custom_vision", BASE, clock, metrics, tiers, pictures, time_scale)
        issuer = TokenIssuer("a signing key for tests only, of enough length", CONFIGURATION.tenant_id, clock)
        authorization = Authorization(folder / "arm", CONFIGURATION, clock)
        control_plane = ControlPlane(
            folder / "arm", CONFIGURATION, clock, issuer, authorization, [authorization, *service.providers]
        )
        person = Principal(CONFIGURATION.person_id, "User", "emulator user")
        arm = httpx.AsyncClient(
            transport=httpx.ASGITransport(control_plane.app),
            base_url=CONFIGURATION.url("arm"),
            auth=SignedIn(issuer, person),
            params={"api-version": API},
        )
        await control_plane.start()
        await service.start()
        return cls(folder, clock, service, control_plane, arm, metrics, pictures, openapi)

    async def close(self) -> None:
        await self.arm.aclose()
        await self.service.stop()
        await self.control_plane.stop()

    async def put_account(self, name: str, kind: str, sku: str = "S0", **properties: Any) -> httpx.Response:
        await self.arm.put(GROUP, json={"location": "westeurope"}, params={"api-version": "2024-03-01"})
        body = {
            "location": "westeurope",
            "kind": f"CustomVision.{kind}",
            "sku": {"name": sku},
            "properties": {"customSubDomainName": name, **properties},
        }
        return await self.arm.put(f"{ACCOUNTS}/{name}", json=body)

    async def account(self, name: str, kind: str, sku: str = "S0") -> None:
        answer = await self.put_account(name, kind, sku)
        assert answer.status_code in (200, 201), answer.text
        keys = await self.arm.post(f"{ACCOUNTS}/{name}/listKeys")
        self.keys[name] = keys.json()["key1"]

    def training(self, account: str = "train", key: str | None = None) -> httpx.AsyncClient:
        return self._client(f"{account}/customvision/v3.3/training/", "Training-Key", key or self.keys[account])

    def prediction(self, account: str = "predict", key: str | None = None) -> httpx.AsyncClient:
        return self._client(f"{account}/customvision/v3.1/prediction/", "Prediction-Key", key or self.keys[account])

    def web(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.service.app))

    def _client(self, path: str, header: str, key: str) -> httpx.AsyncClient:
        transport = Checked(httpx.ASGITransport(self.service.app, raise_app_exceptions=False), self.openapi)
        return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/{path}", headers={header: key}, timeout=60)


async def project(training: httpx.AsyncClient, **query: str) -> str:
    """Make a project and return its path below the API."""
    answer = await training.post("projects", params={"name": "flowers", **query})
    assert answer.status_code == 200, answer.text
    return f"projects/{answer.json()['id']}"


async def tag(training: httpx.AsyncClient, path: str, name: str, **query: str) -> str:
    answer = await training.post(f"{path}/tags", params={"name": name, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


async def upload(
    training: httpx.AsyncClient, path: str, images: Sequence[bytes], tags: Sequence[str] = ()
) -> httpx.Response:
    body = {
        "images": [{"name": f"{n}.png", "contents": base64.b64encode(data).decode()} for n, data in enumerate(images)],
        "tagIds": list(tags),
    }
    return await training.post(f"{path}/images/files", json=body)


async def trained(training: httpx.AsyncClient, path: str, iteration: str) -> dict[str, Any]:
    """Wait for the worker process, whose end no clock of ours decides."""
    async with asyncio.timeout(120):
        while True:
            body = (await training.get(f"{path}/iterations/{iteration}")).json()
            if body["status"] != "Training":
                return body
            await asyncio.sleep(0.05)


def png(seed: int, colour: str = "red", side: int = 32, **saving: Any) -> bytes:
    """A small picture that no other seed has: a disc of one colour on noise."""
    noise = np.random.default_rng(seed).integers(0, 96, (side, side, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    ImageDraw.Draw(image).ellipse((side // 4, side // 4, side - side // 4, side - side // 4), fill=colour)
    return encoded(image, **saving)


def encoded(image: Image.Image, format: str = "PNG", **saving: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **saving)
    return content.getvalue()
