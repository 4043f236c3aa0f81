"""Mathematical functions: 64-bit integers, truncating division, IEEE floats."""

from __future__ import annotations

import math
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, integer, number


def _checked(name: str, value: int | float) -> int | float:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ExpressionError(f"The template language function '{name}' overflows the range of 64-bit integers.")
    return value


@function("add", least=2)
def add(_: Environment, left: Any, right: Any) -> int | float:
    """Add two numbers."""
    return _checked("add", number("add", left) + number("add", right))


@function("sub", least=2)
def sub(_: Environment, left: Any, right: Any) -> int | float:
    """Subtract the second number from the first."""
    return _checked("sub", number("sub", left) - number("sub", right))


@function("mul", least=2)
def mul(_: Environment, left: Any, right: Any) -> int | float:
    """Multiply two numbers."""
    return _checked("mul", number("mul", left) * number("mul", right))


@function("div", least=2)
def div(_: Environment, left: Any, right: Any) -> int | float:
    """Divide; integers truncate towards zero."""
    dividend, divisor = number("div", left), number("div", right)
    if divisor == 0:
        raise ExpressionError("The template language function 'div' attempted to divide by zero.")
    if isinstance(dividend, int) and isinstance(divisor, int):
        quotient = abs(dividend) // abs(divisor)
        return _checked("div", quotient if (dividend < 0) == (divisor < 0) else -quotient)
    return dividend / divisor


@function("mod", least=2)
def mod(_: Environment, left: Any, right: Any) -> int | float:
    """Return the remainder, with the dividend's sign."""
    dividend, divisor = number("mod", left), number("mod", right)
    if divisor == 0:
        raise ExpressionError("The template language function 'mod' attempted to divide by zero.")
    if isinstance(dividend, int) and isinstance(divisor, int):
        return int(math.copysign(abs(dividend) % abs(divisor), dividend)) if dividend % divisor else 0
    return math.fmod(dividend, divisor)


def _numbers(name: str, values: tuple[Any, ...]) -> list[int | float]:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not listed:
        raise ExpressionError(f"The template language function '{name}' expects at least one number.")
    numbers = [number(name, value) for value in listed]
    return [float(value) for value in numbers] if any(isinstance(value, float) for value in numbers) else numbers


@function("min", least=1, most=None)
def min_(_: Environment, *values: Any) -> int | float:
    """Return the least."""
    return min(_numbers("min", values))


@function("max", least=1, most=None)
def max_(_: Environment, *values: Any) -> int | float:
    """Return the greatest."""
    return max(_numbers("max", values))


@function("rand", least=2)
def rand(environment: Environment, least: Any, bound: Any) -> int:
    """Return a random integer from `least` up to but without `bound`."""
    low, high = integer("rand", least), integer("rand", bound)
    if low > high:
        raise ExpressionError(
            f"The template language function 'rand' parameters are out of range: the value '{low}' provided for "
            f"'minimum' cannot be greater than the value '{high}' provided for 'maximum'."
        )
    return low if low == high else environment.random().randrange(low, high)
