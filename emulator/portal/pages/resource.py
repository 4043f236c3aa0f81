"""A resource: its ARM body, and the pages and resources below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.portal.pages.blobs import ACCOUNTS as STORAGE_ACCOUNTS
from emulator.portal.pages.blobs import CONTAINERS
from emulator.portal.pages.model import ACCOUNTS, TRAINING_KIND
from emulator.portal.pages.overview import ResourceRow, group_resources
from emulator.portal.pages.page import Crumb, Page, Sources, any_id, crumbs
from emulator.portal.pages.workflow import WORKFLOWS
from emulator.portal.presentation import pretty_json
from emulator.resource_manager import data_endpoint

_GROUP: Final = "microsoft.resources/resourcegroups"


async def resource(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the resource, group or container with the id in ``?id=``."""
    id = any_id(query, "id")
    versions = await sources.arm.api_versions()
    version = versions.get(id.type.lower())
    if version is None:
        raise ArmError(
            404, "InvalidResourceType", f"id: Azure Resource Manager serves no resources of the type {id.type}."
        )
    body = await sources.arm.get(str(id), version)
    return Page(
        "resource.html",
        {
            "crumbs": crumbs(id)[:-1],
            "name": body["name"],
            "type": body["type"],
            "location": body.get("location", ""),
            "endpoint": data_endpoint(body) or "",
            "api_version": version,
            "body": pretty_json(body),
            "pages": _pages(str(id), id.type.lower(), body),
            "members": await _members(sources, id.type.lower(), str(id), versions),
        },
    )


def _pages(id: str, type: str, body: Mapping[str, Any]) -> list[Crumb]:
    """Return the links to the portal's pages about a resource of this type."""
    if type == WORKFLOWS.lower():
        return [Crumb("Runs", "/runs", {"workflow": id}), Crumb("Trigger history", "/triggers", {"workflow": id})]
    if type == ACCOUNTS.lower() and body.get("kind") == TRAINING_KIND:
        return [Crumb("Projects and iterations", "/model", {"account": id})]
    if type == CONTAINERS.lower():
        return [Crumb("Blobs", "/blobs", {"container": id})]
    return []


async def _members(sources: Sources, type: str, id: str, versions: Mapping[str, str]) -> list[ResourceRow]:
    if type == _GROUP:
        return await group_resources(sources.arm, id, versions)
    if type == STORAGE_ACCOUNTS.lower():
        containers = await sources.arm.members(f"{id}/blobServices/default/containers", versions[CONTAINERS.lower()])
        return [_container(container) for container in containers]
    return []


def _container(container: Mapping[str, Any]) -> ResourceRow:
    return ResourceRow(container["id"], container["name"], container["type"], "", "")
