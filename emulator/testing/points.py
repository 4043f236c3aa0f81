"""What of a definition tests can reach, and what a run reached of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.logic_apps.definitions.components import Action, Definition
from emulator.logic_apps.history.records import SKIPPED, SUCCEEDED, ActionRecord, IterationRecord
from emulator.logic_apps.standalone.result import branch_taken, in_order

ACTION = "action"
"""The kind of the point that an action was executed; all other kinds are branches."""
_IF = {"actions": "true", "else": "false"}


@dataclass(frozen=True, order=True)
class Point:
    """Something that a run can reach.

    ====================  =====================================================================
    kind                  detail
    ====================  =====================================================================
    ``action``            empty: the action was executed
    ``condition``         of an If: ``true``, ``false``
    ``case``              of a Switch: a case's name, ``default``
    ``elements``          of a Foreach: ``none``, ``some``
    ``repetition``        of an Until: ``once``, ``again``
    ``after``             of runAfter: the other action and the status it had, ``A Failed``
    ====================  =====================================================================
    """

    action: str
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        match self.kind:
            case "action":
                return f"{self.action}: never executed"
            case "condition":
                return f"{self.action}: never {self.detail}"
            case "case":
                return f"{self.action}: case {self.detail} never taken"
            case "elements":
                return f"{self.action}: never with {'no elements' if self.detail == 'none' else 'elements'}"
            case "repetition":
                return f"{self.action}: never {'over after one iteration' if self.detail == 'once' else 'repeated'}"
            case _:
                return f"{self.action}: never after {self.detail}"


def points(definition: Definition) -> list[Point]:
    """Return all points of a definition in the order of its actions."""
    return [point for action in in_order(definition.actions) for point in _of_action(action)]


def _of_action(action: Action) -> Iterator[Point]:
    yield Point(action.name, ACTION)
    match action.kind:
        case "if":
            yield from (Point(action.name, "condition", each) for each in _IF.values())
        case "switch":
            yield from (Point(action.name, "case", branch) for branch in action.branches)
        case "foreach":
            yield from (Point(action.name, "elements", each) for each in ("none", "some"))
        case "until":
            yield from (Point(action.name, "repetition", each) for each in ("once", "again"))
        case _:
            pass
    for other, statuses in action.run_after.items():
        yield from (Point(action.name, "after", f"{other} {status}") for status in statuses)


def reached(
    definition: Definition, records: Sequence[ActionRecord], iterations: Sequence[IterationRecord]
) -> Iterator[Point]:
    """Yield the points that a run reached, of what it kept of its actions and the iterations of its loops."""
    by_path = {record.path: record for record in records}
    counts: dict[str, int] = {}
    for iteration in iterations:
        loop = iteration.path.rstrip("/").rpartition(":")[0]
        counts[loop] = counts.get(loop, 0) + 1
    for record in records:
        action = definition.index.get(record.name.lower())
        if action is None or record.status == SKIPPED:
            continue
        yield Point(action.name, ACTION)
        yield from _of_branches(action, record, counts.get(record.path, 0))
        yield from _around(definition, action)
        frame = record.path[: len(record.path) - len(record.name)]
        for other in action.run_after:
            before = by_path.get(frame + other)
            if before is not None:
                yield Point(action.name, "after", f"{other} {before.status}")


def _around(definition: Definition, action: Action) -> Iterator[Point]:
    """Yield the branch that an executed action stands in: what a Terminate ends says of itself not where it went."""
    around = definition.index.get((action.parent or "").lower())
    if around is None:
        return
    branch = next(name for name, inner in around.branches.items() if action.name in inner)
    match around.kind:
        case "if":
            yield Point(around.name, "condition", _IF[branch])
        case "switch":
            yield Point(around.name, "case", branch)
        case "foreach":
            yield Point(around.name, "elements", "some")
        case _:
            pass


def _of_branches(action: Action, record: ActionRecord, iterations: int) -> Iterator[Point]:
    taken = branch_taken(action.kind, record)
    if action.kind == "foreach" and (iterations or record.status == SUCCEEDED):
        yield Point(action.name, "elements", "some" if iterations else "none")
    elif action.kind == "until" and iterations:
        yield Point(action.name, "repetition", "once" if iterations == 1 else "again")
    elif taken is not None:
        yield (
            Point(action.name, "case", taken)
            if action.kind == "switch"
            else Point(action.name, "condition", _IF[taken])
        )


def fingerprint(definition: Definition) -> str:
    """Return what is the same for definitions of the same actions, so that their runs count for one another.

    Names, types, places and runAfter count; inputs, parameters and triggers do not: tests set them.
    """
    text = json.dumps(_shape(definition.actions), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _shape(actions: Mapping[str, Action]) -> dict[str, Any]:
    return {
        name: [
            action.kind,
            {other: sorted(statuses) for other, statuses in action.run_after.items()},
            {branch: _shape(inner) for branch, inner in action.branches.items()},
        ]
        for name, action in actions.items()
    }
