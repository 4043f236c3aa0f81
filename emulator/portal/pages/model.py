"""The Custom Vision projects of a training account, with their iterations and the names these are published under."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.portal.pages.page import Page, Sources, crumbs, required_id

ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
TRAINING_KIND: Final = "CustomVision.Training"


@dataclass(frozen=True)
class IterationRow:
    """An iteration; times are ISO 8601, `trained` is empty before the training is over."""

    name: str
    id: str
    status: str
    publish_name: str
    created: str
    trained: str


@dataclass(frozen=True)
class ProjectSection:
    """A project and its iterations, newest first."""

    name: str
    id: str
    description: str
    classification_type: str
    iterations: list[IterationRow]


async def model(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the projects of ``?account=``.

    The account counts and throttles these calls like anybody's: one for the projects, one for each project's
    iterations, and none for what would need a call an iteration, such as its precision.
    """
    id = required_id(query, "account", ACCOUNTS)
    version = (await sources.arm.api_versions())[ACCOUNTS.lower()]
    account = await sources.arm.get(str(id), version)
    if account.get("kind") != TRAINING_KIND:
        raise ArmError(
            400,
            "InvalidAccountKind",
            f"account: '{id}' is of the kind {account.get('kind')}; projects are in accounts of the kind "
            f"{TRAINING_KIND}.",
        )
    endpoint = str(account["properties"]["endpoint"])
    key = str((await sources.arm.list_keys(str(id), version))["key1"])
    projects = await sources.custom_vision.projects(endpoint, key)
    sections = await asyncio.gather(*(_section(sources, endpoint, key, project) for project in projects))
    return Page("model.html", {"crumbs": crumbs(id), "name": id.name, "projects": sections})


async def _section(sources: Sources, endpoint: str, key: str, project: Mapping[str, Any]) -> ProjectSection:
    iterations = await sources.custom_vision.iterations(endpoint, key, project["id"])
    rows = [
        IterationRow(
            iteration["name"],
            iteration["id"],
            iteration["status"],
            iteration.get("publishName") or "",
            iteration["created"],
            iteration.get("trainedAt") or "",
        )
        for iteration in iterations
    ]
    return ProjectSection(
        project["name"],
        project["id"],
        project.get("description") or "",
        (project.get("settings") or {}).get("classificationType") or "",
        sorted(rows, key=lambda row: row.created, reverse=True),
    )
