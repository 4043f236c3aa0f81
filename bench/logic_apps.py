"""What runs of workflows cost, against doing the same work plainly in the same process.

``python -m bench.logic_apps`` prints, ``--write`` also puts the figures into docs/benchmarks.md.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from bench.report import Measure, command, section, write_section
from emulator.arm.provider import Operation, Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock, SystemClock
from emulator.home import Secrets
from emulator.identity import Principal, TokenIssuer
from emulator.logic_apps.service import LogicApps

_WORKFLOW: Final = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
_SCHEMA: Final = (
    "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
)
_SECRETS: Final = Secrets("a token signing key for measuring alone", "a state encryption key for measuring alone")
_CALLER: Final = Principal("11111111-0000-0000-0000-000000000000", "User", "bench")
_ROUNDS: Final = 5
_CHAIN: Final = 500
_ITEMS: Final = 10_000
_MANY_ITEMS: Final = 100_000
_RUNS: Final = 100
_CALLS: Final = 2_000
_MEBIBYTE: Final = 1024 * 1024


class Metrics:
    """Takes metrics and drops them."""

    def record(self, resource_id: str, metric: str, value: float, dimensions: Any = None) -> None:
        """Take one."""


class FastClock(SystemClock):
    """The machine's clock 1,000 times as fast: the limit of actions in five minutes is no wait."""

    def __init__(self) -> None:
        self._start = super().now()

    def now(self) -> datetime:
        """Return the time."""
        return self._start + (super().now() - self._start) * 1_000

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await super().sleep(seconds / 1_000)


class Bench:
    """The service over a folder of its own, with an endpoint that answers every call with ``{}``."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._service = LogicApps(
            folder,
            "http://127.0.0.1:10463",
            clock,
            TokenIssuer(_SECRETS.token_signing_key, "tenant", clock),
            Metrics(),
            _SECRETS,
            answering(),
        )
        self._provider = self._service.providers[0]

    async def deploy(self, actions: dict[str, Any]) -> None:
        """Put a workflow with these actions and a Request trigger."""
        triggers = {"manual": {"type": "Request", "kind": "Http"}}
        definition = {"$schema": _SCHEMA, "triggers": triggers, "actions": actions}
        body = {"location": "eastus", "properties": {"definition": definition}}
        await self._provider.put(Resource(ResourceId.parse(_WORKFLOW), body), None)

    async def run(self, times: int = 1) -> float:
        """Start so many runs at once; return the seconds until all of them have succeeded."""
        began = time.perf_counter()
        for _ in range(times):
            await self._operate("POST", "triggers", "manual", "run")
        while (await self._operate("GET", "runs", **{"$filter": "status eq 'Running'", "$top": "1"}))["value"]:
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - began
        found = await self._operate("GET", "runs", **{"$top": str(times)})
        statuses = {run["properties"]["status"] for run in found["value"]}
        if statuses != {"Succeeded"}:
            raise RuntimeError(f"the runs ended as {', '.join(sorted(statuses))}")
        return seconds

    async def close(self) -> None:
        """Stop."""
        await self._service.stop()

    async def _operate(self, method: str, *path: str, **query: str) -> Any:
        target = Resource(ResourceId.parse(_WORKFLOW), {"properties": {}})
        url = f"http://127.0.0.1:10460{_WORKFLOW}/{'/'.join(path)}?api-version=2019-05-01"
        return (await self._provider.operate(Operation(method, target, path, query, None, _CALLER, url))).body


def answering() -> httpx.MockTransport:
    """Return a transport that answers in this process, so that no network is measured."""
    return httpx.MockTransport(lambda request: httpx.Response(200, json={}))


def chain(length: int) -> dict[str, Any]:
    """Return so many Compose actions, one after the other, each with the outputs of the one before."""
    actions: dict[str, Any] = {"C0": {"type": "Compose", "inputs": {"n": 0}}}
    for index in range(1, length):
        actions[f"C{index}"] = {
            "type": "Compose",
            "inputs": {"n": f"@add(outputs('C{index - 1}')['n'],1)"},
            "runAfter": {f"C{index - 1}": ["Succeeded"]},
        }
    return actions


def loop(items: int, inner: dict[str, Any]) -> dict[str, Any]:
    """Return a Foreach over so many numbers."""
    return {"Each": {"type": "Foreach", "foreach": f"@range(0,{items})", "actions": {"Inner": inner}}}


COMPOSE: Final = {"type": "Compose", "inputs": {"item": "@item()", "twice": "@mul(item(),2)"}}
HTTP: Final = {"type": "Http", "inputs": {"method": "GET", "uri": "http://localhost/items/@{item()}"}}


async def median(measured: Callable[[], Awaitable[float]], rounds: int = _ROUNDS) -> float:
    """Return the median of several rounds."""
    return statistics.median([await measured() for _ in range(rounds)])


async def seconds_of(
    actions: dict[str, Any], times: int = 1, rounds: int = _ROUNDS, clock: Clock | None = None
) -> float:
    """Return the median seconds of a run of these actions, or of so many at once."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), clock or SystemClock())
        try:
            await bench.deploy(actions)
            return await median(lambda: bench.run(times), rounds)
        finally:
            await bench.close()


