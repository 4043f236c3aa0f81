"""The words of a query.

Source: "Entity names", "Scalar data types" and "String literals" of the Kusto reference (learn.microsoft.com).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Literal

from emulator.monitor.kql.errors import KqlError, Position

Kind = Literal["name", "string", "number", "timespan", "literal", "symbol", "end"]

_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*)+")
_TIMESPAN: Final = re.compile(
    r"(\d+(?:\.\d+)?)(microseconds?|milliseconds?|ticks?|seconds?|minutes?|hours?|days?|ms|d|h|m|s)(?![A-Za-z0-9_])"
)
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)?(?![A-Za-z0-9_])")
_TYPED: Final = re.compile(r"(?:datetime|date|timespan|time|guid)\(\s*(?P<text>[^()'\"]*?)\s*\)")
"""What stands in these is no expression: ``datetime(2026-03-01T12:00)``."""
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_]*")
_OPERATOR_NAME: Final = re.compile(
    r"(?:project-away|project-keep|project-rename|project-reorder|mv-expand|mv-apply|make-series|top-nested|top-hitters"
    r"|sample-distinct|parse-where|parse-kv|graph-match|make-graph|partition-by)(?![A-Za-z0-9_])"
)
_WORD_OPERATOR: Final = re.compile(
    r"!(?:between|contains_cs|contains|startswith_cs|startswith|endswith_cs|endswith|hasprefix|hassuffix|has_cs|has"
    r"|in~|in)(?![A-Za-z0-9_])|in~"
)
_SYMBOL: Final = re.compile(r"==|!=|=~|!~|<=|>=|<>|\.\.|=>|[|(){}\[\],;:=<>+\-*/%.]")
_LINE_STRING: Final = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_VERBATIM: Final = re.compile(r"@\"(?:[^\"]|\"\")*\"|@'(?:[^']|'')*'")
_BLOCK: Final = re.compile(r"```(.*?)```", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES: Final = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\\": "\\", '"': '"',
    "'": "'",
}  # fmt: skip
MICROSECONDS: Final = {
    "d": 86_400_000_000, "day": 86_400_000_000, "h": 3_600_000_000, "hour": 3_600_000_000, "m": 60_000_000,
    "minute": 60_000_000, "s": 1_000_000, "second": 1_000_000, "ms": 1000, "millisecond": 1000, "microsecond": 1,
}  # fmt: skip
"""Microseconds of each unit of a timespan literal; a tick is a tenth of one."""


@dataclass(frozen=True)
class Token:
    """A word.

    `value` is a string literal's text, a timespan's microseconds, a number, what stands in ``datetime(...)`` and the
    like, or the word itself.
    """

    kind: Kind
    text: str
    value: str | int | float
    position: Position
    start: int
    end: int


def tokens(query: str) -> list[Token]:
    """Return the words of a query, the last one of kind "end".

    Raises:
        KqlError: a character or a literal that KQL does not have.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", query))]

    def position(offset: int) -> Position:
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    found: list[Token] = []
    offset = 0
    while True:
        space = _SPACE.match(query, offset)
        offset = space.end() if space else offset
        if offset >= len(query):
            found.append(Token("end", "", "", position(offset), offset, offset))
            return found
        kind, text, value = _token(query, offset, position(offset))
        found.append(Token(kind, text, value, position(offset), offset, offset + len(text)))
        offset += len(text)


def _token(query: str, offset: int, position: Position) -> tuple[Kind, str, str | int | float]:
    # h"..." and H"..." are strings that are kept out of traces; here they are strings.
    hidden = 1 if query[offset] in "hH" and query[offset + 1 : offset + 2] in ('"', "'", "@") else 0
    if match := _VERBATIM.match(query, offset + hidden):
        quote = match[0][1]
        return "string", query[offset : match.end()], match[0][2:-1].replace(quote * 2, quote)
    if match := _LINE_STRING.match(query, offset + hidden):
        return "string", query[offset : match.end()], _unescaped(match[0][1:-1], position)
    if match := _BLOCK.match(query, offset):
        return "string", match[0], match[1]
    if match := _TIMESPAN.match(query, offset):
        return "timespan", match[0], _microseconds(match[1], match[2], position)
    if match := _NUMBER.match(query, offset):
        return "number", match[0], _number(match[0])
    if match := _TYPED.match(query, offset):
        return "literal", match[0], match["text"]
    if match := _OPERATOR_NAME.match(query, offset) or _NAME.match(query, offset):
        if match[0] == "in" and query[match.end() : match.end() + 1] == "~":
            return "symbol", "in~", "in~"
        return "name", match[0], match[0]
    if match := _WORD_OPERATOR.match(query, offset) or _SYMBOL.match(query, offset):
        return "symbol", match[0], match[0]
    what = "an unclosed string" if query[offset] in "\"'" else f"the character {query[offset]!r}"
    raise KqlError("syntax", f"Syntax error: {what}", position)


def _number(text: str) -> int | float:
    if text[:2].lower() == "0x":
        return int(text, 16)
    return float(text) if set(text) & set(".eE") else int(text)


def _microseconds(number: str, unit: str, position: Position) -> int:
    unit = unit if unit in MICROSECONDS else unit.removesuffix("s")
    exact = float(number) * MICROSECONDS[unit] if unit != "tick" else float(number) / 10
    if exact != int(exact):
        raise KqlError("not emulated", f"{number}{unit}: the emulator counts microseconds, not less", position)
    return int(exact)


def _unescaped(text: str, position: Position) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code in _ESCAPES:
            return _ESCAPES[code]
        if code[0] in "uUx":
            return chr(int(code[1:], 16))
        if code[0].isdigit():
            return chr(int(code, 8))
        raise KqlError("syntax", f"Syntax error: the escape \\{code} in a string", position)

    return _ESCAPE.sub(one, text)
