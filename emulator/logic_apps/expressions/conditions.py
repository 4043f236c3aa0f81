"""Conditions of If, Until and triggers: an expression, or an object of and, or, not and comparisons.

Such an object has one property: the name of a function, with an operand or an array of operands, each of them a string
with an expression, a scalar, or such an object again.
"""

from __future__ import annotations

from functools import partial

from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError, deep_nesting_is_an_error
from emulator.logic_apps.expressions.evaluation import Evaluator, Reference, compile_template
from emulator.logic_apps.expressions.functions import FUNCTIONS
from emulator.logic_apps.expressions.values import type_name


class Condition:
    """A condition that is ready to be evaluated."""

    def __init__(self, judge: Evaluator, references: frozenset[Reference]) -> None:
        self._judge = judge
        self._references = references

    @property
    def references(self) -> frozenset[Reference]:
        """What of the run the condition reads."""
        return self._references

    @deep_nesting_is_an_error("ExpressionEvaluationFailed")
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


@deep_nesting_is_an_error("InvalidTemplate")
def compile_condition(value: Json) -> Condition:
    """Parse a condition.

    Raises:
        ExpressionError: it is neither an expression nor an object with exactly one known operator.
    """
    references: set[Reference] = set()
    return Condition(_compile(value, references), frozenset(references))


def _compile(value: Json, references: set[Reference]) -> Evaluator:
    if isinstance(value, dict):
        return _operator(value, references)
    if isinstance(value, list):
        raise ExpressionError("An operand of a condition cannot be an array.", "InvalidTemplate")
    template = compile_template(value)
    references |= template.references
    return template.evaluate


def _operator(value: dict[str, Json], references: set[Reference]) -> Evaluator:
    if len(value) != 1:
        raise ExpressionError(
            f"A condition object has exactly one operator; this one has: {', '.join(value) or 'none'}.",
            "InvalidTemplate",
        )
    ((operator, operands),) = value.items()
    function = FUNCTIONS.get(operator.lower())
    if function is None:
        raise ExpressionError(f"The operator '{operator}' of a condition is not defined.", "InvalidTemplate")
    listed = operands if isinstance(operands, list) else [operands]
    if not function.takes(len(listed)):
        raise ExpressionError(
            f"The operator '{function.name}' of a condition takes {function.arity}; it has {len(listed)}.",
            "InvalidTemplate",
        )
    if function.of_run:
        references.add(Reference(function.name, listed[0] if listed and isinstance(listed[0], str) else None))
    compiled = [_compile(operand, references) for operand in listed]
    body = function.body
    if function.lazy:
        return lambda environment: body(environment, *[partial(operand, environment) for operand in compiled])
    return lambda environment: body(environment, *[operand(environment) for operand in compiled])
