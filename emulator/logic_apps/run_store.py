"""Runs on disk: a readable history, and beside it, encrypted, what an unfinished run needs to go on."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from emulator.logic_apps.records import CANCELLED, ActionRecord, TriggerRecord

_SCHEMA = """
CREATE TABLE IF NOT EXISTS workflows (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, trigger TEXT NOT NULL,
  status TEXT NOT NULL, start TEXT NOT NULL, end TEXT, code TEXT, error TEXT, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_of ON runs (workflow, sequence);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (workflow, status, sequence);
CREATE TABLE IF NOT EXISTS actions (
  run TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, sequence INTEGER, record TEXT NOT NULL,
  PRIMARY KEY (run, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS working (
  run TEXT NOT NULL, part TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (run, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS histories (
  sequence INTEGER PRIMARY KEY, workflow TEXT NOT NULL, trigger TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS histories_of ON histories (workflow, trigger, sequence);
"""
_ACTION_PART = "action:"
_HISTORIES_KEPT = 1000


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
            for table in ("actions", "working"):
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

    def begin(self, run: str, workflow: str, trigger: TriggerRecord, definition: dict[str, Any]) -> None:
        """Record a new run; it goes on with the definition of its start."""
        with self._database:
            self._database.execute(
                "INSERT INTO runs (id, workflow, trigger, status, start, record) VALUES (?, ?, ?, 'Running', ?, ?)",
                (run, workflow.lower(), trigger.name, trigger.end, json.dumps(trigger.readable())),
            )
            self.keep_working(run, "trigger", trigger.to_json())
            self.keep_working(run, "definition", definition)

    def end(self, run: str, status: str, at: str, code: str | None, error: dict[str, Any] | None) -> None:
        """Record how a run ended; actions still under way are cancelled, what it needed to go on is dropped."""
        unfinished = [record for record in self.actions(run) if not record.finished]
        with self._database:
            for record in unfinished:
                record.status, record.code, record.end = CANCELLED, "ActionCancelled", at
                self._database.execute(
                    "UPDATE actions SET record = ? WHERE run = ? AND path = ?",
                    (json.dumps(record.to_json()), run, record.path),
                )
            self._database.execute(
                "UPDATE runs SET status = ?, end = ?, code = ?, error = ? WHERE id = ?",
                (status, at, code, json.dumps(error) if error else None, run),
            )
            self._database.execute("DELETE FROM working WHERE run = ?", (run,))

    def keep_action(self, run: str, record: ActionRecord) -> None:
        """Record an action; what is secured goes only, encrypted, to the working state."""
        with self._database:
            self._database.execute(
                "INSERT INTO actions VALUES (?, ?, ?, "
                "(SELECT count(*) FROM actions WHERE run = ?1), ?) "
                "ON CONFLICT (run, path) DO UPDATE SET record = excluded.record",
                (run, record.path, record.name, json.dumps(record.readable())),
            )
            if record.hidden and record.finished:
                self.keep_working(run, _ACTION_PART + record.path, record.to_json())

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

    def finished_actions(self, run: str) -> list[ActionRecord]:
        """Return the finished actions of an unfinished run, secured data included."""
        found: list[ActionRecord] = []
        for path, text in self._database.execute("SELECT path, record FROM actions WHERE run = ?", (run,)).fetchall():
            record = ActionRecord(**json.loads(text))
            if record.finished:
                whole = self.working(run, _ACTION_PART + path) if record.hidden else None
                found.append(ActionRecord(**whole) if whole else record)
        return found

    def unfinished(self) -> list[RunRow]:
        """Return the runs that are not over, oldest first."""
        return self._runs("end IS NULL ORDER BY sequence", ())

    def run(self, workflow: str, run: str) -> RunRow | None:
        """Return a run."""
        found = self._runs("workflow = ? AND id = ?", (workflow.lower(), run))
        return found[0] if found else None

    def runs(self, workflow: str, status: str | None, limit: int, offset: int) -> list[RunRow]:
        """Return runs of a workflow, newest first."""
        where = "workflow = ?" + (" AND status = ?" if status else "") + " ORDER BY sequence DESC LIMIT ? OFFSET ?"
        values = (workflow.lower(), *([status] if status else []), limit, offset)
        return self._runs(where, values)

    def active(self, workflow: str, trigger: str) -> bool:
        """Tell whether a run that the trigger started is not over."""
        row = self._database.execute(
            "SELECT 1 FROM runs WHERE workflow = ? AND trigger = ? AND status = 'Running' LIMIT 1",
            (workflow.lower(), trigger),
        ).fetchone()
        return row is not None

    def actions(self, run: str) -> list[ActionRecord]:
        """Return the readable records of a run, in the order in which they began."""
        rows = self._database.execute("SELECT record FROM actions WHERE run = ? ORDER BY sequence", (run,)).fetchall()
        return [ActionRecord(**json.loads(text)) for (text,) in rows]

    def action(self, run: str, path: str) -> ActionRecord | None:
        """Return the readable record at `path`."""
        row = self._database.execute("SELECT record FROM actions WHERE run = ? AND path = ?", (run, path)).fetchone()
        return ActionRecord(**json.loads(row[0])) if row else None

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
