"""Parses expressions and the strings that hold them.

A string is an expression when it begins with ``@`` (``@@`` stands for a literal ``@``), or it has parts in ``@{...}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from emulator.logic_apps.expressions.errors import syntax_error

_INTEGER_RANGE = range(-(2**63), 2**63)
_LONGEST = 8192
"""Characters of an expression ("Limits and configuration reference for Azure Logic Apps", learn.microsoft.com)."""
_DEEPEST = 200
"""Calls in calls, and selections from selections; no real expression comes near."""


@dataclass(frozen=True)
class Literal:
    """A string, a number, true, false or null."""

    value: str | int | float | bool | None


@dataclass(frozen=True)
class Call:
    """A function with its arguments; `text` is how it is written."""

    function: str
    arguments: tuple[Node, ...]
    position: int
    text: str


@dataclass(frozen=True)
class Selection:
    """``target.key`` or ``target[key]``; `optional` with a ``?`` before."""

    target: Node
    key: Node
    optional: bool
    text: str


Node: TypeAlias = Literal | Call | Selection

Part: TypeAlias = str | Node
"""A piece of an interpolated string."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<symbol>[()\[\],.?])
  | (?P<end>$)
  | (?P<bad>.)
)""",
    re.VERBOSE | re.DOTALL,
)
_SYMBOLS = {
    "(": "LeftParenthesis",
    ")": "RightParenthesis",
    "[": "LeftSquareBracket",
    "]": "RightSquareBracket",
    ",": "Comma",
    ".": "Dot",
    "?": "QuestionMark",
}
_Kind = OneOf["string", "number", "name", "symbol", "end"]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int
    end: int

    @property
    def called(self) -> str:
        if self.kind == "symbol":
            return _SYMBOLS[self.text]
        if self.kind == "number":
            return "Integer" if re.fullmatch(r"[+-]?\d+", self.text) else "Float"
        return {"string": "StringLiteral", "name": "Identifier", "end": "EndOfData"}[self.kind]


def parse_string(text: str) -> Node | list[Part] | str:
    """Return an expression, the parts of an interpolated string, or the literal string that `text` stands for.

    Raises:
        ExpressionError: the expression in it is not valid.
    """
    if text == "@" or "@" not in text:
        return text
    if text.startswith("@@"):
        return text[1:] if "@{" not in text[2:] else _parts(text)
    if text.startswith("@") and not text.startswith("@{"):
        node, end = parse(text, 1)
        if end != len(text):
            raise syntax_error(f"Unable to parse template language expression '{text[1:]}'.", end)
        return node
    return _parts(text) if "@{" in text else text


def _parts(text: str) -> list[Part] | str:
    parts: list[Part] = []
    literal = ""
    index = 0
    while index < len(text):
        if text.startswith("@@{", index):
            literal += "@{"
            index += 3
        elif text.startswith("@{", index):
            end = _closing_brace(text, index + 2)
            inner = text[index + 2 : end]
            node, _ = parse(inner, 0)
            if literal:
                parts.append(literal)
            literal = ""
            parts.append(node)
            index = end + 1
        else:
            literal += text[index]
            index += 1
    if literal:
        parts.append(literal)
    return parts if any(not isinstance(part, str) for part in parts) else "".join(str(part) for part in parts)


def _closing_brace(text: str, start: int) -> int:
    quoted = False
    for index in range(start, len(text)):
        if text[index] == "'":
            quoted = not quoted
        elif text[index] == "}" and not quoted:
            return index
    raise syntax_error(f"The template language expression '{text}' has no closing brace for '@{{'.", start)


def parse(text: str, start: int) -> tuple[Node, int]:
    """Parse the expression that takes up `text` from `start` on; return it and where it ends.

    Raises:
        ExpressionError: it is not valid.
    """
    if len(text) - start > _LONGEST:
        raise syntax_error(f"The expression has {len(text) - start} characters; the limit is {_LONGEST}.", start)
    parser = _Parser(text, start)
    node = parser.expression(0)
    parser.expect("end", "EndOfData")
    return node, len(text)


class _Parser:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._at = self._scan(start)

    def expression(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise syntax_error(f"The expression nests more than {_DEEPEST} calls.", self._at.position)
        token = self._at
        if token.kind == "string":
            self._next()
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            self._next()
            return Literal(self._number(token))
        if token.kind != "name":
            raise self._unexpected("Identifier")
        word = token.text.lower()
        self._next()
        if word in ("true", "false", "null") and not self._is("("):
            return Literal({"true": True, "false": False, "null": None}[word])
        return self._selections(self._call(token, depth), token.position, depth)

    def _call(self, name: _Token, depth: int) -> Node:
        self.expect("(", "LeftParenthesis")
        arguments: list[Node] = []
        if not self._is(")"):
            arguments.append(self.expression(depth + 1))
            while self._is(","):
                self._next()
                arguments.append(self.expression(depth + 1))
        end = self._at.end
        self.expect(")", "RightParenthesis")
        return Call(name.text, tuple(arguments), name.position, self._text[name.position : end])

    def _selections(self, node: Node, begin: int, depth: int) -> Node:
        for _ in range(_DEEPEST):
            optional = self._is("?")
            if optional:
                self._next()
            if self._is("."):
                self._next()
                if self._at.kind != "name":
                    raise self._unexpected("Identifier")
                key: Node = Literal(self._at.text)
                end = self._at.end
                self._next()
            elif self._is("["):
                self._next()
                key = self.expression(depth + 1)
                end = self._at.end
                self.expect("]", "RightSquareBracket")
            elif optional:
                raise self._unexpected("Dot")
            else:
                return node
            node = Selection(node, key, optional, self._text[begin:end])
        raise syntax_error(f"The expression selects more than {_DEEPEST} times in a row.", self._at.position)

    def _number(self, token: _Token) -> int | float:
        if token.called == "Float":
            return float(token.text)
        value = int(token.text)
        if value not in _INTEGER_RANGE:
            raise syntax_error(f"The integer {token.text} is out of the range of 64 bits.", token.position)
        return value

    def expect(self, what: str, called: str) -> None:
        token = self._at
        if token.kind != what and not (token.kind == "symbol" and token.text == what):
            raise self._unexpected(called)
        if what != "end":
            self._next()

    def _is(self, symbol: str) -> bool:
        return self._at.kind == "symbol" and self._at.text == symbol

    def _next(self) -> None:
        self._at = self._scan(self._at.end)

    def _scan(self, position: int) -> _Token:
        match = _TOKEN.match(self._text, position)
        assert match is not None and match.lastgroup is not None  # noqa: PT018 - the pattern takes anything
        text = match[match.lastgroup]
        begin = match.start(match.lastgroup)
        if match.lastgroup == "bad":
            raise syntax_error(
                f"The template language expression '{self._text[self._start :]}' is not valid: the string character "
                f"'{text}' at position '{begin - self._start}' is not expected.",
                begin,
            )
        return _Token(match.lastgroup, text, begin, match.end())

    def _unexpected(self, expected: str) -> Exception:
        return syntax_error(
            f"Unable to parse template language expression '{self._text[self._start :]}': expected token '{expected}' "
            f"and actual '{self._at.called}'.",
            self._at.position,
        )
