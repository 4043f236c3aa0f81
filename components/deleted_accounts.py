"""Custom Vision accounts that were deleted and can still be restored: Azure keeps their names for 48 hours.

https://learn.microsoft.com/azure/ai-services/recover-purge-resources
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import pulumi
from pulumi_azure_native import authorization

from components import naming
from components.naming import DeploymentName
from components.resource_manager import ResourceManager, ResourceManagerError
from components.settings import Settings

API_VERSION: Final = "2025-06-01"
_PROVIDER: Final = "providers/Microsoft.CognitiveServices"


class DeletedAccountError(pulumi.RunError):
    """Names of the stack belong to deleted accounts. A RunError, so that Pulumi shows the message and no traceback."""


@dataclass(frozen=True)
class DeletedAccount:
    """Where an account was that can be restored; `until` is when Azure purges it, as Azure writes times."""

    subscription_id: str
    location: str
    resource_group: str
    name: str
    until: str = ""

    @property
    def id(self) -> str:
        """ARM id under which the deleted account can be read and purged."""
        return (
            f"/subscriptions/{self.subscription_id}/{_PROVIDER}/locations/{self.location}"
            f"/resourceGroups/{self.resource_group}/deletedAccounts/{self.name}"
        )

    @property
    def account_id(self) -> str:
        """ARM id that the account had, and has again when it is restored."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}/{_PROVIDER}"
            f"/accounts/{self.name}"
        )


def checked(deployment: pulumi.Output[DeploymentName], settings: Settings) -> pulumi.Output[DeploymentName]:
    """Return `deployment` when no deleted account keeps one of its names; every resource's name comes from it.

    The output fails with `DeletedAccountError` where one does. A preview of a first deployment does not know its names
    yet, so there is nothing to ask for.
    """
    token = authorization.get_client_token_output(endpoint=settings.resource_manager_audience).token
    subscription = authorization.get_client_config_output().subscription_id

    def look(known: list[Any]) -> DeploymentName:
        name, bearer, subscription_id = known
        arm = ResourceManager(settings.resource_manager_endpoint, lambda: bearer)
        check(name, listing(arm, subscription_id, pulumi.log.warn))
        return name

    return pulumi.Output.all(deployment, token, subscription).apply(look)


def listing(arm: ResourceManager, subscription_id: str, warn: Callable[[str], None]) -> list[DeletedAccount]:
    """Return the deleted accounts of the subscription.

    Who deploys may lack the right to list them; that is no reason not to deploy, so it is a warning.
    """
    path = f"/subscriptions/{subscription_id}/{_PROVIDER}/deletedAccounts"
    try:
        return [_parsed(each) for each in arm.values(path, API_VERSION)]
    except ResourceManagerError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        warn(f"whether deleted Custom Vision accounts keep the stack's names is not known: {error}")
        return []


def check(deployment: DeploymentName, deleted: list[DeletedAccount]) -> None:
    """Compare the names of the stack's accounts with those of deleted ones.

    Raises:
        DeletedAccountError: some are the same; says how each is purged, and how restored.
    """
    resources = {naming.training_account(deployment): "training", naming.prediction_account(deployment): "prediction"}
    kept = [(account, resources[account.name]) for account in deleted if account.name in resources]
    if kept:
        raise DeletedAccountError(
            "accounts of the stack's names were deleted and can still be restored, so Azure makes no new ones:\n"
            + "\n".join(_remedies(account, purpose) for account, purpose in kept)
        )


def _remedies(account: DeletedAccount, purpose: str) -> str:
    where = f"--location {account.location} --resource-group {account.resource_group} --name {account.name}"
    until = f" until {account.until}" if account.until else ""
    return (
        f"  - {account.name} in {account.location}{until}\n"
        f"    to purge it, with its projects: az cognitiveservices account purge {where}\n"
        f"    to restore it: az cognitiveservices account recover {where}\n"
        f"    then, where the stack does not have it any more: pulumi import azure-native:cognitiveservices:Account "
        f"ml-{purpose} {account.account_id}"
    )


def _parsed(body: Any) -> DeletedAccount:
    # .../subscriptions/S/providers/Microsoft.CognitiveServices/locations/L/resourceGroups/G/deletedAccounts/N
    parts: list[str] = str(body["id"]).split("/")
    until = str(body.get("properties", {}).get("scheduledPurgeDate") or "")
    return DeletedAccount(parts[2], parts[6], parts[8], parts[10], until)
