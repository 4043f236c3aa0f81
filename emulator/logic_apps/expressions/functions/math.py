"""Mathematical functions: 64-bit integers, truncating division, IEEE floats, .NET's decimals."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from emulator.logic_apps.expressions import decimals
from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import function, integer, number, refused
from emulator.logic_apps.expressions.values import as_decimal, int32, is_integer, numeric, type_name

Number: TypeAlias = int | float | Decimal


def _calculate(
    name: str,
    integers: Callable[[int, int], int],
    floats: Callable[[float, float], float],
    of_decimals: Callable[[Decimal, Decimal], Decimal],
    left: Any,
    right: Any,
) -> Number:
    """Apply the operation of the wider of the operands' types."""
    first, second = number(name, left, 1), number(name, right, 2)
    try:
        if isinstance(first, int) and isinstance(second, int):
            result = integers(first, second)
            if not is_integer(result):
                raise OverflowError("the result does not fit into 64 bits")
            return result
        if isinstance(first, Decimal) or isinstance(second, Decimal):
            return of_decimals(as_decimal(first), as_decimal(second))
        return floats(float(first), float(second))
    except OverflowError as error:
        raise refused(name, f"arithmetic overflow: {error}") from error


@function("add", least=2)
def add(_: Environment, left: Any, right: Any) -> Number:
    """Add two numbers."""
    return _calculate("add", operator.add, operator.add, decimals.add, left, right)


@function("sub", least=2)
def sub(_: Environment, left: Any, right: Any) -> Number:
    """Subtract the second number from the first."""
    return _calculate("sub", operator.sub, operator.sub, decimals.sub, left, right)


@function("mul", least=2)
def mul(_: Environment, left: Any, right: Any) -> Number:
    """Multiply two numbers."""
    return _calculate("mul", operator.mul, operator.mul, decimals.mul, left, right)


@function("div", least=2)
def div(_: Environment, left: Any, right: Any) -> Number:
    """Divide; integers truncate towards zero. A divisor of zero is an error for floats too."""
    _refuse_zero("div", right)
    return _calculate("div", _truncated, _float_quotient, decimals.div, left, right)


@function("mod", least=2)
def mod(_: Environment, left: Any, right: Any) -> Number:
    """Return the remainder, with the dividend's sign."""
    _refuse_zero("mod", right)
    return _calculate("mod", _remainder, _float_remainder, decimals.mod, left, right)


def _refuse_zero(name: str, divisor: Any) -> None:
    if number(name, divisor, 2) == 0:
        raise refused(name, "attempt to divide by zero")


def _truncated(dividend: int, divisor: int) -> int:
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _float_quotient(dividend: float, divisor: float) -> float:
    try:
        return dividend / divisor
    except OverflowError:
        return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)


def _remainder(dividend: int, divisor: int) -> int:
    if divisor == -1:
        return _refuse_overflow(dividend)
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _float_remainder(dividend: float, divisor: float) -> float:
    return math.fmod(dividend, divisor) if math.isfinite(dividend) else math.nan


def _refuse_overflow(dividend: int) -> int:
    """The processor divides for the remainder, so it overflows where the quotient does."""
    if not is_integer(-dividend):
        raise OverflowError("the quotient does not fit into 64 bits")
    return 0


def _numbers(name: str, values: tuple[Any, ...]) -> list[Number]:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not listed:
        raise refused(name, "an empty array has none")
    wrong = list(dict.fromkeys(type_name(v) for v in listed if isinstance(v, bool) or not isinstance(v, Number)))
    if wrong:
        raise refused(name, f"all its parameters have to be numbers; there are values of type {', '.join(wrong)}")
    return [number(name, value) for value in listed]


def _widest(values: list[Number], chosen: Number) -> Number:
    """Return the result in the widest type of the values compared."""
    if any(isinstance(value, Decimal) for value in values):
        return as_decimal(chosen)
    return float(chosen) if any(isinstance(value, float) for value in values) else chosen


def _fold(name: str, better: Callable[[Any, Any], bool]) -> None:
    def body(_: Environment, *values: Any) -> Number:
        listed = _numbers(name, values)
        try:
            return _best(better, listed)
        except OverflowError as error:
            raise refused(name, f"arithmetic overflow: {error}") from error

    function(name, least=1, most=None)(body)


def _best(better: Callable[[Any, Any], bool], values: list[Number]) -> Number:
    chosen = values[0]
    for value in values[1:]:
        if chosen != chosen or _is_better(better, value, chosen):
            chosen = value
    return _widest(values, chosen)


def _is_better(better: Callable[[Any, Any], bool], value: Number, chosen: Number) -> bool:
    return better(value, chosen) if type(value) is type(chosen) else numeric(value, chosen, better, better)


_fold("min", operator.lt)
_fold("max", operator.gt)


@function("rand", least=2)
def rand(environment: Environment, least: Any, bound: Any) -> int:
    """Return a random integer from `least` up to but without `bound`."""
    low, high = int32(integer("rand", least, 1)), int32(integer("rand", bound, 2))
    if low > high:
        raise refused("rand", f"the least result {low} is greater than the bound {high}")
    return low if low == high else environment.random().randrange(low, high)
