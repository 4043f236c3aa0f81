from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.arm.authorization import Authorization
from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType
from emulator.arm.resource_id import ResourceId
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer

API = "2024-01-01"
GROUPS_API = "2024-03-01"
ROLES_API = "2022-04-01"

CONFIGURATION = Configuration(
    tenant_id="11111111-1111-4111-8111-111111111111",
    subscription_id="22222222-2222-4222-8222-222222222222",
    person_id="33333333-3333-4333-8333-333333333333",
    ports={name: 20000 + index for index, name in enumerate(SERVICES)},
)
SUBSCRIPTION = f"/subscriptions/{CONFIGURATION.subscription_id}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
WIDGET = f"{GROUP}/providers/Contoso.Test/widgets/anvil"
PERSON = Principal(CONFIGURATION.person_id, "User", "emulator user")

WIDGETS = ResourceType(
    type="Contoso.Test/widgets",
    api_versions=(API, "2023-01-01"),
    name=NameRule(re.compile(r"[a-z0-9]{3,12}"), "3 to 12 lower-case letters and digits"),
    location="required",
    immutable=("kind", "properties.size"),
    globally_unique=True,
    name_taken_code="WidgetAlreadyTaken",
    identity=True,
    schema={
        "type": "object",
        "required": ["properties"],
        "additionalProperties": False,
        "properties": {
            "location": {"type": "string"},
            "tags": {"type": "object"},
            "identity": {"type": "object"},
            "kind": {"enum": ["Plain", "Fancy"]},
            "properties": {
                "type": "object",
                "required": ["colour"],
                "additionalProperties": False,
                "properties": {
                    "colour": {"enum": ["Red", "Green"]},
                    "size": {"type": "integer", "minimum": 1},
                    "password": {"type": "string", "pattern": "^[a-z]+$", "writeOnly": True},
                    "rules": {
                        "type": "array",
                        "items": {"anyOf": [{"type": "object", "required": ["name"]}, {"type": "null"}]},
                    },
                    "state": {"readOnly": True},
                },
            },
        },
    },
)
PARTS = ResourceType(
    type="Contoso.Test/widgets/parts",
    api_versions=(API,),
    name=NameRule(re.compile(r"[A-Za-z]+"), "letters"),
    location="none",
    schema={"type": "object"},
)
SETTINGS = ResourceType(
    type="Contoso.Test/widgets/settings",
    api_versions=(API,),
    name=NameRule(re.compile("default"), "default"),
    location="none",
    schema={"type": "object"},
)
NOTES = ResourceType(
    type="Contoso.Test/notes",
    api_versions=(API,),
    name=NameRule(re.compile(r"[a-z]+"), "lower-case letters"),
    location="none",
    schema={"type": "object"},
)
ALERTS = ResourceType(
    type="Contoso.Test/alerts",
    api_versions=(API,),
    name=NameRule(re.compile(r"[a-z]+"), "lower-case letters"),
    location="global",
    schema={"type": "object"},
)


@dataclass
class Widgets:
    """A provider that records what it is asked; `before_put` may wait or refuse, `vanished` has ids that are gone."""

    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    previous: list[Resource | None] = field(default_factory=list[Resource | None])
    put_bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    operations: list[Operation] = field(default_factory=list[Operation])
    vanished: set[str] = field(default_factory=set[str])
    before_put: Callable[[Resource], Any] | None = None

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        return (WIDGETS, PARTS, SETTINGS, NOTES, ALERTS)

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        return {"Contoso.Test/metrics": (API,), "Contoso.Test/locations/deletedWidgets": (API,)}

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        self.calls.append(("put", str(resource.id)))
        self.previous.append(previous)
        self.put_bodies.append(resource.body)
        if self.before_put is not None:
            await self.before_put(resource)
        properties = {name: value for name, value in resource.body.get("properties", {}).items() if name != "password"}
        return {**resource.body, "properties": {**properties, "state": "Ready"}}

    async def read(self, resource: Resource) -> dict[str, Any]:
        if str(resource.id) in self.vanished:
            raise ArmError(404, "Gone", "gone")
        return resource.body

    async def delete(self, resource: Resource) -> None:
        self.calls.append(("delete", str(resource.id)))

    async def operate(self, operation: Operation) -> Answer:
        self.operations.append(operation)
        match operation.method, operation.path:
            case "POST", ("paint",):
                return Answer(200, {"painted": operation.body}, {"Retry-After": "3"})
            case "GET", ("jobs", _) | ("providers", "Contoso.Test", "metrics"):
                return Answer(200, {"of": str(operation.resource.id)})
            case _, ("jobs", _, "cancel") | ("providers", "Contoso.Test", "locations", *_):
                return Answer(202)
            case _:
                raise ArmError(404, "ResourceNotFound", f"{operation.path} is not emulated")

    async def find(self, id: ResourceId) -> Resource | None:
        if id.type == SETTINGS.type and id.name == "default":
            return Resource(id, {"properties": {"mode": "implicit"}})
        return None

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        if filter not in (None, "all"):
            raise ArmError(400, "InvalidFilter", f"{filter} is not emulated")
        if type == SETTINGS.type and not recorded:
            return [Resource(scope.child("settings", "default"), {"properties": {"mode": "implicit"}})]
        return recorded


