"""Arithmetic of .NET's decimals: 96 bits of digits, 0 to 28 of them after the point.

Source: learn.microsoft.com, "System.Decimal struct".
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

_GREATEST_DIGITS: Final = 2**96 - 1
_GREATEST_SCALE: Final = 28
_WORKING_DIGITS: Final = 100
"""More than a product of two decimals has."""


def fitted(value: Decimal) -> Decimal:
    """Return `value` with no more digits than a decimal holds.

    Raises:
        OverflowError: it is too great.
    """
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        if value.adjusted() > _GREATEST_SCALE:
            raise OverflowError("the number does not fit into a decimal")
        scale = min(max(-_exponent(value), 0), _GREATEST_SCALE)
        while True:
            rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)
            if abs(int(rounded.scaleb(scale))) <= _GREATEST_DIGITS:
                return rounded if rounded else abs(rounded)
            if scale == 0:
                raise OverflowError("the number does not fit into a decimal")
            scale -= 1


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise OverflowError("the number does not fit into a decimal")
    return exponent


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return the sum."""
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        return fitted(left + right)


def sub(left: Decimal, right: Decimal) -> Decimal:
    """Return the difference."""
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        return fitted(left - right)


def mul(left: Decimal, right: Decimal) -> Decimal:
    """Return the product."""
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        return fitted(left * right)


def div(left: Decimal, right: Decimal) -> Decimal:
    """Return the quotient without zeros at its end."""
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        quotient = fitted(left / right).normalize()
        return quotient if _exponent(quotient) <= 0 else quotient.quantize(Decimal(1))


def mod(left: Decimal, right: Decimal) -> Decimal:
    """Return the remainder, with the dividend's sign."""
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        return fitted(left % right)
