"""Parses expressions and the strings that hold them.

A string is an expression when it begins with ``@`` (``@@`` stands for a literal ``@``), or it has parts in ``@{...}``
(``@@{`` stands for a literal ``@{``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from emulator.logic_apps.expressions.errors import ExpressionError, excerpt, syntax_error
from emulator.logic_apps.expressions.scanner import Scalar, Token, scan, word_value

DEEPEST_NESTING: Final = 200
"""Calls and brackets in one another. Ours: within Python's stack, and more than 8,192 characters ever need."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, a number, true, false or null."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; `position` is the column of its name, `text` how it is written."""

    function: str
    arguments: tuple[Node, ...]
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """``.key`` or ``[key]`` after a call; `optional` with a ``?`` before, `text` is all from the call to here."""

    key: Node
    optional: bool
    text: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A call and the properties or elements selected from its result, one out of the other."""

    target: Call
    steps: tuple[Step, ...]


Node: TypeAlias = Literal | Call | Selection

Part: TypeAlias = str | Node
"""A piece of an interpolated string."""


def parse_string(text: str) -> Node | list[Part] | str:
    """Return an expression, the parts of an interpolated string, or the literal string that `text` stands for.

    Raises:
        ExpressionError: the expression in it is not valid; `position` is the column in `text`.
    """
    if "@" not in text or text == "@":
        return text
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@") and not text.startswith("@{"):
        return parse(text, 1, len(text))
    return _interpolation(text) if "@{" in text else text


def _interpolation(text: str) -> list[Part] | str:
    parts: list[Part] = []
    literal = ""
    index = 0
    while (found := text.find("@", index)) >= 0:
        literal += text[index:found]
        if text.startswith("@@{", found):
            literal += "@{"
            index = found + 3
        elif text.startswith("@{", found):
            end = _closing_brace(text, found)
            if literal:
                parts.append(literal)
                literal = ""
            parts.append(parse(text, found + 2, end))
            index = end + 1
        else:
            literal += "@"
            index = found + 1
    literal += text[index:]
    if not parts:
        return literal
    return [*parts, literal] if literal else parts


def _closing_brace(text: str, begin: int) -> int:
    quoted = False
    for index in range(begin + 2, len(text)):
        if text[index] == "'":
            quoted = not quoted
        elif text[index] == "}" and not quoted:
            return index
    raise syntax_error(f"The '@{{' at position {begin} of '{excerpt(text)}' has no closing brace.", begin)


def parse(text: str, begin: int, end: int) -> Node:
    """Parse the expression that takes up `text` from `begin` to `end`.

    Raises:
        ExpressionError: it is not valid.
    """
    return _Parser(text, begin, end).whole()


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str, begin: int, end: int) -> None:
        self._text = text
        self._expression = text[begin:end]
        self._tokens = scan(text, begin, end)
        self._index = 0

    def whole(self) -> Node:
        node = self._node(0)
        self._take("EndOfData")
        return node

    def _node(self, depth: int) -> Node:
        token = self._tokens[self._index]
        if depth > DEEPEST_NESTING:
            raise syntax_error(f"The expression nests deeper than {DEEPEST_NESTING} calls.", token.begin)
        self._index += 1
        match token.kind:
            case "Literal" | "Integer" | "Float":
                return Literal(token.value)
            case "Word":
                return Literal(word_value(str(token.value)))
            case "Identifier":
                call = self._call(token, depth)
                steps = self._steps(token.begin, depth)
                return Selection(call, steps) if steps else call
            case _:
                raise self._wrong("Identifier", token)

    def _call(self, name: Token, depth: int) -> Call:
        self._take("LeftParenthesis")
        arguments: list[Node] = []
        if self._at("RightParenthesis") is None:
            arguments.append(self._node(depth + 1))
            while self._at("Comma") is not None:
                self._index += 1
                arguments.append(self._node(depth + 1))
        end = self._take("RightParenthesis").end
        return Call(str(name.value), tuple(arguments), name.begin, self._text[name.begin : end])

    def _steps(self, begin: int, depth: int) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            optional = self._at("QuestionMark") is not None
            self._index += optional
            if self._at("Dot") is not None:
                self._index += 1
                token = self._tokens[self._index]
                if token.kind != "Word":
                    self._take("Identifier")
                else:
                    self._index += 1
                key, end = Literal(token.value), token.end
            elif self._at("LeftSquareBracket") is not None:
                self._index += 1
                key = self._node(depth + 1)
                end = self._take("RightSquareBracket").end
            elif optional:
                raise self._wrong("Dot", self._tokens[self._index])
            else:
                return tuple(steps)
            steps.append(Step(key, optional, self._text[begin:end]))

    def _at(self, kind: str) -> Token | None:
        token = self._tokens[self._index]
        return token if token.kind == kind else None

    def _take(self, kind: str) -> Token:
        token = self._tokens[self._index]
        if token.kind != kind:
            raise self._wrong(kind, token)
        self._index += 1
        return token

    def _wrong(self, expected: str, token: Token) -> ExpressionError:
        return syntax_error(
            f"Unable to parse template language expression '{self._expression}': expected token '{expected}' "
            f"and actual '{token.kind}'.",
            token.begin,
        )
