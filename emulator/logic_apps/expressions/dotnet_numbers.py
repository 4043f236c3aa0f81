"""Numbers as .NET writes them by standard and custom format strings, and as it reads them.

Source: learn.microsoft.com, "Standard numeric format strings" and "Custom numeric format strings".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

from emulator.logic_apps.expressions import json_text
from emulator.logic_apps.expressions.cultures import INVARIANT, Culture

_STANDARD = re.compile(r"([A-Za-z])(\d{1,2})?")
_PRECISION = 400
"""Digits that hold any float exactly enough: the greatest has 309 before the point."""


class FormatError(ValueError):
    """A format string that .NET refuses."""


def format_number(value: int | float, form: str, culture: Culture = INVARIANT) -> str:
    """Return `value` in a .NET format.

    Raises:
        FormatError: the standard format does not exist, or not for this type.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return json_text.float_text(value)
    standard = _STANDARD.fullmatch(form or "G")
    with localcontext() as context:
        context.prec = _PRECISION
        if standard is not None:
            return _standard(value, standard[1], None if standard[2] is None else int(standard[2]), culture)
        return _custom(value, form, culture)


def _standard(value: int | float, letter: str, precision: int | None, culture: Culture) -> str:
    kind = letter.upper()
    exact = _exact(value)
    rounding = ROUND_HALF_UP if isinstance(value, int) else ROUND_HALF_EVEN
    match kind:
        case "N" | "F" | "C" | "P":
            places = 2 if precision is None else precision
            scaled = exact.scaleb(2) if kind == "P" else exact
            digits = _fixed(abs(scaled).quantize(Decimal(1).scaleb(-places), rounding), culture, kind != "F")
            return _affixed(digits, exact.is_signed(), kind, culture)
        case "E":
            places = 6 if precision is None else precision
            return _scientific(exact, places, letter, 3, rounding, culture)
        case "G":
            return _general(value, exact, precision, letter, rounding, culture)
        case "R" if isinstance(value, float):
            return json_text.float_text(value).replace("E", "e" if letter == "r" else "E").replace(".", culture.point)
        case "D" if isinstance(value, int):
            return f"{'-' if value < 0 else ''}{abs(value):0{precision or 0}d}"
        case "X" if isinstance(value, int):
            return f"{value & 0xFFFF_FFFF_FFFF_FFFF:0{precision or 0}{'x' if letter == 'x' else 'X'}}"
        case _:
            raise FormatError(f"'{letter}' is not a numeric format for this type of number")


def _exact(value: int | float) -> Decimal:
    return Decimal(value)


def _affixed(digits: str, negative: bool, kind: str, culture: Culture) -> str:
    if kind == "C":
        pattern = culture.negative_currency_pattern if negative else culture.currency_pattern
        return pattern.replace("n", digits).replace("$", culture.currency)
    if kind == "P":
        digits = culture.percent_pattern.replace("n", digits)
    return f"-{digits}" if negative else digits


def _fixed(value: Decimal, culture: Culture, grouped: bool) -> str:
    integral, _, fraction = f"{value:f}".partition(".")
    if grouped:
        integral = _grouped(integral, culture)
    return f"{integral}{culture.point}{fraction}" if fraction else integral


def _grouped(digits: str, culture: Culture) -> str:
    first = len(digits) % 3 or 3
    return culture.comma.join([digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))])


def _scientific(exact: Decimal, places: int, letter: str, exponent_digits: int, rounding: str, culture: Culture) -> str:
    digits, exponent = _rounded_digits(abs(exact), places + 1, rounding)
    digits = digits.ljust(places + 1, "0")
    mantissa = digits[0] + (culture.point + digits[1:] if places else "")
    sign = "-" if exact.is_signed() else ""
    return f"{sign}{mantissa}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):0{exponent_digits}}"


def _rounded_digits(value: Decimal, count: int, rounding: str) -> tuple[str, int]:
    """Return the first `count` digits of a number, rounded, and the power of ten of the first."""
    if not value:
        return "0", 0
    exponent = value.adjusted()
    rounded = value.quantize(Decimal(1).scaleb(exponent - count + 1), rounding)
    exponent = rounded.adjusted()
    return "".join(map(str, rounded.as_tuple().digits))[:count].rstrip("0") or "0", exponent


def _general(
    value: int | float, exact: Decimal, precision: int | None, letter: str, rounding: str, culture: Culture
) -> str:
    if not precision:
        text = str(value) if isinstance(value, int) else json_text.float_text(value)
        return text.replace("E", "e" if letter == "g" else "E").replace(".", culture.point)
    digits, exponent = _rounded_digits(abs(exact), precision, rounding)
    if -5 < exponent < precision:
        text = f"{Decimal(int(digits)).scaleb(exponent - len(digits) + 1):f}".replace(".", culture.point)
        return f"-{text}" if exact.is_signed() else text
    mantissa = digits[0] + (culture.point + digits[1:] if len(digits) > 1 else "")
    mark = "e" if letter == "g" else "E"
    return f"{'-' if exact.is_signed() else ''}{mantissa}{mark}{'-' if exponent < 0 else '+'}{abs(exponent):02}"


