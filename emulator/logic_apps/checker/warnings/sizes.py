"""What is close to a limit of the service, so that the next change may not be saved."""

from __future__ import annotations

from typing import Final

from emulator.logic_apps import limits
from emulator.logic_apps.checker.expressions import Expression
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems

_CLOSE: Final = 0.9
"""From this share of a limit on it is told."""


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is close to a limit."""
    definition = parts.definition
    counts = (
        ("actions", len(definition.index), limits.ACTIONS, ("actions",)),
        ("parameters", len(definition.parameters), limits.PARAMETERS, ("parameters",)),
    )
    for what, count, most, path in counts:
        if _CLOSE * most <= count <= most:
            problems.add("close-to-limit", f"the definition has {count} {what}; the limit is {most}.", path)
    for action in definition.index.values():
        level = len(parts.ancestors(action))
        if level == limits.NESTING:
            problems.add(
                "close-to-limit",
                f"the action '{action.name}' is nested at level {level}, the deepest that is allowed.",
                action.path,
                at_name=True,
            )
    listed = (*parts.actions.values(), *parts.triggers.values(), parts.outputs)
    for expression in (each for expressions in listed for each in expressions):
        _check_length(expression, problems)


def _check_length(expression: Expression, problems: Problems) -> None:
    length, most = len(expression.text), limits.EXPRESSION_CHARACTERS
    whole = not expression.text.startswith("@{")
    if whole and expression.text.startswith("@") and _CLOSE * most <= length <= most + 1:
        problems.add(
            "close-to-limit", f"the expression has {length - 1} characters; the limit is {most}.", expression.path
        )
