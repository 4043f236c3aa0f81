"""SQLite files: how every service opens one, and one with transactions."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def open_database(file: Path, schema: str = "") -> sqlite3.Connection:
    """Open or make a file that only its owner can read, and execute `schema` on it.

    Every statement outside of a transaction is durable when it has been executed. One emulator may be built in one
    thread and served in another, so the connection is not bound to a thread; two must not use it at once.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(schema)
    return connection


class Database:
    """One connection for many small writes: a killed process loses none, a machine without power the last ones."""

    def __init__(self, file: Path, schema: str = "") -> None:
        self._connection = open_database(file)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(schema)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Keep all of what is written within, or nothing; may be nested."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def write(self, statement: str, *values: Any) -> int:
        """Execute a statement and return how many rows it changed; durable at once outside of a transaction."""
        return self._connection.execute(statement, values).rowcount
