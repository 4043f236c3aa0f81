"""The first page: the services, what is deployed, and the alerts that fired."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.portal.arm_client import ArmClient
from emulator.portal.pages.page import Page, Sources
from emulator.resource_manager import RESOURCES_API_VERSION, data_endpoint

ALERTS_API_VERSION: Final = "2019-03-01"
"""https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all"""

SERVICE_NAMES: Final[Mapping[str, str]] = {
    "arm": "Azure Resource Manager",
    "storage": "Blob Storage",
    "custom-vision": "Custom Vision",
    "logic-apps": "Logic Apps",
    "monitor": "Azure Monitor",
    "portal": "This portal",
}


@dataclass(frozen=True)
class ResourceRow:
    """A resource as the overview lists it; `endpoint` is its data plane's address, empty where it has none."""

    id: str
    name: str
    type: str
    location: str
    endpoint: str


@dataclass(frozen=True)
class GroupSection:
    """A resource group and what is in it."""

    id: str
    name: str
    location: str
    resources: list[ResourceRow]


@dataclass(frozen=True)
class AlertRow:
    """An alert: `rule` and `target` are resource ids; `resolved` is empty while it lasts."""

    name: str
    rule: str
    target: str
    severity: str
    fired: str
    resolved: str


async def overview(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the whole emulator. The services' addresses are shown even when Azure Resource Manager does not answer."""
    services = [(SERVICE_NAMES[name], name, sources.configuration.url(name)) for name in sources.configuration.ports]
    values: dict[str, Any] = {"subscription": sources.arm.subscription, "services": services}
    try:
        groups, alerts = await asyncio.gather(_groups(sources.arm), _alerts(sources.arm))
    except ArmError as error:
        return Page("overview.html", {**values, "error": error, "groups": [], "alerts": []}, error.status)
    return Page("overview.html", {**values, "error": None, "groups": groups, "alerts": alerts})


async def group_resources(arm: ArmClient, group: str, versions: Mapping[str, str]) -> list[ResourceRow]:
    """Return the resources of a resource group, ordered by type and name."""
    entries = await arm.members(f"{group}/resources", RESOURCES_API_VERSION)
    rows = await asyncio.gather(*(_row(arm, entry, versions) for entry in entries))
    return sorted((row for row in rows if row is not None), key=lambda row: (row.type.lower(), row.name.lower()))


async def _groups(arm: ArmClient) -> list[GroupSection]:
    groups, versions = await asyncio.gather(
        arm.members(f"{arm.subscription}/resourcegroups", RESOURCES_API_VERSION), arm.api_versions()
    )
    resources = await asyncio.gather(*(group_resources(arm, group["id"], versions) for group in groups))
    return [
        GroupSection(group["id"], group["name"], group["location"], rows)
        for group, rows in zip(groups, resources, strict=True)
    ]


async def _row(arm: ArmClient, entry: Mapping[str, Any], versions: Mapping[str, str]) -> ResourceRow | None:
    """Return the resource with its endpoint, which lists leave out; None when it is gone since it was listed."""
    try:
        body = await arm.get(entry["id"], versions[entry["type"].lower()])
    except ArmError as error:
        if error.status == 404:
            return None
        raise
    return ResourceRow(entry["id"], entry["name"], entry["type"], entry.get("location", ""), data_endpoint(body) or "")


async def _alerts(arm: ArmClient) -> list[AlertRow]:
    alerts = await arm.members(f"{arm.subscription}/providers/Microsoft.AlertsManagement/alerts", ALERTS_API_VERSION)
    rows = [_alert(alert["name"], alert["properties"]["essentials"]) for alert in alerts]
    return sorted(rows, key=lambda row: row.fired, reverse=True)


def _alert(name: str, essentials: Mapping[str, Any]) -> AlertRow:
    resolved = essentials.get("monitorConditionResolvedDateTime") or ""
    return AlertRow(
        name,
        str(essentials["alertRule"]),
        str(essentials["targetResource"]),
        str(essentials["severity"]),
        str(essentials["startDateTime"]),
        str(resolved) if essentials["monitorCondition"] == "Resolved" else "",
    )
