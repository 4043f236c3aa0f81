"""Runs on disk: a readable history, and beside it, encrypted, what an unfinished run needs to go on."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.fernet import Fernet

from emulator.logic_apps.records import (
    CANCELLED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    ActionGroup,
    ActionRecord,
    ActionSummary,
    IterationRecord,
    TriggerRecord,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS workflows (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, trigger TEXT NOT NULL,
  status TEXT NOT NULL, start TEXT NOT NULL, end TEXT, code TEXT, error TEXT, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_of ON runs (workflow, sequence);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (workflow, status, sequence);
CREATE TABLE IF NOT EXISTS action_records (
  sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  start TEXT NOT NULL, end TEXT, summary TEXT NOT NULL, inputs_size INTEGER, outputs_size INTEGER, inputs TEXT,
  outputs TEXT, UNIQUE (run, path));
CREATE INDEX IF NOT EXISTS action_records_of ON action_records (run, name, sequence);
CREATE TABLE IF NOT EXISTS iterations (
  run TEXT NOT NULL, path TEXT NOT NULL, loop TEXT NOT NULL, position INTEGER NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (run, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS working (
  run TEXT NOT NULL, part TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (run, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run_outputs (run TEXT PRIMARY KEY, outputs TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS histories (
  sequence INTEGER PRIMARY KEY, workflow TEXT NOT NULL, trigger TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS histories_of ON histories (workflow, trigger, sequence);
"""
WAITING = "Waiting"
_ACTION_PART = "action:"
_HISTORIES_KEPT = 1000
_KEEP_ACTION = """
INSERT INTO action_records (run, path, name, status, start, end, summary, inputs_size, outputs_size, inputs, outputs)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, path) DO UPDATE SET status = excluded.status, end = excluded.end, summary = excluded.summary,
  inputs_size = excluded.inputs_size, outputs_size = excluded.outputs_size, inputs = excluded.inputs,
  outputs = excluded.outputs
"""
_GROUPS = """
SELECT min(sequence), summary, inputs_size, outputs_size, count(*), min(start), max(end), sum(end IS NULL),
  sum(status = 'Failed'), sum(status = 'TimedOut'), sum(status = 'Succeeded'), status
FROM action_records WHERE run = ?
"""
"""The columns that are no aggregate are those of the first execution: SQLite takes them from the row of min()."""


@dataclass(frozen=True)
class RunRow:
    """A run as the history has it; `trigger` is its readable trigger record."""

    id: str
    workflow: str
    status: str
    start: str
    end: str | None
    code: str | None
    error: dict[str, Any] | None
    trigger: dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """What a listed run must be, e.g. ``status = Failed``."""

    column: Literal["status", "start"]
    comparison: Literal["=", "<", "<=", ">", ">="]
    value: str


