"""A stack in a resource group and a workspace that were there before: used, left as they are, and still there after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import validation.azure
from components.azure_login import CommandTokens
from emulator.identity import ARM_AUDIENCES
from emulator.pulumi.environment import environment
from emulator.resource_manager import ResourceManager
from tests.validation.stack import ValidatedStack, validated_stack
from validation import preflight
from validation.__main__ import main
from validation.check import answered

GROUPS = "2024-03-01"
WORKSPACES = "2023-09-01"
METRIC_ALERTS = "2018-03-01"
THEIRS = {"owner": "the platform team"}


def group(arm: ResourceManager) -> str:
    return f"{arm.subscription}/resourceGroups/rg-platform"


def workspace(arm: ResourceManager) -> str:
    return f"{group(arm)}/providers/Microsoft.OperationalInsights/workspaces/log-platform"


def before(arm: ResourceManager) -> dict[str, str]:
    """Make both, in other regions than the stack's, and return the settings that name them."""
    arm.put(group(arm), GROUPS, {"location": "northeurope", "tags": THEIRS})
    body = {"location": "westus2", "tags": THEIRS, "properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 60}}
    arm.put(workspace(arm), WORKSPACES, body)
    return {"existingResourceGroup": "rg-platform", "existingWorkspaceId": workspace(arm)}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValidatedStack]:
    with validated_stack(tmp_path_factory.mktemp("existing"), before, logRetentionDays="90") as made:
        yield made


def theirs(arm: ResourceManager) -> list[Any]:
    return [arm.get(group(arm), GROUPS), arm.get(workspace(arm), WORKSPACES)]


def tables(arm: ResourceManager) -> dict[str, int]:
    found = arm.values(f"{workspace(arm)}/tables", WORKSPACES)
    return {each["name"]: each["properties"]["retentionInDays"] for each in found}


def preflight_of(stack: ValidatedStack, **existing: str) -> dict[str, tuple[str, str]]:
    """Return verdict and finding of each check before a deployment into what is there."""
    where = stack.arm.configuration
    arm = validation.azure.ResourceManager(
        where.url("arm"), ARM_AUDIENCES[0], CommandTokens(environment(stack.home)["AZURE_TOKEN_COMMAND"])
    )
    plan = preflight.Plan(where.subscription_id, "parts", "new", "eastus", "S0", None, purges=True, **existing)
    return {each.name: (each.verdict, each.found) for each in answered(preflight.checks(arm, plan))}


def test_the_preflight_looks_for_them_and_for_the_rights_on_them(stack: ValidatedStack):
    found = preflight_of(stack, existing_group="rg-platform", existing_workspace=workspace(stack.arm))
    assert found["existing resources"] == ("ok", f"there: {group(stack.arm)}, {workspace(stack.arm)}")
    actions = len(preflight.ACTIONS) + len(preflight.WORKSPACE_ACTIONS) + 1
    assert found["permissions"] == ("ok", f"all {actions} actions that a deployment needs")
    missing = preflight_of(stack, existing_group="rg-nowhere")["existing resources"]
    assert missing == ("failed", f"not there: {stack.arm.subscription}/resourceGroups/rg-nowhere")


def test_a_stack_works_in_them_and_leaves_them_as_they_were(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    arm = stack.arm
    found = theirs(arm)
    assert [each["tags"] for each in found] == [THEIRS, THEIRS]
    assert found[1]["properties"]["retentionInDays"] == 60
    assert {days for name, days in tables(arm).items() if name.endswith("_CL")} == {90}
    assert main(stack.deployed()) == 0, capsys.readouterr().out
    stack.deployment.up()
    assert theirs(arm) == found
    # Somebody else's alert rule in the group is nothing of the stack's.
    rule = next(iter(arm.values(f"{group(arm)}/providers/Microsoft.Insights/metricAlerts", METRIC_ALERTS)))
    body = {"location": "global", "tags": THEIRS, "properties": {**rule["properties"], "enabled": False}}
    arm.put(f"{group(arm)}/providers/Microsoft.Insights/metricAlerts/theirs", METRIC_ALERTS, body)
    assert main([*stack.deployed(), "--read-only"]) == 0
    assert main(["--destroyed", *stack.deployed()]) == 1
    assert "resources of the stack" in capsys.readouterr().out
    stack.deployment.destroy()
    assert theirs(arm) == found
    assert [name for name in tables(arm) if name.endswith("_CL")] == []
    left = [each["name"] for each in arm.values(f"{group(arm)}/resources", GROUPS)]
    assert sorted(left) == ["log-platform", "theirs"]
    assert main(["--destroyed", *stack.deployed()]) == 0
