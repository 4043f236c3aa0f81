"""AccountPurge: purges a Custom Vision account once it is deleted.

azure-native deletes an account and leaves it to be restored for 48 hours, in which its name is taken
(https://github.com/pulumi/pulumi-azure-native/issues/2529). This resource is made before the account, which depends on
it; so it is deleted after the account, and what it does then is to purge it. It knows the name alone: while the account
is there, its own creation and deletion change nothing.

While a stack is destroyed no program runs and azure-native gives no token, so the Azure CLI is asked for one, or the
command in AZURE_TOKEN_COMMAND.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.azure_login import TOKEN_COMMAND, LoginError, logged_in
from components.deleted_accounts import API_VERSION, DeletedAccount
from components.resource_manager import ResourceManager

_IDENTITY: Final = ("subscription_id", "location", "resource_group", "account_name")
_ADDRESS: Final = ("endpoint", "audience")
_POLL_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 900.0


class PurgeError(Exception):
    """The account could not be purged; the message says why, and how it is done by hand."""


@dataclass(frozen=True)
class AccountPurgeArgs:
    """Inputs of `AccountPurge`: which account, and how Azure Resource Manager is reached.

    `endpoint` and `audience` are the settings resourceManagerEndpoint and resourceManagerAudience.
    """

    subscription_id: pulumi.Input[str]
    location: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    account_name: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    audience: pulumi.Input[str]


class AccountPurgeProvider(ResourceProvider):
    """Does nothing but to purge when it is deleted; Azure has no trace of the resource."""

    sleep: ClassVar[Callable[[float], None]] = staticmethod(time.sleep)
    """Waits between two looks at a purge."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another account is another resource; another way to Azure Resource Manager is only noted."""
        replaces = [field for field in _IDENTITY if _olds.get(field) != _news.get(field)]
        noted = [field for field in _ADDRESS if _olds.get(field) != _news.get(field)]
        return DiffResult(changes=bool(replaces or noted), replaces=replaces, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make sure that there is a login now, rather than miss it when the stack is destroyed.

        Raises:
            PurgeError: there is none.
        """
        account = _account(props)
        _arm(props, account).find(account.id, API_VERSION)
        return CreateResult(account.id, props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Note the new way to Azure Resource Manager."""
        return UpdateResult(_news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Purge the deleted account and wait until it is not listed any more; without a deleted one, do nothing.

        Raises:
            PurgeError: there is no login, or the purge takes longer than 15 minutes.
            ResourceManagerError: Azure refused.
        """
        account = _account(_props)
        arm = _arm(_props, account)
        if arm.find(account.id, API_VERSION) is None:
            return
        arm.delete(account.id, API_VERSION)
        waited = 0.0
        while arm.find(account.id, API_VERSION) is not None:
            if waited >= _PATIENCE_SECONDS:
                raise PurgeError(f"{account.id} is still there after {waited:.0f} s; {_by_hand(account)}")
            type(self).sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS


class AccountPurge(Resource, module="customvision", name="AccountPurge"):
    """The promise to purge an account; it has to be made before the account, which depends on it."""

    def __init__(self, resource_name: str, args: AccountPurgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(AccountPurgeProvider(), resource_name, dict(vars(args)), opts)


def _account(props: Mapping[str, Any]) -> DeletedAccount:
    return DeletedAccount(*(props[field] for field in _IDENTITY))


def _arm(props: Mapping[str, Any], account: DeletedAccount) -> ResourceManager:
    tokens = logged_in()

    def token() -> str:
        try:
            return tokens(props["audience"])
        except LoginError as error:
            raise PurgeError(
                f"purgeOnDestroy: {error}; log in with az login, or name another command in {TOKEN_COMMAND}; or "
                f"{_by_hand(account)} and pulumi state delete"
            ) from error

    return ResourceManager(props["endpoint"], token)


def _by_hand(account: DeletedAccount) -> str:
    return (
        f"az cognitiveservices account purge --location {account.location} --resource-group {account.resource_group} "
        f"--name {account.name}"
    )
