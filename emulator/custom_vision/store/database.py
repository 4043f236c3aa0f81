"""The SQLite database of accounts and projects."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator import sqlite

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, tier TEXT NOT NULL,
    subdomain TEXT NOT NULL UNIQUE COLLATE NOCASE, internal_id TEXT NOT NULL, created TEXT NOT NULL,
    key1 TEXT NOT NULL, key2 TEXT NOT NULL, local_auth INTEGER NOT NULL, allowed TEXT
);
CREATE TABLE IF NOT EXISTS deleted_accounts (
    account TEXT PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, deleted TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usage (
    account TEXT NOT NULL, counter TEXT NOT NULL, month TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (account, counter, month)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS projects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    name TEXT NOT NULL, description TEXT NOT NULL, domain_id TEXT NOT NULL, classification_type TEXT NOT NULL,
    export_platforms TEXT NOT NULL, augmentation TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL,
    status TEXT NOT NULL, workspace_id TEXT NOT NULL, workspace_created TEXT NOT NULL, trainings INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS projects_of_account ON projects (account);
CREATE TABLE IF NOT EXISTS tags (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, description TEXT, type TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tags_of_project ON tags (project);
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    created TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, content_hash TEXT NOT NULL,
    metadata TEXT NOT NULL, in_workspace INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS images_by_content ON images (project, content_hash) WHERE in_workspace;
CREATE INDEX IF NOT EXISTS images_of_project ON images (project, in_workspace, number);
CREATE TABLE IF NOT EXISTS image_tags (
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tag TEXT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    created TEXT NOT NULL, PRIMARY KEY (image, tag)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS images_of_tag ON image_tags (tag, image);
CREATE TABLE IF NOT EXISTS image_regions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tag TEXT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS regions_of_image ON image_regions (image);
CREATE INDEX IF NOT EXISTS regions_of_tag ON image_regions (tag);
CREATE TABLE IF NOT EXISTS iterations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL, trained TEXT,
    training_type TEXT NOT NULL, budget INTEGER NOT NULL, minutes INTEGER NOT NULL,
    domain_id TEXT NOT NULL, classification_type TEXT NOT NULL, begun INTEGER NOT NULL,
    signature TEXT NOT NULL, publish_name TEXT, publish_target TEXT
);
CREATE INDEX IF NOT EXISTS iterations_of_project ON iterations (project);
CREATE UNIQUE INDEX IF NOT EXISTS published ON iterations (project, publish_name) WHERE publish_name IS NOT NULL;
CREATE TABLE IF NOT EXISTS training_starts (
    iteration TEXT PRIMARY KEY REFERENCES iterations (id) ON DELETE CASCADE, started TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS iteration_tags (
    iteration TEXT NOT NULL REFERENCES iterations (id) ON DELETE CASCADE, position INTEGER NOT NULL,
    tag TEXT NOT NULL, name TEXT NOT NULL, description TEXT, type TEXT NOT NULL, images INTEGER NOT NULL,
    PRIMARY KEY (iteration, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS iteration_images (
    iteration TEXT NOT NULL REFERENCES iterations (id) ON DELETE CASCADE, position INTEGER NOT NULL,
    image TEXT NOT NULL, tags TEXT NOT NULL,
    PRIMARY KEY (iteration, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS iterations_of_image ON iteration_images (image);
CREATE TABLE IF NOT EXISTS exports (
    iteration TEXT NOT NULL REFERENCES iterations (id) ON DELETE CASCADE,
    platform TEXT NOT NULL, flavor TEXT NOT NULL, PRIMARY KEY (iteration, platform, flavor)
);
CREATE TABLE IF NOT EXISTS suggestions (
    iteration TEXT NOT NULL REFERENCES iterations (id) ON DELETE CASCADE,
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    created TEXT NOT NULL, uncertainty REAL NOT NULL, predictions TEXT NOT NULL, PRIMARY KEY (iteration, image)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS predictions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    iteration TEXT NOT NULL, domain_id TEXT NOT NULL, created TEXT NOT NULL, application TEXT,
    uncertainty REAL NOT NULL, predictions TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS predictions_of_project ON predictions (project, number);
"""


class Database(sqlite.Database):
    """One connection, used from the event loop's thread only."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("foreign_keys = ON", "busy_timeout = 5000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    def write_named(self, statement: str, **values: Any) -> None:
        """Execute a statement whose values are named (``:name``); it need not use all of them."""
        self._connection.execute(statement, values)

    def write_all(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for each row, in one transaction."""
        with self.transaction():
            self._connection.executemany(statement, rows)

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return every row."""
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row, or None."""
        return self._connection.execute(query, values).fetchone()

    def number(self, query: str, *values: Any) -> int:
        """Return the first column of the first row, a number; 0 where it is NULL or missing."""
        row = self.row(query, *values)
        return 0 if row is None or row[0] is None else int(row[0])


def time_text(moment: datetime) -> str:
    """Return the column form of a time in UTC; it sorts as the times do."""
    return moment.isoformat(timespec="microseconds")


def parse_time(text: str) -> datetime:
    """Return the time that `time_text` wrote."""
    return datetime.fromisoformat(text)


def marks(values: Iterable[Any]) -> str:
    """Return a question mark for each value, for ``IN (...)``."""
    return ", ".join("?" for _ in values)
