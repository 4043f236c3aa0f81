"""Cuts the text of one expression into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from emulator.logic_apps.expressions.errors import ExpressionTooLongError, excerpt, syntax_error

LONGEST_EXPRESSION: Final = 8192
"""Characters of an expression ("Limits and configuration reference for Azure Logic Apps", learn.microsoft.com)."""

Scalar: TypeAlias = str | int | float | bool | None

_MOST_DIGITS: Final = 19
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
  | (?P<number>[+-]?\d+(?P<fraction>\.\d*)?(?P<exponent>[eE][+-]?\d+)?)
  | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
  | (?P<symbol>[()\[\],.?])
)""",
    re.VERBOSE,
)
_SYMBOLS: Final = {
    "(": "LeftParenthesis",
    ")": "RightParenthesis",
    "[": "LeftSquareBracket",
    "]": "RightSquareBracket",
    ",": "Comma",
    ".": "Dot",
    "?": "QuestionMark",
}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression from `begin` up to `end`; `value` is that of a literal, or the text itself."""

    kind: str
    value: Scalar
    begin: int
    end: int


def scan(text: str, begin: int, end: int) -> list[Token]:
    """Return the tokens of the expression that takes up `text` from `begin` to `end`, closed by an EndOfData.

    Kinds: Literal, Integer, Float, Identifier, the names of the symbols, EndOfData.

    Raises:
        ExpressionError: a character, string or number that the language does not have; or the expression is too long.
    """
    if end - begin > LONGEST_EXPRESSION:
        raise ExpressionTooLongError(
            f"An expression has at most {LONGEST_EXPRESSION} characters; this one has {end - begin}.",
            "InvalidTemplate",
            begin,
        )
    tokens: list[Token] = []
    position = begin
    while (match := _TOKEN.match(text, position, end)) is not None:
        tokens.append(_token(text, match))
        position = match.end()
    rest = text[position:end].lstrip()
    if rest:
        raise _unexpected(text, begin, end, end - len(rest))
    tokens.append(Token("EndOfData", None, end, end))
    return tokens


def _token(text: str, match: re.Match[str]) -> Token:
    kind = match.lastgroup if match.lastgroup in ("string", "name", "symbol") else "number"
    begin, end = match.span(kind)
    written = text[begin:end]
    if kind == "string":
        return Token("Literal", written[1:-1].replace("''", "'"), begin, end)
    if kind == "symbol":
        return Token(_SYMBOLS[written], written, begin, end)
    if kind == "name":
        word = written.lower()
        return Token("Word" if word in _WORDS else "Identifier", written, begin, end)
    if match["fraction"] is not None or match["exponent"] is not None:
        return Token("Float", float(written), begin, end)
    # Python refuses to convert very long integers, so the digits are counted first.
    too_long = len(written.lstrip("+-").lstrip("0")) > _MOST_DIGITS
    if too_long or not -(2**63) <= int(written) < 2**63:
        raise syntax_error(f"The integer {written} does not fit into 64 bits.", begin)
    return Token("Integer", int(written), begin, end)


def word_value(word: str) -> bool | None:
    """Return the value of true, false or null."""
    return _WORDS[word.lower()]


def _unexpected(text: str, begin: int, end: int, position: int) -> Exception:
    character = text[position]
    expression = excerpt(text[begin:end])
    if character == "'":
        reason = f"the string at position {position - begin} has no closing quote"
    elif character == '"':
        reason = f"position {position - begin} has a double quote; strings stand in single quotes"
    else:
        reason = f"the character '{character}' at position {position - begin} is not expected"
    return syntax_error(f"The expression '{expression}' is not valid: {reason}.", position)
