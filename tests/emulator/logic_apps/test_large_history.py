"""Ten thousand finished runs slow neither a new run nor a page of a list, and they go after 90 days.

Instead of wall time, what SQLite says that it does: its query plans, and the steps of its virtual machine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from emulator.logic_apps.history.database import Database
from tests.emulator.logic_apps.running import Service

LISTS: tuple[dict[str, str], ...] = (
    {},
    {"$filter": "Status eq 'Failed'"},
    {"$filter": "StartTime ge 2026-01-01T00:00:00Z and StartTime le 2026-01-02T00:00:00Z"},
    {"$filter": "Status eq 'Succeeded' and StartTime lt 2026-01-01T00:00:00Z"},
)


def connection(service: Service) -> sqlite3.Connection:
    database: Database = service.logic_apps._database  # pyright: ignore[reportPrivateUsage]
    return database._connection  # pyright: ignore[reportPrivateUsage]


def fill(service: Service, times: int, tag: str) -> None:
    """Add to each finished run, and to what its trigger did, so many that look like it, from a month before."""
    start = "2025-12-01T00:00:00.0000000Z"
    for table, columns, values in (
        (
            "runs",
            "id, workflow, version, trigger, status, start, end, code, error, record",
            "id || '-' || ?3 || n, workflow, version, trigger, status, ?1, end, code, error, record",
        ),
        (
            "action_records",
            "run, path, name, status, start, end, summary, inputs, outputs",
            "run || '-' || ?3 || n, path, name, status, start, end, summary, inputs, outputs",
        ),
        (
            "histories",
            "workflow, trigger, name, status, start, record",
            "workflow, trigger, name || '-' || ?3 || n, status, ?1, record",
        ),
    ):
        connection(service).execute(
            f"INSERT INTO {table} ({columns}) "
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2) "
            f"SELECT {values} FROM numbers, {table}",
            (start, times, tag),
        )


async def steps(service: Service, work: Callable[[], Awaitable[Any]]) -> int:
    """Return how many hundreds of steps SQLite's virtual machine takes for some work."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection(service).set_progress_handler(count, 100)
    await work()
    connection(service).set_progress_handler(None, 0)
    return taken


async def plans(service: Service, work: Callable[[], Awaitable[Any]]) -> dict[str, str]:
    """Return the plan of every statement on a table that some work executes."""
    statements: list[str] = []
    connection(service).set_trace_callback(statements.append)
    await work()
    connection(service).set_trace_callback(None)
    found: dict[str, str] = {}
    for statement in statements:
        if statement.lstrip().split(" ")[0].upper() in ("SELECT", "UPDATE", "DELETE"):
            rows = connection(service).execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            found[statement] = "; ".join(row[-1] for row in rows)
    return found


def work_of(service: Service, run: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    async def new_run() -> None:
        await service.finish(await service.begin())

    async def lists() -> None:
        for query in LISTS:
            page = await service.get("runs", **query, **{"$top": "10"})
            if "nextLink" in page:
                await service.following(page)
        for query in LISTS:
            await service.get("triggers", "manual", "histories", **query, **{"$top": "10"})
        await service.get("runs", run)
        await service.get("triggers", "manual")
        await service.get("runs", run, "actions")
        await service.get("runs", run, "actions", "A")

    return {"a new run": new_run, "lists": lists}


@pytest.fixture
async def filled(service: Service) -> str:
    await service.deploy({"actions": {"A": {"type": "Compose", "inputs": 1}}})
    run = await service.begin()
    await service.finish(run)
    return run


@pytest.mark.parametrize("what", ["a new run", "lists"])
async def test_ten_thousand_runs_cost_no_more_steps_than_a_hundred(service: Service, filled: str, what: str):
    work = work_of(service, filled)[what]
    fill(service, 100, "a")
    few = await steps(service, work)
    fill(service, 100, "b")
    assert connection(service).execute("SELECT count(*) FROM runs").fetchone()[0] > 10_000
    many = await steps(service, work)
    assert many < 2 * few + 20


@pytest.mark.parametrize("what", ["a new run", "lists"])
async def test_every_statement_finds_its_rows_by_an_index(service: Service, filled: str, what: str):
    found = await plans(service, work_of(service, filled)[what])
    assert len(found) > 5
    for statement, plan in found.items():
        assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", ""), (statement, plan)
        if " ORDER BY start DESC" in statement and "<>" not in statement:
            assert "TEMP B-TREE" not in plan, (statement, plan)


async def test_runs_and_histories_go_after_90_days(service: Service, filled: str):
    await service.clock.advance(90 * 24 * 3600 - 60)
    assert (await service.get("runs", filled))["name"] == filled
    await service.clock.advance(120)
    assert (await service.get("runs"))["value"] == []
    assert (await service.get("triggers", "manual", "histories"))["value"] == []
    with pytest.raises(ArmError, match="could not be found"):
        await service.get("runs", filled)
    newer = await service.begin()
    await service.finish(newer)
    for table in ("runs", "action_records"):
        column = "id" if table == "runs" else "run"
        kept = connection(service).execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
        assert kept == [(newer,)], "what has expired is deleted when a run begins"
    assert connection(service).execute("SELECT count(*) FROM histories").fetchone() == (1,)


async def test_a_run_under_way_is_not_deleted_by_its_age(service: Service):
    day = {"type": "Wait", "inputs": {"interval": {"count": 80, "unit": "Day"}}}
    await service.deploy({"actions": {"Pause": day, "After": {**day, "runAfter": {"Pause": ["Succeeded"]}}}})
    old = await service.begin()
    await service.clock.advance(89 * 24 * 3600)
    await service.begin()
    assert (await service.get("runs", old))["properties"]["status"] == "Running"
    await settle()


async def test_an_until_of_seven_days_runs_on_the_clock(service: Service):
    wait = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}
    loop = {
        "type": "Until",
        "expression": "@equals(1, 2)",
        "limit": {"timeout": "P7D", "count": 5000},
        "actions": {"Pause": wait},
    }
    run = await service.run({"Week": loop})
    assert run.status == "Succeeded"
    assert run.actions["Pause"]["repetitionCount"] == 7 * 24
    began, ended = (run.actions["Week"][name][:10] for name in ("startTime", "endTime"))
    assert (began, ended) == ("2026-01-01", "2026-01-08")
    week = 7 * 24 * 3600
    latencies = {name: service.metrics.totals[name] for name in ("RunLatency", "RunSuccessLatency")}
    assert latencies == {"RunLatency": week, "RunSuccessLatency": week}
