"""The storage accounts of one emulator and their keys, in a file that only their owner can read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from azure.storage.blob import (
    AccountSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)

from emulator.clock import Clock
from emulator.home import write_private

_KEY_BYTES = 64
SAS_VERSION = "2021-12-02"


@dataclass(frozen=True)
class Account:
    """A storage account; `id` is its ARM id."""

    id: str
    name: str
    key1: str
    key2: str
    allow_shared_key: bool

    def __repr__(self) -> str:
        """Hide the keys."""
        return f"Account({self.name})"


class Accounts:
    """All accounts, saved at every change."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / "accounts.json"
        self._clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._accounts = (
            {account["name"]: Account(**account) for account in json.loads(self._file.read_text(encoding="utf-8"))}
            if self._file.exists()
            else {}
        )

    def get(self, name: str) -> Account | None:
        """Return the account of that name."""
        return self._accounts.get(name)

    def keys(self) -> dict[str, tuple[str, str]]:
        """Return the keys of every account by its name."""
        return {account.name: (account.key1, account.key2) for account in self._accounts.values()}

    def put(self, id: str, name: str, *, allow_shared_key: bool) -> bool:
        """Make an account or change it; tell whether it is new."""
        known = self._accounts.get(name)
        if known is None:
            self._accounts[name] = Account(id, name, _new_key(), _new_key(), allow_shared_key)
        else:
            self._accounts[name] = replace(known, allow_shared_key=allow_shared_key)
        self._save()
        return known is None

    def delete(self, name: str) -> None:
        """Forget an account."""
        self._accounts.pop(name, None)
        self._save()

    def regenerate(self, name: str, key: str) -> Account:
        """Give an account a new key1 or key2; return it."""
        self._accounts[name] = replace(self._accounts[name], **{key: _new_key()})
        self._save()
        return self._accounts[name]

    def own_sas(self, account: Account) -> str:
        """Return a short-lived SAS with which the emulator itself asks Azurite."""
        from datetime import timedelta

        now = self._clock.now()
        return generate_account_sas(
            account.name,
            account.key1,
            ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(
                read=True, write=True, delete=True, list=True, add=True, create=True, update=True, tag=True,
                filter_by_tags=True, delete_previous_version=True,
            ),
            expiry=now + timedelta(days=3650),
            start=now - timedelta(days=3650),
        )  # fmt: skip

    def _save(self) -> None:
        write_private(self._file, json.dumps([asdict(account) for account in self._accounts.values()]))


def container_sas(
    account: Account, container: str, permission: str, start: str | None, expiry: str, protocol: str
) -> str:
    """Return a service SAS of a container, signed with the account's first key."""
    return generate_container_sas(
        account.name,
        container,
        account.key1,
        permission=ContainerSasPermissions.from_string(permission),
        start=start,
        expiry=expiry,
        protocol=protocol,
    )


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
