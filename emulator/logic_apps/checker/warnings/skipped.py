"""Results that are read although the action may have been skipped."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from emulator.logic_apps.checker.expressions import Use, selections
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action

_READS: Final = frozenset({"body", "outputs", "actionbody", "actionoutputs"})
_BRANCHES: Final = frozenset({"if", "switch"})


def check(parts: Parts, problems: Problems) -> None:
    """Tell where a property is selected without ``?`` from the result of an action that may have been skipped."""
    for action in parts.definition.index.values():
        for expression in parts.actions[action.name.lower()]:
            for selection in (each for node in expression.nodes for each in selections(node)):
                use = Use(selection.target, expression.path, expression.at_name)
                other = parts.definition.index.get((use.name or "").lower())
                if use.function not in _READS or other is None or selection.steps[0].optional:
                    continue
                if _may_be_skipped(other, action, parts):
                    problems.add(
                        "skipped-result",
                        f"the action '{action.name}' selects from {use.call.text} without '?', but '{other.name}' may "
                        f"have been skipped.",
                        use.path,
                        use.call.position,
                        at_name=use.at_name,
                    )


def _may_be_skipped(other: Action, action: Action, parts: Parts) -> bool:
    around = {each.name for each in (action, *parts.ancestors(action))}
    chain = (other, *parts.ancestors(other))
    for inner, outer in pairwise(chain):
        if outer.name in around:
            return _runs_when_skipped(inner, action, parts)
        if outer.kind in _BRANCHES:
            return True
    return _runs_when_skipped(chain[-1], action, parts)


def _runs_when_skipped(first: Action, action: Action, parts: Parts) -> bool:
    """Tell whether `action`, or a scope around it, runs where its sibling `first` was skipped."""
    for each in (action, *parts.ancestors(action)):
        if first.name.lower() in parts.order.before(each):
            return not _ran(first, each, parts, set())
    return False


def _ran(first: Action, last: Action, parts: Parts, seen: set[str]) -> bool:
    """Tell whether, where `last` runs, `first` surely was not skipped: some path between them asks for it."""
    if last.name in seen:
        return False
    seen.add(last.name)
    for name, statuses in last.run_after.items():
        before = parts.definition.index.get(name.lower())
        if before is None or "Skipped" in statuses:
            continue
        if before is first or _ran(first, before, parts, seen):
            return True
    return False