class RunStore:
    """All runs of all workflows in one SQLite file below a folder that only its owner can read."""

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "runs.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        self._cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"runs:{key}".encode()).digest()))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def keep_workflow(self, id: str, body: dict[str, Any]) -> None:
        """Keep what a workflow is, secure parameters included."""
        self._database.execute(
            "INSERT INTO workflows VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
            (id.lower(), id, self._seal(body)),
        )

    def forget_workflow(self, id: str) -> None:
        """Forget a workflow with its runs."""
        key = id.lower()
        with self._database:
            for table in ("action_records", "iterations", "run_outputs", "working"):
                self._database.execute(
                    f"DELETE FROM {table} WHERE run IN (SELECT id FROM runs WHERE workflow = ?)",
                    (key,),
                )
            self._database.execute("DELETE FROM runs WHERE workflow = ?", (key,))
            self._database.execute("DELETE FROM histories WHERE workflow = ?", (key,))
            self._database.execute("DELETE FROM workflows WHERE key = ?", (key,))

    def workflows(self) -> list[tuple[str, dict[str, Any]]]:
        """Return id and body of every workflow."""
        rows = self._database.execute("SELECT id, sealed FROM workflows ORDER BY key").fetchall()
        return [(id, self._open(sealed)) for id, sealed in rows]

    def begin(self, run: str, workflow: str, trigger: TriggerRecord, start: dict[str, Any]) -> None:
        """Record a new run; `start` has the definition and the parameters with which it goes to its end."""
        with self._database:
            self._database.execute(
                "INSERT INTO runs (id, workflow, trigger, status, start, record) VALUES (?, ?, ?, ?, ?, ?)",
                (run, workflow.lower(), trigger.name, WAITING, trigger.end, json.dumps(trigger.readable())),
            )
            self.keep_working(run, "trigger", trigger.to_json())
            self.keep_working(run, "start", start)

    def set_running(self, run: str) -> None:
        """Record that a run that waited goes on."""
        self._database.execute("UPDATE runs SET status = ? WHERE id = ?", (RUNNING, run))

    def end(self, run: str, status: str, at: str, code: str | None, error: dict[str, Any] | None) -> None:
        """Record how a run ended; actions still under way are cancelled, what it needed to go on is dropped."""
        rows = self._database.execute(
            "SELECT sequence, summary FROM action_records WHERE run = ? AND end IS NULL", (run,)
        ).fetchall()
        with self._database:
            for sequence, summary in rows:
                ended = {**json.loads(summary), "status": CANCELLED, "code": "ActionCancelled", "end": at}
                self._database.execute(
                    "UPDATE action_records SET status = ?, end = ?, summary = ? WHERE sequence = ?",
                    (CANCELLED, at, json.dumps(ended), sequence),
                )
            self._database.execute(
                "UPDATE runs SET status = ?, end = ?, code = ?, error = ? WHERE id = ?",
                (status, at, code, json.dumps(error) if error else None, run),
            )
            self._database.execute("DELETE FROM working WHERE run = ?", (run,))

    def keep_action(self, run: str, record: ActionRecord, variables: dict[str, Any] | None = None) -> None:
        """Record an action; what is secured goes only, encrypted, to the working state.

        `variables`, where the action changed them, are kept in the same step: a change is not made twice.
        """
        with self._database:
            self._database.execute(_KEEP_ACTION, _row(run, record))
            if record.hidden and record.finished:
                self.keep_working(run, _ACTION_PART + record.path, record.to_json())
            if variables is not None:
                self.keep_working(run, "variables", variables)

    def keep_outputs(self, run: str, outputs: dict[str, Any]) -> None:
        """Record the outputs of a run."""
        self._database.execute("INSERT OR REPLACE INTO run_outputs VALUES (?, ?)", (run, json.dumps(outputs)))

    def outputs(self, run: str) -> dict[str, Any]:
        """Return the outputs of a run."""
        row = self._database.execute("SELECT outputs FROM run_outputs WHERE run = ?", (run,)).fetchone()
        return json.loads(row[0]) if row else {}

    def keep_iteration(self, run: str, loop: str, record: IterationRecord) -> None:
        """Record a finished iteration of the action `loop`."""
        self._database.execute(
            "INSERT INTO iterations VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (run, path) DO UPDATE SET record = excluded.record",
            (run, record.path, loop.lower(), record.index, json.dumps(asdict(record))),
        )

    def iterations(self, run: str, loop: str | None = None) -> list[IterationRecord]:
        """Return the finished iterations of a run, or of one loop of it, in order."""
        rows = self._database.execute(
            "SELECT record FROM iterations WHERE run = ? AND loop = coalesce(?, loop) ORDER BY path, position",
            (run, loop.lower() if loop else None),
        ).fetchall()
        return [IterationRecord(**json.loads(text)) for (text,) in rows]

    def keep_working(self, run: str, part: str, value: Any) -> None:
        """Keep a part of what an unfinished run needs, encrypted."""
        self._database.execute(
            "INSERT INTO working VALUES (?, ?, ?) ON CONFLICT (run, part) DO UPDATE SET sealed = excluded.sealed",
            (run, part, self._seal(value)),
        )

    def working(self, run: str, part: str) -> Any:
        """Return a part of the working state, None where there is none."""
        row = self._database.execute("SELECT sealed FROM working WHERE run = ? AND part = ?", (run, part)).fetchone()
        return self._open(row[0]) if row else None

    def known_actions(self, run: str) -> list[ActionRecord]:
        """Return the actions that an unfinished run has begun; the finished ones with their secured data."""
        found: list[ActionRecord] = []
        rows = self._database.execute("SELECT summary, inputs, outputs FROM action_records WHERE run = ?", (run,))
        for summary, inputs, outputs in rows.fetchall():
            record = ActionRecord(**json.loads(summary), inputs=_loaded(inputs), outputs=_loaded(outputs))
            whole = self.working(run, _ACTION_PART + record.path) if record.hidden and record.finished else None
            found.append(ActionRecord(**whole) if whole else record)
        return found

    def unfinished(self) -> list[RunRow]:
        """Return the runs that are not over, oldest first."""
        return self._runs("end IS NULL ORDER BY sequence", ())

    def run(self, workflow: str, run: str) -> RunRow | None:
        """Return a run."""
        found = self._runs("workflow = ? AND id = ?", (workflow.lower(), run))
        return found[0] if found else None

    def runs(self, workflow: str, conditions: Sequence[Condition], limit: int, offset: int) -> list[RunRow]:
        """Return the runs of a workflow for which all conditions hold, newest first."""
        where = "".join(f" AND {each.column} {each.comparison} ?" for each in conditions)
        values = (workflow.lower(), *(each.value for each in conditions), limit, offset)
        return self._runs(f"workflow = ?{where} ORDER BY sequence DESC LIMIT ? OFFSET ?", values)

    def active(self, workflow: str, trigger: str) -> bool:
        """Tell whether a run that the trigger started is not over."""
        row = self._database.execute(
            "SELECT 1 FROM runs WHERE workflow = ? AND trigger = ? AND end IS NULL LIMIT 1",
            (workflow.lower(), trigger),
        ).fetchone()
        return row is not None

    def groups(self, run: str, limit: int, offset: int) -> list[ActionGroup]:
        """Return the actions of a run in the order in which they began, their repetitions summed up."""
        rows = self._database.execute(f"{_GROUPS} GROUP BY name ORDER BY 1 LIMIT ? OFFSET ?", (run, limit, offset))
        return [_group(row) for row in rows.fetchall()]

    def group(self, run: str, name: str) -> ActionGroup | None:
        """Return one action of a run, its repetitions summed up."""
        row = self._database.execute(f"{_GROUPS} AND name = ? GROUP BY name", (run, name.lower())).fetchone()
        return _group(row) if row else None

    def summaries(self, run: str, name: str, limit: int, offset: int) -> list[ActionSummary]:
        """Return executions of one action of a run, in the order in which they began."""
        rows = self._database.execute(
            "SELECT summary, inputs_size, outputs_size FROM action_records WHERE run = ? AND name = ? "
            "ORDER BY sequence LIMIT ? OFFSET ?",
            (run, name.lower(), limit, offset),
        ).fetchall()
        return [ActionSummary(ActionRecord(**json.loads(text)), *sizes) for text, *sizes in rows]

    def summary(self, run: str, path: str) -> ActionSummary | None:
        """Return the execution at `path` of a run."""
        row = self._database.execute(
            "SELECT summary, inputs_size, outputs_size FROM action_records WHERE run = ? AND path = ?", (run, path)
        ).fetchone()
        return ActionSummary(ActionRecord(**json.loads(row[0])), row[1], row[2]) if row else None

    def content(self, run: str, path: str, part: Literal["inputs", "outputs"]) -> str | None:
        """Return the readable inputs or outputs of the action at `path` as JSON text, None where there are none."""
        row = self._database.execute(
            f"SELECT {part} FROM action_records WHERE run = ? AND path = ?", (run, path)
        ).fetchone()
        return row[0] if row else None

    def keep_history(self, workflow: str, trigger: str, record: dict[str, Any]) -> None:
        """Record that a trigger looked; only the last thousand are kept of each trigger."""
        key = workflow.lower()
        with self._database:
            self._database.execute(
                "INSERT INTO histories (workflow, trigger, record) VALUES (?, ?, ?)", (key, trigger, json.dumps(record))
            )
            self._database.execute(
                "DELETE FROM histories WHERE workflow = ? AND trigger = ? AND sequence <= "
                "(SELECT max(sequence) FROM histories WHERE workflow = ? AND trigger = ?) - ?",
                (key, trigger, key, trigger, _HISTORIES_KEPT),
            )

    def history(self, workflow: str, trigger: str, name: str) -> dict[str, Any] | None:
        """Return one look of a trigger."""
        row = self._database.execute(
            "SELECT record FROM histories WHERE workflow = ? AND trigger = ? AND json_extract(record, '$.name') = ?",
            (workflow.lower(), trigger, name),
        ).fetchone()
        return json.loads(row[0]) if row else None

    def histories(self, workflow: str, trigger: str, limit: int, offset: int) -> list[dict[str, Any]]:
        """Return what a trigger did, newest first."""
        rows: Sequence[tuple[str]] = self._database.execute(
            "SELECT record FROM histories WHERE workflow = ? AND trigger = ? ORDER BY sequence DESC LIMIT ? OFFSET ?",
            (workflow.lower(), trigger, limit, offset),
        ).fetchall()
        return [json.loads(text) for (text,) in rows]

    def _runs(self, where: str, values: Sequence[Any]) -> list[RunRow]:
        rows = self._database.execute(
            f"SELECT id, workflow, status, start, end, code, error, record FROM runs WHERE {where}",
            values,
        ).fetchall()
        return [
            RunRow(id, workflow, status, start, end, code, json.loads(error) if error else None, json.loads(record))
            for id, workflow, status, start, end, code, error, record in rows
        ]

    def _seal(self, value: Any) -> bytes:
        return self._cipher.encrypt(json.dumps(value).encode())

    def _open(self, sealed: bytes) -> Any:
        return json.loads(self._cipher.decrypt(sealed))


def _row(run: str, record: ActionRecord) -> tuple[Any, ...]:
    inputs, outputs = _dumped(record.content("inputs")), _dumped(record.content("outputs"))
    sizes = [len(text.encode()) if text is not None else None for text in (inputs, outputs)]
    summary = json.dumps(record.summary())
    return (
        run, record.path, record.name.lower(), record.status, record.start, record.end, summary, *sizes, inputs, outputs
    )  # fmt: skip


def _dumped(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _group(row: tuple[Any, ...]) -> ActionGroup:
    _, summary, inputs_size, outputs_size, count, start, end, running, failed, timed_out, succeeded, first = row
    if running:
        status = RUNNING
    elif failed:
        status = FAILED
    elif timed_out:
        status = TIMED_OUT
    else:
        status = SUCCEEDED if succeeded else first
    record = ActionRecord(**json.loads(summary))
    sizes = (inputs_size, outputs_size)
    return ActionGroup(ActionSummary(record, *sizes), count, status, start, None if running else end)
