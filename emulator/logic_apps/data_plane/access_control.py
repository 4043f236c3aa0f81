"""Who may call a workflow's triggers and read its runs' contents, by the address of the caller."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from emulator.arm.errors import ArmError

Guarded = Literal["triggers", "contents"]
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Range: TypeAlias = tuple[Address, Address]


@dataclass(frozen=True)
class AccessControl:
    """The ranges that are let in, by what is called; without an entry everybody is, with an empty one nobody.

    An empty list still lets other workflows in: a Workflow action calls none of these addresses.
    """

    ranges: Mapping[str, Sequence[Range]]

    @classmethod
    def parse(cls, control: Mapping[str, Any] | None) -> AccessControl:
        """Return what ``properties.accessControl`` says.

        Raises:
            ArmError: 400; an address range is neither a CIDR block nor ``FIRST-LAST``.
        """
        return cls(
            {
                guarded: [_range(guarded, entry["addressRange"]) for entry in rules["allowedCallerIpAddresses"]]
                for guarded, rules in (control or {}).items()
                if "allowedCallerIpAddresses" in rules
            }
        )

    def admits(self, guarded: Guarded, caller: str) -> bool:
        """Tell whether the address `caller` may use what is `guarded`."""
        ranges = self.ranges.get(guarded)
        if ranges is None:
            return True
        address = ipaddress.ip_address(caller)
        return any(
            first.version == address.version and int(first) <= int(address) <= int(last) for first, last in ranges
        )


def _range(guarded: str, text: str) -> Range:
    try:
        if "-" in text:
            first, last = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
            return first, last
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ArmError(
            400,
            "InvalidAddressRange",
            f"The address range '{text}' is not valid; allowed: a CIDR block such as 10.0.0.0/8, or FIRST-LAST.",
            f"properties.accessControl.{guarded}.allowedCallerIpAddresses",
        ) from error
    return network.network_address, network.broadcast_address
