"""How the value of one setting is read from the text that Pulumi hands over, and what is allowed.

Pulumi gives every configuration value as text: a number as ``15``, a boolean as ``true``, lists and objects as JSON
(`Configuration <https://www.pulumi.com/docs/iac/concepts/config/>`_).
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

PulumiType = Literal["string", "integer", "boolean", "array", "object"]
"""The types that Pulumi.yaml can declare."""


class NotAllowedError(ValueError):
    """The text is not a value of this kind."""


@dataclass(frozen=True)
class ValueKind:
    """A kind of values.

    Attributes:
        pulumi_type: the type under which Pulumi.yaml declares such a setting.
        allowed: what is allowed, as the end of the sentence "allowed: ...".
        read: makes the value of the text, or raises `NotAllowedError`.
        examples: two texts that are allowed and are different values, as Pulumi hands them over.
        schema: JSON Schema of the value, for kinds that settings.json can have.
    """

    pulumi_type: PulumiType
    allowed: str
    read: Callable[[str], Any]
    examples: tuple[str, str]
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])


def integer(low: int, high: int) -> ValueKind:
    """Return the kind of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", text) or not low <= int(text) <= high:
            raise NotAllowedError(text)
        return int(text)

    schema = {"type": "integer", "minimum": low, "maximum": high}
    return ValueKind("integer", f"a whole number from {low} to {high}", read, (str(high), str(low)), schema)


def number(low: float, high: float) -> ValueKind:
    """Return the kind of numbers from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            raise NotAllowedError(text) from error
        if not math.isfinite(value) or not low <= value <= high:
            raise NotAllowedError(text)
        return value

    # Pulumi.yaml knows no type for fractions; the program itself checks the text.
    schema = {"type": "number", "minimum": low, "maximum": high}
    return ValueKind("string", f"a number from {low:g} to {high:g}", read, (str(high), str(low)), schema)


def _read_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise NotAllowedError(text)
    return text == "true"


BOOLEAN: Final = ValueKind("boolean", "true or false", _read_boolean, ("true", "false"), {"type": "boolean"})


def choice(first: str, second: str, *more: str) -> ValueKind:
    """Return the kind that has just these values."""
    values = (first, second, *more)

    def read(text: str) -> str:
        if text not in values:
            raise NotAllowedError(text)
        return text

    schema = {"type": "string", "enum": list(values)}
    return ValueKind("string", f"one of {', '.join(values)}", read, (first, second), schema)


def matching(pattern: str, allowed: str, examples: tuple[str, str]) -> ValueKind:
    """Return the kind of texts that match the regular expression `pattern` as a whole, as the two `examples` do."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise NotAllowedError(value)
        return value

    return ValueKind("string", allowed, read, examples)


