"""Role assignments and role definitions as resources."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.arm.roles import OWNER
from tests.emulator.arm.clouds import CONFIGURATION, GROUP, GROUPS_API, PERSON, ROLES_API, SUBSCRIPTION, Client, Cloud
from tests.emulator.arm.test_access import CONTRIBUTOR, READER, assign, define
from tests.emulator.arm.test_requests import error

ASSIGNMENTS = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
NAME = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_NAME = "aaaaaaaa-0000-4000-8000-000000000002"


def assignment(cloud: Cloud, role: str = READER, **properties: Any) -> dict[str, Any]:
    return {
        "properties": {
            "principalId": cloud.guest().object_id,
            "roleDefinitionId": f"{DEFINITIONS}/{role}",
            **properties,
        }
    }


def definition(**properties: Any) -> dict[str, Any]:
    return {
        "properties": {
            "roleName": "Widget painter",
            "type": "CustomRole",
            "permissions": [{"actions": ["Contoso.Test/widgets/paint/action"], "notActions": []}],
            "assignableScopes": [GROUP],
            **properties,
        }
    }


async def test_assignment_answers_what_azure_answers(cloud: Cloud, arm: Client, group: str) -> None:
    body = assignment(cloud, principalType="User", description="why")
    answer = await arm.put(f"{ASSIGNMENTS}/{NAME}", body, ROLES_API)
    assert answer.status_code == 201
    assert answer.json()["id"] == f"{ASSIGNMENTS}/{NAME}"
    now = cloud.clock.now().isoformat()
    assert answer.json()["properties"] == {
        "principalId": cloud.guest().object_id,
        "principalType": "User",
        "roleDefinitionId": f"{DEFINITIONS}/{READER}",
        "scope": GROUP,
        "description": "why",
        "createdBy": PERSON.object_id,
        "createdOn": now,
        "updatedBy": PERSON.object_id,
        "updatedOn": now,
    }
    assert (await arm.get(f"{ASSIGNMENTS}/{NAME}", ROLES_API)).json() == answer.json()


async def test_same_assignment_again_changes_nothing_but_description_and_history(
    cloud: Cloud, arm: Client, group: str
) -> None:
    first = (await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud), ROLES_API)).json()
    await cloud.clock.advance(60)
    second = await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, description="new"), ROLES_API)
    assert second.status_code == 200
    assert second.json()["properties"]["description"] == "new"
    assert second.json()["properties"]["createdOn"] == first["properties"]["createdOn"]
    assert second.json()["properties"]["updatedOn"] > first["properties"]["updatedOn"]


async def test_assignment_without_a_type_gets_the_principals(cloud: Cloud, arm: Client, group: str) -> None:
    answer = await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud), ROLES_API)
    assert answer.json()["properties"]["principalType"] == "User"


async def test_second_assignment_of_the_same_is_a_conflict_that_names_the_first(
    cloud: Cloud, arm: Client, group: str
) -> None:
    await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud), ROLES_API)
    status, code, message = error(await arm.put(f"{ASSIGNMENTS}/{OTHER_NAME}", assignment(cloud), ROLES_API))
    assert (status, code) == (409, "RoleAssignmentExists")
    assert NAME in message


async def test_assignment_cannot_become_one_of_another_role(cloud: Cloud, arm: Client, group: str) -> None:
    await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud), ROLES_API)
    answer = await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, CONTRIBUTOR), ROLES_API)
    assert error(answer)[:2] == (400, "RoleAssignmentUpdateNotPermitted")


@pytest.mark.parametrize(
    ("properties", "status", "code", "target"),
    [
        ({"principalId": "99999999-9999-4999-8999-999999999999"}, 400, "PrincipalNotFound", "properties.principalId"),
        ({"principalId": "somebody"}, 400, "InvalidRequestContent", "properties.principalId"),
        ({"principalType": "ServicePrincipal"}, 400, "UnmatchedPrincipalType", "properties.principalType"),
        ({"principalType": "Robot"}, 400, "InvalidRequestContent", "properties.principalType"),
        (
            {"roleDefinitionId": f"{DEFINITIONS}/{NAME}"},
            404,
            "RoleDefinitionDoesNotExist",
            "properties.roleDefinitionId",
        ),
        ({"roleDefinitionId": GROUP}, 404, "RoleDefinitionDoesNotExist", "properties.roleDefinitionId"),
        ({"roleDefinitionId": READER}, 400, "InvalidResourceId", None),
        (
            {"condition": "@Resource[x] StringEquals 'y'"},
            400,
            "RoleAssignmentConditionNotSupported",
            "properties.condition",
        ),
        ({"conditionVersion": "2.0"}, 400, "RoleAssignmentConditionNotSupported", "properties.conditionVersion"),
        ({"delegatedManagedIdentityResourceId": "x"}, 400, "InvalidRequestContent", "properties"),
    ],
)
async def test_bad_assignment_is_refused_by_what_is_wrong(
    cloud: Cloud, arm: Client, group: str, properties: dict[str, Any], status: int, code: str, target: str | None
) -> None:
    answer = await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, **properties), ROLES_API)
    assert error(answer)[:2] == (status, code)
    assert answer.json()["error"].get("target") == target
    assert cloud.authorization.assignments(cloud.guest().object_id) == []


async def test_name_that_is_no_guid_is_refused(cloud: Cloud, arm: Client, group: str) -> None:
    for path in (f"{ASSIGNMENTS}/mine", f"{DEFINITIONS}/mine"):
        assert error(await arm.put(path, assignment(cloud), ROLES_API))[:2] == (400, "InvalidResourceName")


async def test_assignment_at_a_missing_scope_is_refused(cloud: Cloud, arm: Client, group: str) -> None:
    scope = f"{GROUP}/providers/Contoso.Test/widgets/none"
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{NAME}"
    assert error(await arm.put(path, assignment(cloud), ROLES_API))[:2] == (404, "ParentResourceNotFound")


async def test_lists_reach_above_and_below_and_filters_narrow_them(cloud: Cloud, arm: Client, widget: str) -> None:
    guest = cloud.guest()
    above = await assign(arm, guest, READER, SUBSCRIPTION)
    at = await assign(arm, guest, READER, GROUP)
    below = await assign(arm, guest, READER, widget)

    async def listed(**query: str) -> set[str]:
        answer = await arm.get(ASSIGNMENTS, ROLES_API, **query)
        assert answer.status_code == 200
        return {
            entry["id"] for entry in answer.json()["value"] if entry["properties"]["principalId"] == guest.object_id
        }

    assert await listed() == {above, at, below}
    assert await listed(dollar_filter="atScope()") == {above, at}
    assert await listed(dollar_filter=f"principalId eq '{guest.object_id}'") == {above, at, below}
    assert await listed(dollar_filter=f"assignedTo('{PERSON.object_id}')") == set()
    status, code, message = error(await arm.get(ASSIGNMENTS, ROLES_API, dollar_filter="x eq 'y'"))
    assert (status, code) == (400, "InvalidFilter")
    assert "atScope()" in message


async def test_person_is_owner_of_the_subscription_by_an_assignment_one_can_see(cloud: Cloud, arm: Client) -> None:
    path = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments"
    (own,) = (await arm.get(path, ROLES_API)).json()["value"]
    assert own["properties"]["principalId"] == PERSON.object_id
    assert own["properties"]["roleDefinitionId"].endswith(OWNER)
    assert (await arm.get(own["id"], ROLES_API)).json() == own
    assert error(await arm.delete(own["id"], ROLES_API))[:2] == (409, "LastOwnerRoleAssignment")
    await assign(arm, cloud.guest(), OWNER, SUBSCRIPTION)
    assert (await arm.delete(own["id"], ROLES_API)).status_code == 200
    assert (await arm.get(SUBSCRIPTION, GROUPS_API)).status_code == 403
    again = await cloud.restarted()
    assert (await again.client().get(SUBSCRIPTION, GROUPS_API)).status_code == 403
    await again.close()


async def test_custom_role_is_kept_once_for_the_subscription_whatever_scope_it_is_addressed_at(
    arm: Client, group: str
) -> None:
    at_group = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{NAME}"
    created = await arm.put(at_group, definition(), ROLES_API)
    assert (created.status_code, created.json()["id"]) == (201, f"{DEFINITIONS}/{NAME}")
    assert (await arm.put(f"{DEFINITIONS}/{NAME}", definition(), "2022-05-01-preview")).status_code == 200
    tenant = f"/providers/Microsoft.Authorization/roleDefinitions/{NAME}"
    assert (await arm.get(tenant, ROLES_API)).json()["id"] == f"{DEFINITIONS}/{NAME}"
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 200
    assert (await arm.get(f"{DEFINITIONS}/{NAME}", ROLES_API)).status_code == 200


async def test_custom_role_answers_what_it_was_given(arm: Client, group: str) -> None:
    answer = await arm.put(f"{DEFINITIONS}/{NAME}", definition(description="paints"), ROLES_API)
    properties = answer.json()["properties"]
    assert properties["roleName"] == "Widget painter"
    assert properties["type"] == "CustomRole"
    assert properties["description"] == "paints"
    assert properties["assignableScopes"] == [GROUP]
    assert properties["permissions"] == [
        {"actions": ["Contoso.Test/widgets/paint/action"], "notActions": [], "dataActions": [], "notDataActions": []}
    ]
    assert (await arm.put(f"{DEFINITIONS}/{NAME}", answer.json(), ROLES_API)).status_code == 200


@pytest.mark.parametrize(
    ("properties", "code", "shown"),
    [
        ({"roleName": ""}, "InvalidRequestContent", "properties.roleName"),
        ({"type": "BuiltInRole"}, "InvalidRequestContent", "'CustomRole'"),
        ({"permissions": []}, "InvalidRequestContent", "properties.permissions"),
        ({"permissions": [{"actions": ["paint"]}]}, "InvalidRequestContent", "properties.permissions[0].actions[0]"),
        ({"permissions": [{"condition": "x"}]}, "InvalidRequestContent", "condition"),
        ({"assignableScopes": []}, "InvalidRequestContent", "properties.assignableScopes"),
        ({"assignableScopes": ["/"]}, "InvalidAssignableScope", "'/'"),
        ({"assignableScopes": ["/subscriptions/other"]}, "InvalidAssignableScope", "/subscriptions/other"),
        (
            {"assignableScopes": [f"{GROUP}/providers/Contoso.Test/widgets/anvil"]},
            "InvalidAssignableScope",
            "widgets/anvil",
        ),
        ({"roleName": "contributor"}, "RoleDefinitionWithSameNameExists", CONTRIBUTOR),
    ],
)
async def test_bad_role_is_refused_by_what_is_wrong(
    arm: Client, group: str, properties: dict[str, Any], code: str, shown: str
) -> None:
    status, found, message = error(await arm.put(f"{DEFINITIONS}/{NAME}", definition(**properties), ROLES_API))
    assert (status, found) == (409 if code == "RoleDefinitionWithSameNameExists" else 400, code)
    assert shown in message
    assert (await arm.get(f"{DEFINITIONS}/{NAME}", ROLES_API)).status_code == 404


async def test_role_is_assigned_only_within_its_assignable_scopes(cloud: Cloud, arm: Client, group: str) -> None:
    await arm.put(f"{DEFINITIONS}/{NAME}", definition(), ROLES_API)
    outside = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{NAME}"
    status, code, message = error(await arm.put(outside, assignment(cloud, NAME), ROLES_API))
    assert (status, code) == (400, "RoleAssignmentScopeNotAssignableToRoleDefinition")
    assert GROUP in message
    assert (await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, NAME), ROLES_API)).status_code == 201


async def test_assigned_role_cannot_be_deleted(cloud: Cloud, arm: Client, group: str) -> None:
    await arm.put(f"{DEFINITIONS}/{NAME}", definition(), ROLES_API)
    await arm.put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, NAME), ROLES_API)
    status, code, message = error(await arm.delete(f"{DEFINITIONS}/{NAME}", ROLES_API))
    assert (status, code) == (409, "RoleDefinitionHasAssignments")
    assert f"{ASSIGNMENTS}/{NAME}" in message
    await arm.delete(f"{ASSIGNMENTS}/{NAME}", ROLES_API)
    assert (await arm.delete(f"{DEFINITIONS}/{NAME}", ROLES_API)).status_code == 200
    assert (await arm.delete(f"{DEFINITIONS}/{NAME}", ROLES_API)).status_code == 204


async def test_built_in_role_is_read_listed_and_cannot_be_touched(arm: Client, group: str) -> None:
    reader = (await arm.get(f"{DEFINITIONS}/{READER}", ROLES_API)).json()
    assert reader["properties"]["roleName"] == "Reader"
    assert reader["properties"]["type"] == "BuiltInRole"
    for answer in (
        await arm.put(f"{DEFINITIONS}/{READER}", definition(), ROLES_API),
        await arm.delete(f"{DEFINITIONS}/{READER}", ROLES_API),
    ):
        assert error(answer)[:2] == (403, "RoleDefinitionIsBuiltIn")


async def test_roles_are_listed_where_they_can_be_assigned(arm: Client, group: str) -> None:
    await arm.put(f"{DEFINITIONS}/{NAME}", definition(), ROLES_API)
    group_path = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions"

    async def listed(path: str, **query: str) -> list[str]:
        return [entry["properties"]["roleName"] for entry in (await arm.get(path, ROLES_API, **query)).json()["value"]]

    assert {"Widget painter", "Reader"} <= set(await listed(group_path))
    assert "Widget painter" not in await listed(DEFINITIONS)
    assert await listed(group_path, dollar_filter="roleName eq 'Reader'") == ["Reader"]
    assert await listed(group_path, dollar_filter="type eq 'CustomRole'") == ["Widget painter"]
    assert error(await arm.get(group_path, ROLES_API, dollar_filter="x"))[:2] == (400, "InvalidFilter")


async def test_role_is_written_only_with_the_right_at_all_its_assignable_scopes(
    cloud: Cloud, arm: Client, group: str
) -> None:
    guest = cloud.guest()
    everywhere = ["Microsoft.Authorization/roleDefinitions/*"]
    await assign(arm, guest, await define(arm, everywhere, "Role writer"), GROUP)
    client = cloud.client(guest)
    at_group = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{NAME}"
    assert error(await client.put(at_group, definition(assignableScopes=[SUBSCRIPTION]), ROLES_API))[0] == 403
    assert (await client.put(at_group, definition(), ROLES_API)).status_code == 201
    await arm.put(f"{DEFINITIONS}/{NAME}", definition(assignableScopes=[SUBSCRIPTION]), ROLES_API)
    assert error(await client.put(at_group, definition(), ROLES_API))[0] == 403
    assert error(await client.delete(at_group, ROLES_API))[0] == 403


async def test_who_may_not_assign_roles_cannot_give_himself_one(cloud: Cloud, arm: Client, group: str) -> None:
    guest = cloud.guest()
    await assign(arm, guest, CONTRIBUTOR, GROUP)
    answer = await cloud.client(guest).put(f"{ASSIGNMENTS}/{NAME}", assignment(cloud, OWNER), ROLES_API)
    assert error(answer)[:2] == (403, "AuthorizationFailed")


async def test_tenant_is_named_when_a_principal_is_unknown(cloud: Cloud, arm: Client, group: str) -> None:
    body = assignment(cloud, principalId="99999999-9999-4999-8999-999999999999")
    assert CONFIGURATION.tenant_id in error(await arm.put(f"{ASSIGNMENTS}/{NAME}", body, ROLES_API))[2]


async def test_the_permissions_of_who_asks_are_those_of_its_roles_at_the_scope(cloud: Cloud):
    path = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions"
    owned = (await cloud.client().get(path, ROLES_API)).json()["value"]
    assert owned == [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]
    assert (await cloud.client(cloud.guest()).get(path, ROLES_API)).status_code == 403
