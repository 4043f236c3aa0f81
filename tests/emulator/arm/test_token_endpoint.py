"""Tokens of app registrations: Entra ID's client credentials flow."""

from typing import Any

import httpx
import pytest

from emulator.arm.applications import Applications
from emulator.identity import STORAGE_AUDIENCES
from tests.emulator.arm.clouds import Cloud

AUDIENCE = STORAGE_AUDIENCES[0]


async def ask(cloud: Cloud, path: str, **form: str) -> httpx.Response:
    transport = httpx.ASGITransport(cloud.control_plane.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:10460") as client:
        return await client.post(path, data=form)


@pytest.fixture
def form(cloud: Cloud) -> dict[str, str]:
    applications: Applications = cloud.control_plane._applications  # pyright: ignore[reportPrivateUsage]
    made = applications.register("client")
    return {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": made.secret}


def tenant(cloud: Cloud) -> str:
    return cloud.issuer.tenant_id


@pytest.mark.parametrize(
    ("path", "member"),
    [("oauth2/token", {"resource": AUDIENCE}), ("oauth2/v2.0/token", {"scope": AUDIENCE + "/.default"})],
)
async def test_an_application_gets_a_token_of_its_service_principal(
    cloud: Cloud, form: dict[str, str], path: str, member: dict[str, str]
):
    answer = await ask(cloud, f"/{tenant(cloud)}/{path}", **form, **member)
    principal = cloud.issuer.verify(answer.json()["access_token"], [AUDIENCE])
    assert (principal.name, principal.kind) == ("client", "ServicePrincipal")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 700016),
        ({"grant_type": "password"}, 70003),
        ({"resource": ""}, 900144),
    ],
)
async def test_what_is_wrong_is_told_as_entra_id_tells_it(
    cloud: Cloud, form: dict[str, str], changed: dict[str, str], code: int
):
    answer = await ask(cloud, f"/{tenant(cloud)}/oauth2/token", **{**form, "resource": AUDIENCE, **changed})
    body: dict[str, Any] = answer.json()
    assert answer.status_code in (400, 401)
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert form["client_secret"] not in answer.text


async def test_another_tenant_is_not_found(cloud: Cloud, form: dict[str, str]):
    answer = await ask(cloud, "/elsewhere/oauth2/token", **form, resource=AUDIENCE)
    assert answer.json()["error_codes"] == [90002]
