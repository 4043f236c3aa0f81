"""The order in which a run's actions are shown: as they are nested in the definition, and after what they wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any


@dataclass(frozen=True)
class PlacedAction:
    """An action at its place in the definition.

    `depth` is 0 for actions of the workflow itself. `branch` says in which part of an If or Switch the action is:
    ``else``, ``case NAME``, ``default``, or empty. `secured` has "inputs" and "outputs" as the definition hides them.
    """

    name: str
    type: str
    depth: int
    branch: str
    secured: frozenset[str]


def placed_actions(definition: Mapping[str, Any]) -> list[PlacedAction]:
    """Return every action of a workflow definition, each before the actions inside it."""
    return list(_placed(definition.get("actions") or {}, 0, ""))


def secured_members(operation: Mapping[str, Any]) -> frozenset[str]:
    """Return which of "inputs" and "outputs" an action or a trigger of a definition hides.

    https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app: ``runtimeConfiguration.secureData``
    """
    secure_data = (operation.get("runtimeConfiguration") or {}).get("secureData") or {}
    return frozenset(secure_data.get("properties") or ())


def _placed(actions: Mapping[str, Any], depth: int, branch: str) -> Iterator[PlacedAction]:
    for name in _ordered(actions):
        action = actions[name]
        yield PlacedAction(name, str(action.get("type", "")), depth, branch, secured_members(action))
        for inner, inner_branch in _branches(action):
            yield from _placed(inner, depth + 1, inner_branch)


def _ordered(actions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names, each after those it runs after; what runs side by side stays in the definition's order."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    spelled = {name.lower(): name for name in actions}
    for name, action in actions.items():
        before = (spelled.get(other.lower()) for other in action.get("runAfter") or {})
        sorter.add(name, *(other for other in before if other is not None))
    position = {name: index for index, name in enumerate(actions)}
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        yield from ready
        sorter.done(*ready)


def _branches(action: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    yield action.get("actions") or {}, ""
    yield (action.get("else") or {}).get("actions") or {}, "else"
    for name, case in (action.get("cases") or {}).items():
        yield case.get("actions") or {}, f"case {name}"
    yield (action.get("default") or {}).get("actions") or {}, "default"