class Client:
    """Asks the control plane as one principal."""

    def __init__(self, http: httpx.AsyncClient, issuer: TokenIssuer, principal: Principal) -> None:
        self._http = http
        self._issuer = issuer
        self._principal = principal

    async def request(
        self, method: str, path: str, body: Any = None, api: str | None = API, **query: str
    ) -> httpx.Response:
        parameters = {name.replace("dollar_", "$"): value for name, value in query.items()}
        if api is not None:
            parameters["api-version"] = api
        token = self._issuer.issue(self._principal, ARM_AUDIENCES[0], timedelta(days=1))
        return await self._http.request(
            method, path, params=parameters, json=body, headers={"Authorization": f"Bearer {token}"}
        )

    async def get(self, path: str, api: str | None = API, **query: str) -> httpx.Response:
        return await self.request("GET", path, None, api, **query)

    async def put(self, path: str, body: Any, api: str | None = API) -> httpx.Response:
        return await self.request("PUT", path, body, api)

    async def patch(self, path: str, body: Any, api: str | None = API) -> httpx.Response:
        return await self.request("PATCH", path, body, api)

    async def post(self, path: str, body: Any = None, api: str | None = API) -> httpx.Response:
        return await self.request("POST", path, body, api)

    async def delete(self, path: str, api: str | None = API) -> httpx.Response:
        return await self.request("DELETE", path, None, api)


@dataclass
class Cloud:
    """A control plane with its parts, over one folder; `restarted` builds another one over the same folder."""

    folder: Path
    clock: ManualClock
    issuer: TokenIssuer
    widgets: Widgets
    authorization: Authorization
    control_plane: ControlPlane
    http: httpx.AsyncClient

    @classmethod
    def build(cls, folder: Path, clock: ManualClock) -> Cloud:
        issuer = TokenIssuer("a signing key for tests only, of enough length", CONFIGURATION.tenant_id, clock)
        authorization = Authorization(folder, CONFIGURATION, clock)
        widgets = Widgets()
        control_plane = ControlPlane(folder, CONFIGURATION, clock, issuer, authorization, [authorization, widgets])
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(control_plane.app), base_url=CONFIGURATION.url("arm"), timeout=10
        )
        return cls(folder, clock, issuer, widgets, authorization, control_plane, http)

    def client(self, principal: Principal = PERSON) -> Client:
        return Client(self.http, self.issuer, principal)

    def guest(self, name: str = "guest") -> Principal:
        """A person of the directory who has no role yet."""
        digit = "abcdef"[len(name) % 6]
        principal = Principal(f"44444444-4444-4444-8444-44444444444{digit}", "User", name)
        self.authorization.directory.add(principal)
        return principal

    async def restarted(self) -> Cloud:
        await self.close()
        return Cloud.build(self.folder, self.clock)

    async def close(self) -> None:
        await self.http.aclose()
        await self.control_plane.stop()


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncGenerator[Cloud]:
    cloud = Cloud.build(tmp_path / "arm", ManualClock())
    await cloud.control_plane.start()
    yield cloud
    await cloud.close()


@pytest.fixture
def arm(cloud: Cloud) -> Client:
    return cloud.client()


@pytest.fixture
async def group(arm: Client) -> str:
    answer = await arm.put(GROUP, {"location": "westeurope"}, GROUPS_API)
    assert answer.status_code == 201
    return GROUP


@pytest.fixture
async def widget(arm: Client, group: str) -> str:
    answer = await arm.put(WIDGET, {"location": "westeurope", "properties": {"colour": "Red", "size": 2}})
    assert answer.status_code == 201
    return WIDGET
