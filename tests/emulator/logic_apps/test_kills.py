"""A run goes on wherever the emulator was killed: finished actions are not done again, the one under way at least once.

Here the engine dies in this process at each durable write in turn; test_killed_process.py kills a real process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.logic_apps.history.database import Database
from tests.emulator.logic_apps.running import Service


class Killed(BaseException):
    """The process is gone; no handler of the engine outlives that."""


class Death:
    """Lets every database die after a number of durable writes, and counts them."""

    def __init__(self) -> None:
        self.after: int | None = None
        self.writes = 0

    @property
    def dead(self) -> bool:
        return self.after is not None and self.writes >= self.after

    def check(self) -> None:
        if self.dead:
            raise Killed

    def written(self) -> None:
        self.writes += 1
        self.check()


@pytest.fixture
def death(monkeypatch: pytest.MonkeyPatch) -> Death:
    """What is written within a transaction is one write: until it ends, a kill leaves nothing of it."""
    found, depth = Death(), 0
    write, transaction = Database.write, Database.transaction

    def dying_write(self: Database, statement: str, *values: Any) -> int:
        found.check()
        count = write(self, statement, *values)
        if not depth:
            found.written()
        return count

    @contextlib.contextmanager
    def dying_transaction(self: Database) -> Generator[None]:
        nonlocal depth
        found.check()
        with transaction(self):
            depth += 1
            try:
                yield
            finally:
                depth -= 1
        if not depth:
            found.written()

    monkeypatch.setattr(Database, "write", dying_write)
    monkeypatch.setattr(Database, "transaction", dying_transaction)
    return found


def call(path: str, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": f"http://x.test/{path}"}, "runAfter": run_after}


def pause(**run_after: list[str]) -> dict[str, Any]:
    return {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": run_after}


def increment(**run_after: list[str]) -> dict[str, Any]:
    return {"type": "IncrementVariable", "inputs": {"name": "count"}, "runAfter": run_after}


INITIAL = {"variables": [{"name": "count", "type": "integer", "value": 0}]}
ACTIONS: dict[str, Any] = {
    "Init": {"type": "InitializeVariable", "inputs": INITIAL},
    "Scope": {
        "type": "Scope",
        "runAfter": {"Init": ["Succeeded"]},
        "actions": {
            "First": call("first"),
            "Each": {
                "type": "Foreach",
                "foreach": ["a", "b"],
                "operationOptions": "Sequential",
                "runAfter": {"First": ["Succeeded"]},
                "actions": {
                    "Call": call("each-@{item()}"),
                    "Pause": pause(Call=["Succeeded"]),
                    "Add": increment(Pause=["Succeeded"]),
                },
            },
            "If": {
                "type": "If",
                "runAfter": {"Each": ["Succeeded"]},
                "expression": "@equals(variables('count'), 2)",
                "actions": {
                    "Then": call("then"),
                    "Again": {
                        "type": "Until",
                        "runAfter": {"Then": ["Succeeded"]},
                        "expression": "@equals(variables('count'), 4)",
                        "actions": {
                            "Count": increment(),
                            "Loop": call("until-@{variables('count')}", Count=["Succeeded"]),
                        },
                    },
                },
                "else": {"actions": {"Else": call("else")}},
            },
        },
    },
    "Both": {
        "type": "Foreach",
        "foreach": ["x", "y"],
        "actions": {"Side": call("both-@{item()}"), "Rest": pause(Side=["Succeeded"])},
        "runAfter": {"Scope": ["Succeeded"]},
    },
    "Last": call("last-@{variables('count')}", Both=["Succeeded"]),
}
CALLS = ["/first", "/each-a", "/each-b", "/then", "/until-3", "/until-4", "/both-x", "/both-y", "/last-4"]
AT_ONCE = 2
"""How many actions are under way at the same time at most."""


class Mortal:
    """The service under a threat, and what it did before and after a kill."""

    def __init__(self, folder: Path, death: Death) -> None:
        self._death = death
        self.service = Service(folder)
        self.service.handler = self._answer
        self.before: list[str] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self._death.check()
        return httpx.Response(200, json={})

    async def live(self, after: int | None) -> None:
        """Deploy, run, and end with the death after so many writes from the start of the run on, if any."""
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        service = self.service
        await service.logic_apps.start()
        await service.deploy({"actions": ACTIONS})
        self._death.writes, self._death.after = 0, after
        with contextlib.suppress(Killed):
            await service.operate("POST", "triggers", "manual", "run")
        while not self._death.dead and (await self._unfinished()):
            await service.clock.advance(1800)
        self.before = self._paths()

    async def _unfinished(self) -> bool:
        return any("endTime" not in run["properties"] for run in (await self.service.get("runs"))["value"])

    def _paths(self) -> list[str]:
        return [request.url.path for request in self.service.requests]

    async def rise(self) -> tuple[str, list[str]]:
        """Start anew over what was written; return the run's status and the calls made since."""
        self._death.after = None
        self.service.requests.clear()
        await self.service.restart()
        ((run,),) = [(await self.service.get("runs"))["value"]]
        finished = await self.service.finish(run["name"])
        return finished["status"], self._paths()

    async def finished_calls(self) -> set[str]:
        """The calls of the actions that are recorded as finished."""
        (run,) = (await self.service.get("runs"))["value"]
        found: set[str] = set()
        for action in (await self.service.get("runs", run["name"], "actions", **{"$top": "250"}))["value"]:
            place = ("runs", run["name"], "actions", action["name"])
            executions = (await self.service.get(*place, "repetitions"))["value"] or [action]
            for each in executions:
                link = each["properties"].get("inputsLink")
                if link is not None and "endTime" in each["properties"]:
                    inputs = await self.service.content(link)
                    if isinstance(inputs, dict) and "uri" in inputs:
                        found.add(httpx.URL(str(inputs["uri"])).path)  # pyright: ignore[reportUnknownArgumentType]
        return found


async def test_killed_after_any_durable_write_the_run_goes_on(tmp_path: Path, death: Death):
    whole = Mortal(tmp_path / "whole", death)
    await whole.live(None)
    assert sorted(whole.before) == sorted(CALLS)
    await whole.service.logic_apps.stop()
    writes = death.writes
    assert writes > 2 * len(CALLS), "each action is recorded when it begins and when it ends"
    for after in range(1, writes + 1):
        mortal = Mortal(tmp_path / str(after), death)
        await mortal.live(after)
        assert death.dead
        done = await mortal.finished_calls()
        status, again = await mortal.rise()
        calls = Counter([*mortal.before, *again])
        assert status == "Succeeded", f"killed after write {after}"
        assert not done & set(again), f"killed after write {after}: a finished action was done again"
        assert sorted(calls) == sorted(CALLS), f"killed after write {after}: every action was done, and nothing else"
        assert sum(calls.values()) - len(CALLS) <= AT_ONCE, f"killed after write {after}: more was done again"
        await mortal.service.logic_apps.stop()
