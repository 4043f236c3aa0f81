"""Scalar types, and how their values stand in DuckDB.

Source: "Scalar data types" and "Null values" (learn.microsoft.com). A string is never null; a timespan is a BIGINT of
microseconds; a datetime is a TIMESTAMP in UTC, of microseconds where Kusto counts 100 nanoseconds; dynamic is JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["string", "int", "long", "real", "bool", "datetime", "timespan", "dynamic"]

SQL_TYPES: Final[dict[Type, str]] = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "timespan": "BIGINT",
    "dynamic": "JSON",
}
NUMBERS: Final[frozenset[Type]] = frozenset({"int", "long", "real"})


@dataclass(frozen=True)
class Typed:
    """A scalar in SQL.

    `literal` tells that it is one, so null only if `is_null`; `constant` is a literal's value where it is known.
    """

    sql: str
    type: Type
    literal: bool = False
    is_null: bool = False
    constant: str | int | float | bool | None = None

    @property
    def never_null(self) -> bool:
        """Whether it cannot be null."""
        return self.type == "string" or (self.literal and not self.is_null)


def quoted(text: str) -> str:
    """Return a SQL string literal; DuckDB's have no escapes but the doubled quote. A NUL cannot stand in one."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else f"({' || chr(0) || '.join(parts)})"


def string(text: str) -> Typed:
    """Return a string literal."""
    return Typed(quoted(text), "string", literal=True, constant=text)


def null(type: Type) -> Typed:
    """Return the null of a type; a string has none, so its empty text."""
    if type == "string":
        return string("")
    return Typed(f"CAST(NULL AS {SQL_TYPES[type]})", type, literal=True, is_null=True)


def common_type(types: Sequence[Type]) -> Type | None:
    """Return the type that values of all these are widened to, or None where there is none."""
    distinct = set(types)
    if len(distinct) == 1:
        return distinct.pop()
    if distinct <= NUMBERS:
        return "real" if "real" in distinct else "long"
    return None


def to_string(value: Typed) -> str:
    """Return the SQL of what `tostring` makes of a value; of null the empty text."""
    match value.type:
        case "string":
            return value.sql
        case "dynamic":
            return f"coalesce(json_extract_string({value.sql}, '$'), '')"
        case "bool":
            return f"coalesce(CASE WHEN {value.sql} THEN 'True' WHEN NOT {value.sql} THEN 'False' END, '')"
        case "datetime":
            return f"coalesce(strftime({value.sql}, '%Y-%m-%dT%H:%M:%S.%f') || '0Z', '')"
        case "timespan":
            return f"coalesce({timespan_text(value.sql)}, '')"
        case "real":
            return _real_text(value.sql)
        case _:
            return f"coalesce(CAST({value.sql} AS VARCHAR), '')"


def _real_text(sql: str) -> str:
    whole = f"abs({sql}) < 1e15 AND {sql} = trunc({sql})"
    return (
        f"coalesce(CASE WHEN {whole} THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR) ELSE CAST({sql} AS VARCHAR) END, '')"
    )


def timespan_text(sql: str) -> str:
    """Return the SQL of a timespan's text, [-][d.]hh:mm:ss[.fffffff]."""
    size = f"abs({sql})"
    return (
        f"CASE WHEN {sql} < 0 THEN '-' ELSE '' END"
        f" || CASE WHEN {size} >= 86400000000 THEN CAST({size} // 86400000000 AS VARCHAR) || '.' ELSE '' END"
        f" || printf('%02d:%02d:%02d', {size} // 3600000000 % 24, {size} // 60000000 % 60, {size} // 1000000 % 60)"
        f" || CASE WHEN {size} % 1000000 > 0 THEN printf('.%06d0', {size} % 1000000) ELSE '' END"
    )


def cast(value: Typed, type: Type) -> Typed:
    """Return the value converted as `tolong`, `toreal` and so on do: null where it cannot be."""
    if value.type == type:
        return value
    if type == "string":
        return Typed(to_string(value), "string", value.literal)
    sql = value.sql
    source = value.type
    if source == "dynamic":
        sql, source = f"json_extract_string({sql}, '$')", "string"
    match type:
        case "dynamic":
            return Typed(_as_json(Typed(sql, source)), "dynamic")
        case "bool" if source == "string":
            number = f"try_cast({sql} AS BIGINT) <> 0"
            made = f"CASE lower({sql}) WHEN 'true' THEN true WHEN 'false' THEN false ELSE {number} END"
        case "bool":
            made = f"({sql} <> 0)"
        case "datetime" if source == "string":
            # A text without an offset is UTC; one with an offset is brought to UTC.
            made = f"CAST(try_cast({sql} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"
        case "timespan" if source == "string":
            made = f"epoch_us(try_cast({_interval_text(sql)} AS INTERVAL))"
        case "long" | "int" if source == "real":
            made = f"try_cast(trunc({sql}) AS {SQL_TYPES[type]})"
        case "long" | "int" if source == "bool" or source in NUMBERS:
            made = f"try_cast({sql} AS {SQL_TYPES[type]})"
        case "long" | "int" if source == "string":
            # "2.5" has no long in Kusto, where DuckDB would round.
            made = (
                f"CASE WHEN regexp_full_match(trim({sql}), '[+-]?[0-9]+') THEN try_cast({sql} AS {SQL_TYPES[type]}) END"
            )
        case "long" if source == "datetime":
            made = f"(epoch_us({sql}) * 10 + 621355968000000000)"
        case "long" if source == "timespan":
            made = f"({sql} * 10)"
        case "real" if source in NUMBERS or source in ("bool", "string"):
            made = f"try_cast({sql} AS DOUBLE)"
        case _:
            made = f"CAST(NULL AS {SQL_TYPES[type]})"
    return Typed(made, type)


def _interval_text(sql: str) -> str:
    return f"regexp_replace({sql}, '^(-?)([0-9]+)\\.([0-9]+:)', '\\1\\2 days \\1\\3')"


def _as_json(value: Typed) -> str:
    if value.type in ("datetime", "timespan"):
        return f"to_json({to_string(value)})"
    return f"to_json({value.sql})"


def to_json(value: Typed) -> str:
    """Return the SQL of a value inside of a dynamic."""
    return value.sql if value.type == "dynamic" else _as_json(value)
