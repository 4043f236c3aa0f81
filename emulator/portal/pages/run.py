"""A run: how it stands, what started it, and the tree of its actions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.arm.resource_id import ResourceId
from emulator.logic_apps.runs.action_tree import PlacedAction, placed_actions, secured_members
from emulator.portal.contents import Content
from emulator.portal.pages.page import Crumb, Page, Sources, crumbs, required_id
from emulator.portal.pages.workflow import LARGEST_PAGE, LOGIC_API_VERSION, RUNS, Outcome, RunRow


@dataclass(frozen=True)
class ActionRow:
    """An action in the tree; `id` and `outcome` are None for one that the run has no record of.

    `repetitions` counts the executions of an action in a loop, None for one that runs once.
    """

    placed: PlacedAction
    id: str | None
    outcome: Outcome | None
    repetitions: int | None


@dataclass(frozen=True)
class TriggerSection:
    """What started the run."""

    name: str
    outcome: Outcome
    inputs: Content
    outputs: Content


async def run(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the run with the id in ``?id=``."""
    id = required_id(query, "id", RUNS)
    workflow_id = workflow_of(id)
    body, actions, workflow = await asyncio.gather(
        sources.arm.get(str(id), LOGIC_API_VERSION),
        sources.arm.members(f"{id}/actions", LOGIC_API_VERSION, **{"$top": LARGEST_PAGE}),
        sources.arm.get(str(workflow_id), LOGIC_API_VERSION),
    )
    now = sources.clock.now()
    properties = workflow["properties"]
    definition = properties["definition"]
    row = RunRow.of(body, now)
    return Page(
        "run.html",
        {
            "crumbs": [*crumbs(workflow_id), Crumb("Runs", "/runs", {"workflow": str(workflow_id)})],
            "workflow_name": workflow_id.name,
            "run": row,
            "trigger": await _trigger(sources, body["properties"].get("trigger") or {}, definition),
            "actions": list(_rows(placed_actions(definition), actions, now)),
            "changed": properties.get("changedTime", "") if _later(properties.get("changedTime"), row) else "",
            "running": row.outcome.end is None,
        },
    )


def workflow_of(id: ResourceId) -> ResourceId:
    """Return the id of the workflow that a run, an action or a repetition belongs to."""
    return ResourceId(id.prefix, id.namespace, id.segments[:1])


async def _trigger(
    sources: Sources, trigger: Mapping[str, Any], definition: Mapping[str, Any]
) -> TriggerSection | None:
    name = trigger.get("name")
    if name is None:
        return None
    secured = secured_members((definition.get("triggers") or {}).get(name) or {})
    inputs, outputs = await asyncio.gather(
        sources.contents.read(trigger, "inputs", secured="inputs" in secured),
        sources.contents.read(trigger, "outputs", secured="outputs" in secured),
    )
    return TriggerSection(name, Outcome.of(trigger, sources.clock.now()), inputs, outputs)


def _rows(placed: Sequence[PlacedAction], actions: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[ActionRow]:
    """Yield the definition's actions with what the run has of them, then those that are no longer in it."""
    recorded = {action["name"].lower(): action for action in actions}
    for place in placed:
        action = recorded.pop(place.name.lower(), None)
        yield ActionRow(place, None, None, None) if action is None else _row(place, action, now)
    for action in recorded.values():
        yield _row(PlacedAction(action["name"], "", 0, "", frozenset()), action, now)


def _row(place: PlacedAction, action: Mapping[str, Any], now: datetime) -> ActionRow:
    properties = action["properties"]
    return ActionRow(place, action["id"], Outcome.of(properties, now), properties.get("repetitionCount"))


def _later(changed: str | None, row: RunRow) -> bool:
    """Tell whether the definition is another than the run began with."""
    if changed is None or row.outcome.start is None:
        return False
    return datetime.fromisoformat(changed) > datetime.fromisoformat(row.outcome.start)
