"""Whether a deployment into a subscription can succeed: asked before the first resource is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from components import naming, regions
from components.naming import DeploymentName
from validation.azure import ResourceManager
from validation.blobs import STORAGE_API_VERSION
from validation.check import Check, FailedError, SkippedError
from validation.deployed import COGNITIVE_SERVICES_API_VERSION, RESOURCES_API_VERSION
from validation.destroyed import ROLES_API_VERSION

WORKSPACES_API_VERSION: Final = "2023-09-01"
KINDS: Final = ("CustomVision.Training", "CustomVision.Prediction")

RESOURCE_TYPES: Final = (
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Insights/workbooks",
    "Microsoft.Logic/workflows",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.OperationalInsights/workspaces/tables",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Storage/storageAccounts/managementPolicies",
)
"""What the program makes, beside the resource group and roles."""
REGIONAL: Final = (
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Logic/workflows",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Storage/storageAccounts",
)
"""Types that lie in the stack's region."""
GROUP_ACTION: Final = "Microsoft.Resources/subscriptions/resourceGroups/write"
ACTIONS: Final = (
    *(f"{type_}/write" for type_ in RESOURCE_TYPES),
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/roleAssignments/write",
)
"""What the person who deploys has to be allowed in the resource group: each resource, the keys that the project and
project-config.json are written with, and the roles of the workflows' identities."""
PURGE_ACTION: Final = "Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/delete"
"""What purgeOnDestroy needs, on the subscription: the group is gone by then."""
WORKSPACE_ACTIONS: Final = (
    "Microsoft.OperationalInsights/workspaces/read",
    "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
    "Microsoft.OperationalInsights/workspaces/tables/write",
)
"""What is done with an existing workspace: it is looked up, diagnostic settings and rules write to it ("Diagnostic
settings in Azure Monitor"), and the tables are made."""


@dataclass(frozen=True)
class Plan:
    """What is going to be deployed.

    `suffix` is that of the stack's names, None before they are made. `existing_group` and `existing_workspace` are the
    settings existingResourceGroup and existingWorkspaceId, empty where the stack makes its own.
    """

    subscription: str
    project: str
    stack: str
    location: str
    sku: str
    suffix: str | None
    purges: bool = False
    existing_group: str = ""
    existing_workspace: str = ""

    @property
    def scope(self) -> str:
        """ARM id of what everything is made in: the existing resource group, else the subscription."""
        subscription = f"/subscriptions/{self.subscription}"
        return f"{subscription}/resourceGroups/{self.existing_group}" if self.existing_group else subscription


def checks(arm: ResourceManager, plan: Plan) -> list[Check]:
    """Return the checks, in the order in which a deployment would fail."""
    namespaces = sorted({type_.partition("/")[0] for type_ in RESOURCE_TYPES})
    return [
        Check("login", "az login; az account set --subscription ID", lambda: _login(arm, plan)),
        *(
            Check(namespace, f"az provider register --namespace {namespace}", _registered(arm, plan, namespace))
            for namespace in namespaces
        ),
        Check("region", "pulumi config set azure-native:location REGION", lambda: _region(arm, plan)),
        Check(
            "Custom Vision's tiers",
            "choose another region, or another tier: pulumi config set customVisionSku",
            lambda: _tiers(arm, plan),
        ),
        Check(
            "quota",
            "delete the other account, or use pulumi config set customVisionSku S0",
            lambda: _quota(arm, plan),
        ),
        Check(
            "names",
            "restore the account (az cognitiveservices account recover) or purge it (az cognitiveservices account "
            "purge); Azure purges it 48 hours after it was deleted. A name that someone else has: destroy the stack, "
            "the next pulumi up makes other names",
            lambda: _names(arm, plan),
        ),
        Check(
            "existing resources",
            "pulumi config set existingResourceGroup NAME, existingWorkspaceId ID",
            lambda: _existing(arm, plan),
        ),
        Check(
            "permissions",
            "ask for Owner, or Contributor with User Access Administrator, on the subscription or on the existing "
            "resource group; Contributor on the subscription to purge; Log Analytics Contributor on the workspace",
            lambda: _permissions(arm, plan),
        ),
    ]


