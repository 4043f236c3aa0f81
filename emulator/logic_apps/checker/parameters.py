"""Rules of workflow parameters: how they are declared, and the values that are given for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.checker.expressions import ExpressionReader
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Deferred, Definition, is_expression
from emulator.logic_apps.definitions.parameters import PARAMETER_TYPES, ParameterError, fits, parameter_value


def check(definition: Definition, expressions: ExpressionReader, problems: Problems) -> None:
    """Tell what is wrong with the declarations of parameters."""
    seen: set[str] = set()
    for name, declared in definition.parameters.items():
        path = ("parameters", name)
        if name.lower() in seen:
            problems.add("duplicate-name", f"the parameter '{name}' is declared twice.", path, at_name=True)
        seen.add(name.lower())
        if isinstance(declared["type"], Deferred):
            continue
        known = declared["type"].lower() in PARAMETER_TYPES
        if not known:
            problems.add(
                "parameter-type",
                f"the parameter '{name}' has the type '{declared['type']}'; allowed: {', '.join(PARAMETER_TYPES)}.",
                (*path, "type"),
            )
        if "value" in declared:
            problems.add(
                "parameter-value",
                f"the parameter '{name}' of the definition has a 'value'; it may only have a defaultValue.",
                (*path, "value"),
            )
        default = declared.get("defaultValue")
        if known and default is not None and not isinstance(default, Deferred) and not fits(declared["type"], default):
            problems.add(
                "parameter-default",
                f"the default value of the parameter '{name}' is not valid: it has to be of the type "
                f"{declared['type']}.",
                (*path, "defaultValue"),
            )


def check_values(definition: Definition, given: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Tell what is wrong with the values that a workflow resource gives at `path`."""
    declared = {name.lower() for name in definition.parameters}
    for name in given:
        if name.lower() not in declared:
            problems.add(
                "value-undeclared",
                f"the workflow gives a value for the parameter '{name}', which its definition does not declare; it "
                f"declares: {', '.join(definition.parameters) or 'none'}.",
                (*path, name),
                at_name=True,
            )
    for name, declaration in definition.parameters.items():
        if isinstance(declaration["type"], Deferred) or declaration["type"].lower() not in PARAMETER_TYPES:
            continue
        written = next((each for each in given if each.lower() == name.lower()), None)
        value = given[written] if written is not None else None
        if not isinstance(value, dict | None) or _is_open(value, declaration):
            continue
        try:
            parameter_value(name, declaration, value)
        except ParameterError as error:
            problems.add("value-not-valid", error.message, path if written is None else (*path, written))


def _is_open(value: Mapping[str, Any] | None, declaration: Mapping[str, Any]) -> bool:
    """Tell whether a value is known only at deployment, or refers to a key vault."""
    if value is None:
        return is_expression(declaration.get("defaultValue"))
    return "value" not in value or is_expression(value["value"])
