"""Parses a query into its tree: statements, sources and tabular operators.

Source: "Tabular operators" and "Let statement" (learn.microsoft.com).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, not_emulated
from emulator.monitor.kql.expressions import TYPE_NAMES, ExpressionParser
from emulator.monitor.kql.reader import Reader
from emulator.monitor.kql.tokens import Token
from emulator.monitor.kql.types import Type

JOIN_KINDS: Final = (
    "innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftanti", "anti", "leftantisemi", "leftsemi",
    "rightanti", "rightantisemi", "rightsemi",
)  # fmt: skip
_SOURCES: Final = ("a table's name", "datatable", "print", "range", "union")


def parse(query: str) -> tree.Statements:
    """Return the tree of a query.

    Raises:
        KqlError: it is no KQL, or has an operator that is not translated.
    """
    return _Parser(query).statements()


class _Parser:
    def __init__(self, query: str) -> None:
        self._reader = Reader(query)
        self._expressions = ExpressionParser(self._reader, self.pipeline)
        self._operators: Mapping[str, Callable[[Token], tree.Operator]] = {
            "where": self._where,
            "filter": self._where,
            "extend": lambda token: tree.Extend(token.position, self._expressions.named_list()),
            "project": lambda token: tree.Project(token.position, self._expressions.named_list()),
            "project-away": self._choose,
            "project-keep": self._choose,
            "project-reorder": self._choose,
            "project-rename": self._rename,
            "summarize": self._summarize,
            "distinct": self._distinct,
            "sort": self._sort,
            "order": self._sort,
            "top": self._top,
            "take": lambda token: tree.Take(token.position, self._expressions.expression()),
            "limit": lambda token: tree.Take(token.position, self._expressions.expression()),
            "count": lambda token: tree.Count(token.position),
            "serialize": self._serialize,
            "join": self._join,
            "union": self._union,
            "mv-expand": self._mv_expand,
            "render": self._render,
        }

    def statements(self) -> tree.Statements:
        reader = self._reader
        position = reader.next.position
        lets: list[tree.Let] = []
        while reader.word("let"):
            lets.append(self._let())
            reader.expect(";")
        query = self.pipeline()
        while reader.skip(";"):
            pass
        if reader.next.kind != "end":
            raise reader.unexpected("'|' or the end of the query")
        return tree.Statements(position, tuple(lets), query)

    def pipeline(self) -> tree.Pipeline:
        position = self._reader.next.position
        source = self._source()
        operators: list[tree.Operator] = []
        while self._reader.skip("|"):
            token = self._reader.next
            if token.kind != "name":
                raise self._reader.unexpected("an operator")
            parse_operator = self._operators.get(token.text)
            if parse_operator is None:
                raise not_emulated(f"the operator '{token.text}'", token.position, ", ".join(self._operators))
            operators.append(parse_operator(self._reader.take()))
        return tree.Pipeline(position, source, tuple(operators))

    def _let(self) -> tree.Let:
        reader = self._reader
        position = reader.expect("let").position
        name = str(reader.name("a name").value)
        reader.expect("=")
        if reader.symbol("(") and (reader.ahead(1).text == ")" or reader.ahead(2).text == ":"):
            raise not_emulated("a function in a let statement", reader.next.position, "scalars and tables")
        return tree.Let(position, name, self._scalar_or_table())

    def _scalar_or_table(self) -> tree.Expression | tree.Pipeline:
        reader = self._reader
        if reader.word("datatable", "print", "range", "union") or reader.pipe_follows():
            return self.pipeline()
        return self._expressions.expression()

    def _source(self) -> tree.Name | tree.DataTable | tree.Print | tree.Range | tree.Union | tree.Pipeline:
        reader = self._reader
        token = reader.next
        if reader.skip("("):
            inner = self.pipeline()
            reader.expect(")")
            return inner
        if reader.word("datatable") and reader.ahead(1).text == "(":
            return self._data_table(reader.take())
        if reader.word("print"):
            reader.take()
            return tree.Print(token.position, self._expressions.named_list())
        if reader.word("range") and reader.ahead(2).text == "from":
            return self._range(reader.take())
        if reader.word("union"):
            return self._union(reader.take())
        if reader.word("search", "find", "evaluate", "externaldata", "materialize", "view"):
            raise not_emulated(f"'{token.text}'", token.position, ", ".join(_SOURCES))
        name = reader.name("a table")
        if reader.symbol("("):
            raise not_emulated(f"the tabular function '{name.text}'", token.position, ", ".join(_SOURCES))
        return tree.Name(token.position, str(name.value))

    def _data_table(self, token: Token) -> tree.DataTable:
        reader = self._reader
        reader.expect("(")
        columns: list[tuple[str, Type]] = []
        while True:
            name = str(reader.name("a column's name").value)
            reader.expect(":")
            columns.append((name, self._type()))
            if not reader.skip(","):
                break
        reader.expect(")")
        reader.expect("[")
        values: list[tree.Literal] = []
        while not reader.symbol("]"):
            values.append(self._data_value())
            if not reader.skip(","):
                break
        reader.expect("]")
        if len(values) % len(columns):
            raise KqlError("semantic", f"datatable has {len(values)} values for {len(columns)} columns", token.position)
        return tree.DataTable(token.position, tuple(columns), tuple(values))

    def _data_value(self) -> tree.Literal:
        value = self._expressions.expression()
        if isinstance(value, tree.Unary) and isinstance(value.operand, tree.Literal):
            operand = value.operand
            if value.operator == "-" and isinstance(operand.value, int | float):
                return tree.Literal(operand.position, operand.type, -operand.value)
        if not isinstance(value, tree.Literal):
            raise KqlError("syntax", "Syntax error: datatable takes literals only", value.position)
        return value

    def _type(self) -> Type:
        token = self._reader.name("a type")
        if token.text not in TYPE_NAMES:
            raise not_emulated(f"the type '{token.text}'", token.position, ", ".join(TYPE_NAMES))
        return TYPE_NAMES[token.text]

    def _range(self, token: Token) -> tree.Range:
        reader = self._reader
        name = str(reader.name("a column's name").value)
        reader.expect("from")
        first = self._expressions.expression()
        reader.expect("to")
        last = self._expressions.expression()
        reader.expect("step")
        return tree.Range(token.position, name, first, last, self._expressions.expression())

    def _where(self, token: Token) -> tree.Where:
        return tree.Where(token.position, self._expressions.expression())

    def _serialize(self, token: Token) -> tree.Serialize:
        ends = self._reader.next.kind == "end" or self._reader.symbol("|", ")", ";")
        return tree.Serialize(token.position, () if ends else self._expressions.named_list())

    def _choose(self, token: Token) -> tree.Choose:
        patterns = [self._pattern()]
        while self._reader.skip(","):
            patterns.append(self._pattern())
        return tree.Choose(token.position, token.text, tuple(patterns))

    def _pattern(self) -> str:
        """Parse a column's name in which * may stand for any text: words and stars without a gap."""
        reader = self._reader
        if reader.symbol("["):
            return str(reader.name("a column").value)
        start = reader.next.start
        end = start
        while (reader.next.kind in ("name", "number") or reader.symbol("*")) and reader.next.start in (end, start):
            end = reader.take().end
        if end == start:
            raise reader.unexpected("a column")
        if reader.word("asc", "desc", "granny-asc", "granny-desc"):
            raise not_emulated(f"'{reader.next.text}' of project-reorder", reader.next.position, "names and patterns")
        return reader.query[start:end]

    def _rename(self, token: Token) -> tree.Rename:
        reader = self._reader
        names: list[tuple[str, str]] = []
        while True:
            new = str(reader.name("a new name").value)
            reader.expect("=")
            names.append((new, str(reader.name("a column").value)))
            if not reader.skip(","):
                return tree.Rename(token.position, tuple(names))

    def _summarize(self, token: Token) -> tree.Summarize:
        aggregates = () if self._reader.word("by") else self._expressions.named_list()
        keys = self._expressions.named_list() if self._reader.skip("by") else ()
        return tree.Summarize(token.position, aggregates, keys)

    def _distinct(self, token: Token) -> tree.Distinct:
        if self._reader.skip("*"):
            return tree.Distinct(token.position, ())
        return tree.Distinct(token.position, self._expressions.named_list())

    def _sort(self, token: Token) -> tree.Sort:
        self._reader.expect("by")
        return tree.Sort(token.position, self._keys())

    def _top(self, token: Token) -> tree.Take:
        count = self._expressions.expression()
        self._reader.expect("by")
        return tree.Take(token.position, count, self._keys())

    def _keys(self) -> tuple[tree.Sorting, ...]:
        keys: list[tree.Sorting] = []
        while True:
            position = self._reader.next.position
            key = self._expressions.expression()
            descending = not self._reader.skip("asc")
            if descending:
                self._reader.skip("desc")
            # Nulls come first in ascending order, last in descending, unless it is said.
            nulls_first = not descending
            if self._reader.skip("nulls"):
                nulls_first = self._reader.skip("first")
                if not nulls_first:
                    self._reader.expect("last")
            keys.append(tree.Sorting(position, key, descending, nulls_first))
            if not self._reader.skip(","):
                return tuple(keys)

    def _join(self, token: Token) -> tree.Join:
        reader = self._reader
        kind = "innerunique"
        while reader.word("kind", "hint"):
            if reader.take().text == "hint":
                raise not_emulated("a hint of join", token.position, "kind")
            reader.expect("=")
            chosen = reader.take()
            if chosen.text not in JOIN_KINDS:
                raise not_emulated(f"join kind={chosen.text}", chosen.position, ", ".join(JOIN_KINDS))
            kind = chosen.text
        right = self._table_operand()
        reader.expect("on")
        keys = [self._join_key()]
        while reader.skip(","):
            keys.append(self._join_key())
        return tree.Join(token.position, kind, right, tuple(keys))

    def _table_operand(self) -> tree.Pipeline:
        position = self._reader.next.position
        return tree.Pipeline(position, self._source(), ())

    def _join_key(self) -> tuple[str, str]:
        reader = self._reader
        if not reader.skip("$left"):
            name = str(reader.name("a column").value)
            return name, name
        reader.expect(".")
        left = str(reader.name("a column").value)
        reader.expect("==")
        reader.expect("$right")
        reader.expect(".")
        return left, str(reader.name("a column").value)

    def _union(self, token: Token) -> tree.Union:
        reader = self._reader
        fuzzy = False
        while reader.word("kind", "withsource", "isfuzzy") and reader.ahead(1).text == "=":
            parameter = reader.take()
            reader.expect("=")
            value = reader.take().text
            if parameter.text == "withsource" or (parameter.text == "kind" and value != "outer"):
                raise not_emulated(f"union {parameter.text}={value}", parameter.position, "kind=outer, isfuzzy")
            fuzzy = fuzzy or (parameter.text == "isfuzzy" and value == "true")
        tables = [self._table_operand()]
        while reader.skip(","):
            tables.append(self._table_operand())
        return tree.Union(token.position, tuple(tables), fuzzy)

    def _mv_expand(self, token: Token) -> tree.MvExpand:
        reader = self._reader
        columns: list[tuple[tree.Named, Type | None]] = []
        if reader.word("bagexpansion", "with_itemindex", "kind"):
            raise not_emulated(f"'{reader.next.text}' of mv-expand", reader.next.position, "columns and to typeof()")
        while True:
            column = self._expressions.named()
            type: Type | None = None
            if reader.skip("to"):
                reader.expect("typeof")
                reader.expect("(")
                type = self._type()
                reader.expect(")")
            columns.append((column, type))
            if not reader.skip(","):
                break
        if reader.word("limit"):
            raise not_emulated("'limit' of mv-expand", reader.next.position, "columns and to typeof()")
        return tree.MvExpand(token.position, tuple(columns))

    def _render(self, token: Token) -> tree.Render:
        """Parse the chart's name; what it looks like (`with (...)`) has no meaning for the rows."""
        reader = self._reader
        visualization = reader.name("a visualization").text
        if reader.skip("with"):
            reader.expect("(")
            while not reader.skip(")"):
                if reader.take().kind == "end":
                    raise reader.unexpected("')'")
        return tree.Render(token.position, visualization)
