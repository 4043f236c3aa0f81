"""Loops that race, or that end without telling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.logic_apps.checker.expressions import calls
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.checker.variables import target
from emulator.logic_apps.definitions.components import Action
from emulator.logic_apps.expressions.parser import Call, Literal, Node

_CHANGES_BY_ITSELF: Final = frozenset({"utcnow", "rand", "guid", "iterationindexes", "workflow", "action"})
_SUCCESS: Final = frozenset({"succeeded", "success", "completed", "complete", "done", "finished", "ready", "ok"})
_READS: Final = frozenset({"body", "outputs", "actions", "actionbody", "actionoutputs", "result"})


def check(parts: Parts, problems: Problems) -> None:
    """Tell which loops race, and which end without telling."""
    racing: set[tuple[str, str]] = set()
    for action in parts.definition.index.values():
        if action.kind == "setvariable":
            _check_race(action, parts, racing, problems)
        elif action.kind == "until" and action.sound:
            _check_limit(action, problems)
            _check_condition(action, parts, problems)


def _check_race(action: Action, parts: Parts, told: set[tuple[str, str]], problems: Problems) -> None:
    """Tell of the first action that sets a variable in a parallel loop; `told` is what was told before."""
    loops = [parts.definition.index[loop.lower()] for loop in action.loops]
    parallel = next((loop for loop in loops if loop.kind == "foreach" and _is_parallel(loop)), None)
    variable = target(action)
    if parallel is not None and variable is not None and (parallel.name, variable) not in told:
        told.add((parallel.name, variable))
        problems.add(
            "race-in-foreach",
            f"the action '{action.name}' sets the variable '{action.inputs['name']}' in the Foreach '{parallel.name}', "
            f"whose iterations run at the same time.",
            action.path,
            at_name=True,
        )


def _is_parallel(loop: Action) -> bool:
    if not loop.sound or "sequential" in str(loop.raw.get("operationOptions")).lower():
        return False
    foreach = loop.raw.get("foreach")
    if isinstance(foreach, list) and len(foreach) <= 1:
        return False
    concurrency: Any = (loop.raw.get("runtimeConfiguration") or {}).get("concurrency") or {}
    return concurrency.get("repetitions") != 1


def _check_limit(action: Action, problems: Problems) -> None:
    if "failwhenlimitsreached" not in str(action.raw.get("operationOptions")).lower():
        problems.add(
            "until-limit-unseen",
            f"the Until '{action.name}' succeeds when its count or timeout is reached, as if its condition held.",
            action.path,
            at_name=True,
        )


def _check_condition(action: Action, parts: Parts, problems: Problems) -> None:
    expressions = [each for each in parts.actions[action.name.lower()] if "expression" in each.path[len(action.path) :]]
    inner = list(_descendants(action))
    names = {each.name.lower() for each in inner}
    changed = {
        target(each)
        for each in parts.definition.index.values()
        if each.name.lower() in names or not parts.order.reaches(action, each)
    }
    uses = [use for expression in expressions for use in expression.uses()]
    moving = [
        use
        for use in uses
        if use.function in _CHANGES_BY_ITSELF
        or (use.function in _READS and (use.name is None or use.name.lower() in names))
        or (use.function == "variables" and (use.name is None or use.name.lower() in changed))
    ]
    if expressions and not moving:
        problems.add(
            "until-never-changes",
            f"nothing in the Until '{action.name}' changes what its condition reads.",
            (*action.path, "expression"),
        )
        return
    compared = _compared(action.raw.get("expression"), [node for each in expressions for node in each.nodes])
    if compared is not None and compared.lower() in _SUCCESS:
        problems.add(
            "until-sees-success-only",
            f"the Until '{action.name}' waits for '{compared}' alone: where the work fails, it goes on to its limit.",
            (*action.path, "expression"),
        )


def _descendants(action: Action) -> Iterator[Action]:
    for child in action.children:
        yield child
        yield from _descendants(child)


def _compared(condition: Any, nodes: list[Node]) -> str | None:
    """Return the literal that the whole condition compares for equality, None where it is anything else."""
    if isinstance(condition, dict):
        ((operator, operands),) = condition.items() if len(condition) == 1 else (("", None),)
        listed: list[Any] = operands if isinstance(operands, list) else []
        if operator.lower() in ("and", "or") and len(listed) == 1:
            return _compared(listed[0], nodes)
        literals = [each for each in listed if isinstance(each, str) and not each.startswith("@")]
        return literals[0] if operator.lower() == "equals" and len(literals) == 1 else None
    match nodes:
        case [Call("equals", arguments)] if not any(call.function.lower() == "if" for call in calls(nodes[0])):
            literals = [each.value for each in arguments if isinstance(each, Literal) and isinstance(each.value, str)]
            return literals[0] if len(literals) == 1 else None
        case _:
            return None
