from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.logic_apps.data_plane.access_control import AccessControl
from tests.emulator.logic_apps.running import Service


def ranges(*texts: str) -> dict[str, Any]:
    return {"allowedCallerIpAddresses": [{"addressRange": text} for text in texts]}


async def call(service: Service, caller: str) -> httpx.Response:
    url = (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body["value"]
    transport = httpx.ASGITransport(service.logic_apps.app, client=(caller, 1234))
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.post(url)


@pytest.mark.parametrize(
    ("control", "caller", "status"),
    [
        (None, "10.1.2.3", 202),
        ({"contents": ranges()}, "10.1.2.3", 202),
        ({"triggers": ranges()}, "127.0.0.1", 403),
        ({"triggers": ranges("10.0.0.0/8")}, "10.1.2.3", 202),
        ({"triggers": ranges("10.0.0.0/8")}, "11.1.2.3", 403),
        ({"triggers": ranges("1.1.1.1/32", "10.1.2.1-10.1.2.3")}, "10.1.2.3", 202),
        ({"triggers": ranges("10.1.2.1-10.1.2.3")}, "10.1.2.4", 403),
        ({"triggers": ranges("::1/128")}, "127.0.0.1", 403),
    ],
)
async def test_a_trigger_takes_calls_from_the_allowed_addresses(
    service: Service, control: dict[str, Any] | None, caller: str, status: int
):
    await service.deploy({"actions": {}}, access_control=control)
    response = await call(service, caller)
    assert response.status_code == status
    assert len((await service.get("runs"))["value"]) == (1 if status == 202 else 0)
    if status == 403:
        assert f"'{caller}' is not in the allowed caller IP address ranges" in response.text


async def test_contents_are_shown_to_the_allowed_addresses(service: Service):
    await service.deploy(
        {"actions": {"A": {"type": "Compose", "inputs": 1, "runAfter": {}}}}, access_control={"contents": ranges()}
    )
    run = await service.begin()
    await service.finish(run)
    action = (await service.get("runs", run, "actions", "A"))["properties"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.logic_apps.app)) as client:
        assert (await client.get(action["outputsLink"]["uri"])).status_code == 403


def test_a_range_that_is_none_is_named():
    with pytest.raises(ArmError, match=r"'10\.0\.0\.0/33' is not valid; allowed: a CIDR block") as raised:
        AccessControl.parse({"triggers": ranges("10.0.0.0/33")})
    assert raised.value.target == "properties.accessControl.triggers.allowedCallerIpAddresses"
