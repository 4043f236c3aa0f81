"""Resource groups, as resources of Microsoft.Resources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType, not_operable

RESOURCE_GROUPS: Final = "Microsoft.Resources/resourceGroups"
RESOURCES_API_VERSIONS: Final = ("2024-03-01", "2025-04-01", "2024-11-01", "2024-07-01", "2022-09-01", "2021-04-01")
"""Versions of Microsoft.Resources with the same shapes; first the one that pulumi-azure-native 3.29.0 sends."""

_TYPE: Final = ResourceType(
    type=RESOURCE_GROUPS,
    api_versions=RESOURCES_API_VERSIONS,
    # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
    name=NameRule(
        re.compile(r"[\w()\-.]{0,89}[\w()\-]"),
        "1 to 90 letters, digits, underscores, hyphens, parentheses and full stops, the last no full stop",
    ),
    location="required",
    immutable=("managedBy",),
    schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "location": {"type": "string"},
            "tags": {"type": ["object", "null"]},
            "managedBy": {"type": ["string", "null"]},
            "properties": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {"provisioningState": {"readOnly": True}},
            },
        },
    },
)


class ResourceGroups:
    """ResourceProvider of resource groups; what a group contains is the control plane's business."""

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """Resource groups."""
        return (_TYPE,)

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Return the body to keep."""
        return resource.body | {"properties": {"provisioningState": "Succeeded"}}

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body that was kept."""
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Do nothing: the group's resources were deleted before."""

    async def operate(self, operation: Operation) -> Answer:
        """Refuse: operations of groups, such as exporting a template, are not emulated."""
        raise not_operable(operation)
