"""The cells of the fault matrix, from the definitions: every Http action, every fault, the first or every call."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import workflows

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
CALLS: Mapping[str, int | None] = {"first call": 1, "every call": None}


@dataclass(frozen=True)
class HttpAction:
    """An action that calls a service."""

    workflow: str
    name: str


@dataclass(frozen=True)
class Cell:
    """A fault that an action meets once, or as long as it lasts."""

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


def cells(scenario: str, actions: Collection[HttpAction]) -> list[Cell]:
    """Return all cells of these actions in a scenario, in an order by hash: any beginning of it is a fair sample."""
    every = [Cell(scenario, action, fault, calls) for action in actions for fault in FAULTS for calls in CALLS]
    return sorted(every, key=lambda cell: hashlib.sha256(str(cell).encode()).hexdigest())


def _actions(container: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, action in container.items():
        yield name, action
        branches = [action, action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]
        for branch in branches:
            yield from _actions(branch.get("actions", {}))
