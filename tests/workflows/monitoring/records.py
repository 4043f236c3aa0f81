"""Sample records of runs in the tables of workflows/monitoring, and queries over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.clock import ManualClock
from emulator.monitor.kql import Column, compile_query
from emulator.monitor.logs.columns import STANDARD, STREAM_TYPES, TABLE_TYPES
from emulator.monitor.logs.query_api import table_json
from emulator.monitor.logs.store import LogStore, LogTable
from workflows import monitoring

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def binder_tables() -> dict[str, str]:
    """The tables as Microsoft's binder takes them, standard columns included."""
    return {
        name: f"({', '.join(f'{column.name}:{column.type}' for column in (*_columns(name), *STANDARD))})"
        for name in monitoring.tables()
    }


def _columns(table: str) -> tuple[Column, ...]:
    declared = monitoring.tables()[table]["columns"]
    return tuple(Column(column["name"], TABLE_TYPES[column["type"]]) for column in declared)


class Records:
    """A workspace with the tables; rows are sent at the time that they name."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW - timedelta(days=9))
        self._store = LogStore(folder / "logs.duckdb", self.clock)
        for name in monitoring.tables():
            self._store.put_table(WORKSPACE, LogTable(name, _columns(name), 30))

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    async def send(self, table: str, hours_ago: float, **values: Any) -> None:
        """Store a row that was written so many hours before `NOW`; rows are sent oldest first."""
        moment = NOW - timedelta(hours=hours_ago)
        await self.clock.advance_to(moment)
        declared = monitoring.tables()[table]["columns"]
        stream = [Column(column["name"], STREAM_TYPES[column["type"].lower()]) for column in declared]
        unknown = set(values) - {column.name for column in stream}
        assert not unknown, unknown
        row = {"TimeGenerated": moment.isoformat(), "RowId": f"{table}/{hours_ago}/{values}", **values}
        self._store.append(WORKSPACE, table, stream, "source", [row])

    def rows(self, query: str, days: float | None = None) -> list[dict[str, Any]]:
        """Return what a query answers at `NOW`, over so many days or over all."""
        span = (NOW - timedelta(days=days), NOW) if days else (None, None)
        compiled = compile_query(query, self._store.sources(WORKSPACE, "customer", span), NOW)
        answer = table_json(compiled.columns, self._store.run(compiled, 1000))
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["rows"]]

    async def finished(self, hours_ago: float, run: str, decision: str = "published", **values: Any) -> None:
        """Store the record of a run's end."""
        started = NOW - timedelta(hours=hours_ago, minutes=30)
        await self.send(
            "RetrainingRuns_CL",
            hours_ago,
            Run=run,
            Event="finished",
            Decision=decision,
            StartedAt=started.isoformat(),
            **values,
        )
