"""Logical functions. and, or, if and coalesce evaluate no more than they need."""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from emulator.logic_apps.expressions.dotnet_numbers import is_integer_text, parse_float
from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import boolean, culture, function, refused, text
from emulator.logic_apps.expressions.utf16 import ordinal
from emulator.logic_apps.expressions.values import is_number, numeric, same, type_name

Lazy = Callable[[], Any]


@function("if", least=3, lazy=True)
def if_(_: Environment, condition: Lazy, when_true: Lazy, when_false: Lazy) -> Any:
    """Return one of two values."""
    return when_true() if boolean("if", condition(), 1) else when_false()


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


@contextmanager
def _overflow_refused(name: str) -> Generator[None]:
    try:
        yield
    except OverflowError as error:
        raise refused(name, f"arithmetic overflow: {error}") from error


@function("equals", "strongEquals", least=2, most=None)
def equals(_: Environment, head: Any, *others: Any) -> bool:
    """Tell whether all values are equal: numbers by value, strings by code point, arrays and objects by content."""
    with _overflow_refused("equals"):
        return all(same(head, other) for other in others)


@function("coalesce", least=1, most=None, lazy=True)
def coalesce(_: Environment, *values: Lazy) -> Any:
    """Return the first value that is not null."""
    return next((found for value in values if (found := value()) is not None), None)


def _compare(name: str, compare: Callable[[Any, Any], bool]) -> None:
    def body(_: Environment, left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(ordinal(left), ordinal(right))
        if is_number(left) and is_number(right):
            with _overflow_refused(name):
                return compare(left, right) if type(left) is type(right) else numeric(left, right, compare, compare)
        raise refused(
            name, f"two numbers or two strings can be compared, not '{type_name(left)}' and '{type_name(right)}'"
        )

    function(name, least=2)(body)


_compare("less", operator.lt)
_compare("lessOrEquals", operator.le)
_compare("greater", operator.gt)
_compare("greaterOrEquals", operator.ge)


@function("isInt", least=1)
def is_int(_: Environment, value: Any) -> bool:
    """Tell whether a string is an integer of 32 bits."""
    return is_integer_text(text("isInt", value))


@function("isFloat", least=1, most=2)
def is_float(_: Environment, value: Any, locale: Any = "") -> bool:
    """Tell whether a string is a number, as a culture writes it."""
    chosen = culture("isFloat", text("isFloat", locale, 2), 2)
    try:
        parse_float(text("isFloat", value, 1), chosen)
    except ValueError:
        return False
    return True
