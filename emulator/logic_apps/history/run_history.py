"""What can be read of runs, finished or not: the questions that the management API and content links ask."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.history.database import Database
from emulator.logic_apps.history.records import (
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    ActionGroup,
    ActionRecord,
    ActionSummary,
    ContentSummary,
    IterationRecord,
    Part,
    RequestRecord,
    RunRow,
    TriggerRecord,
    at,
)
from emulator.logic_apps.history.run_store import RUN_COLUMNS, TRIGGER_PARTS, run_row
from emulator.logic_apps.runs.stamps import stamp

_GROUPS: Final = """
SELECT min(sequence), summary, inputs_size, inputs_md5, outputs_size, outputs_md5, count(*), min(start), max(end),
  sum(end IS NULL), sum(status = 'Failed'), sum(status = 'TimedOut'), sum(status = 'Succeeded'), status
FROM action_records WHERE run = ?
"""
"""The columns that are no aggregate are those of the first execution: SQLite takes them from the row of min()."""
_SUMMARY: Final = "sequence, summary, inputs_size, inputs_md5, outputs_size, outputs_md5"


@dataclass(frozen=True)
class Condition:
    """What a listed run must be, e.g. ``status = Failed``."""

    column: Literal["status", "start", "id", "name"]
    comparison: Literal["=", "<>", "<", "<=", ">", ">="]
    value: str

    @property
    def sql(self) -> str:
        """The condition with a question mark for its value."""
        return f"{self.column} {self.comparison} ?"


@dataclass(frozen=True)
class Place:
    """Where in a list that is sorted newest first an entry stands; what comes later does not move it."""

    start: str
    sequence: int


class RunHistory:
    """Runs of the last 90 days."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def run(self, workflow: str, run: str) -> RunRow | None:
        """Return a run."""
        row = self._database.row(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ? AND workflow = ? AND start >= ?",
            run, workflow.lower(), self._kept_since(),
        )  # fmt: skip
        return run_row(row) if row else None

    def runs(
        self, workflow: str, conditions: Sequence[Condition], limit: int, after: Place | None
    ) -> list[tuple[Place, RunRow]]:
        """Return the runs of a workflow for which all conditions hold, newest first, from behind `after` on."""
        all_ = [*conditions, Condition("start", ">=", self._kept_since())]
        where, values = newest_first(all_, after)
        rows = self._database.rows(
            f"SELECT sequence, {RUN_COLUMNS} FROM runs WHERE workflow = ? AND {where}", workflow.lower(), *values, limit
        )
        found = [(sequence, run_row(tuple(row))) for sequence, *row in rows]
        return [(Place(row.start, sequence), row) for sequence, row in found]

    def outputs(self, run: str) -> dict[str, Any]:
        """Return the outputs of a run."""
        row = self._database.row("SELECT outputs FROM run_outputs WHERE run = ?", run)
        return json.loads(row[0]) if row else {}

    def groups(
        self, run: str, conditions: Sequence[Condition], limit: int, after: int
    ) -> list[tuple[int, ActionGroup]]:
        """Return the actions of a run in the order in which they began, their repetitions summed up.

        Each comes with its place; `after` is the place of the one before, 0 for the first page. `conditions` are on
        the status.
        """
        found: list[tuple[int, ActionGroup]] = []
        for row in self._database.rows(f"{_GROUPS} GROUP BY name HAVING min(sequence) > ? ORDER BY 1", run, after):
            group = _group(row)
            if all((group.status == each.value) is (each.comparison == "=") for each in conditions):
                found.append((row[0], group))
            if len(found) == limit:
                break
        return found

    def group(self, run: str, name: str) -> ActionGroup | None:
        """Return one action of a run, its repetitions summed up."""
        row = self._database.row(f"{_GROUPS} AND name = ? GROUP BY name", run, name.lower())
        return _group(row) if row else None

    def executions(self, run: str, name: str, limit: int, after: int) -> list[tuple[int, ActionSummary]]:
        """Return executions of one action of a run with their places, in the order in which they began."""
        rows = self._database.rows(
            f"SELECT {_SUMMARY} FROM action_records WHERE run = ? AND name = ? AND sequence > ? "
            f"ORDER BY sequence LIMIT ?",
            run, name.lower(), after, limit,
        )  # fmt: skip
        return [(row[0], _summary(row[1:])) for row in rows]

    def path_of(self, run: str, name: str, repetition: str) -> str | None:
        """Return where in a run an execution of an action stands; `repetition` is "" for an action outside of loops."""
        row = self._database.row(
            "SELECT path FROM action_records WHERE run = ? AND name = ? ORDER BY sequence LIMIT 1", run, name.lower()
        )
        if row is None:
            return None
        *loops, spelled = row[0].split("/")
        parts = repetition.split("-") if repetition else []
        if len(parts) != len(loops) or not all(part.isdecimal() for part in parts):
            return None
        names = (loop.rpartition(":")[0] for loop in loops)
        return "".join(f"{loop}:{int(part)}/" for loop, part in zip(names, parts, strict=True)) + spelled

    def execution(self, run: str, path: str) -> ActionSummary | None:
        """Return the execution at `path` of a run."""
        row = self._database.row(f"SELECT {_SUMMARY} FROM action_records WHERE run = ? AND path = ?", run, path)
        return _summary(row[1:]) if row else None

    def iterations(self, run: str, loop: str, limit: int, after: str) -> list[IterationRecord]:
        """Return finished iterations of a loop in order; `after` is the repetition name of the one before."""
        rows = self._database.rows(
            "SELECT record FROM iterations WHERE run = ? AND loop = ? AND name > ? ORDER BY name LIMIT ?",
            run, loop.lower(), after, limit,
        )  # fmt: skip
        return [IterationRecord(**json.loads(text)) for (text,) in rows]

    def iteration(self, run: str, loop: str, name: str) -> IterationRecord | None:
        """Return one finished iteration of a loop by its repetition name."""
        row = self._database.row(
            "SELECT record FROM iterations WHERE run = ? AND loop = ? AND name = ?", run, loop.lower(), name
        )
        return IterationRecord(**json.loads(row[0])) if row else None

    def requests(self, run: str, path: str, limit: int, after: str) -> list[RequestRecord]:
        """Return the requests that the action at `path` made, newest first; `after` is the name of the one before."""
        rows = self._database.rows(
            "SELECT record FROM requests WHERE run = ? AND path = ? AND name > ? ORDER BY name LIMIT ?",
            run, path, after, limit,
        )  # fmt: skip
        return [RequestRecord.from_json(json.loads(text)) for (text,) in rows]

    def request(self, run: str, path: str, name: str) -> RequestRecord | None:
        """Return one request of the action at `path`."""
        row = self._database.row("SELECT record FROM requests WHERE run = ? AND path = ? AND name = ?", run, path, name)
        return RequestRecord.from_json(json.loads(row[0])) if row else None

    def traces(self, run: str, path: str) -> list[dict[str, Any]]:
        """Return what the expressions of the action at `path` gave; none where its inputs are secured."""
        row = self._database.row("SELECT traces, inputs FROM action_records WHERE run = ? AND path = ?", run, path)
        if row is None or row[0] is None:
            return []
        traces = json.loads(row[0])
        if any("value" not in trace and "error" not in trace for trace in traces):
            inputs = json.loads(row[1]) if row[1] else None
            traces = [trace if "error" in trace else {"value": at(inputs, trace["keys"]), **trace} for trace in traces]
        return traces

    def action_content(self, run: str, path: str, part: Part) -> str | None:
        """Return the readable inputs or outputs of the action at `path` as JSON text, None where there are none."""
        row = self._database.row(f"SELECT {part} FROM action_records WHERE run = ? AND path = ?", run, path)
        return row[0] if row else None

    def trigger(self, run: RunRow) -> TriggerRecord:
        """Return what started a run, as far as the history shows it."""
        summary = run.trigger
        contents = {
            side: json.loads(text)
            for side, part in TRIGGER_PARTS.items()
            if (text := self.content(run.id, "", part)) is not None
        }
        return TriggerRecord(
            summary.name, summary.status, summary.start, summary.end, summary.code, hidden=list(summary.hidden),
            **contents,
        )  # fmt: skip

    def content(self, run: str, path: str, part: str) -> str | None:
        """Return a content of a trigger (`path` is empty) or of a request's answer as JSON text."""
        row = self._database.row(
            "SELECT content FROM contents WHERE run = ? AND path = ? AND part = ?", run, path, part
        )
        return row[0] if row else None

    def _kept_since(self) -> str:
        return stamp(self._clock.now() - timedelta(days=limits.RETENTION_DAYS))


