"""Rules of what expressions refer to: actions, loops, parameters."""

from __future__ import annotations

from emulator.logic_apps.checker.expressions import Use
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action
from emulator.logic_apps.definitions.secure_data import READS_ACTION

_READS = frozenset(name.lower() for name in READS_ACTION) | {"result"}
_LOOPS = {"items": "foreach", "iterationindexes": "until"}


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is wrong with the references of actions and outputs."""
    for action in parts.definition.index.values():
        where = f"the action '{action.name}'"
        for use in parts.uses(action):
            if use.name is None:
                continue
            if use.function in _READS:
                _check_action(action, use, parts, problems)
            elif use.function in _LOOPS:
                _check_loop(action, use, parts, problems)
            check_parameter(where, use, parts, problems)
    for expression in parts.outputs:
        for use in expression.uses():
            if use.name is not None and use.function in _READS and not _is_there(use, parts):
                _unknown_action("the outputs", use, problems)
            check_parameter("the outputs", use, parts, problems)


def check_parameter(where: str, use: Use, parts: Parts, problems: Problems) -> None:
    """Tell where a parameter that is read is not declared; `where` begins the message."""
    outside = parts.surroundings.parameters
    if use.function != "parameters" or use.name is None or outside is None:
        return
    declared = {each.lower() for each in (*parts.definition.parameters, *outside)}
    if use.name.lower() not in declared:
        problems.add(
            "parameter-undeclared",
            f"{where} refers to the parameter '{use.name}', which is not declared; there are: "
            f"{', '.join((*parts.definition.parameters, *outside)) or 'none'}.",
            use.path,
            use.call.position,
            at_name=use.at_name,
        )


def _is_there(use: Use, parts: Parts) -> bool:
    name = str(use.name)
    if name.lower() in parts.definition.index:
        return True
    return use.function != "result" and parts.definition.trigger(name) is not None


def _unknown_action(where: str, use: Use, problems: Problems) -> None:
    problems.add(
        "action-unknown",
        f"{where} refers to the action '{use.name}', which is not in the definition.",
        use.path,
        use.call.position,
        at_name=use.at_name,
    )


def _check_action(action: Action, use: Use, parts: Parts, problems: Problems) -> None:
    where = f"the action '{action.name}'"
    found = parts.definition.index.get(str(use.name).lower())
    if found is None:
        if not _is_there(use, parts):
            _unknown_action(where, use, problems)
    elif use.function == "result" and not found.branches:
        problems.add(
            "result-no-scope",
            f"{where} asks for result('{use.name}'), which is no scope.",
            use.path,
            use.call.position,
            at_name=use.at_name,
        )
    elif not parts.order.reaches(action, found):
        problems.add(
            "action-not-before",
            f"the inputs of {where} cannot reference action '{use.name}'. Action '{use.name}' must either be in "
            f"'runAfter' path or within a scope action on the 'runAfter' path of action '{action.name}', or be a "
            f"Trigger.",
            use.path,
            use.call.position,
            at_name=use.at_name,
        )


def _check_loop(action: Action, use: Use, parts: Parts, problems: Problems) -> None:
    kind = _LOOPS[use.function]
    loops = [loop for loop in action.loops if parts.definition.index[loop.lower()].kind == kind]
    if action.kind == kind == "until":
        loops.append(action.name)
    if str(use.name).lower() not in {loop.lower() for loop in loops}:
        problems.add(
            "loop-unknown",
            f"the action '{action.name}' refers to the loop '{use.name}', which it does not stand in; it stands in: "
            f"{', '.join(loops) or 'none'}.",
            use.path,
            use.call.position,
            at_name=use.at_name,
        )
