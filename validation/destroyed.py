"""What the recipe's "Cleanup" asks: nothing of a destroyed stack is left, nor bills or keeps a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from validation.azure import ResourceManager
from validation.check import Check, FailedError
from validation.deployed import COGNITIVE_SERVICES_API_VERSION, RESOURCES_API_VERSION
from validation.outputs import Outputs

ROLES_API_VERSION: Final = "2022-04-01"


def checks(arm: ResourceManager, outputs: Outputs) -> list[Check]:
    """Return the checks; `outputs` are those from before the stack was destroyed."""
    group = outputs.text("resourceGroupName")
    purge = f"az cognitiveservices account purge --resource-group {group} --location REGION --name NAME"
    ours = outputs.text("resourceGroupOrigin") == "stack"
    return [
        Check("resource group", f"az group delete --name {group}", _gone(arm, outputs))
        if ours
        else Check("resources", "az resource delete --ids ID", _none_of_the_stacks(arm, outputs)),
        Check("deleted accounts", f"{purge}; else Azure does it after 48 hours", _purged(arm, outputs)),
        Check("custom roles", "az role definition delete --name ID", _no_role(arm, outputs)),
    ]


def _gone(arm: ResourceManager, outputs: Outputs) -> Callable[[], str]:
    def look() -> str:
        if not arm.exists(outputs.group_id, RESOURCES_API_VERSION):
            return f"{outputs.text('resourceGroupName')} is gone"
        left = [each["id"] for each in arm.values(f"{outputs.group_id}/resources", RESOURCES_API_VERSION)]
        raise FailedError(
            f"{outputs.text('resourceGroupName')} is there, with {len(left)} resources: {', '.join(left)}"
        )

    return look


def _none_of_the_stacks(arm: ResourceManager, outputs: Outputs) -> Callable[[], str]:
    """Look for what has the stack's tags in a group that was there before the stack."""

    def look() -> str:
        group = outputs.text("resourceGroupName")
        left = [
            each["id"]
            for each in arm.values(f"{outputs.group_id}/resources", RESOURCES_API_VERSION)
            if outputs.is_of_the_stack(each)
        ]
        if left:
            raise FailedError(f"{group} has {len(left)} resources of the stack: {', '.join(left)}")
        return f"none of the stack's in {group}, which was there before"

    return look


def _purged(arm: ResourceManager, outputs: Outputs) -> Callable[[], str]:
    names = {outputs.text("customVisionTrainingAccount"), outputs.text("customVisionPredictionAccount")}

    def look() -> str:
        path = f"{outputs.subscription}/providers/Microsoft.CognitiveServices/deletedAccounts"
        kept = [
            f"{each['name']} in {each['location']} until {each['properties'].get('scheduledPurgeDate')}"
            for each in arm.values(path, COGNITIVE_SERVICES_API_VERSION)
            if each["name"] in names
        ]
        if kept:
            raise FailedError(f"deleted and not purged: {', '.join(kept)}")
        return "none that can be restored"

    return look


def _no_role(arm: ResourceManager, outputs: Outputs) -> Callable[[], str]:
    def look() -> str:
        path = f"{outputs.subscription}/providers/Microsoft.Authorization/roleDefinitions"
        group = outputs.group_id.lower()
        left = [
            each["name"]
            for each in arm.values(path, ROLES_API_VERSION)
            if any(scope.lower().startswith(group) for scope in each["properties"].get("assignableScopes", []))
        ]
        if left:
            raise FailedError(f"custom roles of the stack are left: {', '.join(left)}")
        return "none of the stack's"

    return look
