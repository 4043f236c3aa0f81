"""Runs queries on nothing but what they have in themselves, and on tables for the compiler alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import duckdb

from emulator.monitor.kql import Column, Source, Type, compile_query
from emulator.monitor.kql.types import SQL_TYPES
from emulator.monitor.logs.query_api import table_json

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(query: str, tables: Mapping[str, Source] | None = None) -> list[list[Any]]:
    """Return the rows of a query as the query API answers them."""
    compiled = compile_query(query, tables or {}, NOW)
    with duckdb.connect() as database:
        rows = database.execute(compiled.sql).fetchall()
    return table_json(compiled.columns, rows)["rows"]


def value(expression: str) -> Any:
    """Return what one expression comes to."""
    ((found,),) = run(f"print {expression}")
    return found


def empty_table(schema: str) -> Source:
    """A table without a row; `schema` is ``name:type, name:type``."""
    pairs = [part.strip().split(":") for part in schema.split(",")]
    columns = tuple(Column(name, cast("Type", type)) for name, type in pairs)
    values = ", ".join(f"CAST(NULL AS {SQL_TYPES[column.type]}) AS c{place}" for place, column in enumerate(columns))
    return Source(f"SELECT {values} WHERE false", columns)


def columns(query: str, tables: Mapping[str, Source]) -> list[str]:
    """Return the columns of a query, ``name:type``, as the compiler finds them; DuckDB has to take the SQL."""
    compiled = compile_query(query, tables, NOW)
    with duckdb.connect() as database:
        database.execute(compiled.sql)
    return [f"{column.name}:{column.type}" for column in compiled.columns]
