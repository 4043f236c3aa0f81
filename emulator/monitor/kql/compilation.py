"""A query's text into one SELECT, with what it reads and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.parser import parse
from emulator.monitor.kql.tokens import tokens
from emulator.monitor.kql.translation.operators import Translator
from emulator.monitor.kql.translation.relation import ORDER, Column
from emulator.monitor.kql.translation.sources import Source

__all__ = ["Column", "Query", "Source", "compile_query", "refuse_union", "require_transformation"]

_OF_TRANSFORMATIONS = (tree.Where, tree.Extend, tree.Project, tree.Choose, tree.Rename)


@dataclass(frozen=True)
class Query:
    """A query that can be run: `sql` answers rows with the values of `columns`; `tables` is what it reads."""

    sql: str
    columns: tuple[Column, ...]
    tables: frozenset[str]


def compile_query(text: str, tables: Mapping[str, Source], now: datetime) -> Query:
    """Return a query translated, its names and types checked.

    Raises:
        KqlError: it is wrong, or has a part that is not translated.
    """
    translator = Translator(tables, now)
    relation = translator.statements(parse(text))
    order = f" ORDER BY {ORDER}" if relation.ordered else ""
    names = ", ".join(f"c{place}" for place in range(len(relation.columns)))
    return Query(f"SELECT {names} FROM ({relation.sql}){order}", relation.columns, frozenset(translator.used))


def require_transformation(text: str) -> None:
    """Check that a query does what an ingestion transformation may: each row on its own, from `source`.

    Source: "Supported KQL features in Azure Monitor transformations" (learn.microsoft.com).

    Raises:
        KqlError: it has another source or operator.
    """
    query = parse(text).query
    if not isinstance(query.source, tree.Name) or query.source.name != "source":
        raise KqlError("semantic", "a transformation reads 'source'", query.position)
    for operator in query.operators:
        if not isinstance(operator, _OF_TRANSFORMATIONS):
            name = type(operator).__name__.lower()
            allowed = "where, extend, project, project-away, project-keep, project-rename, project-reorder"
            raise KqlError("semantic", f"'{name}' in a transformation; allowed: {allowed}", operator.position)


def refuse_union(text: str) -> None:
    """Check that a query has no `union`, which alert rules may not have; `search` is no operator of the emulator's.

    Raises:
        KqlError: it has one.
    """
    for token in tokens(text):
        if token.kind == "name" and token.text in ("union", "search"):
            raise KqlError("semantic", f"'{token.text}' cannot stand in the query of an alert rule", token.position)
