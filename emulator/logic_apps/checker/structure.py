"""Rules of how actions go together: counts, places, order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.logic_apps import limits
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.azure_types import STATUSES as OTHER_STATUSES
from emulator.logic_apps.definitions.components import Action, Definition
from emulator.logic_apps.definitions.definition import STATUSES

_NOT_IN_LOOPS = ("terminate", "response")


def is_too_large(definition: Definition, problems: Problems) -> bool:
    """Tell whether there are more actions than a workflow may have: then nothing else is worth its time."""
    if len(definition.index) <= limits.ACTIONS:
        return False
    problems.add(
        "action-count",
        f"the definition has {len(definition.index)} actions; the limit is {limits.ACTIONS}.",
        ("actions",),
    )
    return True


def check(definition: Definition, problems: Problems) -> None:
    """Tell what is wrong with the tree of actions."""
    _check_siblings(definition.actions, problems)
    for action in definition.index.values():
        for branch in action.branches.values():
            _check_siblings(branch, problems)
        _check_place(action, definition, problems)
    for operation in (*definition.triggers.values(), *definition.index.values()):
        _check_description(operation.name, operation.raw, operation.path, problems)


def _check_description(name: str, raw: Mapping[str, object], path: Path, problems: Problems) -> None:
    description = raw.get("description")
    if isinstance(description, str) and len(description) > limits.DESCRIPTION_CHARACTERS:
        problems.add(
            "description-length",
            f"the description of '{name}' exceeded the length limit: maximum '{limits.DESCRIPTION_CHARACTERS}' and "
            f"actual '{len(description)}'.",
            (*path, "description"),
        )


def _check_place(action: Action, definition: Definition, problems: Problems) -> None:
    if action.kind == "initializevariable" and action.parent is not None:
        problems.add(
            "variable-nested",
            f"the action '{action.name}' of type 'InitializeVariable' has to stand at the top level; it cannot be "
            f"nested in '{action.parent}'.",
            action.path,
            at_name=True,
        )
    if action.kind in _NOT_IN_LOOPS and action.loops:
        loop = definition.index[action.loops[-1].lower()]
        problems.add(
            "not-in-loop",
            f"the action '{action.name}' of type '{action.type.name}' cannot stand in the loop '{loop.name}' of type "
            f"'{loop.type.name}'.",
            action.path,
            at_name=True,
        )


def _check_siblings(actions: Mapping[str, Action], problems: Problems) -> None:
    for action in actions.values():
        for other, statuses in action.run_after.items():
            _check_run_after(action, other, statuses, actions, problems)
    for action in _in_circles(actions):
        others = ", ".join(name for name in action.run_after if name in actions)
        problems.add(
            "run-after-circle",
            f"the action '{action.name}' runs after itself, by way of others: {others}.",
            (*action.path, "runAfter"),
        )


def _check_run_after(
    action: Action, other: str, statuses: tuple[str, ...], siblings: Mapping[str, Action], problems: Problems
) -> None:
    path = (*action.path, "runAfter", _as_written(action, other))
    if other.lower() == action.name.lower():
        problems.add("run-after-itself", f"the action '{action.name}' runs after itself.", path, at_name=True)
    elif other not in siblings:
        problems.add(
            "run-after-unknown",
            f"the action '{action.name}' runs after '{other}', which is no action beside it; there are: "
            f"{', '.join(siblings)}.",
            path,
            at_name=True,
        )
    for index, status in enumerate(statuses):
        if status not in STATUSES:
            never = status.lower() in OTHER_STATUSES
            problems.add(
                "run-after-status-never" if never else "run-after-status",
                f"the action '{action.name}' runs after '{other}' with the statuses {list(statuses)}; allowed: "
                f"{', '.join(STATUSES)}.",
                (*path, index),
            )


def _as_written(action: Action, other: str) -> str:
    written: Mapping[str, object] = action.raw.get("runAfter") or {}
    return next(name for name in written if name.lower() == other.lower())


def _in_circles(actions: Mapping[str, Action]) -> Iterator[Action]:
    """Yield the actions that wait for themselves by way of others, not those that only wait for such ones."""
    left = {
        name: {other for other in action.run_after if other in actions and other != name}
        for name, action in actions.items()
    }
    for _ in range(2):  # from the start of the order and, on what is left, from its end
        while ready := [name for name, others in left.items() if not others]:
            for name in ready:
                del left[name]
            for others in left.values():
                others.difference_update(ready)
        turned: dict[str, set[str]] = {name: set() for name in left}
        for name, others in left.items():
            for other in others:
                turned[other].add(name)
        left = turned
    yield from (actions[name] for name in left)
