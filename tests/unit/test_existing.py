"""A resource group and a workspace that are there already: used, and neither changed nor owned."""

from typing import Any

import pytest

from components.settings import SettingsError
from tests.unit.recording import SUBSCRIPTION, WORKSPACES, Run, minimal_config

GROUP = "rg-there"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/rg-logs/{WORKSPACES}/log-there"
OTHER_SUBSCRIPTION = "/subscriptions/99999999-0000-4000-8000-000000000009"


def test_everything_is_made_in_the_existing_group_and_the_group_is_no_resource_of_the_stack(run: Run):
    deployed = run(minimal_config(existingResourceGroup=GROUP))
    assert deployed.all("azure-native:resources:ResourceGroup") == []
    groups = {each.plain["resourceGroupName"] for each in deployed.resources if "resourceGroupName" in each.plain}
    assert groups == {GROUP}
    assert (deployed.outputs["resourceGroupName"], deployed.outputs["resourceGroupOrigin"]) == (GROUP, "existing")
    locations = {each.plain["location"] for each in deployed.resources if each.type.endswith(":StorageAccount")}
    assert locations == {"eastus"}, "its own region, not the group's"


def test_nobody_gets_a_role_on_the_existing_group_or_workspace(run: Run):
    deployed = run(minimal_config(existingResourceGroup=GROUP, existingWorkspaceId=WORKSPACE))
    scopes = {each.plain["scope"].lower() for each in deployed.all("azure-native:authorization:RoleAssignment")}
    theirs = {f"{SUBSCRIPTION}/resourceGroups/{GROUP}".lower(), WORKSPACE.lower()}
    assert scopes
    assert not any(scope in theirs or scope.startswith(WORKSPACE.lower()) for scope in scopes)


def test_another_group_needs_other_names_as_the_old_ones_are_still_taken(run: Run):
    def keepers(**settings: str) -> Any:
        return run(minimal_config(**settings)).one("random:index/randomString:RandomString").plain["keepers"]

    assert keepers() == {"location": "eastus"}
    assert keepers(existingResourceGroup=GROUP) == {"location": "eastus", "resourceGroup": GROUP}


def test_records_go_to_the_existing_workspace_and_what_has_to_lies_in_its_region(run: Run):
    deployed = run(minimal_config(existingWorkspaceId=WORKSPACE, logRetentionDays="90"))
    assert deployed.all("azure-native:operationalinsights:Workspace") == []
    tables = [each.plain for each in deployed.all("azure-native:operationalinsights:Table")]
    assert {(each["resourceGroupName"], each["workspaceName"], each["retentionInDays"]) for each in tables} == {
        ("rg-logs", "log-there", 90)
    }
    for kind in ("DataCollectionEndpoint", "DataCollectionRule", "ScheduledQueryRule"):
        found = [each.plain for each in deployed.all(f"azure-native:monitor:{kind}")]
        assert {each["location"] for each in found} == {"westus2"}
        assert {each["resourceGroupName"] for each in found} == {deployed.outputs["resourceGroupName"]}
    settings = deployed.all("azure-native:monitor:DiagnosticSetting")
    assert {each.plain["workspaceId"] for each in settings} == {WORKSPACE}
    assert deployed.outputs["logAnalyticsWorkspaceId"] == WORKSPACE


def test_tables_of_a_workspace_of_the_stacks_own_have_its_retention(run: Run):
    tables = run(minimal_config(logRetentionDays="90")).all("azure-native:operationalinsights:Table")
    assert not any("retentionInDays" in each.plain for each in tables)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"existingResourceGroup": "rg-missing"}, ["existingResourceGroup is 'rg-missing'", "ResourceNotFound"]),
        ({"existingResourceGroup": "rg-taken-there"}, ["existingResourceGroup", "the stack another's"]),
        (
            {"existingWorkspaceId": WORKSPACE.replace("log-there", "log-missing")},
            ["existingWorkspaceId is", "log-missing", "ResourceNotFound"],
        ),
        ({"existingWorkspaceId": WORKSPACE.replace("log-", "log-taken-")}, ["existingWorkspaceId", "another's"]),
        (
            {"existingWorkspaceId": WORKSPACE.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)},
            ["existingWorkspaceId", f"this subscription is {SUBSCRIPTION.rsplit('/', 1)[-1]}"],
        ),
        (
            {"existingResourceGroup": "rg-no", "existingWorkspaceId": WORKSPACE.replace("log-there", "log-no")},
            ["existingResourceGroup is 'rg-no'", "existingWorkspaceId is"],
        ),
    ],
)
def test_what_cannot_be_used_is_told_by_its_setting_before_the_first_resource(
    run: Run, settings: dict[str, str], told: list[str]
):
    with pytest.raises(SettingsError) as caught:
        run(minimal_config(**settings))
    assert all(words in str(caught.value) for words in told), str(caught.value)
    assert "allowed: " in str(caught.value)
