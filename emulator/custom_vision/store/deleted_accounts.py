"""Accounts that were deleted and can still be recovered: nothing of them is gone, and their names are kept.

https://learn.microsoft.com/azure/ai-services/recover-purge-resources
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.custom_vision.store.database import Database, parse_time, time_text

RECOVERABLE: Final = timedelta(hours=48)
"""Source: the page above."""


@dataclass(frozen=True)
class DeletedAccount:
    """A deleted account: `key` as of Account, and what Azure Resource Manager knew of it."""

    key: str
    id: str
    body: dict[str, Any]
    deleted: datetime

    @property
    def purged(self) -> datetime:
        """When it is gone for good."""
        return self.deleted + RECOVERABLE


class DeletedAccounts:
    """The deleted accounts of one emulator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, account_key: str, resource_id: str, body: dict[str, Any], now: datetime) -> None:
        """Note that an account is deleted from now on."""
        self._database.write(
            "INSERT OR REPLACE INTO deleted_accounts VALUES (?, ?, ?, ?)",
            account_key,
            resource_id,
            json.dumps(body),
            time_text(now),
        )

    def get(self, resource_id: str) -> DeletedAccount | None:
        """Return the deleted account of an ARM resource id, in any case of letters."""
        row = self._database.row("SELECT * FROM deleted_accounts WHERE account = ?", resource_id.lower())
        return None if row is None else _deleted(row)

    def all(self) -> list[DeletedAccount]:
        """Return every deleted account, the one that was deleted first first."""
        return [_deleted(row) for row in self._database.rows("SELECT * FROM deleted_accounts ORDER BY deleted, id")]

    def restore(self, account_key: str) -> None:
        """Note that an account is not deleted any more."""
        self._database.write("DELETE FROM deleted_accounts WHERE account = ?", account_key)


def _deleted(row: sqlite3.Row) -> DeletedAccount:
    return DeletedAccount(row["account"], row["id"], json.loads(row["body"]), parse_time(row["deleted"]))
