"""Parses expressions.

Source: "Scalar operators" and "Scalar data types" (learn.microsoft.com). From the loosest: or, and, comparisons, + -,
* / %, signs, and what follows a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, Position, not_emulated
from emulator.monitor.kql.reader import Reader
from emulator.monitor.kql.tokens import tokens
from emulator.monitor.kql.types import Type

TYPE_NAMES: Final[dict[str, Type]] = {
    "string": "string", "int": "int", "long": "long", "real": "real", "double": "real", "bool": "bool",
    "boolean": "bool", "datetime": "datetime", "date": "datetime", "timespan": "timespan", "time": "timespan",
    "dynamic": "dynamic", "guid": "string",
}  # fmt: skip
"""A guid is kept as a string, as custom tables of Log Analytics do."""
_TEXT_COMPARISONS: Final = (
    *(
        f"{negation}{name}{case}"
        for name in ("contains", "startswith", "endswith", "has")
        for case in ("", "_cs")
        for negation in ("", "!")
    ),
    "matches",
)
_COMPARISONS: Final = ("==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">=", ":")
_LISTS: Final = ("in", "!in", "in~", "!in~", "has_any", "has_all")
_LITERAL_TYPES: Final = ("datetime", "timespan", "time", "dynamic", "bool", "int", "long", "real", "double", "guid")
_TIME_OF_DAY: Final = re.compile(r"(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")
_DAYS: Final = re.compile(r"-?\d+")


class ExpressionParser:
    """Parses expressions; `pipeline` parses the queries that stand inside of them."""

    def __init__(self, reader: Reader, pipeline: Callable[[], tree.Pipeline]) -> None:
        self._reader = reader
        self._pipeline = pipeline

    def expression(self) -> tree.Expression:
        """Parse an expression."""
        left = self._conjunction()
        while self._reader.word("or"):
            position = self._reader.take().position
            left = tree.Binary(position, "or", left, self._conjunction())
        return left

    def named(self) -> tree.Named:
        """Parse ``name = expression`` or an expression."""
        reader = self._reader
        position = reader.next.position
        quoted = reader.symbol("[") and reader.ahead(1).kind == "string" and reader.ahead(3).text == "="
        if quoted or (reader.next.kind == "name" and reader.ahead(1).text == "="):
            name = str(reader.name("a name").value)
            reader.expect("=")
            return tree.Named(position, name, self.expression())
        return tree.Named(position, None, self.expression())

    def named_list(self) -> tuple[tree.Named, ...]:
        """Parse one or more of `named`, separated by commas."""
        found = [self.named()]
        while self._reader.skip(","):
            found.append(self.named())
        return tuple(found)

    def _conjunction(self) -> tree.Expression:
        left = self._comparison()
        while self._reader.word("and"):
            position = self._reader.take().position
            left = tree.Binary(position, "and", left, self._comparison())
        return left

    def _comparison(self) -> tree.Expression:
        left = self._sum()
        reader = self._reader
        token = reader.next
        if token.kind not in ("name", "symbol"):
            return left
        if token.text in _LISTS:
            reader.take()
            return tree.Among(token.position, token.text, left, self._members())
        if token.text in ("between", "!between"):
            reader.take()
            reader.expect("(")
            low = self._sum()
            reader.expect("..")
            high = self._sum()
            reader.expect(")")
            return tree.Between(token.position, token.text, left, low, high)
        if token.text in _TEXT_COMPARISONS or (token.kind == "symbol" and token.text in _COMPARISONS):
            reader.take()
            if token.text == "matches":
                reader.expect("regex")
            return tree.Binary(token.position, "!=" if token.text == "<>" else token.text, left, self._sum())
        if token.text in ("hasprefix", "hassuffix", "!hasprefix", "!hassuffix"):
            raise not_emulated(f"the operator '{token.text}'", token.position, ", ".join((*_TEXT_COMPARISONS, *_LISTS)))
        return left

    def _members(self) -> tuple[tree.Expression | tree.Pipeline, ...]:
        reader = self._reader
        reader.expect("(")
        found = [self._member_or_query()]
        while reader.skip(","):
            found.append(self._member_or_query())
        reader.expect(")")
        return tuple(found)

    def _member_or_query(self) -> tree.Expression | tree.Pipeline:
        return self._pipeline() if self._reader.pipe_follows() else self.expression()

    def _sum(self) -> tree.Expression:
        left = self._product()
        while self._reader.symbol("+", "-"):
            token = self._reader.take()
            left = tree.Binary(token.position, token.text, left, self._product())
        return left

    def _product(self) -> tree.Expression:
        left = self._sign()
        while self._reader.symbol("*", "/", "%"):
            token = self._reader.take()
            left = tree.Binary(token.position, token.text, left, self._sign())
        return left

    def _sign(self) -> tree.Expression:
        if self._reader.symbol("+", "-"):
            token = self._reader.take()
            return tree.Unary(token.position, token.text, self._sign())
        return self._postfix()

    def _postfix(self) -> tree.Expression:
        value = self._primary()
        reader = self._reader
        while True:
            if reader.symbol("."):
                position = reader.take().position
                name = reader.name("a property's name")
                value = tree.Member(position, value, tree.Literal(name.position, "string", name.value))
            elif reader.symbol("["):
                position = reader.take().position
                value = tree.Member(position, value, self.expression())
                reader.expect("]")
            else:
                return value

    def _primary(self) -> tree.Expression:
        reader = self._reader
        token = reader.next
        match token.kind:
            case "string":
                reader.take()
                return tree.Literal(token.position, "string", token.value)
            case "number":
                reader.take()
                return tree.Literal(token.position, "real" if isinstance(token.value, float) else "long", token.value)
            case "timespan":
                reader.take()
                return tree.Literal(token.position, "timespan", token.value)
            case "literal":
                reader.take()
                return literal(TYPE_NAMES[token.text.partition("(")[0]], str(token.value), token.position)
            case "name":
                return self._name_or_call()
            case _:
                pass
        if reader.skip("("):
            value = self.expression()
            reader.expect(")")
            return value
        if reader.skip("*"):
            return tree.Star(token.position)
        if reader.symbol("[") and reader.ahead(1).kind == "string":
            return tree.Name(token.position, str(reader.name("a name").value))
        raise reader.unexpected("an expression")

    def _name_or_call(self) -> tree.Expression:
        reader = self._reader
        token = reader.take()
        if token.text in ("true", "false") and not reader.symbol("("):
            return tree.Literal(token.position, "bool", token.text == "true")
        if not reader.symbol("("):
            return tree.Name(token.position, token.text)
        if token.text in _LITERAL_TYPES:
            return self._literal(TYPE_NAMES[token.text], token.position)
        reader.take()
        if token.text == "toscalar":
            query = self._pipeline()
            reader.expect(")")
            return tree.ToScalar(token.position, query)
        arguments: list[tree.Expression] = []
        while not reader.symbol(")"):
            arguments.append(self.expression())
            if not reader.skip(","):
                break
        reader.expect(")")
        return tree.Call(token.position, token.text, tuple(arguments))

    def _literal(self, type: Type, position: Position) -> tree.Literal:
        """Parse ``type(text)``: what stands in the parentheses is not an expression."""
        reader = self._reader
        token = reader.take()
        start = token.end
        depth = 1
        while depth:
            token = reader.take()
            if token.kind == "end":
                raise KqlError("syntax", f"Syntax error: {type}( is not closed", position)
            depth += token.text in ("(", "[", "{") and token.kind == "symbol"
            depth -= token.text in (")", "]", "}") and token.kind == "symbol"
        return literal(type, reader.query[start : token.start].strip(), position)


def literal(type: Type, text: str, position: Position) -> tree.Literal:
    """Return the literal ``type(text)``.

    Raises:
        KqlError: the text is none of the type.
    """
    if text == "null":
        return tree.Literal(position, type, None)
    try:
        return tree.Literal(position, type, _value(type, text))
    except ValueError as error:
        raise KqlError("syntax", f"Syntax error: {type}({text}) is no {type}", position) from error


def _value(type: Type, text: str) -> str | int | float | bool:
    if text[:1] in ('"', "'") and type != "dynamic":
        text = text[1:-1]
    match type:
        case "string":
            return text
        case "bool":
            if text.lower() not in ("true", "false", "0", "1"):
                raise ValueError(text)
            return text.lower() in ("true", "1")
        case "int" | "long":
            return int(text, 0) if text.lower().startswith("0x") else int(text)
        case "real":
            return float(text)
        case "datetime":
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            return moment.replace(tzinfo=None).isoformat(" ")
        case "timespan":
            return _timespan(text)
        case "dynamic":
            # Kusto takes strings in either kind of quotes, and datetime(...) inside; JSON is what is taken here.
            value = json.loads(text)
            return json.dumps(value, ensure_ascii=False)


def _timespan(text: str) -> int:
    if _DAYS.fullmatch(text):
        return int(text) * 86_400_000_000
    if match := _TIME_OF_DAY.fullmatch(text):
        sign, days, hours, minutes, seconds, fraction = match.groups()
        whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds or 0)
        micros = whole * 1_000_000 + int((fraction or "0").ljust(7, "0")) // 10
        return -micros if sign else micros
    found = tokens(text.removeprefix("-"))
    if len(found) == 2 and found[0].kind == "timespan":
        micros = int(found[0].value)
        return -micros if text.startswith("-") else micros
    raise ValueError(text)
