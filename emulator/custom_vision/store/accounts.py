"""Accounts: what of an ARM resource the data plane must know, their keys, and what they have used."""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from emulator.custom_vision.store.database import Database, parse_time, time_text

Kind = Literal["CustomVision.Training", "CustomVision.Prediction"]
KINDS: Final = ("CustomVision.Training", "CustomVision.Prediction")
KEY_NAMES: Final = ("Key1", "Key2")

_KEY_BYTES: Final = 16
"""Keys of Azure AI services of the older form have 32 hexadecimal digits."""


@dataclass(frozen=True)
class Account:
    """A Custom Vision account.

    `key` is its resource id in lower case. `allowed` are the address ranges that may call it, None for every one.
    """

    key: str
    id: str
    kind: Kind
    tier: str
    subdomain: str
    internal_id: str
    created: datetime
    keys: tuple[str, str]
    local_auth: bool
    allowed: Sequence[str] | None

    def __repr__(self) -> str:
        """Hide the keys."""
        return f"Account({self.id!r}, {self.kind!r})"

    def accepts(self, key: str) -> bool:
        """Tell whether `key` is one of the account's two, in a time that does not depend on how much of it is right."""
        given = key.encode()
        first, second = (secrets.compare_digest(given, own.encode()) for own in self.keys)
        return self.local_auth and (first or second)


_LIVING: Final = "NOT EXISTS (SELECT 1 FROM deleted_accounts d WHERE d.account = accounts.key)"


class Accounts:
    """The accounts of one emulator; a deleted one is found by none of the look-ups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, resource_id: str) -> Account | None:
        """Return the account of an ARM resource id, in any case of letters."""
        row = self._database.row(f"SELECT * FROM accounts WHERE key = ? AND {_LIVING}", resource_id.lower())
        return None if row is None else _account(row)

    def by_subdomain(self, subdomain: str) -> Account | None:
        """Return the account that answers at a subdomain, in any case of letters."""
        row = self._database.row(f"SELECT * FROM accounts WHERE subdomain = ? AND {_LIVING}", subdomain)
        return None if row is None else _account(row)

    def has_subdomain(self, subdomain: str) -> bool:
        """Tell whether an account has the subdomain, a deleted one included."""
        return self._database.row("SELECT 1 FROM accounts WHERE subdomain = ?", subdomain) is not None

    def create(
        self, resource_id: str, kind: Kind, tier: str, subdomain: str, allowed: Sequence[str] | None, now: datetime
    ) -> Account:
        """Add an account with two new keys."""
        self._database.write(
            "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
            resource_id.lower(),
            resource_id,
            kind,
            tier,
            subdomain,
            uuid.uuid4().hex,
            time_text(now),
            secrets.token_hex(_KEY_BYTES),
            secrets.token_hex(_KEY_BYTES),
            None if allowed is None else json.dumps(list(allowed)),
        )
        return self._existing(resource_id)

    def update(self, resource_id: str, tier: str, local_auth: bool, allowed: Sequence[str] | None) -> Account:
        """Change what can be changed of an account."""
        self._database.write(
            "UPDATE accounts SET tier = ?, local_auth = ?, allowed = ? WHERE key = ?",
            tier,
            local_auth,
            None if allowed is None else json.dumps(list(allowed)),
            resource_id.lower(),
        )
        return self._existing(resource_id)

    def regenerate(self, resource_id: str, number: Literal[1, 2]) -> Account:
        """Replace one of the keys; the old one is worth nothing from now on."""
        column = {1: "key1", 2: "key2"}[number]
        self._database.write(
            f"UPDATE accounts SET {column} = ? WHERE key = ?", secrets.token_hex(_KEY_BYTES), resource_id.lower()
        )
        return self._existing(resource_id)

    def delete(self, resource_id: str) -> None:
        """Forget an account, a deleted one too, and what it has used."""
        with self._database.transaction():
            self._database.write("DELETE FROM deleted_accounts WHERE account = ?", resource_id.lower())
            self._database.write("DELETE FROM usage WHERE account = ?", resource_id.lower())
            self._database.write("DELETE FROM accounts WHERE key = ?", resource_id.lower())

    def used(self, account: Account, counter: str, now: datetime) -> int:
        """Return how much of a monthly quota is used."""
        return self._database.number(
            "SELECT amount FROM usage WHERE account = ? AND counter = ? AND month = ?",
            account.key,
            counter,
            _month(now),
        )

    def use(self, account_key: str, counter: str, amount: int, now: datetime) -> None:
        """Add to what is used of a monthly quota."""
        self._database.write(
            "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            account_key,
            counter,
            _month(now),
            amount,
        )

    def _existing(self, resource_id: str) -> Account:
        account = self.get(resource_id)
        if account is None:
            raise LookupError(f"no Custom Vision account {resource_id}")
        return account


def _month(now: datetime) -> str:
    return f"{now:%Y-%m}"


def _account(row: sqlite3.Row) -> Account:
    return Account(
        key=row["key"],
        id=row["id"],
        kind=row["kind"],
        tier=row["tier"],
        subdomain=row["subdomain"],
        internal_id=row["internal_id"],
        created=parse_time(row["created"]),
        keys=(row["key1"], row["key2"]),
        local_auth=bool(row["local_auth"]),
        allowed=None if row["allowed"] is None else json.loads(row["allowed"]),
    )
