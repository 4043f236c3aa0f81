"""Deletes accounts as Azure does: recoverable for 48 hours, with all that they hold, unless they are purged before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.custom_vision.store.accounts import Account, Accounts
from emulator.custom_vision.store.deleted_accounts import DeletedAccount, DeletedAccounts

Purged = Callable[[str], None]
"""Told of the key of an account that is gone for good."""


class AccountDeletion:
    """Soft delete, recovery and purge of accounts."""

    def __init__(self, accounts: Accounts, deleted: DeletedAccounts, clock: Clock, purged: Purged) -> None:
        self._accounts = accounts
        self._deleted = deleted
        self._clock = clock
        self._purged = purged

    def delete(self, account: Account, body: dict[str, Any]) -> None:
        """Have an account answer no longer; `body` is what Azure Resource Manager knows of it."""
        self._deleted.add(account.key, account.id, body, self._clock.now())

    def recoverable(self) -> list[DeletedAccount]:
        """Return the deleted accounts that are not purged."""
        self.purge_expired()
        return self._deleted.all()

    def purge(self, account: DeletedAccount) -> None:
        """Delete an account for good, with its projects; its names are free again."""
        self._purged(account.key)
        self._accounts.delete(account.id)

    def purge_expired(self) -> None:
        """Purge what was deleted longer ago than it can be recovered."""
        now = self._clock.now()
        for account in self._deleted.all():
            if account.purged <= now:
                self.purge(account)

    def find(self, resource_id: str, *, wanted: bool) -> DeletedAccount | None:
        """Return the account that a PUT recovers; None where none of that id was deleted and none is `wanted` back.

        Raises:
            ArmError: 409 FlagMustBeSetForRestore, it was deleted but is not wanted back; 409
                CanNotRestoreANonExistingResource, it is wanted back but was not deleted.
        """
        self.purge_expired()
        found = self._deleted.get(resource_id)
        if found is None and wanted:
            raise ArmError(
                409,
                "CanNotRestoreANonExistingResource",
                f"Could not locate a resource to restore: no deleted account has the ID '{resource_id}'.",
                "properties.restore",
            )
        if found is None:
            return None
        if not wanted:
            raise ArmError(
                409,
                "FlagMustBeSetForRestore",
                f"An existing resource with ID '{resource_id}' has been soft-deleted. To restore the resource, you "
                "must specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, "
                "please purge it first.",
                "properties.restore",
            )
        return found

    def recover(self, account: DeletedAccount) -> None:
        """Have a deleted account answer again, with its keys and all that it holds."""
        self._deleted.restore(account.key)
