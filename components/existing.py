"""What a stack does not make itself but finds: a resource group and a Log Analytics workspace.

Both are looked at before the first resource is made. They are only read: they are no resources of the stack, so nothing
of them is changed, and they stay when the stack is destroyed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_azure_native import authorization, operationalinsights, resources

from components.settings import Fault, Settings, SettingsError

_WORKSPACE_ID: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.OperationalInsights/workspaces/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_GROUP: Final = "the name of a resource group of this subscription that no stack has made"
_WORKSPACE: Final = (
    "the id of a Log Analytics workspace of this subscription that no stack has made, /subscriptions/ID"
    "/resourceGroups/GROUP/providers/Microsoft.OperationalInsights/workspaces/NAME"
)


@dataclass(frozen=True)
class ResourceGroup:
    """A resource group: `name` in it resources are made, `id` is the scope that holds them."""

    name: pulumi.Output[str]
    id: pulumi.Output[str]


@dataclass(frozen=True)
class Workspace:
    """A Log Analytics workspace.

    `location` is that of what has to lie beside it: the data collection endpoint and rule, and the alert rules over
    logs. `retention_days` is what the stack's tables have of their own; None leaves them the workspace's.
    """

    id: pulumi.Output[str]
    name: pulumi.Output[str]
    resource_group_name: pulumi.Output[str]
    location: str
    retention_days: int | None = None


@dataclass(frozen=True)
class Existing:
    """What was found; None where the stack makes its own."""

    resource_group: ResourceGroup | None
    workspace: Workspace | None


def find(settings: Settings) -> Existing:
    """Look up what the settings existingResourceGroup and existingWorkspaceId name.

    Raises:
        SettingsError: names each setting whose value is not there, is not of this subscription, or belongs to a stack.
    """
    faults: list[Fault] = []
    found = Existing(_group(settings, faults), _workspace(settings, faults))
    if faults:
        raise SettingsError(faults)
    return found


def _group(settings: Settings, faults: list[Fault]) -> ResourceGroup | None:
    name = settings.existing_resource_group
    if name is None:
        return None
    try:
        found = resources.get_resource_group(resource_group_name=name)
    except Exception as error:  # azure-native's functions raise Exception itself
        faults.append(Fault("existingResourceGroup", name, f"{_GROUP} ({_reason(error)})"))
        return None
    if _is_of_a_stack(found.tags):
        faults.append(Fault("existingResourceGroup", name, f"{_GROUP} ({_owner(found.tags)})"))
    return ResourceGroup(pulumi.Output.from_input(found.name), pulumi.Output.from_input(found.id))


def _workspace(settings: Settings, faults: list[Fault]) -> Workspace | None:
    id = settings.existing_workspace_id
    if id is None:
        return None
    parts = _WORKSPACE_ID.fullmatch(id)
    if parts is None:
        raise ValueError(f"{id!r} is no id of a workspace, and the settings took it for one")
    subscription = authorization.get_client_config().subscription_id
    if parts["subscription"].lower() != subscription.lower():
        faults.append(Fault("existingWorkspaceId", id, f"{_WORKSPACE} (this subscription is {subscription})"))
        return None
    try:
        found = operationalinsights.get_workspace(resource_group_name=parts["group"], workspace_name=parts["name"])
    except Exception as error:  # azure-native's functions raise Exception itself
        faults.append(Fault("existingWorkspaceId", id, f"{_WORKSPACE} ({_reason(error)})"))
        return None
    if _is_of_a_stack(found.tags):
        faults.append(Fault("existingWorkspaceId", id, f"{_WORKSPACE} ({_owner(found.tags)})"))
    return Workspace(
        pulumi.Output.from_input(found.id),
        pulumi.Output.from_input(found.name),
        pulumi.Output.from_input(parts["group"]),
        found.location.replace(" ", "").lower(),
        settings.log_retention_days,
    )


def _is_of_a_stack(tags: Any) -> bool:
    # To name what a stack has made would take it out of that stack, which deletes it.
    return bool(tags) and tags.get("project") == pulumi.get_project()


def _owner(tags: Any) -> str:
    return f"this one is the stack {tags.get('stack')}'s"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
