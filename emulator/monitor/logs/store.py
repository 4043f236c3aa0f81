"""Rows of custom tables in a DuckDB file: what is acknowledged is on disk."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from emulator.clock import Clock
from emulator.monitor.kql import Column, Query, Source, compile_query
from emulator.monitor.kql.translation.relation import INGESTED
from emulator.monitor.kql.types import SQL_TYPES, Type, quoted
from emulator.monitor.logs.columns import STANDARD, TIME

_MEMORY: Final = "256MB"
_CATALOGUE: Final = """
CREATE TABLE IF NOT EXISTS catalogue (
  workspace VARCHAR, name VARCHAR, number INTEGER, columns VARCHAR, retention INTEGER, PRIMARY KEY (workspace, name))
"""
OLDEST: Final = timedelta(days=2)
NEWEST: Final = timedelta(days=1)
"""A TimeGenerated further away than these is replaced by the time of ingestion ("Log queries and TimeGenerated",
learn.microsoft.com)."""
FIELD_BYTES: Final = 64 * 1024
"""Longest field; what is longer is cut ("Azure Monitor service limits", learn.microsoft.com)."""

Span = tuple[datetime | None, datetime | None]
"""Times of rows: from the first on, up to and without the second; None leaves an end open."""


@dataclass(frozen=True)
class LogTable:
    """A table: its own columns, and for how many days rows are kept."""

    name: str
    columns: tuple[Column, ...]
    retention_days: int


class LogStore:
    """Tables by workspace; each method may be called from any thread."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._database = duckdb.connect(str(file), config={"threads": 1, "memory_limit": _MEMORY})
        self._database.execute("SET enable_external_access = false; SET lock_configuration = true")
        self._database.execute(_CATALOGUE)
        self._purge()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def table(self, workspace: str, name: str) -> LogTable | None:
        """Return a table, or None."""
        found = self._find(workspace, name)
        return found[1] if found else None

    def put_table(self, workspace: str, table: LogTable) -> None:
        """Create a table, or bring one to new columns and another retention; its rows stay."""
        found = self._find(workspace, table.name)
        with self._cursor() as cursor:
            cursor.execute("BEGIN")
            if found:
                number = found[0]
                known = {f'"{row[0]}"' for row in cursor.execute(f"DESCRIBE rows_{number}").fetchall()}
            else:
                number, known = self._next_number(cursor), set[str]()
                cursor.execute(f"CREATE TABLE rows_{number} (ingested TIMESTAMP)")
            for column in table.columns:
                if (stored := _stored(column)) not in known:
                    cursor.execute(f"ALTER TABLE rows_{number} ADD COLUMN {stored} {SQL_TYPES[column.type]}")
            cursor.execute(
                "INSERT OR REPLACE INTO catalogue VALUES (?, ?, ?, ?, ?)",
                [workspace.lower(), table.name, number, _columns_text(table.columns), table.retention_days],
            )
            cursor.execute("COMMIT")

    def delete_table(self, workspace: str, name: str) -> None:
        """Delete a table with its rows."""
        found = self._find(workspace, name)
        if found:
            with self._cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("DELETE FROM catalogue WHERE workspace = ? AND name = ?", [workspace.lower(), name])
                cursor.execute(f"DROP TABLE rows_{found[0]}")
                cursor.execute("COMMIT")

    def tables(self, workspace: str) -> list[LogTable]:
        """Return the tables of a workspace."""
        return [table for _, table in self._catalogue(workspace)]

    def sources(self, workspace: str, customer_id: str, span: Span) -> dict[str, Source]:
        """Return what a query of a workspace reads: rows of `span` that their retention has not ended for."""
        found: dict[str, Source] = {}
        for number, table in self._catalogue(workspace):
            times = _stored(Column(TIME, "datetime"))
            oldest = self._clock.now() - timedelta(days=table.retention_days)
            tests = [f"{times} >= {_moment(oldest)}"]
            if span[0] is not None:
                tests.append(f"{times} >= {_moment(span[0])}")
            if span[1] is not None:
                tests.append(f"{times} < {_moment(span[1])}")
            values = [_present(column) for column in table.columns]
            values += [quoted(customer_id), quoted(table.name), quoted("")]
            parts = ", ".join(f"{value} AS c{place}" for place, value in enumerate(values))
            sql = f"SELECT {parts}, ingested AS {INGESTED} FROM rows_{number} WHERE {' AND '.join(tests)}"
            found[table.name] = Source(sql, (*table.columns, *STANDARD), ingested=True)
        return found

    def run(self, query: Query, most: int) -> list[tuple[Any, ...]]:
        """Return the rows of a query, at most `most` of them.

        Raises:
            duckdb.Error: it fails on these rows, e.g. for want of memory.
        """
        with self._cursor() as cursor:
            return cursor.execute(f"SELECT * FROM ({query.sql}) LIMIT {most}").fetchall()

    def append(self, workspace: str, name: str, stream: Sequence[Column], transform: str, rows: Sequence[Any]) -> None:
        """Add what a transformation makes of rows of a stream, all of them or none.

        Raises:
            KeyError: there is no such table.
            KqlError: the transformation does not go with the stream.
        """
        found = self._find(workspace, name)
        if found is None:
            raise KeyError(name)
        number, table = found
        now = self._clock.now()
        query = compile_query(transform, {"source": source_of(stream)}, now)
        made = {column.name: f"c{place}" for place, column in enumerate(query.columns)}
        taken = [column for column in table.columns if column.name in made or column.name == TIME]
        values = [_kept(column, made.get(column.name), now) for column in taken]
        names = ", ".join(["ingested", *(_stored(column) for column in taken)])
        with self._cursor() as cursor:
            cursor.execute(
                f"INSERT INTO rows_{number} ({names}) SELECT {', '.join([_moment(now), *values])} FROM ({query.sql})",
                {"rows": json.dumps(rows)},
            )

    @contextmanager
    def _cursor(self) -> Generator[duckdb.DuckDBPyConnection]:
        with closing(self._database.cursor()) as cursor:
            yield cursor

    def _catalogue(self, workspace: str) -> list[tuple[int, LogTable]]:
        with self._cursor() as cursor:
            found = cursor.execute(
                "SELECT number, name, columns, retention FROM catalogue WHERE workspace = ? ORDER BY name",
                [workspace.lower()],
            ).fetchall()
        return [(number, LogTable(name, _columns(columns), days)) for number, name, columns, days in found]

    def _find(self, workspace: str, name: str) -> tuple[int, LogTable] | None:
        return next((each for each in self._catalogue(workspace) if each[1].name == name), None)

    def _next_number(self, cursor: duckdb.DuckDBPyConnection) -> int:
        row = cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM catalogue").fetchone()
        return int(row[0]) if row else 1

    def _purge(self) -> None:
        """Delete rows whose retention has ended; queries do not see them in the meantime."""
        with self._cursor() as cursor:
            for number, days in cursor.execute("SELECT number, retention FROM catalogue").fetchall():
                oldest = _moment(self._clock.now() - timedelta(days=days))
                cursor.execute(f"DELETE FROM rows_{number} WHERE {_stored(Column(TIME, 'datetime'))} < {oldest}")


