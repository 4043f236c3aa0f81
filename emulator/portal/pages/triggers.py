"""What the triggers of a workflow did: each look, and the run it started, if any."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.arm.resource_id import ResourceId
from emulator.portal.pages.page import Page, Sources, crumbs, required_id
from emulator.portal.pages.workflow import LOGIC_API_VERSION, WORKFLOWS, Outcome

HISTORIES_SHOWN: Final = "30"


@dataclass(frozen=True)
class HistoryRow:
    """A look of a trigger: whether it fired, and the run that this started."""

    outcome: Outcome
    fired: bool
    run_id: str
    run_name: str


@dataclass(frozen=True)
class TriggerSection:
    """A trigger with what it did last, newest first."""

    name: str
    state: str
    histories: list[HistoryRow]


async def triggers(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the triggers of ``?workflow=``: this is where a workflow that starts no runs says why."""
    workflow = required_id(query, "workflow", WORKFLOWS)
    found = await sources.arm.members(f"{workflow}/triggers", LOGIC_API_VERSION)
    sections = await asyncio.gather(*(_section(sources, workflow, trigger) for trigger in found))
    return Page("triggers.html", {"crumbs": crumbs(workflow), "name": workflow.name, "triggers": sections})


async def _section(sources: Sources, workflow: ResourceId, trigger: Mapping[str, Any]) -> TriggerSection:
    page = await sources.arm.page(
        f"{workflow}/triggers/{trigger['name']}/histories", LOGIC_API_VERSION, **{"$top": HISTORIES_SHOWN}
    )
    now = sources.clock.now()
    return TriggerSection(
        trigger["name"],
        trigger["properties"].get("state", ""),
        [_row(history["properties"], now) for history in page.members],
    )


def _row(properties: Mapping[str, Any], now: datetime) -> HistoryRow:
    run = properties.get("run") or {}
    return HistoryRow(
        Outcome.of(properties, now), bool(properties.get("fired")), run.get("id", ""), run.get("name", "")
    )
