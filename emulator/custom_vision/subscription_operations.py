"""What Microsoft.CognitiveServices answers below a subscription: deleted accounts, tiers, free subdomains.

https://learn.microsoft.com/rest/api/cognitiveservices/accountmanagement/deleted-accounts and .../resource-skus
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, not_operable
from emulator.arm.regions import REGIONS
from emulator.arm.resource_id import ResourceId
from emulator.custom_vision.account_deletion import AccountDeletion
from emulator.custom_vision.limits import TIERS
from emulator.custom_vision.store.accounts import KINDS, Accounts
from emulator.custom_vision.store.deleted_accounts import DeletedAccount
from emulator.custom_vision.wire import moment

_NAMESPACE: Final = "Microsoft.CognitiveServices"
_DELETED: Final = f"{_NAMESPACE}/deletedAccounts"
_OF_LOCATION: Final = f"{_NAMESPACE}/locations/resourceGroups/deletedAccounts"
_DOMAIN: Final = f"{_NAMESPACE}/checkDomainAvailability"
_SKUS: Final = f"{_NAMESPACE}/skus"
_SINCE_2021: Final = (
    "2025-06-01",
    "2024-10-01",
    "2023-05-01",
    "2022-12-01",
    "2022-10-01",
    "2022-03-01",
    "2021-10-01",
    "2021-04-30",
)
"""API versions that have these operations, all in the same form."""

SCOPE_OPERATIONS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {_SKUS: _SINCE_2021, _DELETED: _SINCE_2021, _OF_LOCATION: _SINCE_2021, _DOMAIN: (*_SINCE_2021, "2017-04-18")}
)


class SubscriptionOperations:
    """Answers these operations."""

    def __init__(self, accounts: Accounts, deletion: AccountDeletion) -> None:
        self._accounts = accounts
        self._deletion = deletion

    def operate(self, operation: Operation) -> Answer:
        """Answer an operation whose path begins with ``providers`` and the namespace."""
        match operation.method, [part.lower() for part in operation.path[2::2]]:
            case "GET", ["deletedaccounts"]:
                return Answer(200, {"value": [_json(each) for each in self._deletion.recoverable()]})
            case "GET", ["skus"]:
                return Answer(200, {"value": _skus()})
            case "POST", ["checkdomainavailability"]:
                return Answer(200, self._availability(operation.body))
            case "GET", ["locations", "resourcegroups", "deletedaccounts"]:
                return Answer(200, _json(self._named(operation)))
            case "DELETE", ["locations", "resourcegroups", "deletedaccounts"]:
                self._deletion.purge(self._named(operation))
                return Answer(200)
            case _:
                raise not_operable(operation)

    def _named(self, operation: Operation) -> DeletedAccount:
        location, group, name = operation.path[3::2]
        for each in self._deletion.recoverable():
            id = ResourceId.parse(each.id)
            found = (each.body["location"], id.resource_group or "", id.name)
            if [part.lower() for part in found] == [location.lower(), group.lower(), name.lower()]:
                return each
        raise ArmError(
            404,
            "ResourceNotFound",
            f"There is no deleted account '{name}' of the resource group '{group}' in {location}.",
        )

    def _availability(self, body: Any) -> dict[str, Any]:
        name = body.get("subdomainName") if isinstance(body, dict) else None
        kind = body.get("type") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise ArmError(400, "InvalidRequestContent", "'subdomainName' is missing.", "subdomainName")
        if not isinstance(kind, str) or kind.lower() != f"{_NAMESPACE}/accounts".lower():
            raise ArmError(400, "InvalidRequestContent", f"'type' is {kind!r}; allowed: {_NAMESPACE}/accounts.", "type")
        self._deletion.purge_expired()
        free = not self._accounts.has_subdomain(name)
        reason = f"Sub domain name '{name}' is already used. Please pick a different name."
        return {
            "isSubdomainAvailable": free,
            "reason": None if free else reason,
            "subdomainName": name,
            "type": None,
        }


def _skus() -> list[dict[str, Any]]:
    """Return an entry for each kind, tier and region, regions in upper case, as Azure has them."""
    return [
        {
            "resourceType": "accounts",
            "name": name,
            "tier": "Free" if name == "F0" else "Standard",
            "kind": kind,
            "locations": [region.upper()],
            "restrictions": [],
        }
        for kind in KINDS
        for name in TIERS
        for region in sorted(REGIONS)
    ]


def _json(account: DeletedAccount) -> dict[str, Any]:
    id = ResourceId.parse(account.id)
    body = {name: value for name, value in account.body.items() if name != "identity"}
    location: str = body["location"]
    return {
        **body,
        "id": f"/subscriptions/{id.subscription_id}/providers/{_NAMESPACE}/locations/{location}"
        f"/resourceGroups/{id.resource_group}/deletedAccounts/{id.name}",
        "name": id.name,
        "type": _OF_LOCATION,
        "properties": {
            **body["properties"],
            "deletionDate": moment(account.deleted),
            "scheduledPurgeDate": moment(account.purged),
        },
    }