def _read_guid(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except ValueError as error:
        raise NotAllowedError(value) from error


_GUIDS: Final = ("0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7")

GUID: Final = ValueKind("string", f"a GUID, e.g. {_GUIDS[0]}", _read_guid, _GUIDS)


_WORKSPACES: Final = (
    f"/subscriptions/{_GUIDS[0]}/resourceGroups/rg-platform/providers/Microsoft.OperationalInsights/workspaces"
)
RESOURCE_GROUP: Final = matching(
    r"[-\w._()]{0,89}[-\w_()]",
    "the name of a resource group: 1 to 90 letters, digits and _ - . ( ), no . at the end",
    ("rg-platform", "rg-shared"),
)
WORKSPACE_ID: Final = matching(
    r"(?i:/subscriptions/[0-9a-f-]{36}/resourceGroups/[-\w._()]{1,90}"
    r"/providers/Microsoft\.OperationalInsights/workspaces/[a-z0-9][a-z0-9-]{2,61}[a-z0-9])",
    "the id of a Log Analytics workspace, /subscriptions/ID/resourceGroups/GROUP/providers/"
    "Microsoft.OperationalInsights/workspaces/NAME",
    (f"{_WORKSPACES}/log-platform", f"{_WORKSPACES}/log-shared"),
)


def _read_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise NotAllowedError(value)
    return value if value.endswith("/") else value + "/"


ADDRESS: Final = ValueKind(
    "string",
    "an http or https URL without user, query or fragment",
    _read_address,
    ("https://contoso.example/", "https://fabrikam.example/"),
)
"""An address; its value always ends with a slash."""


def _read_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or re.search(r"\s", value):
        raise NotAllowedError(value)
    return value


URL: Final = ValueKind(
    "string", "an http or https URL", _read_url, ("https://contoso.example/hook", "https://fabrikam.example/hook")
)


def list_of(*values: str) -> ValueKind:
    """Return the kind of lists of these values, each at most once; the value is a tuple."""

    def read(value: str) -> tuple[str, ...]:
        items = _json(value)
        if not isinstance(items, list) or any(item not in values for item in items) or len(set(items)) < len(items):
            raise NotAllowedError(value)
        return tuple(items)

    return ValueKind("array", f"a list of {', '.join(values)}, each at most once", read, (json.dumps(values[:1]), "[]"))


def _read_address_ranges(value: str) -> tuple[str, ...]:
    ranges = _json(value)
    if not isinstance(ranges, list):
        raise NotAllowedError(value)
    for each in ranges:
        try:
            ipaddress.ip_network(each)
        except (TypeError, ValueError) as error:
            raise NotAllowedError(value) from error
    return tuple(ranges)


ADDRESS_RANGES: Final = ValueKind(
    "array",
    "a list of address ranges as CIDR blocks, e.g. 203.0.113.0/24",
    _read_address_ranges,
    ('["203.0.113.0/24"]', "[]"),
)
"""Address ranges, as the access control of a Logic App takes them."""


_PRIVATE: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918."""
_LONGEST_PREFIX: Final = 30


def _read_public_addresses(value: str) -> tuple[str, ...]:
    addresses = _json(value)
    if not isinstance(addresses, list):
        raise NotAllowedError(value)
    read: list[str] = []
    for each in addresses:
        try:
            network = ipaddress.IPv4Network(each)
        except (TypeError, ValueError) as error:
            raise NotAllowedError(value) from error
        single = network.prefixlen == network.max_prefixlen
        if (network.prefixlen > _LONGEST_PREFIX and not single) or any(network.overlaps(one) for one in _PRIVATE):
            raise NotAllowedError(value)
        read.append(str(network.network_address) if single else str(network))
    return tuple(read)


PUBLIC_ADDRESSES: Final = ValueKind(
    "array",
    "a list of public IPv4 addresses and ranges as CIDR blocks of at most 30 bits, e.g. 203.0.113.0/24",
    _read_public_addresses,
    ('["127.0.0.1"]', '["127.0.0.1", "203.0.113.0/24"]'),
)
"""Addresses as the network rules of a Cognitive Services account take them: no private ones (RFC 1918), no ranges of
two addresses; see `network_rules`."""


OWN_TAGS: Final = ("project", "stack", "purpose")
"""Tags of the program, by which its resources are known: they are not the user's to set."""
_TAG_COUNT: Final = 40
_TAG_NAME: Final = r"[^<>%&\\?/\x00-\x1f]{1,128}"
_RESERVED_TAGS: Final = ("microsoft", "azure", "windows", "hidden-")
_TAG_VALUE_LENGTH: Final = 256


def _read_tags(value: str) -> Mapping[str, str]:
    tags = _json(value)
    if not isinstance(tags, dict) or len(tags) > _TAG_COUNT:
        raise NotAllowedError(value)
    names = [name.lower() for name in tags]
    if len(set(names)) < len(names) or any(name in OWN_TAGS or name.startswith(_RESERVED_TAGS) for name in names):
        raise NotAllowedError(value)
    for name, content in tags.items():
        if not re.fullmatch(_TAG_NAME, name) or not isinstance(content, str) or len(content) > _TAG_VALUE_LENGTH:
            raise NotAllowedError(value)
    return dict(tags)


TAGS: Final = ValueKind(
    "object",
    f"an object of at most {_TAG_COUNT} texts; names of 1 to 128 characters without < > % & \\ ? /, in any case "
    f"neither twice nor {', '.join(OWN_TAGS)}, nor beginning with {', '.join(_RESERVED_TAGS)}; values of at most "
    f"{_TAG_VALUE_LENGTH}",
    _read_tags,
    ('{"team": "vision"}', "{}"),
)
"""Tags of Azure resources. Azure allows 50 a resource, of which the program needs some; storage accounts allow names of
128 characters; the case of a name makes no difference
(https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources)."""


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise NotAllowedError(value) from error
