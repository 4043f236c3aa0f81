"""JSON text as the service's JSON library (Newtonsoft.Json) reads and writes it.

Reading is lenient: comments, single quotes, names without quotes, trailing commas, hexadecimal and octal integers, and
whatever follows the first value are accepted.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

_ALSO_ESCAPED: Final = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ALSO_ESCAPED_PATTERN = re.compile("[\u0085\u2028\u2029]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def float_text(value: float) -> str:
    """Return a float as .NET prints it: the shortest digits that read back, ``1E+21`` from 17 digits on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, mark, exponent = repr(value).partition("e")
    if mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    if not mark:
        return mantissa
    power = int(exponent)
    if 0 <= power < 17:
        return str(int(value))
    return f"{mantissa}E{'+' if power >= 0 else '-'}{abs(power):02}"


def write(value: Any) -> str:
    """Return compact JSON; floats keep a point (``1.0``), decimals their digits."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_string(value))
    elif isinstance(value, dict):
        mark = "{"
        for key, member in value.items():
            parts.append(f"{mark}{_string(key)}:")
            _write(member, parts)
            mark = ","
        parts.append("}" if mark == "," else "{}")
    elif isinstance(value, list):
        mark = "["
        for member in value:
            parts.append(mark)
            _write(member, parts)
            mark = ","
        parts.append("]" if mark == "," else "[]")
    else:
        parts.append(_scalar(value))


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return f'"{float_text(value)}"'
        return _with_point(float_text(value))
    if isinstance(value, Decimal):
        return _with_point(format(value, "f"))
    return str(value)


def _with_point(text: str) -> str:
    return text if "." in text or "E" in text else f"{text}.0"


def _string(text: str) -> str:
    written = encode_basestring(text)
    if written.isascii():
        return written
    return _ALSO_ESCAPED_PATTERN.sub(lambda match: _ALSO_ESCAPED[match[0]], written)


def read(text: str) -> Any:
    """Return the first JSON value in `text`, None where there is only white space.

    Raises:
        ValueError: there is none that can be read; the message names the place.
    """
    try:
        value = json.loads(text, strict=False)
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    except ValueError:
        return _Reader(text).whole()
    return value if text.isascii() and "\\u" not in text else _repaired(value)


def _repaired(value: Any) -> Any:
    """Replace surrogates without a partner, which are no text."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_repaired(member) for member in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(member) for key, member in value.items()}
    return value


_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[\w$]+")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?=[\s,}\])/]|$)")
_WORDS: Final[dict[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "undefined": None,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}
_WORD = re.compile(r"-?[A-Za-z]+(?=[\s,}\])/]|$)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", '"': '"', "'": "'"}
_DEEPEST: Final = 200


class _Reader:
    """Reads what the strict reader of the standard library refuses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._index = 0

    def whole(self) -> Any:
        self._skip()
        if self._index == len(self._text):
            return None
        return _repaired(self._value(0))

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self._error("it nests too deeply")
        self._skip()
        character = self._text[self._index : self._index + 1]
        if character == "{":
            return self._object(depth)
        if character == "[":
            return self._array(depth)
        if character in ("'", '"') and character:
            return self._string(character)
        if (number := _NUMBER.match(self._text, self._index)) is not None:
            self._index = number.end()
            return _number(number[0])
        word = _WORD.match(self._text, self._index)
        if word is None or word[0] not in _WORDS:
            raise self._error(f"'{character}' is not expected" if character else "it ends too early")
        self._index = word.end()
        return _WORDS[word[0]]

    def _object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._index += 1
        while not self._taken("}"):
            name = self._key()
            if not self._taken(":"):
                raise self._error("a colon is expected after the name")
            members[name] = self._value(depth + 1)
            if not self._taken(","):
                if self._taken("}"):
                    break
                raise self._error("a comma or a brace is expected after the value")
        return members

    def _array(self, depth: int) -> list[Any]:
        members: list[Any] = []
        self._index += 1
        while not self._taken("]"):
            members.append(self._value(depth + 1))
            if not self._taken(","):
                if self._taken("]"):
                    break
                raise self._error("a comma or a bracket is expected after the value")
        return members

    def _key(self) -> str:
        self._skip()
        character = self._text[self._index : self._index + 1]
        if character and character in "'\"":
            return self._string(character)
        name = _NAME.match(self._text, self._index)
        if name is None:
            raise self._error("a property name is expected")
        self._index = name.end()
        return name[0]

    def _string(self, quote: str) -> str:
        parts: list[str] = []
        self._index += 1
        while (character := self._text[self._index : self._index + 1]) != quote:
            if not character:
                raise self._error("a string has no end")
            self._index += 1
            parts.append(self._escape() if character == "\\" else character)
        self._index += 1
        return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _escape(self) -> str:
        mark = self._text[self._index : self._index + 1]
        self._index += 1
        if mark == "u":
            digits = self._text[self._index : self._index + 4]
            self._index += 4
            if not re.fullmatch("[0-9a-fA-F]{4}", digits):
                raise self._error(f"\\u{digits} is not an escape sequence")
            return chr(int(digits, 16))
        if mark not in _ESCAPES:
            raise self._error(f"\\{mark} is not an escape sequence")
        return _ESCAPES[mark]

    def _taken(self, character: str) -> bool:
        self._skip()
        found = self._text.startswith(character, self._index)
        self._index += found
        return found

    def _skip(self) -> None:
        blank = _BLANK.match(self._text, self._index)
        self._index = blank.end() if blank is not None else self._index

    def _error(self, reason: str) -> ValueError:
        line = self._text.count("\n", 0, self._index) + 1
        column = self._index - (self._text.rfind("\n", 0, self._index) + 1)
        return ValueError(f"{reason} (line {line}, position {column})")


def _number(text: str) -> int | float:
    digits = text.lstrip("-")
    sign = -1 if text.startswith("-") else 1
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    if digits.isdecimal():
        return int(text) if sign < 0 or digits[0] != "0" or digits == "0" else int(digits, 8)
    return float(text)