def newest_first(conditions: Sequence[Condition], after: Place | None) -> tuple[str, list[Any]]:
    """Return the SQL behind WHERE, but for the limit, of a list that is sorted newest first, and its values."""
    where = [condition.sql for condition in conditions]
    values: list[Any] = [condition.value for condition in conditions]
    if after is not None:
        where.append("(start, sequence) < (?, ?)")
        values += [after.start, after.sequence]
    return f"{' AND '.join(where)} ORDER BY start DESC, sequence DESC LIMIT ?", values


def _summary(row: Sequence[Any]) -> ActionSummary:
    summary, inputs_size, inputs_md5, outputs_size, outputs_md5 = row
    contents = [
        ContentSummary(size, md5) if size is not None else None
        for size, md5 in ((inputs_size, inputs_md5), (outputs_size, outputs_md5))
    ]
    return ActionSummary(ActionRecord(**json.loads(summary)), contents[0], contents[1])


def _group(row: Sequence[Any]) -> ActionGroup:
    count, start, end, running, failed, timed_out, succeeded, first = row[6:]
    if running:
        status = RUNNING
    elif failed:
        status = FAILED
    elif timed_out:
        status = TIMED_OUT
    else:
        status = SUCCEEDED if succeeded else first
    return ActionGroup(_summary(row[1:6]), count, status, start, None if running else end)
