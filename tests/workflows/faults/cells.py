"""The cells of the fault matrix, from the definitions: every Http action, every fault, the first or every call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import workflows
from tests.workflows.faults.interruptions import INTERRUPTIONS

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "status 503": {"kind": "status", "status": 503},
    "status 403": {"kind": "status", "status": 403},
    "429 with Retry-After": {"kind": "status", "status": 429, "retryAfterSeconds": 3},
    "time-out": {"kind": "timeOut"},
    "time-out, carried out": {"kind": "timeOut", "carriedOut": True},
    "dropped connection": {"kind": "droppedConnection"},
    "dropped connection, carried out": {"kind": "droppedConnection", "carriedOut": True},
    "wrong JSON": {"kind": "wrongJson"},
    "slow": {"kind": "slow", "seconds": 20},
}
WHILE: Final = "meanwhile"
"""Stands for the calls of an interruption."""
OWN_SCENARIOS: Final = Path(__file__).with_name("own_scenarios.json")
CALLS: Mapping[str, int | None] = {"first call": 1, "every call": None}


@dataclass(frozen=True)
class HttpAction:
    """An action that calls a service."""

    workflow: str
    name: str


NOT_MET: Final = {
    HttpAction("rollback", f"{action}{suffix}"): f"rollback_refused{suffix}"
    for suffix in ("", "_in_the_repair")
    for action in (
        "Take_the_previous_name_from_its_holder",
        "Publish_the_previous_at_once",
        "Look_at_the_previous_again",
    )
}
"""No run of the scenario calls for these: what a rollback publishes has the previous name, and gives it up before."""


@dataclass(frozen=True)
class Cell:
    """A fault that an action meets once, or as long as it lasts, or what happens while it calls."""

    scenario: str
    action: HttpAction
    fault: str
    calls: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.action.workflow}, {self.action.name}, {self.fault}, {self.calls}"


def http_actions() -> list[HttpAction]:
    """Return every Http action of every workflow, in the definitions' order."""
    return [
        HttpAction(workflow, name)
        for workflow in workflows.names()
        for name, action in _actions(workflows.load(workflow)["actions"])
        if action["type"] == "Http"
    ]


def action_names() -> list[str]:
    """Return the names of the actions of every workflow."""
    return [name for workflow in workflows.names() for name, _ in _actions(workflows.load(workflow)["actions"])]


def own_scenarios() -> dict[HttpAction, str]:
    """Return the scenario whose run reaches an action, as own_scenarios.json has it."""
    read: dict[str, dict[str, list[str]]] = json.loads(OWN_SCENARIOS.read_text(encoding="utf-8"))
    return {
        HttpAction(workflow, name): scenario
        for scenario, actions in read.items()
        for workflow, names in actions.items()
        for name in names
    }


def cells() -> list[Cell]:
    """Return all cells, in rounds: each round has every action once, and a round's faults differ from action to action.

    So any beginning is a fair sample, and the first round tries every action and every fault.
    """
    ways = [(fault, calls) for calls in CALLS for fault in FAULTS] + [(each, WHILE) for each in INTERRUPTIONS]
    own = sorted(own_scenarios().items(), key=lambda each: hashlib.sha256(str(each).encode()).hexdigest())
    return [
        Cell(scenario, action, *ways[(position + round) % len(ways)])
        for round in range(len(ways))
        for position, (action, scenario) in enumerate(own)
    ]


def first_round(scenario: str) -> list[Cell]:
    """Return the cells of a scenario in which each of its own actions is tried once."""
    return [cell for cell in cells()[: len(own_scenarios())] if cell.scenario == scenario]


def _actions(container: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, action in container.items():
        yield name, action
        branches = [action, action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]
        for branch in branches:
            yield from _actions(branch.get("actions", {}))
