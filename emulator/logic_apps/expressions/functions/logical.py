"""Logical functions. and, or, if and coalesce evaluate no more than they need."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import boolean, function
from emulator.logic_apps.expressions.values import same, type_name

Lazy = Callable[[], Any]


@function("if", least=3, lazy=True)
def if_(_: Environment, condition: Lazy, when_true: Lazy, when_false: Lazy) -> Any:
    """Return one of two values."""
    return when_true() if boolean("if", condition()) else when_false()


@function("and", least=1, most=None, lazy=True)
def and_(_: Environment, *values: Lazy) -> bool:
    """Tell whether all are true."""
    return all(boolean("and", value()) for value in values)


@function("or", least=1, most=None, lazy=True)
def or_(_: Environment, *values: Lazy) -> bool:
    """Tell whether any is true."""
    return any(boolean("or", value()) for value in values)


@function("not", least=1)
def not_(_: Environment, value: Any) -> bool:
    """Tell whether it is false."""
    return not boolean("not", value)


@function("equals", least=2)
def equals(_: Environment, left: Any, right: Any) -> bool:
    """Tell whether two values are equal."""
    return same(left, right)


@function("coalesce", least=1, most=None, lazy=True)
def coalesce(_: Environment, *values: Lazy) -> Any:
    """Return the first value that is not null."""
    return next((found for value in values if (found := value()) is not None), None)


def _compare(name: str, compare: Callable[[Any, Any], bool]) -> None:
    def body(_: Environment, left: Any, right: Any) -> bool:
        for kind in ((int, float), str):
            if (
                isinstance(left, kind)
                and isinstance(right, kind)
                and not isinstance(left, bool)
                and not isinstance(right, bool)
            ):
                return compare(left, right)
        raise ExpressionError(
            f"The template language function '{name}' expects two parameters of matching types: two numbers or two "
            f"strings. The provided values are of types '{type_name(left)}' and '{type_name(right)}'."
        )

    function(name, least=2)(body)


_compare("less", operator.lt)
_compare("lessOrEquals", operator.le)
_compare("greater", operator.gt)
_compare("greaterOrEquals", operator.ge)
