"""Rules of variables."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Action, is_expression

VARIABLE_TYPES = ("boolean", "integer", "float", "string", "object", "array")
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "boolean": bool, "integer": int, "float": (int, float), "string": str, "object": dict, "array": list,
}  # fmt: skip
_UPDATES = frozenset(
    {"setvariable", "incrementvariable", "decrementvariable", "appendtoarrayvariable", "appendtostringvariable"}
)


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is wrong with variables and with their use."""
    declared = _declared(parts, problems)
    for action in parts.definition.index.values():
        _check_uses(action, parts, declared, problems)


def target(action: Action) -> str | None:
    """Return the lower-case name of the variable that an action changes, None where it changes none."""
    name = action.inputs.get("name") if action.kind in _UPDATES and isinstance(action.inputs, dict) else None
    return name.lower() if isinstance(name, str) and not is_expression(name) else None


def declarations(action: Action) -> list[tuple[Path, dict[str, Any]]]:
    """Return what an InitializeVariable action initializes, each with its path."""
    listed = action.inputs.get("variables") if isinstance(action.inputs, dict) else None
    if action.kind != "initializevariable" or not isinstance(listed, list):
        return []
    path = (*action.path, "inputs", "variables")
    return [((*path, index), each) for index, each in enumerate(listed) if isinstance(each, dict)]


def _declared(parts: Parts, problems: Problems) -> dict[str, Action]:
    """Return the action that initializes each variable, by the variable's lower-case name."""
    found: dict[str, Action] = {}
    for action in parts.definition.index.values():
        for path, variable in declarations(action):
            name, kind = variable.get("name"), variable.get("type")
            if not isinstance(name, str) or not isinstance(kind, str):
                continue
            if name.lower() in found:
                problems.add(
                    "variable-twice",
                    f"the action '{action.name}' initializes the variable '{name}', which another one does.",
                    (*path, "name"),
                )
            found.setdefault(name.lower(), action)
            if is_expression(kind):
                continue
            if kind.lower() not in VARIABLE_TYPES:
                problems.add(
                    "variable-type",
                    f"the action '{action.name}' gives the variable '{name}' the type '{kind}'; allowed: "
                    f"{', '.join(VARIABLE_TYPES)}.",
                    (*path, "type"),
                )
            elif not _fits(kind.lower(), variable.get("value")):
                problems.add(
                    "variable-value",
                    f"the action '{action.name}' gives the variable '{name}' a value that is not of its type {kind}.",
                    (*path, "value"),
                )
    if len(found) > limits.VARIABLES:
        problems.add(
            "variable-count",
            f"the definition has {len(found)} variables; the limit is {limits.VARIABLES}.",
            ("actions",),
        )
    return found


def _fits(kind: str, value: Any) -> bool:
    if value is None or is_expression(value):
        return True
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_uses(action: Action, parts: Parts, declared: dict[str, Action], problems: Problems) -> None:
    where, changed = f"the action '{action.name}'", target(action)
    if changed is not None and changed not in declared:
        problems.add(
            "variable-undeclared",
            f"{where} uses the variable '{action.inputs['name']}', which no action initializes; there are: "
            f"{', '.join(declared) or 'none'}.",
            (*action.path, "inputs", "name"),
        )
    for use in parts.uses(action):
        if use.function != "variables" or use.name is None:
            continue
        name = use.name.lower()
        if name not in declared:
            problems.add(
                "variable-undeclared",
                f"{where} refers to the variable '{use.name}', which no action initializes; there are: "
                f"{', '.join(declared) or 'none'}.",
                use.path,
                use.call.position,
                at_name=use.at_name,
            )
        elif action.kind == "setvariable" and changed == name:
            problems.add(
                "variable-self-reference",
                f"{where} sets a variable to itself: Self reference is not supported when updating the value of "
                f"variable '{use.name}'.",
                use.path,
                use.call.position,
                at_name=use.at_name,
            )
        elif declared[name] is action:
            problems.add(
                "variable-before",
                f"{where} refers to the variable '{use.name}' that it initializes itself; it has no value before the "
                f"action is over.",
                use.path,
                use.call.position,
                at_name=use.at_name,
            )
        elif not parts.order.reaches(action, declared[name]):
            problems.add(
                "variable-before",
                f"{where} refers to the variable '{use.name}', but may run before '{declared[name].name}' initializes "
                f"it.",
                use.path,
                use.call.position,
                at_name=use.at_name,
            )
