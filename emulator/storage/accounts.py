"""The storage accounts of one emulator and their keys, in a file that only their owner can read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from emulator.home import write_private

_KEY_BYTES: Final = 64
"""Length of an account's key ("Manage storage account access keys", learn.microsoft.com: 512 bits)."""


@dataclass(frozen=True)
class Access:
    """Who may reach an account's data at all, by the account's properties of these names.

    Attributes:
        allow_shared_key: whether account keys, and the SAS tokens signed with them, are taken.
        allow_blob_public_access: whether a container may be opened to anonymous readers.
        public_network: whether the account answers on its public endpoint, the only one that the emulator has.
    """

    allow_shared_key: bool = True
    allow_blob_public_access: bool = False
    public_network: bool = True


@dataclass(frozen=True)
class Account:
    """A storage account; `id` is its ARM id, `hierarchical` whether it has a hierarchical namespace."""

    id: str
    name: str
    key1: str
    key2: str
    access: Access = Access()
    hierarchical: bool = False

    def __repr__(self) -> str:
        """Hide the keys."""
        return f"Account({self.name})"


class Accounts:
    """All accounts, saved at every change."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "accounts.json"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        saved = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else []
        self._accounts = {entry["name"]: Account(**entry | {"access": Access(**entry["access"])}) for entry in saved}

    def get(self, name: str) -> Account | None:
        """Return the account of that name."""
        return self._accounts.get(name)

    def keys(self) -> dict[str, tuple[str, str]]:
        """Return the keys of every account by its name."""
        return {account.name: (account.key1, account.key2) for account in self._accounts.values()}

    def put(self, id: str, name: str, access: Access, *, hierarchical: bool) -> Account:
        """Make an account, with new keys, or change who may reach it; return it."""
        known = self._accounts.get(name) or Account(id, name, _new_key(), _new_key())
        self._accounts[name] = replace(known, access=access, hierarchical=hierarchical)
        self._save()
        return self._accounts[name]

    def delete(self, name: str) -> None:
        """Forget an account."""
        self._accounts.pop(name, None)
        self._save()

    def regenerate(self, name: str, key: str) -> Account:
        """Give an account a new key1 or key2; return it."""
        self._accounts[name] = replace(self._accounts[name], **{key: _new_key()})
        self._save()
        return self._accounts[name]

    def _save(self) -> None:
        write_private(self._file, json.dumps([asdict(account) for account in self._accounts.values()]))


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
