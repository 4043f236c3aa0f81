"""From where the Custom Vision accounts may be called.

"Configure Azure AI services virtual networks" (cognitive-services-virtual-networks, learn.microsoft.com)
has the rules: public IPv4 addresses and ranges of at most 30 bits. All others are refused, services of Azure too. A
Consumption Logic App calls from addresses of its region, which Azure Resource Manager tells with each one, so they have
to be among those that may call the training account.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pulumi
from pulumi_azure_native import cognitiveservices, logic


class UnreachableError(pulumi.RunError):
    """A workflow could not call the training account. A RunError, so that Pulumi shows the message and no traceback."""


def of_account(addresses: Sequence[str]) -> cognitiveservices.NetworkRuleSetArgs:
    """Return the rules that let in these addresses alone; without any, everybody is let in."""
    # Written out, as an account that was closed is to be opened again when the setting goes.
    action = cognitiveservices.NetworkRuleAction.DENY if addresses else cognitiveservices.NetworkRuleAction.ALLOW
    return cognitiveservices.NetworkRuleSetArgs(
        default_action=action,
        ip_rules=[cognitiveservices.IpRuleArgs(value=each) for each in addresses],
        virtual_network_rules=[],
    )


def outgoing_addresses(configuration: logic.outputs.FlowEndpointsConfigurationResponse | None) -> list[str]:
    """Return the addresses from which a Logic App calls."""
    workflow = configuration.workflow if configuration is not None else None
    found = workflow.outgoing_ip_addresses if workflow is not None else None
    return [each.address for each in found or [] if each.address]


def check_reachable(outgoing: Sequence[str], allowed: Sequence[str]) -> None:
    """Compare where the workflow calls from with who may call the training account.

    Raises:
        UnreachableError: some are missing, or Azure does not tell any.
    """
    if not allowed:
        return
    if not outgoing:
        raise UnreachableError("trainingAllowedAddresses: Azure does not tell where the Logic App calls from")
    ranges = [ipaddress.IPv4Network(each) for each in allowed]
    missing = [each for each in outgoing if not any(ipaddress.IPv4Address(each) in one for one in ranges)]
    if missing:
        raise UnreachableError(
            f"trainingAllowedAddresses is {', '.join(allowed)}; the Logic App calls from {', '.join(outgoing)}, and "
            f"could not train. Add: {', '.join(missing)}"
        )
