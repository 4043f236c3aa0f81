"""Identities of resources, and identities as resources."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.identity import Principal
from tests.emulator.arm.clouds import CONFIGURATION, GROUP, WIDGET, Client, Cloud
from tests.emulator.arm.test_requests import error

IDENTITY_API = "2023-01-31"
ASSIGNED = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"


def body(identity: Any = None) -> dict[str, Any]:
    rest = {} if identity is None else {"identity": identity}
    return {"location": "westeurope", "properties": {"colour": "Red"}, **rest}


async def test_system_assigned_identity_is_there_before_the_provider_is_asked(
    cloud: Cloud, arm: Client, group: str
) -> None:
    answer = await arm.put(WIDGET, body({"type": "SystemAssigned"}))
    identity = answer.json()["identity"]
    assert identity == cloud.widgets.put_bodies[0]["identity"]
    assert identity["tenantId"] == CONFIGURATION.tenant_id
    principal = cloud.authorization.directory.find(identity["principalId"])
    assert principal is not None
    assert (principal.kind, principal.name) == ("ServicePrincipal", "anvil")


async def test_principal_stays_over_updates_and_restarts_and_is_new_after_recreation(
    cloud: Cloud, arm: Client, group: str
) -> None:
    first = (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).json()["identity"]
    second = (await arm.put(WIDGET, body(first))).json()["identity"]
    patched = (await arm.patch(WIDGET, {"tags": {"a": "b"}})).json()["identity"]
    assert first == second == patched
    again = await cloud.restarted()
    arm = again.client()
    assert (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).json()["identity"] == first
    await arm.delete(WIDGET)
    assert again.authorization.directory.find(first["principalId"]) is None
    assert (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).json()["identity"] != first
    await again.close()


@pytest.mark.parametrize("identity", [None, {"type": "None"}])
async def test_identity_that_is_taken_away_is_no_principal_any_more(
    cloud: Cloud, arm: Client, group: str, identity: Any
) -> None:
    principal = (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).json()["identity"]["principalId"]
    assert (await arm.put(WIDGET, body(identity))).status_code == 200
    assert cloud.authorization.directory.find(principal) is None


async def test_refused_creation_leaves_no_principal(cloud: Cloud, arm: Client, group: str) -> None:
    made: list[str] = []

    async def refuse(resource: Any) -> None:
        made.append(resource.body["identity"]["principalId"])
        raise RuntimeError

    cloud.widgets.before_put = refuse
    assert (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).status_code == 500
    assert cloud.authorization.directory.find(made[0]) is None


async def test_user_assigned_identity_is_a_resource_with_a_principal(cloud: Cloud, arm: Client, group: str) -> None:
    created = await arm.put(ASSIGNED, {"location": "westeurope"}, IDENTITY_API)
    assert created.status_code == 201
    properties = created.json()["properties"]
    assert properties["tenantId"] == CONFIGURATION.tenant_id
    assert properties["principalId"] != properties["clientId"]
    assert (await arm.put(ASSIGNED, created.json(), IDENTITY_API)).json() == created.json()
    used = await arm.put(WIDGET, body({"type": "UserAssigned", "userAssignedIdentities": {ASSIGNED: {}}}))
    assert used.json()["identity"]["userAssignedIdentities"] == {
        ASSIGNED: {"principalId": properties["principalId"], "clientId": properties["clientId"]}
    }
    await arm.delete(ASSIGNED, IDENTITY_API)
    assert cloud.authorization.directory.find(properties["principalId"]) is None


@pytest.mark.parametrize(
    ("identity", "target", "shown"),
    [
        ("SystemAssigned", "identity.type", "SystemAssigned"),
        ({}, "identity.type", "SystemAssigned"),
        ({"type": "Managed"}, "identity.type", "None, SystemAssigned, UserAssigned"),
        ({"type": "SystemAssigned", "kind": 1}, "identity", "kind"),
        ({"type": "UserAssigned"}, "identity.userAssignedIdentities", "UserAssigned"),
        (
            {"type": "SystemAssigned", "userAssignedIdentities": {ASSIGNED: {}}},
            "identity.userAssignedIdentities",
            "UserAssigned",
        ),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {ASSIGNED: {}}},
            "identity.userAssignedIdentities",
            ASSIGNED,
        ),
        ({"type": "UserAssigned", "userAssignedIdentities": [ASSIGNED]}, "identity.userAssignedIdentities", "object"),
    ],
)
async def test_bad_identity_is_refused_by_what_is_wrong(
    arm: Client, group: str, identity: Any, target: str, shown: str
) -> None:
    answer = await arm.put(WIDGET, body(identity))
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == target
    assert shown in answer.json()["error"]["message"]


async def test_identity_where_the_type_has_none_is_refused(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.put(f"{widget}/parts/bolt", {"identity": {"type": "SystemAssigned"}}))
    assert (status, code) == (400, "InvalidRequestContent")
    assert "identity" in message


async def test_adding_a_principal_that_is_known_changes_nothing(cloud: Cloud, arm: Client, group: str) -> None:
    directory = cloud.authorization.directory
    object_id = (await arm.put(WIDGET, body({"type": "SystemAssigned"}))).json()["identity"]["principalId"]
    before = directory.find(object_id)
    directory.add(Principal(object_id, "User", "somebody else"))
    assert directory.find(object_id) == before
    again = await arm.put(WIDGET, body({"type": "SystemAssigned"}))
    assert again.json()["identity"]["principalId"] == object_id
