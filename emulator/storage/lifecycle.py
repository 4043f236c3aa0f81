"""Lifecycle policies: what Azure refuses in one, and its daily execution.

Source: "Lifecycle management policies that transition blobs between tiers" and "Azure Blob Storage lifecycle management
overview" (learn.microsoft.com): prefixes begin with a container's name, at most 100 rules, of actions that apply the
cheapest wins: delete, archive, cold, cool, hot. Times of last access and of the last change of tier are not kept by
Azurite, so rules that go by them are refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from azure.core.exceptions import HttpResponseError

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.storage.accounts import Account, Accounts
from emulator.storage.azurite import AzuriteError
from emulator.storage.blobs import Blob, Blobs
from emulator.storage.policies import Policies

_LOG = logging.getLogger(__name__)

_DAY_SECONDS: Final = 86_400
_CONTAINER_NAME: Final = re.compile(r"\$root|\$web|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_NOT_KEPT: Final = ("daysAfterLastAccessTimeGreaterThan", "daysAfterLastTierChangeGreaterThan")
_TIERS: Final[Mapping[str, str]] = {
    "tierToArchive": "Archive",
    "tierToCold": "Cold",
    "tierToCool": "Cool",
    "tierToHot": "Hot",
}
"""Actions in the order in which they win over each other; ``delete`` wins over all."""


def check_policy(body: Mapping[str, Any]) -> None:
    """Refuse what the schema cannot say.

    Raises:
        ArmError: 400; the message names the rule and what is allowed.
    """
    names: set[str] = set()
    for rule in body["properties"]["policy"]["rules"]:
        name = rule["name"]
        if name in names:
            raise _refusal(f"there are two rules named '{name}'; names have to differ")
        names.add(name)
        filters, actions = rule["definition"].get("filters") or {}, rule["definition"]["actions"]
        for prefix in filters.get("prefixMatch") or []:
            if not _CONTAINER_NAME.fullmatch(prefix.partition("/")[0]):
                raise _refusal(f"the prefix '{prefix}' of the rule '{name}' has to begin with a container's name")
        if not any(actions.values()):
            raise _refusal(f"the rule '{name}' has no action")
        for target, moves in actions.items():
            _check_actions(name, target, moves)


def _check_actions(rule: str, target: str, moves: Mapping[str, Any]) -> None:
    if moves.get("enableAutoTierToHotFromCool"):
        raise _refusal(f"the rule '{rule}' has enableAutoTierToHotFromCool, which is not emulated")
    for action, condition in moves.items():
        if not isinstance(condition, dict):
            continue
        unkept = [name for name in _NOT_KEPT if name in condition]
        if unkept:
            raise _refusal(f"the rule '{rule}' goes by {unkept[0]} in {target}.{action}, which is not emulated")
        if len(condition) != 1:
            raise _refusal(
                f"the rule '{rule}' has to go by one of daysAfterModificationGreaterThan, daysAfterCreationGreaterThan "
                f"in {target}.{action}, not by {', '.join(condition) or 'none'}"
            )


class Lifecycle:
    """Executes the policies of every account once a day."""

    def __init__(self, accounts: Accounts, blobs: Blobs, policies: Policies, clock: Clock) -> None:
        self._accounts = accounts
        self._blobs = blobs
        self._policies = policies
        self._clock = clock

    async def run_daily(self) -> None:
        """Execute the policies now and every 24 hours, until cancelled."""
        while True:
            await self.run()
            await self._clock.sleep(_DAY_SECONDS)

    async def run(self) -> None:
        """Execute the policies once; what cannot be done is logged and tried again the next day."""
        for name, policy in self._policies.all():
            account = self._accounts.get(name)
            if account is None:
                continue
            for rule in policy["rules"]:
                if rule.get("enabled", True):
                    await self._apply(account, rule)

    async def _apply(self, account: Account, rule: Mapping[str, Any]) -> None:
        filters, actions = rule["definition"].get("filters") or {}, rule["definition"]["actions"]
        try:
            for container, prefix in await self._places(account, filters.get("prefixMatch") or []):
                for blob in await self._blobs.blobs(account, container, prefix):
                    if _matches(filters, blob):
                        moves = actions.get("baseBlob" if blob.snapshot is None else "snapshot") or {}
                        await self._move(account, container, blob, moves)
        except (HttpResponseError, AzuriteError) as error:
            _LOG.warning("lifecycle rule %s of %s stopped: %s", rule["name"], account.name, error)

    async def _places(self, account: Account, prefixes: list[str]) -> list[tuple[str, str]]:
        """Return containers with the prefix of the blobs in them. A prefix without a slash is one of containers."""
        if prefixes and all("/" in prefix for prefix in prefixes):
            return [(prefix.partition("/")[0], prefix.partition("/")[2]) for prefix in prefixes]
        names = await self._blobs.containers(account)
        if not prefixes:
            return [(name, "") for name in names]
        return [
            (name, prefix.partition("/")[2])
            for prefix in prefixes
            for name in names
            if (name == prefix.partition("/")[0] if "/" in prefix else name.startswith(prefix))
        ]

    async def _move(self, account: Account, container: str, blob: Blob, moves: Mapping[str, Any]) -> None:
        now = self._clock.now()
        try:
            if _is_due(moves.get("delete"), blob, now):
                await self._blobs.delete(account, container, blob)
                return
            tier = next((tier for action, tier in _TIERS.items() if _is_due(moves.get(action), blob, now)), None)
            if tier is not None and tier != blob.tier and blob.snapshot is None and blob.kind == "blockBlob":
                await self._blobs.set_tier(account, container, blob, tier)
        except HttpResponseError as error:
            _LOG.warning("lifecycle: %s/%s/%s stays: %s", account.name, container, blob.name, error.reason)


def _matches(filters: Mapping[str, Any], blob: Blob) -> bool:
    kinds = filters.get("blobTypes") or ["blockBlob"]
    tags = filters.get("blobIndexMatch") or []
    return blob.kind in kinds and all(blob.tags.get(match["name"]) == match["value"] for match in tags)


def _is_due(condition: Mapping[str, float] | None, blob: Blob, now: datetime) -> bool:
    if not condition:
        return False
    ((basis, days),) = condition.items()
    since = blob.created if basis == "daysAfterCreationGreaterThan" else blob.modified
    return (now - since).total_seconds() > days * _DAY_SECONDS


def _refusal(text: str) -> ArmError:
    return ArmError(400, "InvalidRequestPropertyValue", f"The policy is invalid: {text}.", "properties.policy.rules")
