"""Roles as they are enforced on requests."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.clock import ManualClock
from emulator.identity import Principal
from tests.emulator.arm.clouds import GROUP, GROUPS_API, PERSON, ROLES_API, SUBSCRIPTION, Client, Cloud
from tests.emulator.arm.test_requests import error

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OTHER = f"{SUBSCRIPTION}/resourceGroups/rg2"


async def assign(arm: Client, principal: Principal, role: str, scope: str) -> str:
    id = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid5(uuid.NAMESPACE_URL, scope + role)}"
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    answer = await arm.put(
        id, {"properties": {"principalId": principal.object_id, "roleDefinitionId": definition}}, ROLES_API
    )
    assert answer.status_code == 201, answer.text
    return id


async def define(arm: Client, actions: list[str], name: str = "Custom") -> str:
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    answer = await arm.put(
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{id}",
        {"properties": {"roleName": name, "permissions": [{"actions": actions}], "assignableScopes": [SUBSCRIPTION]}},
        ROLES_API,
    )
    assert answer.status_code == 201, answer.text
    return id


@pytest.mark.parametrize(
    ("method", "path", "api", "action"),
    [
        ("GET", "{widget}", None, "Contoso.Test/widgets/read"),
        ("HEAD", "{widget}", None, None),
        ("PUT", "{widget}", None, "Contoso.Test/widgets/write"),
        ("PATCH", "{widget}", None, "Contoso.Test/widgets/write"),
        ("DELETE", "{widget}", None, "Contoso.Test/widgets/delete"),
        ("GET", "{widget}/parts", None, "Contoso.Test/widgets/parts/read"),
        ("POST", "{widget}/paint", None, "Contoso.Test/widgets/paint/action"),
        ("POST", "{widget}/jobs/j/cancel", None, "Contoso.Test/widgets/jobs/cancel/action"),
        ("GET", "{widget}/jobs/j/steps", None, "Contoso.Test/widgets/jobs/steps/read"),
        ("GET", "{widget}/providers/Contoso.Test/metrics", None, "Contoso.Test/metrics/read"),
        ("PUT", GROUP, GROUPS_API, "Microsoft.Resources/subscriptions/resourceGroups/write"),
        ("DELETE", GROUP, GROUPS_API, "Microsoft.Resources/subscriptions/resourceGroups/delete"),
        ("GET", SUBSCRIPTION, GROUPS_API, "Microsoft.Resources/subscriptions/read"),
        ("GET", f"{SUBSCRIPTION}/providers", GROUPS_API, "Microsoft.Resources/subscriptions/providers/read"),
        ("GET", f"{SUBSCRIPTION}/locations", GROUPS_API, "Microsoft.Resources/subscriptions/locations/read"),
        ("POST", f"{SUBSCRIPTION}/providers/Contoso.Test/register", GROUPS_API, "Contoso.Test/register/action"),
    ],
)
async def test_request_needs_the_action_of_its_own_and_no_more(
    cloud: Cloud, arm: Client, widget: str, method: str, path: str, api: str | None, action: str | None
) -> None:
    guest = cloud.guest()
    target = path.format(widget=widget)
    versions = {} if api is None else {"api": api}
    refused = await cloud.client(guest).request(method, target, {}, **versions)
    assert refused.status_code == 403
    if action is None:
        return
    status, code, message = error(refused)
    assert (status, code) == (403, "AuthorizationFailed")
    assert f"'{guest.object_id}'" in message
    assert f"'{action}'" in message
    scope = message.partition(" over scope '")[2].partition("'")[0]
    assert scope
    assert target.startswith(scope)
    await assign(arm, guest, await define(arm, [action]), SUBSCRIPTION)
    assert (await cloud.client(guest).request(method, target, {}, **versions)).status_code != 403


async def test_refused_request_reaches_no_provider(cloud: Cloud, widget: str) -> None:
    before = list(cloud.widgets.calls)
    guest = cloud.client(cloud.guest())
    await guest.delete(widget)
    await guest.post(f"{widget}/paint")
    assert cloud.widgets.calls == before
    assert cloud.widgets.operations == []


async def test_role_at_a_group_reaches_what_is_in_it_and_nothing_else(cloud: Cloud, arm: Client, widget: str) -> None:
    await arm.put(OTHER, {"location": "westeurope"}, GROUPS_API)
    guest = cloud.guest()
    await assign(arm, guest, CONTRIBUTOR, GROUP)
    client = cloud.client(guest)
    assert (await client.get(widget)).status_code == 200
    assert (await client.put(f"{widget}/parts/bolt", {})).status_code == 201
    assert (await client.get(OTHER, GROUPS_API)).status_code == 403
    assert (await client.get(SUBSCRIPTION, GROUPS_API)).status_code == 403


async def test_role_at_a_resource_reaches_its_children_but_not_its_group(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    guest = cloud.guest()
    await assign(arm, guest, READER, widget)
    client = cloud.client(guest)
    assert (await client.get(f"{widget}/parts")).status_code == 200
    assert (await client.get(f"{GROUP}/providers/Contoso.Test/widgets")).status_code == 403
    assert (await client.put(f"{widget}/parts/bolt", {})).status_code == 403


async def test_lists_of_groups_subscriptions_and_resources_show_what_one_may_read(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    await arm.put(OTHER, {"location": "westeurope"}, GROUPS_API)
    guest = cloud.guest()
    client = cloud.client(guest)

    async def values(path: str) -> list[str]:
        answer = await client.get(path, GROUPS_API)
        assert answer.status_code == 200
        return [entry["id"] for entry in answer.json()["value"]]

    paths = ("/subscriptions", f"{SUBSCRIPTION}/resourceGroups", f"{SUBSCRIPTION}/resources")
    assert [await values(path) for path in paths] == [[], [], []]
    await assign(arm, guest, READER, GROUP)
    assert [await values(path) for path in paths] == [[SUBSCRIPTION], [GROUP], [widget]]
    await assign(arm, guest, READER, SUBSCRIPTION)
    assert [await values(path) for path in paths] == [[SUBSCRIPTION], [GROUP, OTHER], [widget]]


async def test_role_ends_with_its_assignment(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    assignment = await assign(arm, guest, READER, GROUP)
    assert (await cloud.client(guest).get(widget)).status_code == 200
    assert (await arm.delete(assignment, ROLES_API)).status_code == 200
    assert (await cloud.client(guest).get(widget)).status_code == 403


async def test_role_ends_with_the_resource_it_was_assigned_at(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    await assign(arm, guest, READER, widget)
    await arm.delete(widget)
    assert cloud.authorization.assignments(guest.object_id) == []


async def test_changing_a_role_changes_what_its_holders_may(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    role = await define(arm, ["Contoso.Test/widgets/read"])
    await assign(arm, guest, role, GROUP)
    assert (await cloud.client(guest).get(widget)).status_code == 200
    answer = await arm.put(
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        {
            "properties": {
                "roleName": "Custom",
                "assignableScopes": [SUBSCRIPTION],
                "permissions": [{"actions": ["*/read"], "notActions": ["Contoso.Test/widgets/read"]}],
            }
        },
        ROLES_API,
    )
    assert answer.status_code == 200
    assert (await cloud.client(guest).get(widget)).status_code == 403


async def test_managed_identity_acts_with_its_roles(cloud: Cloud, arm: Client, group: str) -> None:
    widget = f"{group}/providers/Contoso.Test/widgets/anvil"
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {"colour": "Red"}}
    principal = (await arm.put(widget, body)).json()["identity"]["principalId"]
    identity = Principal(principal, "ServicePrincipal", "anvil")
    assert (await cloud.client(identity).post(f"{widget}/paint")).status_code == 403
    await assign(arm, identity, await define(arm, ["Contoso.Test/widgets/paint/action"]), widget)
    assert (await cloud.client(identity).post(f"{widget}/paint")).status_code == 200
    assert (await cloud.client(identity).get(widget)).status_code == 403


async def test_data_actions_count_apart_and_are_inherited(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    may = cloud.authorization.may_data
    assert not may(PERSON, blobs, widget)
    assert not may(guest, blobs, widget)
    await assign(arm, guest, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", GROUP)
    assert may(guest, blobs, f"{widget}/parts/whatever")
    assert not may(guest, blobs, OTHER)
    assert not cloud.authorization.may(guest, blobs, widget)


async def test_roles_survive_a_restart(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    await assign(arm, guest, await define(arm, ["Contoso.Test/widgets/read"]), GROUP)
    again = await cloud.restarted()
    client = again.client(guest)
    assert (await client.get(widget)).status_code == 200
    assert (await client.delete(widget)).status_code == 403
    assert (await again.client().get(widget)).status_code == 200
    await again.close()


async def test_with_a_delay_an_assignment_counts_later_and_the_persons_own_at_once(tmp_path: Path):
    cloud = Cloud.build(tmp_path, ManualClock(), timedelta(minutes=7))
    try:
        person, guest = cloud.client(), cloud.guest()
        assert (await person.put(GROUP, {"location": "westeurope"}, GROUPS_API)).status_code == 201
        await assign(person, guest, READER, GROUP)
        statuses: list[int] = []
        for seconds in (0, 419, 1):
            await cloud.clock.advance(seconds)
            statuses.append((await cloud.client(guest).get(GROUP, GROUPS_API)).status_code)
        assert statuses == [403, 403, 200]
    finally:
        await cloud.close()
