"""Paths below resources and scopes that are no resources of their own."""

from __future__ import annotations

import pytest

from tests.emulator.arm.clouds import CONFIGURATION, GROUP, PERSON, SUBSCRIPTION, WIDGET, Client, Cloud
from tests.emulator.arm.test_requests import error


async def test_action_reaches_the_provider_with_all_it_needs(cloud: Cloud, arm: Client, widget: str) -> None:
    answer = await arm.post(f"{widget}/paint", {"with": "brush"})
    assert (answer.status_code, answer.json()) == (200, {"painted": {"with": "brush"}})
    assert answer.headers["Retry-After"] == "3"
    (operation,) = cloud.widgets.operations
    assert str(operation.resource.id) == widget
    assert operation.resource.body["properties"]["colour"] == "Red"
    assert operation.path == ("paint",)
    assert operation.principal == PERSON
    assert operation.url == f"{CONFIGURATION.url('arm')}{widget}/paint"


async def test_operation_belongs_to_the_longest_resource_of_its_path(cloud: Cloud, arm: Client, widget: str) -> None:
    await arm.put(f"{widget}/parts/bolt", {})
    answer = await arm.get(f"{widget}/parts/bolt/jobs/j1")
    assert answer.json() == {"of": f"{widget}/parts/bolt"}
    assert cloud.widgets.operations[0].path == ("jobs", "j1")


async def test_query_of_an_operation_reaches_the_provider(cloud: Cloud, arm: Client, widget: str) -> None:
    await arm.get(f"{widget}/jobs/j1", dollar_top="5")
    assert cloud.widgets.operations[0].query["$top"] == "5"


async def test_answer_without_a_body_is_empty(arm: Client, widget: str) -> None:
    answer = await arm.post(f"{widget}/jobs/j1/cancel")
    assert (answer.status_code, answer.content) == (202, b"")


async def test_operation_of_a_missing_resource_is_not_found(cloud: Cloud, arm: Client, group: str) -> None:
    assert error(await arm.post(f"{WIDGET}/paint"))[:2] == (404, "ResourceNotFound")
    assert cloud.widgets.operations == []


async def test_operation_that_is_not_implemented_is_an_error_that_names_it(arm: Client, widget: str) -> None:
    status, _, message = error(await arm.post(f"{widget}/smash"))
    assert status == 404
    assert "smash" in message


async def test_operation_below_what_has_none_is_an_error_that_names_it(arm: Client, group: str) -> None:
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"
    await arm.put(identity, {"location": "westeurope"}, "2023-01-31")
    status, _, message = error(await arm.post(f"{identity}/listAssociatedResources", api="2023-01-31"))
    assert status == 404
    assert "listAssociatedResources" in message


async def test_operation_needs_an_api_version_of_the_type(arm: Client, widget: str) -> None:
    assert error(await arm.post(f"{widget}/paint", api="1999-01-01"))[:2] == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, WIDGET])
async def test_scope_operation_reaches_its_provider_at_any_scope(
    cloud: Cloud, arm: Client, widget: str, scope: str
) -> None:
    answer = await arm.get(f"{scope}/providers/Contoso.Test/metrics")
    assert answer.json() == {"of": scope}


async def test_scope_operation_with_names_in_its_path_is_known_by_its_kinds(cloud: Cloud, arm: Client) -> None:
    path = f"{SUBSCRIPTION}/providers/Contoso.Test/locations/westeurope/deletedWidgets/anvil"
    assert (await arm.delete(path)).status_code == 202
    assert cloud.widgets.operations[0].path[1:] == (
        "Contoso.Test",
        "locations",
        "westeurope",
        "deletedWidgets",
        "anvil",
    )


async def test_scope_operation_of_a_missing_resource_is_not_found(arm: Client, group: str) -> None:
    answer = await arm.get(f"{WIDGET}/providers/Contoso.Test/metrics")
    assert error(answer)[:2] == (404, "ResourceNotFound")


async def test_scope_operation_needs_its_api_version(arm: Client) -> None:
    answer = await arm.get(f"{SUBSCRIPTION}/providers/Contoso.Test/metrics", None)
    assert error(answer)[:2] == (400, "MissingApiVersionParameter")
