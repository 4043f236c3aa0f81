"""Microsoft.CognitiveServices/accounts of the Custom Vision kinds on Azure Resource Manager, 2025-06-01.

https://learn.microsoft.com/azure/templates/microsoft.cognitiveservices/2025-06-01/accounts
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType, not_operable
from emulator.arm.validation import check_immutable
from emulator.clock import Clock
from emulator.custom_vision.account_deletion import AccountDeletion
from emulator.custom_vision.limits import TIERS
from emulator.custom_vision.store.accounts import KEY_NAMES, KINDS, Account, Accounts
from emulator.custom_vision.subscription_operations import SCOPE_OPERATIONS, SubscriptionOperations
from emulator.custom_vision.wire import moment

API_VERSION: Final = "2025-06-01"

_SUBDOMAIN: Final = "^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}[a-zA-Z0-9]$"
"""https://learn.microsoft.com/azure/ai-services/cognitive-services-custom-subdomains"""

_NETWORK_ACLS: Final = {
    "type": "object",
    "properties": {
        "bypass": {"enum": ["None", "AzureServices"]},
        "defaultAction": {"enum": ["Allow", "Deny"]},
        "ipRules": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["value"],
                "properties": {"value": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        # Nothing on a laptop comes from a virtual network.
        "virtualNetworkRules": {"type": "array", "maxItems": 0},
    },
    "additionalProperties": False,
}
_SCHEMA: Final = {
    "type": "object",
    # Not kind and sku: a PUT that recovers a deleted account may leave them out.
    "required": ["properties"],
    "properties": {
        "location": {"type": "string"},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "identity": {"type": "object"},
        "kind": {"enum": list(KINDS)},
        "sku": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"enum": list(TIERS)},
                "tier": {"enum": ["Free", "Standard"]},
            },
            "additionalProperties": False,
        },
        "properties": {
            "type": "object",
            "properties": {
                "customSubDomainName": {"type": "string", "pattern": _SUBDOMAIN},
                "publicNetworkAccess": {"enum": ["Enabled", "Disabled"]},
                "networkAcls": _NETWORK_ACLS,
                "disableLocalAuth": {"type": "boolean"},
                "dynamicThrottlingEnabled": {"enum": [False]},
                "restrictOutboundNetworkAccess": {"enum": [False]},
                "allowedFqdnList": {"type": "array", "items": {"type": "string"}},
                "apiProperties": {"type": "object", "maxProperties": 0},
                "restore": {"type": "boolean"},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


class AccountProvider:
    """The accounts as resources. Endpoints are ``{base_url}/{customSubDomainName or account name}/``."""

    def __init__(self, accounts: Accounts, deletion: AccountDeletion, base_url: str, clock: Clock) -> None:
        self._accounts = accounts
        self._deletion = deletion
        self._subscription = SubscriptionOperations(accounts, deletion)
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """``Microsoft.CognitiveServices/accounts``."""
        return (
            ResourceType(
                type="Microsoft.CognitiveServices/accounts",
                api_versions=(API_VERSION,),
                name=NameRule(
                    re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}"),
                    "2 to 64 letters, digits, '_', '.' and '-', the first a letter or digit",
                ),
                schema=_SCHEMA,
                location="required",
                immutable=("kind", "properties.customSubDomainName"),
                identity=True,
            ),
        )

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """Deleted accounts, and whether a subdomain is free."""
        return SCOPE_OPERATIONS

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create, update or recover an account; it has two random keys from the beginning."""
        body, account = self._found(resource, previous)
        properties: dict[str, Any] = body["properties"]
        for name in ("kind", "sku"):
            if name not in body:
                raise ArmError(400, "InvalidRequestContent", f"'{name}' is required.", name)
        tier: str = body["sku"]["name"]
        allowed = _allowed(properties)
        if account is None:
            subdomain: str = properties.get("customSubDomainName") or resource.id.name
            if self._accounts.has_subdomain(subdomain):
                raise ArmError(
                    409,
                    "CustomDomainInUse",
                    f"The subdomain name '{subdomain}' is already used by another resource; use another one.",
                    "properties.customSubDomainName",
                )
            account = self._accounts.create(str(resource.id), body["kind"], tier, subdomain, allowed, self._clock.now())
        account = self._accounts.update(account.id, tier, not properties.get("disableLocalAuth", False), allowed)
        return {**body, "properties": {**properties, **self._read_only(account, properties)}}

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body as it was kept."""
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Delete the account; it can be recovered for 48 hours."""
        account = self._accounts.get(str(resource.id))
        if account is not None:
            self._deletion.delete(account, resource.body)

    async def operate(self, operation: Operation) -> Answer:
        """Answer listKeys and regenerateKey, and what is asked of the subscription."""
        if operation.path[0].lower() == "providers":
            return self._subscription.operate(operation)
        account = self._accounts.get(str(operation.resource.id))
        if operation.method != "POST" or len(operation.path) != 1 or account is None:
            raise not_operable(operation)
        name = operation.path[0].lower()
        if name == "listkeys":
            return _keys(account)
        if name == "regeneratekey":
            return _keys(self._accounts.regenerate(account.id, _key_number(operation.body)))
        raise not_operable(operation)

    def _found(self, resource: Resource, previous: Resource | None) -> tuple[dict[str, Any], Account | None]:
        """Return the body that is wanted and the account, if there is one: the deleted one where it is recovered."""
        given = resource.body
        restore: bool = given["properties"].get("restore", False)
        properties = {name: value for name, value in given["properties"].items() if name != "restore"}
        body = {**given, "properties": properties}
        account = self._accounts.get(str(resource.id))
        # Without a previous resource, an earlier PUT was cut off before the control plane knew of its success.
        if account is not None and (previous is None or not restore):
            return body, account
        deleted = self._deletion.find(str(resource.id), wanted=restore)
        if deleted is None:
            return body, None
        check_immutable(self.resource_types[0], Resource(resource.id, deleted.body), body)
        self._deletion.recover(deleted)
        before = {name: value for name, value in deleted.body.items() if name != "identity"}
        recovered = {**before, **body, "properties": {**before["properties"], **properties}}
        return recovered, self._accounts.get(str(resource.id))

    def _read_only(self, account: Account, properties: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = f"{self._base_url}/{account.subdomain}/"
        return {
            "publicNetworkAccess": properties.get("publicNetworkAccess", "Enabled"),
            "endpoint": endpoint,
            "endpoints": {account.kind.replace("CustomVision.", "Custom Vision "): endpoint},
            "internalId": account.internal_id,
            "dateCreated": moment(account.created),
            "isMigrated": False,
            "provisioningState": "Succeeded",
        }


def _allowed(properties: Mapping[str, Any]) -> list[str] | None:
    """Return the address ranges that may call, None for every one."""
    if properties.get("publicNetworkAccess") == "Disabled":
        return []
    acls: Mapping[str, Any] = properties.get("networkAcls") or {}
    if acls.get("defaultAction", "Allow") == "Allow":
        return None
    ranges = [rule["value"] for rule in acls.get("ipRules") or []]
    for each in ranges:
        try:
            ipaddress.IPv4Network(each, strict=False)
        except ValueError as error:
            raise ArmError(
                400,
                "InvalidNetworkAcls",
                f"'{each}' is neither an IPv4 address nor a range in CIDR notation.",
                "properties.networkAcls.ipRules",
            ) from error
    return ranges


def _keys(account: Account) -> Answer:
    if not account.local_auth:
        raise ArmError(400, "BadRequest", "Failed to list key. disableLocalAuth is set to be true")
    return Answer(200, {"key1": account.keys[0], "key2": account.keys[1]})


def _key_number(body: Any) -> Any:
    name = body.get("keyName") if isinstance(body, dict) else None
    if name not in KEY_NAMES:
        raise ArmError(
            400, "InvalidRequestContent", f"'keyName' is {name!r}; allowed: {', '.join(KEY_NAMES)}.", "keyName"
        )
    return KEY_NAMES.index(name) + 1
