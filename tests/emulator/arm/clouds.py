"""A control plane with all its parts, and clients that ask it as one principal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from tests.emulator.arm.contoso import API, Widgets

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
            method, path, params=parameters or None, json=body, headers={"Authorization": f"Bearer {token}"}
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
    def build(cls, folder: Path, clock: ManualClock, role_delay: timedelta = timedelta()) -> Cloud:
        issuer = TokenIssuer("a signing key for tests only, of enough length", CONFIGURATION.tenant_id, clock)
        authorization = Authorization(folder, CONFIGURATION, clock, role_delay)
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