# Custom formats.

_PIECE = re.compile(
    r"""(?P<quoted>'[^']*'?|"[^"]*"?) | \\(?P<escaped>.?) | (?P<digit>[0\#]) | (?P<point>\.) | (?P<comma>,)
      | (?P<percent>%) | (?P<permille>‰) | (?P<exponent>[eE][+-]?0+) | (?P<literal>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass
class _Section:
    """One section of a custom format: its pieces and what they say about the number."""

    pieces: list[tuple[str, str]]
    before: int
    after: int
    point: int | None
    grouped: bool
    scale: int
    exponent: str | None

    @property
    def first_zero(self) -> int:
        """How many integral digits are always shown."""
        digits = [text for kind, text in self.pieces[: self.point] if kind == "digit"]
        return len(digits) - digits.index("0") if "0" in digits else 0

    @property
    def last_zero(self) -> int:
        """How many decimal digits are always shown."""
        if self.point is None:
            return 0
        digits = [text for kind, text in self.pieces[self.point :] if kind == "digit"]
        return len(digits) - digits[::-1].index("0") if "0" in digits else 0


def _custom(value: int | float, form: str, culture: Culture) -> str:
    sections = _split_sections(form)
    exact = Decimal(value) if isinstance(value, int) else Decimal(format(value, ".14e"))
    zero = _section_index(sections, 2)
    index = zero if not exact else _section_index(sections, int(exact.is_signed()))
    section = _section(sections[index])
    rounded = _round(abs(exact), section)
    negative = exact.is_signed() and (bool(rounded) or isinstance(value, float))
    if exact and not rounded and index != zero:
        index, section = zero, _section(sections[zero])
    shown = _rendered(rounded, section, culture)
    # .NET sets the sign before the digits, but where the number has no digit before the point only before a text.
    signed = negative and index == 0 and (bool(shown) or (bool(rounded) and rounded.adjusted() != -1))
    return f"-{shown}" if signed else shown


def _section_index(sections: list[str], wanted: int) -> int:
    """Return which section formats: the one for this kind of number, or the first where that is missing or empty."""
    return wanted if wanted < len(sections) and sections[wanted] else 0


def _split_sections(form: str) -> list[str]:
    sections, current = [""], 0
    for match in _PIECE.finditer(form):
        if match["literal"] == ";":
            sections.append("")
            current += 1
        else:
            sections[current] += match[0]
    return sections


def _section(form: str) -> _Section:
    pieces: list[tuple[str, str]] = []
    point: int | None = None
    exponent: str | None = None
    before = after = scale = 0
    for match in _PIECE.finditer(form):
        kind, text = str(match.lastgroup), match[0]
        if kind == "quoted":
            kind, text = "literal", text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
        elif kind == "escaped":
            kind, text = "literal", str(match["escaped"])
        elif kind == "exponent" and exponent is None:
            exponent = text
        elif kind == "exponent":
            kind = "literal"
        elif kind == "point":
            if point is not None:
                continue
            point = len(pieces)
        elif kind in ("percent", "permille"):
            scale += 2 if kind == "percent" else 3
            kind = "literal"
        elif kind == "digit":
            before, after = (before, after + 1) if point is not None else (before + 1, after)
        pieces.append((kind, text))
    grouped, thousands = _commas([kind for kind, _ in pieces[:point]])
    pieces = [piece for piece in pieces if piece[0] != "comma"]
    if point is not None:
        point = [kind for kind, _ in pieces].index("point")
    return _Section(pieces, before, after, point, grouped, scale - 3 * thousands, exponent)


def _commas(kinds: list[str]) -> tuple[bool, int]:
    """Tell whether commas stand between digits, and how many follow the last digit: each divides by 1,000."""
    places = [index for index, kind in enumerate(kinds) if kind == "digit"]
    if not places:
        return False, 0
    trailing = sum(kind == "comma" for kind in kinds[places[-1] + 1 :])
    return any(kind == "comma" for kind in kinds[places[0] : places[-1]]), trailing


def _round(value: Decimal, section: _Section) -> Decimal:
    scaled = value.scaleb(section.scale)
    if section.exponent is not None:
        return _significant(scaled, section.before + section.after)
    return scaled.quantize(Decimal(1).scaleb(-section.after), ROUND_HALF_UP)


def _significant(value: Decimal, count: int) -> Decimal:
    """Return a number rounded to so many digits; to none it is the next power of ten, or nothing."""
    if not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - count + 1), ROUND_HALF_UP)


def _rendered(value: Decimal, section: _Section, culture: Culture) -> str:
    exponent = 0
    if section.exponent is not None:
        exponent = value.adjusted() - section.before + 1 if value else 0
        value = value.scaleb(-exponent)
    integral, _, fraction = f"{value:f}".partition(".")
    integral = integral.lstrip("0").rjust(section.first_zero, "0")
    fraction = fraction.rstrip("0").ljust(section.last_zero, "0")
    if section.exponent is not None:
        integral = integral[: section.before] if value else "0" * section.before
    return _merged(section, integral, fraction, exponent, culture)


def _merged(section: _Section, integral: str, fraction: str, exponent: int, culture: Culture) -> str:
    parts: list[str] = []
    # The digit places are filled from the right; digits that have no place stand before the first.
    spare, place = len(integral) - section.before, 0
    decimals = 0
    for kind, text in section.pieces:
        if kind == "literal":
            parts.append(text)
        elif kind == "point":
            if not place:
                parts.extend(_with_commas(integral, 0, len(integral), section.grouped, culture))
            if fraction:
                parts.append(culture.point)
            place = -1
        elif kind == "exponent":
            parts.append(_exponent(text, exponent))
        elif place < 0:
            parts.append(fraction[decimals : decimals + 1])
            decimals += 1
        else:
            begin = max(spare + place, 0) if place else 0
            end = max(spare + place + 1, 0)
            parts.extend(_with_commas(integral, begin, end, section.grouped, culture))
            place += 1
    return "".join(parts)


def _with_commas(integral: str, begin: int, end: int, grouped: bool, culture: Culture) -> list[str]:
    found: list[str] = []
    for index in range(begin, end):
        if grouped and index and (len(integral) - index) % 3 == 0:
            found.append(culture.comma)
        found.append(integral[index])
    return found


def _exponent(text: str, exponent: int) -> str:
    digits = text.count("0")
    sign = "-" if exponent < 0 else "+" if "+" in text else ""
    return f"{text[0]}{sign}{abs(exponent):0{digits}}"


# Reading.


def parse_float(text: str, culture: Culture = INVARIANT) -> float:
    """Return the float that `text` stands for; it may group thousands anyhow.

    Raises:
        ValueError: it is none.
    """
    stripped = text.strip(" \t\n\v\f\r")
    if stripped in ("NaN", "Infinity", "-Infinity"):
        return float(stripped)
    return float(_plain(stripped, culture, exponent=True))


def parse_decimal(text: str, culture: Culture = INVARIANT) -> Decimal:
    """Return the decimal that `text` stands for, with its digits after the point.

    Raises:
        ValueError: it is none.
    """
    return Decimal(_plain(text.strip(" \t\n\v\f\r"), culture, exponent=False))


def _plain(text: str, culture: Culture, *, exponent: bool) -> str:
    point, comma = re.escape(culture.point), re.escape(culture.comma)
    pattern = rf"(?P<sign>[+-]?)(?P<whole>(?:\d(?:{comma})*)*)(?:{point}(?P<part>\d*))?(?P<after>[+-]?)"
    if exponent:
        pattern = pattern.replace("(?P<after>", r"(?P<power>(?:[eE][+-]?\d+)?)(?P<after>")
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None or not (match["whole"] or match["part"]) or (match["sign"] and match["after"]):
        raise ValueError(f"'{text}' is not a number")
    whole = match["whole"].replace(culture.comma, "")
    power = match["power"] if exponent else ""
    return (
        f"{match['sign'] or match['after']}{whole or '0'}.{match['part'] or '0'}{power}"
        if exponent
        else (f"{match['sign'] or match['after']}{whole or '0'}" + (f".{match['part']}" if match["part"] else ""))
    )


def is_integer_text(text: str) -> bool:
    """Tell whether `text` is an integer of 32 bits, as the service's isInt() does."""
    match = re.fullmatch(r"\s*([+-]?)0*(\d{1,10})\s*", text, re.ASCII)
    return match is not None and -(2**31) <= int(match[1] + match[2]) < 2**31


def parse_integer(text: str) -> int:
    """Return the integer that `text` stands for; ``1e3``, ``5.0`` and ``1,000`` are integers.

    Raises:
        ValueError: it is none, or does not fit into 64 bits.
    """
    stripped = text.strip(" \t\n\v\f\r")
    if stripped.endswith(("+", "-")):
        raise ValueError(f"'{text[:100]}' is not an integer")
    return integer_of(math.nan if stripped == "NaN" else float(_plain(stripped, INVARIANT, exponent=True)))


def integer_of(value: float) -> int:
    """Return the integer of 64 bits that a float is; of NaN the least one, as .NET's conversion does.

    Raises:
        ValueError: it has a fraction, or does not fit.
    """
    if math.isnan(value):
        return -(2**63)
    if not -(2.0**63) <= value < 2.0**63 or value != int(value):
        raise ValueError(f"{json_text.float_text(value)} is not an integer of 64 bits")
    return int(value)
