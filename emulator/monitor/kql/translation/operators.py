"""Tabular operators into SQL, each a SELECT around what comes before it.

Source: the page of each operator of the Kusto reference (learn.microsoft.com).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, Position
from emulator.monitor.kql.translation import joins, sources
from emulator.monitor.kql.translation.naming import column_name, unique
from emulator.monitor.kql.translation.relation import ORDER, Column, Relation, select
from emulator.monitor.kql.translation.scalars import condition, scalar
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.translation.sources import Source
from emulator.monitor.kql.translation.summarizing import summarize
from emulator.monitor.kql.types import Typed


class Translator:
    """Translates one query.

    Args:
        tables: what a query may read, by name.
        now: the time of the query.
    """

    def __init__(self, tables: Mapping[str, Source], now: datetime) -> None:
        self._tables = tables
        self._now = now
        self._scalars: dict[str, Typed] = {}
        self._named: dict[str, Relation] = {}
        self.used: set[str] = set()

    def statements(self, query: tree.Statements) -> Relation:
        """Translate a query with its `let` statements."""
        for let in query.lets:
            self._let(let)
        return self.pipeline(query.query)

    def _let(self, let: tree.Let) -> None:
        if let.name in self._scalars or let.name in self._named:
            raise KqlError("semantic", f"the name '{let.name}' is given twice", let.position)
        value = let.value
        if isinstance(value, tree.Name) and (value.name in self._named or value.name in self._tables):
            value = tree.Pipeline(value.position, value, ())
        if isinstance(value, tree.Pipeline):
            self._named[let.name] = self.pipeline(value)
        else:
            self._scalars[let.name] = scalar(value, self._scope(None, "let"))

    def pipeline(self, query: tree.Pipeline) -> Relation:
        """Translate a source and the operators after it."""
        relation = self._source(query.source)
        for operator in query.operators:
            relation = self._apply(operator, relation)
        return relation

    def _source(
        self, source: tree.Name | tree.DataTable | tree.Print | tree.Range | tree.Union | tree.Pipeline
    ) -> Relation:
        match source:
            case tree.Name():
                return self._table(source)
            case tree.Pipeline():
                return self.pipeline(source)
            case tree.Union():
                return self._union(source, [])
            case tree.DataTable():
                return sources.data_table(source, self._scope(None, "datatable"))
            case tree.Print():
                return sources.printed(source, self._scope(None, "print"))
            case tree.Range():
                return sources.ranged(source, self._scope(None, "range"))

    def _table(self, name: tree.Name) -> Relation:
        if name.name in self._named:
            return self._named[name.name]
        table = self._tables.get(name.name)
        if table is None:
            text = f"Failed to resolve table or column expression named '{name.name}'"
            known = ", ".join([*self._tables, *self._named]) or "none"
            raise KqlError("semantic", f"{text}; there are: {known}", name.position)
        self.used.add(name.name)
        return Relation(table.sql, table.columns, ingested=table.ingested)

    def _scope(self, relation: Relation | None, operator: str) -> Scope:
        return Scope(relation, self._scalars, self._now, self.pipeline, operator)

    def _apply(self, operator: tree.Operator, relation: Relation) -> Relation:
        match operator:
            case tree.Where():
                return self._where(operator, relation)
            case tree.Extend():
                return self._extend(operator.columns, relation, "extend")
            case tree.Serialize():
                return self._extend(operator.columns, _serialized(relation), "serialize")
            case tree.Project():
                return self._project(operator, relation)
            case tree.Choose():
                return _chosen(operator, relation)
            case tree.Rename():
                return _renamed(operator, relation)
            case tree.Summarize():
                return summarize(operator, relation, self._scope(relation, "summarize"))
            case tree.Distinct():
                return self._distinct(operator, relation)
            case tree.Sort():
                return self._sorted(operator.keys, relation)
            case tree.Take():
                return self._taken(operator, relation)
            case tree.Count():
                return Relation(f"SELECT count(*) AS c0 FROM ({relation.sql})", (Column("Count", "long"),))
            case tree.Join():
                return joins.join(operator, relation, self.pipeline(operator.right))
            case tree.Union():
                return self._union(operator, [relation])
            case tree.MvExpand():
                return joins.expand(operator, relation, self._scope(relation, "mv-expand"))
            case tree.Render():
                return relation

    def _union(self, union: tree.Union, before: list[Relation]) -> Relation:
        relations = list(before)
        for table in union.tables:
            missing = isinstance(table.source, tree.Name) and table.source.name not in {*self._tables, *self._named}
            if not (union.fuzzy and missing and not table.operators):
                relations.append(self.pipeline(table))
        if not relations:
            raise KqlError("semantic", "union: none of the tables is there", union.position)
        return joins.union(union.position, relations)

    def _where(self, where: tree.Where, relation: Relation) -> Relation:
        scope = self._scope(relation, "where")
        test = condition(where.condition, scope)
        kept = [(column.name, value) for column, value in relation.values()]
        return select(kept, relation, f" {'QUALIFY' if scope.windowed else 'WHERE'} {test.sql}")

    def _extend(self, columns: Sequence[tree.Named], relation: Relation, operator: str) -> Relation:
        scope = self._scope(relation, operator)
        values = [(column.name, value) for column, value in relation.values()]
        for column in columns:
            value = scalar(column.expression, scope)
            name = column.name or column_name(column.expression)
            places = [place for place, (taken, _) in enumerate(values) if taken == name]
            if places:
                values[places[0]] = str(name), value
            else:
                values.append((unique(name, [taken for taken, _ in values]), value))
        return select(values, relation)

    def _project(self, project: tree.Project, relation: Relation) -> Relation:
        scope = self._scope(relation, "project")
        values: list[tuple[str, Typed]] = []
        for column in project.columns:
            name = column.name or column_name(column.expression)
            taken = [each for each, _ in values]
            if column.name is not None and name in taken:
                raise KqlError("semantic", f"project: the column '{name}' is there twice", column.position)
            values.append((unique(name, taken), scalar(column.expression, scope)))
        return select(values, relation)

    def _distinct(self, distinct: tree.Distinct, relation: Relation) -> Relation:
        plain = replace(relation, ordered=False)
        if distinct.columns:
            plain = self._project(tree.Project(distinct.position, distinct.columns), plain)
        names = ", ".join(f"c{place}" for place in range(len(plain.columns)))
        return Relation(f"SELECT DISTINCT {names} FROM ({plain.sql})", plain.columns)

    def _sorted(self, keys: Sequence[tree.Sorting], relation: Relation) -> Relation:
        scope = self._scope(relation, "sort")
        parts = [
            f"{scalar(key.key, scope).sql} {'DESC' if key.descending else 'ASC'} "
            f"NULLS {'FIRST' if key.nulls_first else 'LAST'}"
            for key in keys
        ]
        if relation.ordered:
            parts.append(ORDER)  # A sort is stable here.
        values = [f"c{place}" for place in range(len(relation.columns))]
        number = f"row_number() OVER (ORDER BY {', '.join(parts)}) AS {ORDER}"
        return Relation(f"SELECT {', '.join([*values, number])} FROM ({relation.sql})", relation.columns, ordered=True)

    def _taken(self, take: tree.Take, relation: Relation) -> Relation:
        if take.keys:
            relation = self._sorted(take.keys, relation)
        count = scalar(take.count, self._scope(None, "take"))
        if count.type not in ("int", "long"):
            raise KqlError("semantic", f"take: the number of rows is {count.type}; allowed: long", take.position)
        order = f" ORDER BY {ORDER}" if relation.ordered else ""
        return replace(relation, sql=f"SELECT * FROM ({relation.sql}){order} LIMIT {count.sql}")


def _serialized(relation: Relation) -> Relation:
    if relation.ordered:
        return relation
    return Relation(f"SELECT *, row_number() OVER () AS {ORDER} FROM ({relation.sql})", relation.columns, ordered=True)


def _matching(patterns: Sequence[str], relation: Relation, position: Position) -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        # fnmatch knows ? and [ too, which a pattern of KQL does not.
        shape = re.compile(fnmatch.translate(re.sub(r"([?\[])", r"[\1]", pattern)))
        names = [column.name for column in relation.columns if shape.fullmatch(column.name)]
        if not names and "*" not in pattern:
            known = ", ".join(column.name for column in relation.columns)
            raise KqlError("semantic", f"Failed to resolve column named '{pattern}'; there are: {known}", position)
        found += [name for name in names if name not in found]
    return found


def _chosen(choose: tree.Choose, relation: Relation) -> Relation:
    named = _matching(choose.patterns, relation, choose.position)
    values = {column.name: value for column, value in relation.values()}
    match choose.operator:
        case "project-away":
            kept = [name for name in values if name not in named]
        case "project-keep":
            kept = [name for name in values if name in named]
        case _:
            kept = [*named, *(name for name in values if name not in named)]
    if not kept:
        raise KqlError("not emulated", f"{choose.operator}: no column is left", choose.position)
    return select([(name, values[name]) for name in kept], relation)


def _renamed(rename: tree.Rename, relation: Relation) -> Relation:
    new = {old: name for name, old in rename.names}
    known = [column.name for column in relation.columns]
    for name, old in rename.names:
        if old not in known:
            text = f"project-rename: Failed to resolve column named '{old}'; there are: {', '.join(known)}"
            raise KqlError("semantic", text, rename.position)
        if name in known and name not in new:
            raise KqlError("semantic", f"project-rename: there is a column '{name}' already", rename.position)
    return replace(
        relation, columns=tuple(Column(new.get(each.name, each.name), each.type) for each in relation.columns)
    )