def only_subscription(arm: ResourceManager) -> str:
    """Return the id of the one subscription that the login sees.

    Raises:
        FailedError: it sees none, or several.
    """
    found = [each["subscriptionId"] for each in arm.values("/subscriptions", "2022-12-01")]
    if len(found) != 1:
        raise FailedError(f"the login sees {len(found)} subscriptions; name one: --subscription ID")
    return found[0]


def _login(arm: ResourceManager, plan: Plan) -> str:
    found = arm.get(f"/subscriptions/{plan.subscription}", "2022-12-01")
    if found["state"] != "Enabled":
        raise FailedError(f"the subscription {found['displayName']} is {found['state']}")
    return f"{found['displayName']} ({plan.subscription})"


def _registered(arm: ResourceManager, plan: Plan, namespace: str) -> Callable[[], str]:
    def look() -> str:
        state = _provider(arm, plan, namespace)["registrationState"]
        if state != "Registered":
            raise FailedError(f"the provider is {state}")
        return "registered"

    return look


def _provider(arm: ResourceManager, plan: Plan, namespace: str) -> dict[str, Any]:
    return arm.get(f"/subscriptions/{plan.subscription}/providers/{namespace}", RESOURCES_API_VERSION)


def _region(arm: ResourceManager, plan: Plan) -> str:
    missing: list[str] = []
    for type_ in REGIONAL:
        namespace, _, kind = type_.partition("/")
        known = {each["resourceType"].lower(): each for each in _provider(arm, plan, namespace)["resourceTypes"]}
        if plan.location not in {_region_name(each) for each in known[kind.lower()]["locations"]}:
            missing.append(type_)
    if missing:
        raise FailedError(f"{plan.location} has no {', '.join(missing)}")
    if plan.location not in regions.CUSTOM_VISION_REGIONS:
        return f"{plan.location} has all resource types, but is not in the table of {regions.AS_OF}"
    return plan.location


def _tiers(arm: ResourceManager, plan: Plan) -> str:
    path = f"/subscriptions/{plan.subscription}/providers/Microsoft.CognitiveServices/skus"
    offered = {
        each["kind"]
        for each in arm.values(path, COGNITIVE_SERVICES_API_VERSION)
        if each["name"] == plan.sku
        and plan.location in {_region_name(location) for location in each["locations"]}
        and not each.get("restrictions")
    }
    missing = [kind for kind in KINDS if kind not in offered]
    if missing:
        raise FailedError(f"{plan.location} does not offer {plan.sku} of {', '.join(missing)} to this subscription")
    return f"{plan.sku} of {' and '.join(KINDS)}"


def _quota(arm: ResourceManager, plan: Plan) -> str:
    if plan.sku != "F0":
        return f"{plan.sku} has no limit of accounts that a new stack meets"
    path = f"/subscriptions/{plan.subscription}/providers/Microsoft.CognitiveServices/accounts"
    own = set() if plan.suffix is None else set(_account_names(plan, plan.suffix))
    taken = [
        f"{each['name']} ({each['kind']})"
        for each in arm.values(path, COGNITIVE_SERVICES_API_VERSION)
        if each["kind"] in KINDS and each["sku"]["name"] == "F0" and each["name"] not in own
    ]
    if taken:
        raise FailedError(f"F0 is one account of a kind a subscription, and there is: {', '.join(taken)}")
    return "no other F0 account of Custom Vision"