def source_of(stream: Sequence[Column]) -> Source:
    """Return what a transformation calls ``source``: the rows of the parameter ``$rows``, a JSON array."""
    parts = [f"{_from_json(column)} AS c{place}" for place, column in enumerate(stream)]
    rows = "SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS row"
    return Source(f"SELECT {', '.join(parts)} FROM ({rows})", tuple(stream))


def _from_json(column: Column) -> str:
    """A value that does not fit its column's type is null, as in the service."""
    path = quoted(f'$."{column.name}"')
    text = f"json_extract_string(row, {path})"
    match column.type:
        case "string":
            return f"coalesce({text}, '')"
        case "dynamic":
            return f"nullif(json_extract(row, {path}), 'null')"
        case "datetime":
            return f"CAST(try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"
        case _:
            return f"try_cast({text} AS {SQL_TYPES[column.type]})"


def _kept(column: Column, value: str | None, now: datetime) -> str:
    if column.name == TIME:
        times = value or "NULL"
        near = f"{times} BETWEEN {_moment(now - OLDEST)} AND {_moment(now + NEWEST)}"
        return f"CASE WHEN {near} THEN {times} ELSE {_moment(now)} END"
    if column.type == "string":
        # A character of UTF-8 has four bytes at most.
        return f"CASE WHEN strlen({value}) > {FIELD_BYTES} THEN left({value}, {FIELD_BYTES // 4}) ELSE {value} END"
    return str(value)


def _present(column: Column) -> str:
    stored = _stored(column)
    return f"coalesce({stored}, '')" if column.type == "string" else stored


def _stored(column: Column) -> str:
    """The name in the file carries the type: a column that is made anew with another one is another column."""
    return f'"{column.name.lower()}:{column.type}"'


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP {quoted(moment.replace(tzinfo=None).isoformat(' '))}"


def _columns_text(columns: Sequence[Column]) -> str:
    return json.dumps([[column.name, column.type] for column in columns])


def _columns(text: str) -> tuple[Column, ...]:
    pairs: list[tuple[str, Type]] = json.loads(text)
    return tuple(Column(name, type) for name, type in pairs)
