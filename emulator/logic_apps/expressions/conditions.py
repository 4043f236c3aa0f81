"""Conditions of If, Until and triggers: an expression, or an object of and, or, not and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.evaluation import Reference, compile_template
from emulator.logic_apps.expressions.functions import FUNCTIONS
from emulator.logic_apps.expressions.values import type_name


class Condition:
    """A condition that is ready to be evaluated."""

    def __init__(self, judge: Callable[[Environment], Any], references: frozenset[Reference]) -> None:
        self._judge = judge
        self.references = references

    def evaluate(self, environment: Environment) -> bool:
        """Tell whether the condition holds.

        Raises:
            ExpressionError: it cannot be evaluated, or gives no boolean.
        """
        result = self._judge(environment)
        if not isinstance(result, bool):
            raise ExpressionError(
                f"The condition has to give a boolean; it gave a value of type '{type_name(result)}'."
            )
        return result


def compile_condition(value: Json) -> Condition:
    """Parse a condition.

    Raises:
        ExpressionError: it is neither an expression nor an object with exactly one known operator.
    """
    references: set[Reference] = set()
    return Condition(_compile(value, references), frozenset(references))


def _compile(value: Json, references: set[Reference]) -> Callable[[Environment], Any]:
    if not isinstance(value, dict):
        template = compile_template(value)
        references |= template.references
        return template.evaluate
    if len(value) != 1:
        raise ExpressionError(
            f"A condition object has exactly one operator; this one has: {', '.join(value) or 'none'}.",
            "InvalidTemplate",
        )
    (operator, operands), *_ = value.items()
    function = FUNCTIONS.get(operator.lower())
    if function is None:
        raise ExpressionError(f"The operator '{operator}' of a condition is not defined.", "InvalidTemplate")
    listed = operands if isinstance(operands, list) else [operands]
    if len(listed) < function.least or (function.most is not None and len(listed) > function.most):
        raise ExpressionError(
            f"The operator '{operator}' of a condition does not take {len(listed)} operand(s).", "InvalidTemplate"
        )
    compiled = [_compile(operand, references) for operand in listed]
    if function.lazy:
        return lambda environment: function.body(
            environment, *(lambda operand=operand: operand(environment) for operand in compiled)
        )
    return lambda environment: function.body(environment, *[operand(environment) for operand in compiled])