def _names(arm: ResourceManager, plan: Plan) -> str:
    if plan.suffix is None:
        raise SkippedError("the first pulumi up makes the names, with a random suffix")
    path = f"/subscriptions/{plan.subscription}/providers/Microsoft.CognitiveServices"
    names = _account_names(plan, plan.suffix)
    deleted = {each["name"] for each in arm.values(f"{path}/deletedAccounts", COGNITIVE_SERVICES_API_VERSION)}
    kept = [name for name in names if name in deleted]
    if kept:
        raise FailedError(f"deleted, and still to be restored: {', '.join(kept)}")
    own = {each["name"] for each in arm.values(f"{path}/accounts", COGNITIVE_SERVICES_API_VERSION)}
    taken = [name for name in names if name not in own and not _free(arm, path, name)]
    storage = naming.storage_account(DeploymentName(plan.project, plan.stack, plan.suffix))
    if not _storage_name_is_free(arm, plan, storage):
        taken.append(storage)
    if taken:
        raise FailedError(f"taken by someone else: {', '.join(taken)}")
    return f"{', '.join((*names, storage))} are free or the stack's own"


def _storage_name_is_free(arm: ResourceManager, plan: Plan, name: str) -> bool:
    path = f"/subscriptions/{plan.subscription}/providers/Microsoft.Storage"
    if any(each["name"] == name for each in arm.values(f"{path}/storageAccounts", STORAGE_API_VERSION)):
        return True
    body = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    return bool(arm.post(f"{path}/checkNameAvailability", STORAGE_API_VERSION, body)["nameAvailable"])


def _free(arm: ResourceManager, path: str, name: str) -> bool:
    body = {"subdomainName": name, "type": "Microsoft.CognitiveServices/accounts"}
    return bool(
        arm.post(f"{path}/checkDomainAvailability", COGNITIVE_SERVICES_API_VERSION, body)["isSubdomainAvailable"]
    )


def _account_names(plan: Plan, suffix: str) -> tuple[str, str]:
    deployment = DeploymentName(plan.project, plan.stack, suffix)
    return naming.training_account(deployment), naming.prediction_account(deployment)


def _existing(arm: ResourceManager, plan: Plan) -> str:
    named = [
        (id, version)
        for id, version in (
            (plan.existing_group and plan.scope, RESOURCES_API_VERSION),
            (plan.existing_workspace, WORKSPACES_API_VERSION),
        )
        if id
    ]
    if not named:
        raise SkippedError("the stack makes its own resource group and workspace")
    missing = [id for id, version in named if not arm.exists(id, version)]
    if missing:
        raise FailedError(f"not there: {', '.join(missing)}")
    return f"there: {', '.join(id for id, _ in named)}"


def _permissions(arm: ResourceManager, plan: Plan) -> str:
    subscription = f"/subscriptions/{plan.subscription}"
    wanted: dict[str, list[str]] = {subscription: [], plan.scope: []}
    wanted[plan.scope] += ACTIONS
    if not plan.existing_group:
        wanted[subscription].append(GROUP_ACTION)
    if plan.purges:
        wanted[subscription].append(PURGE_ACTION)
    if plan.existing_workspace:
        wanted[plan.existing_workspace] = list(WORKSPACE_ACTIONS)
    missing = [
        f"{action} on {scope}"
        for scope, actions in wanted.items()
        if actions
        for action in _not_granted(arm, scope, actions)
    ]
    if missing:
        raise FailedError(f"you may not: {', '.join(missing)}")
    return f"all {sum(map(len, wanted.values()))} actions that a deployment needs"


def _not_granted(arm: ResourceManager, scope: str, actions: list[str]) -> list[str]:
    granted = list(arm.values(f"{scope}/providers/Microsoft.Authorization/permissions", ROLES_API_VERSION))
    return [action for action in actions if not any(_allows(each, action) for each in granted)]


def _allows(permission: dict[str, Any], action: str) -> bool:
    return _any_matches(permission["actions"], action) and not _any_matches(permission.get("notActions", ()), action)


def _any_matches(patterns: Iterator[str] | list[str] | tuple[str, ...], action: str) -> bool:
    """An asterisk stands for any text: https://learn.microsoft.com/azure/role-based-access-control/role-definitions."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )


def _region_name(location: str) -> str:
    return location.replace(" ", "").lower()
