"""Groups, the subscription, providers, and lists of all resources."""

from __future__ import annotations

import pytest

from tests.emulator.arm.clouds import CONFIGURATION, GROUP, GROUPS_API, SUBSCRIPTION, Client, Cloud
from tests.emulator.arm.contoso import API
from tests.emulator.arm.test_requests import error


async def test_group_is_created_updated_and_answers_as_azure_does(arm: Client) -> None:
    path = GROUP.replace("resourceGroups", "resourcegroups")
    created = await arm.put(path, {"location": "West Europe", "tags": {"a": "1"}}, GROUPS_API)
    assert created.status_code == 201
    assert created.json() == {
        "id": GROUP,
        "name": "rg",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "tags": {"a": "1"},
        "properties": {"provisioningState": "Succeeded"},
    }
    assert (await arm.put(path, created.json(), GROUPS_API)).status_code == 200
    patched = await arm.patch(path, {"tags": {"b": "2"}}, GROUPS_API)
    assert patched.json()["tags"] == {"b": "2"}
    assert error(await arm.put(path, {"location": "northeurope"}, GROUPS_API))[1] == "InvalidResourceLocation"
    assert error(await arm.put(path, {"location": "westeurope", "sku": {}}, GROUPS_API))[1] == "InvalidRequestContent"


async def test_groups_are_listed(arm: Client, group: str) -> None:
    await arm.put(f"{SUBSCRIPTION}/resourceGroups/another", {"location": "westeurope"}, GROUPS_API)
    answer = await arm.get(f"{SUBSCRIPTION}/resourcegroups", GROUPS_API)
    assert [entry["name"] for entry in answer.json()["value"]] == ["another", "rg"]
    page = (await arm.get(f"{SUBSCRIPTION}/resourcegroups", GROUPS_API, dollar_top="1")).json()
    assert [entry["name"] for entry in page["value"]] == ["another"]
    assert page["nextLink"].startswith(f"{CONFIGURATION.url('arm')}{SUBSCRIPTION}/resourcegroups?")


async def test_resources_are_listed_with_their_envelope_only(arm: Client, widget: str) -> None:
    await arm.put(f"{widget}/parts/bolt", {})
    await arm.put(f"{GROUP}/providers/Contoso.Test/alerts/a", {"location": "global", "tags": {"a": "1"}})
    listed = (await arm.get(f"{GROUP}/resources", GROUPS_API)).json()["value"]
    assert listed == [
        {
            "id": f"{GROUP}/providers/Contoso.Test/alerts/a",
            "name": "a",
            "type": "Contoso.Test/alerts",
            "location": "global",
            "tags": {"a": "1"},
        },
        {"id": widget, "name": "anvil", "type": "Contoso.Test/widgets", "location": "westeurope"},
    ]
    assert (await arm.get(f"{SUBSCRIPTION}/resources", GROUPS_API)).json()["value"] == listed
    only = await arm.get(f"{SUBSCRIPTION}/resources", GROUPS_API, dollar_filter="resourceType eq 'contoso.test/alerts'")
    assert [entry["name"] for entry in only.json()["value"]] == ["a"]


async def test_times_of_resources_are_told_when_asked_for(cloud: Cloud, arm: Client, widget: str) -> None:
    created = cloud.clock.now().isoformat()
    await cloud.clock.advance(60)
    await arm.patch(widget, {"tags": {"a": "b"}})
    answer = await arm.get(f"{GROUP}/resources", GROUPS_API, dollar_expand="createdTime,changedTime")
    (entry,) = answer.json()["value"]
    assert (entry["createdTime"], entry["changedTime"]) == (created, cloud.clock.now().isoformat())


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"dollar_filter": "name eq 'x'"}, "InvalidFilter"),
        ({"dollar_filter": "resourceType eq 'Contoso.Test/none'"}, "InvalidResourceType"),
        ({"dollar_expand": "provisioningState"}, "InvalidExpand"),
        ({"dollar_orderby": "name"}, "InvalidQueryParameter"),
    ],
)
async def test_query_that_is_not_emulated_is_refused(arm: Client, group: str, query: dict[str, str], code: str) -> None:
    assert error(await arm.get(f"{GROUP}/resources", GROUPS_API, **query))[1] == code


async def test_resources_of_a_missing_group_are_not_found(arm: Client) -> None:
    assert error(await arm.get(f"{GROUP}/resources", GROUPS_API))[:2] == (404, "ResourceGroupNotFound")


async def test_subscription_and_tenant_are_those_of_the_configuration(arm: Client) -> None:
    subscription = (await arm.get(SUBSCRIPTION, GROUPS_API)).json()
    assert subscription["subscriptionId"] == CONFIGURATION.subscription_id
    assert subscription["tenantId"] == CONFIGURATION.tenant_id
    assert (await arm.get("/subscriptions", GROUPS_API)).json()["value"] == [subscription]
    (tenant,) = (await arm.get("/tenants", GROUPS_API)).json()["value"]
    assert tenant["tenantId"] == CONFIGURATION.tenant_id


async def test_regions_are_listed(arm: Client) -> None:
    listed = (await arm.get(f"{SUBSCRIPTION}/locations", GROUPS_API)).json()["value"]
    assert {"westeurope", "eastus2"} <= {entry["name"] for entry in listed}


async def test_providers_tell_types_and_api_versions(arm: Client) -> None:
    listed = (await arm.get(f"{SUBSCRIPTION}/providers", GROUPS_API)).json()["value"]
    namespaces = {entry["namespace"]: entry for entry in listed}
    assert {"Contoso.Test", "Microsoft.Authorization", "Microsoft.ManagedIdentity", "Microsoft.Resources"} == set(
        namespaces
    )
    contoso = namespaces["Contoso.Test"]
    types = {entry["resourceType"]: entry["apiVersions"] for entry in contoso["resourceTypes"]}
    assert types["widgets"] == [API, "2023-01-01"]
    assert types["widgets/parts"] == [API]
    assert (await arm.get(f"{SUBSCRIPTION}/providers/contoso.test", GROUPS_API)).json() == contoso
    registered = await arm.post(f"{SUBSCRIPTION}/providers/Contoso.Test/register", api=GROUPS_API)
    assert registered.json()["registrationState"] == "Registered"


async def test_unknown_provider_is_refused(arm: Client) -> None:
    answer = await arm.get(f"{SUBSCRIPTION}/providers/Fabrikam.Test", GROUPS_API)
    assert error(answer)[:2] == (404, "InvalidResourceNamespace")


async def test_deleting_a_group_that_is_gone_succeeds(arm: Client, group: str) -> None:
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 200
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 204


async def test_group_whose_deletion_failed_half_way_can_be_deleted_again(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    await arm.put(f"{GROUP}/providers/Contoso.Test/alerts/a", {"location": "global"})
    delete = cloud.widgets.delete

    async def broken(resource: object) -> None:
        if "widgets" in str(resource):
            raise RuntimeError
        await delete(resource)  # pyright: ignore[reportArgumentType]

    cloud.widgets.delete = broken  # pyright: ignore[reportAttributeAccessIssue]
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 500
    assert (await arm.get(widget)).status_code == 200
    cloud.widgets.delete = delete  # pyright: ignore[reportAttributeAccessIssue]
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 200
    assert cloud.control_plane.get(widget) is None
