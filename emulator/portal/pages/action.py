"""An action of a run, or one of its repetitions: inputs, outputs, attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.logic_apps.runs.action_tree import PlacedAction, placed_actions
from emulator.portal.arm_client import ListPage
from emulator.portal.pages.page import Crumb, Page, Sources, any_id, crumbs
from emulator.portal.pages.run import workflow_of
from emulator.portal.pages.workflow import ACTIONS, LOGIC_API_VERSION, REPETITIONS, Outcome

REPETITIONS_SHOWN: Final = "100"
LOOPS: Final = frozenset({"foreach", "until"})


@dataclass(frozen=True)
class RepetitionRow:
    """One execution of an action in a loop, or one iteration of a loop.

    `place` says which: ``Foreach_image 3``, outer loops first, from 0. `id` is that of an action's repetition; of an
    iteration there is nothing more to show, and it is None.
    """

    id: str | None
    name: str
    place: str
    outcome: Outcome


async def action(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show the action or repetition with the id in ``?id=``; repetitions or iterations from ``skiptoken`` on."""
    id = any_id(query, "id")
    if id.type.lower() not in (ACTIONS.lower(), REPETITIONS.lower()):
        raise ArmError(
            400, "InvalidResourceId", f"id: '{id}' is of the type {id.type}; allowed: {ACTIONS}, {REPETITIONS}."
        )
    workflow_id = workflow_of(id)
    body, workflow = await asyncio.gather(
        sources.arm.get(str(id), LOGIC_API_VERSION), sources.arm.get(str(workflow_id), LOGIC_API_VERSION)
    )
    properties = body["properties"]
    now = sources.clock.now()
    name = id.names[2]
    place = _place(workflow["properties"]["definition"], name)
    values: dict[str, Any] = {
        "crumbs": _trail(id),
        "id": str(id),
        "name": name,
        "type": place.type,
        "repetition": repetition_place(properties),
        "outcome": Outcome.of(properties, now),
        "attempts": [Outcome.of(attempt, now) for attempt in properties.get("retryHistory") or []],
        "running": properties.get("endTime") is None,
        "contents": [],
        "caption": "",
        "repetitions": [],
        "skip_token": None,
    }
    if "repetitionCount" in properties:
        return Page("action.html", values | await _repetitions(sources, id, query, now))
    if place.type.lower() in LOOPS and id.type.lower() == ACTIONS.lower():
        values |= await _iterations(sources, id, query, now)
    inputs, outputs = await asyncio.gather(
        sources.contents.read(properties, "inputs", secured="inputs" in place.secured),
        sources.contents.read(properties, "outputs", secured="outputs" in place.secured),
    )
    return Page("action.html", values | {"contents": [("Inputs", inputs), ("Outputs", outputs)]})


def repetition_place(properties: Mapping[str, Any]) -> str:
    """Return the loops and item numbers that a repetition's ``repetitionIndexes`` name, "" for none."""
    indexes = properties.get("repetitionIndexes") or []
    return ", ".join(f"{index['scopeName']} {index['itemIndex']}" for index in indexes)


async def _repetitions(sources: Sources, id: ResourceId, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    page = await _page(sources, f"{id}/repetitions", query)
    return {
        "caption": "What the action did in each repetition of the loops around it",
        "repetitions": [_repetition(member, member["id"], now) for member in page.members],
        "skip_token": page.skip_token,
    }


async def _iterations(sources: Sources, id: ResourceId, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    page = await _page(sources, f"{id}/scopeRepetitions", query)
    return {
        "caption": "Finished iterations of the loop",
        "repetitions": [_repetition(member, None, now) for member in page.members],
        "skip_token": page.skip_token,
    }


async def _page(sources: Sources, path: str, query: Mapping[str, str]) -> ListPage:
    options = {"$top": REPETITIONS_SHOWN}
    if "skiptoken" in query:
        options["$skiptoken"] = query["skiptoken"]
    return await sources.arm.page(path, LOGIC_API_VERSION, **options)


def _repetition(member: Mapping[str, Any], id: str | None, now: datetime) -> RepetitionRow:
    properties = member["properties"]
    return RepetitionRow(id, member["name"], repetition_place(properties), Outcome.of(properties, now))


def _place(definition: Mapping[str, Any], name: str) -> PlacedAction:
    for place in placed_actions(definition):
        if place.name.lower() == name.lower():
            return place
    return PlacedAction(name, "", 0, "", frozenset())


def _trail(id: ResourceId) -> list[Crumb]:
    workflow_id = workflow_of(id)
    run_id = workflow_id.child(*id.segments[1])
    trail = [
        *crumbs(workflow_id),
        Crumb("Runs", "/runs", {"workflow": str(workflow_id)}),
        Crumb(run_id.name, "/run", {"id": str(run_id)}),
    ]
    if len(id.segments) > 3:
        action_id = run_id.child(*id.segments[2])
        trail.append(Crumb(action_id.name, "/action", {"id": str(action_id)}))
    return trail
