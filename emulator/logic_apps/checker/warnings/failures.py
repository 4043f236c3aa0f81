"""Failures that nobody gets to know of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action

_TELLS: Final = frozenset({"terminate", "response"})
"""Types of actions that end a run or answer, whatever they read."""
_INWARD: Final = frozenset(
    {
        "compose", "parsejson", "select", "query", "join", "table", "expression", "wait", "scope", "if", "switch",
        "foreach", "until", "initializevariable", "setvariable", "incrementvariable", "decrementvariable",
        "appendtoarrayvariable", "appendtostringvariable",
    }
)  # fmt: skip
"""Types of actions whose effect stays within the run."""
_READS: Final = frozenset({"actions", "body", "outputs", "actionbody", "actionoutputs", "result"})


def check(parts: Parts, problems: Problems) -> None:
    """Tell which actions turn a failure into a success that nobody notices."""
    for siblings in _containers(parts):
        for action in siblings.values():
            for other, statuses in action.run_after.items():
                if other in siblings and "Failed" in statuses:
                    _check_handler(action, other, statuses, siblings, parts, problems)


def _containers(parts: Parts) -> Iterator[Mapping[str, Action]]:
    yield parts.definition.actions
    for action in parts.definition.index.values():
        yield from action.branches.values()


def _check_handler(
    action: Action,
    other: str,
    statuses: tuple[str, ...],
    siblings: Mapping[str, Action],
    parts: Parts,
    problems: Problems,
) -> None:
    whatever = "Succeeded" in statuses
    if any(
        each is not action and "Failed" in each.run_after.get(other, ()) and "Succeeded" not in each.run_after[other]
        for each in siblings.values()
    ):
        return  # another action is there for the failure alone
    followers = list(_with_followers(action, siblings))
    inside = {each.name.lower() for each in _with_children(siblings[other])}
    for each in followers:
        told = each.kind in _TELLS or (not whatever and each.kind not in _INWARD)
        if told or any(use.function in _READS and (use.name or "").lower() in inside for use in parts.uses(each)):
            return
    problems.add(
        "failure-unnoticed",
        f"the action '{action.name}' runs after a failure of '{other}' and turns it into a success; nothing after it "
        f"reads what happened, tells it or ends the run as failed.",
        (*action.path, "runAfter", next(name for name in action.raw["runAfter"] if name.lower() == other.lower())),
        at_name=True,
    )


def _with_children(action: Action) -> Iterator[Action]:
    yield action
    for child in action.children:
        yield from _with_children(child)


def _with_followers(action: Action, siblings: Mapping[str, Action]) -> Iterator[Action]:
    """Yield the action and all that runs after it, with what is in them."""
    seen, open_ = {action.name}, [action]
    while open_:
        each = open_.pop()
        yield from _with_children(each)
        for follower in siblings.values():
            if each.name in follower.run_after and follower.name not in seen:
                seen.add(follower.name)
                open_.append(follower)