def seconds_of_records(count: int) -> float:
    """Return the seconds for so many records kept one by one: as JSON, in SQLite, each with its own commit."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("CREATE TABLE records (path TEXT PRIMARY KEY, record TEXT)")
        began = time.perf_counter()
        for index in range(count):
            record = json.dumps({"status": "Running", "inputs": {"n": index}})
            database.execute("INSERT INTO records VALUES (?, ?)", (str(index), record))
            record = json.dumps({"status": "Succeeded", "inputs": {"n": index}, "outputs": {"n": index + 1}})
            database.execute("UPDATE records SET record = ? WHERE path = ?", (record, str(index)))
        seconds = time.perf_counter() - began
        database.close()
        return seconds


async def seconds_of_calls(count: int) -> float:
    """Return the seconds for so many calls of a plain httpx client, 20 at a time as in a Foreach."""
    async with httpx.AsyncClient(transport=answering()) as client:
        left = iter(range(count))

        async def worker() -> None:
            for index in left:
                (await client.get(f"http://localhost/items/{index}")).json()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(20)))
        return time.perf_counter() - began


def peak_memory() -> float:
    """Return the most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEBIBYTE


def memory_of_loop(items: int) -> float:
    """Return by how many MiB the memory of a process of its own grows over a Foreach of so many items."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.logic_apps", "--grow", str(items)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


async def _grown(items: int) -> float:
    await seconds_of(loop(100, COMPOSE), rounds=1)
    before = peak_memory()
    await seconds_of(loop(items, COMPOSE), rounds=1, clock=FastClock())
    return peak_memory() - before


async def measures() -> list[Measure]:
    """Measure all."""
    plain = statistics.median([seconds_of_records(_CHAIN) for _ in range(_ROUNDS)])
    chained = await seconds_of(chain(_CHAIN))
    few = await seconds_of(loop(_ITEMS // 10, COMPOSE))
    many = await seconds_of(loop(_ITEMS, COMPOSE), rounds=3)
    one_by_one = await seconds_of(chain(20), rounds=_ROUNDS)
    together = await seconds_of(chain(20), _RUNS, rounds=3)
    calls = await median(lambda: seconds_of_calls(_CALLS))
    called = await seconds_of(loop(_CALLS, HTTP), rounds=3)
    small, great = memory_of_loop(_ITEMS), memory_of_loop(_MANY_ITEMS)
    return [
        Measure(
            f"An action and its durable record (a chain of {_CHAIN} Compose)",
            f"{chained / _CHAIN * 1e3:.2f} ms",
            "the same two records as JSON into SQLite, a commit each",
            f"{chained / plain:.1f}",
            "1 ms",
        ),
        Measure(
            f"Foreach over {_ITEMS:,} items, a Compose each",
            f"{many:.1f} s, {many / _ITEMS * 1e3:.2f} ms an item",
            f"an item of a Foreach over {_ITEMS // 10:,}",
            f"{many / _ITEMS / (few / (_ITEMS // 10)):.2f}",
            "linear: 1",
        ),
        Measure(
            f"{_RUNS} runs of 20 actions at the same time",
            f"{together:.2f} s",
            f"{_RUNS} times one such run",
            f"{together / (_RUNS * one_by_one):.2f}",
            "1 or less",
        ),
        Measure(
            f"Foreach over {_CALLS:,} Http actions, 20 at a time",
            f"{called / _CALLS * 1e3:.2f} ms an action",
            "the same calls by a plain httpx client, 20 at a time",
            f"{called / calls:.1f}",
        ),
        Measure(
            f"Memory over a Foreach of {_MANY_ITEMS:,} items",
            f"{great:.0f} MiB more, {great * 1024 / _MANY_ITEMS:.1f} KiB an item",
            f"over one of {_ITEMS:,}: {small:.0f} MiB more",
            f"{great / small:.1f}" if small >= 1 else "",
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = command("bench.logic_apps", __doc__)
    parser.add_argument("--grow", type=int, help="only print by how many MiB a Foreach of so many items grows memory")
    arguments = parser.parse_args()
    if arguments.grow is not None:
        print(asyncio.run(_grown(arguments.grow)))
        return
    text = section("python -m bench.logic_apps --write", asyncio.run(measures()))
    print(text)
    if arguments.write:
        write_section("logic-apps", text)


if __name__ == "__main__":
    main()
