""".NET's format strings for numbers, with the invariant culture.

"Standard numeric format strings" and "Custom numeric format strings", learn.microsoft.com/dotnet/standard/base-types.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from emulator.logic_apps.expressions.errors import ExpressionError

_STANDARD = re.compile(r"([CDEFGNPX])(\d{0,2})", re.IGNORECASE)
_CURRENCY = "¤"
"""The invariant culture's sign."""


def format_number(value: int | float, form: str) -> str:
    """Return `value` in a standard (``N2``) or custom (``0,0.00``) format.

    Raises:
        ExpressionError: the format is not valid for the value, or not emulated.
    """
    exact = Decimal(str(value))
    standard = _STANDARD.fullmatch(form)
    if standard is not None:
        return _standard(value, exact, standard[1], standard[2])
    if not set(form) <= set("0#.,% "):
        raise ExpressionError(f"The format '{form}' of the function 'formatNumber' is not emulated.")
    return _custom(exact, form)


def _standard(value: int | float, exact: Decimal, letter: str, digits: str) -> str:
    places = int(digits) if digits else 2
    match letter.upper():
        case "D" | "X" if not isinstance(value, int):
            raise ExpressionError(f"The format '{letter}' of the function 'formatNumber' takes integers only.")
        case "D":
            return f"{'-' if value < 0 else ''}{abs(int(value)):0{int(digits or 1)}}"
        case "X":
            shown = f"{int(value) & (2**64 - 1):0{int(digits or 1)}x}"
            return shown.upper() if letter == "X" else shown
        case "C":
            return ("-" if exact < 0 else "") + _CURRENCY + f"{_rounded(abs(exact), places):,}"
        case "N":
            return f"{_rounded(exact, places):,}"
        case "F":
            return f"{_rounded(exact, places)}"
        case "P":
            return f"{_rounded(exact * 100, places):,} %"
        case "E":
            mantissa, _, exponent = f"{exact:.{int(digits or 6)}e}".partition("e")
            return f"{mantissa}{letter}{exponent[0]}{int(exponent[1:]):03}"
        case _:
            return f"{exact:.{int(digits or 15)}g}" if digits else f"{exact.normalize():f}"


def _rounded(exact: Decimal, places: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _custom(exact: Decimal, form: str) -> str:
    percent = "%" in form
    whole, _, decimals = form.replace("%", "").strip().partition(".")
    amount = _rounded(abs(exact) * (100 if percent else 1), len(decimals))
    integral, _, fraction = f"{amount:f}".partition(".")
    least = len(re.sub("[^0#]", "", whole)) - re.sub("[^0#]", "", whole).find("0") if "0" in whole else 0
    integral = integral.lstrip("0").rjust(least, "0")
    if "," in whole:
        integral = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", integral)
    kept = decimals.rfind("0") + 1
    fraction = fraction[:kept] + fraction[kept:].rstrip("0")
    shown = integral + (f".{fraction}" if fraction else "")
    return ("-" if exact < 0 and set(shown) - set("0.,") else "") + shown + ("%" if percent else "")
