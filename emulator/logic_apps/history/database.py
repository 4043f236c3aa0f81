"""The SQLite file of Logic Apps: its tables, its transactions, and the cipher of what must not be read from it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet

from emulator import sqlite

_VERSION: Final = 3
"""Of the tables, kept in the file; 1 was never written into one."""

_SCHEMA = """
CREATE TABLE workflows (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE access_keys (
  workflow TEXT NOT NULL, kind TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (workflow, kind)) WITHOUT ROWID;
CREATE TABLE versions (
  workflow TEXT NOT NULL, name TEXT NOT NULL, shown TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (workflow, name));
CREATE TABLE runs (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, version TEXT NOT NULL,
  trigger TEXT NOT NULL, status TEXT NOT NULL, start TEXT NOT NULL, end TEXT, code TEXT, error TEXT,
  record TEXT NOT NULL);
CREATE INDEX runs_of ON runs (workflow, start, sequence);
CREATE INDEX runs_by_status ON runs (workflow, status, start, sequence);
CREATE INDEX runs_by_start ON runs (start);
CREATE INDEX runs_under_way ON runs (workflow, trigger, sequence) WHERE end IS NULL;
CREATE TABLE contents (
  run TEXT NOT NULL, path TEXT NOT NULL, part TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (run, path, part));
CREATE TABLE action_records (
  sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  start TEXT NOT NULL, end TEXT, summary TEXT NOT NULL, inputs_size INTEGER, inputs_md5 TEXT, outputs_size INTEGER,
  outputs_md5 TEXT, inputs TEXT, outputs TEXT, traces TEXT, UNIQUE (run, path));
CREATE INDEX action_records_of ON action_records (run, name, sequence);
CREATE INDEX action_records_under_way ON action_records (run) WHERE end IS NULL;
CREATE TABLE requests (
  sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
  UNIQUE (run, path, name));
CREATE TABLE iterations (
  run TEXT NOT NULL, path TEXT NOT NULL, loop TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (run, path)) WITHOUT ROWID;
CREATE INDEX iterations_of ON iterations (run, loop, name);
CREATE TABLE working (
  run TEXT NOT NULL, part TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (run, part)) WITHOUT ROWID;
CREATE TABLE responses (run TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE run_outputs (run TEXT PRIMARY KEY, outputs TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE histories (
  sequence INTEGER PRIMARY KEY, workflow TEXT NOT NULL, trigger TEXT NOT NULL, name TEXT NOT NULL,
  status TEXT NOT NULL, start TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX histories_of ON histories (workflow, trigger, start, sequence);
CREATE INDEX histories_by_status ON histories (workflow, trigger, status, start, sequence);
CREATE INDEX histories_by_name ON histories (workflow, trigger, name);
CREATE INDEX histories_by_start ON histories (start);
"""


class OtherVersionError(Exception):
    """The file was written by another version of the emulator; the message says what to do."""


class Database(sqlite.Database):
    """One connection below a folder that only its owner can read; used from the event loop's thread only."""

    def __init__(self, folder: Path, key: str) -> None:
        file = folder / "runs.db"
        super().__init__(file)
        self._cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"runs:{key}".encode()).digest()))
        try:
            self._prepare(file)
        except OtherVersionError:
            self.close()
            raise

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return every row."""
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return self._connection.execute(query, values).fetchone()

    def seal(self, value: Any) -> bytes:
        """Return a JSON value encrypted."""
        return self._cipher.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes) -> Any:
        """Return what `seal` encrypted."""
        return json.loads(self._cipher.decrypt(sealed))

    def _prepare(self, path: Path) -> None:
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found == _VERSION:
            return
        if self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None:
            raise OtherVersionError(
                f"{path}: its tables are of another version of the emulator ({found}, this one has {_VERSION}). Go on "
                f"with the version that wrote it, or end the emulator, remove the file and deploy anew: runs and their "
                f"history are lost with it."
            )
        self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")


def forget_runs(database: Database, which: str, *values: Any) -> None:
    """Delete runs with all that belongs to them; `which` is an SQL condition on the table of runs."""
    with database.transaction():
        for table in ("contents", "action_records", "requests", "iterations", "responses", "run_outputs", "working"):
            database.write(f"DELETE FROM {table} WHERE run IN (SELECT id FROM runs WHERE {which})", *values)
        database.write(f"DELETE FROM runs WHERE {which}", *values)
