"""Types of actions and triggers that Azure has and the emulator does not: what they are, and what they cannot lack.

Source: "Schema reference guide for trigger and action types in Azure Logic Apps" and the pages of the built-in
operations (learn.microsoft.com); public definitions for the members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CONNECTOR = "a managed connector"
_ACCOUNT = "an operation on an integration account"
_CODE = "inline code"
_STANDARD = "a built-in operation of Standard workflows"


@dataclass(frozen=True)
class AzureType:
    """A type that is not emulated.

    Attributes:
        name: as definitions write it.
        what: what it is, in a few words.
        required: members without which the service refuses it; "inputs.x" is a member of the inputs.
        standard_only: it exists in Standard workflows, not in Consumption.
        branches: members with inner actions.
    """

    name: str
    what: str
    required: tuple[str, ...] = ()
    standard_only: bool = False
    branches: tuple[str, ...] = ()


def _by_kind(*types: AzureType) -> Mapping[str, AzureType]:
    return {each.name.lower(): each for each in types}


ACTIONS: Final = _by_kind(
    AzureType("ApiConnection", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiConnectionWebhook", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiConnectionNotification", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnection", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnectionWebhook", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnectionNotification", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiManagement", "a call of an API Management instance", ("inputs", "inputs.api")),
    AzureType("Function", "a call of a function app", ("inputs", "inputs.function")),
    AzureType("InvokeFunction", "a call of a function of the app", ("inputs",), standard_only=True),
    AzureType("Workflow", "a call of another workflow", ("inputs", "inputs.host")),
    AzureType("HttpWebhook", "a subscription to an endpoint", ("inputs",)),
    AzureType("Expression", "an operation on dates or text", ("inputs", "kind")),
    AzureType("SendToBatch", "a message to a batch workflow", ("inputs",)),
    AzureType("Batch", "a message to a batch workflow", ("inputs",)),
    AzureType("JavaScriptCode", _CODE, ("inputs", "inputs.code")),
    AzureType("CSharpScriptCode", _CODE, ("inputs",), standard_only=True),
    AzureType("PowerShellCode", _CODE, ("inputs",), standard_only=True),
    AzureType("Xslt", _ACCOUNT, ("inputs", "inputs.content")),
    AzureType("XmlValidation", _ACCOUNT, ("inputs", "inputs.content")),
    AzureType("XmlCompose", _ACCOUNT, ("inputs",)),
    AzureType("XmlParse", _ACCOUNT, ("inputs",)),
    AzureType("Liquid", _ACCOUNT, ("inputs",)),
    AzureType("FlatFileEncoding", _ACCOUNT, ("inputs", "inputs.content")),
    AzureType("FlatFileDecoding", _ACCOUNT, ("inputs", "inputs.content")),
    AzureType("IntegrationAccountArtifactLookup", _ACCOUNT, ("inputs",)),
    AzureType("AS2Encode", _ACCOUNT, ("inputs",)),
    AzureType("AS2Decode", _ACCOUNT, ("inputs",)),
    AzureType("X12Encode", _ACCOUNT, ("inputs",)),
    AzureType("X12Decode", _ACCOUNT, ("inputs",)),
    AzureType("X12BatchEncode", _ACCOUNT, ("inputs",)),
    AzureType("EdifactEncode", _ACCOUNT, ("inputs",)),
    AzureType("EdifactDecode", _ACCOUNT, ("inputs",)),
    AzureType("EdifactBatchEncode", _ACCOUNT, ("inputs",)),
    AzureType("SwiftEncode", _ACCOUNT, ("inputs",)),
    AzureType("SwiftDecode", _ACCOUNT, ("inputs",)),
    AzureType("RosettaNetEncode", _ACCOUNT, ("inputs",)),
    AzureType("RosettaNetDecode", _ACCOUNT, ("inputs",)),
    AzureType("RosettaNetWaitForResponse", _ACCOUNT, ("inputs",)),
    AzureType("ServiceProvider", _STANDARD, ("inputs", "inputs.serviceProviderConfiguration"), standard_only=True),
    AzureType("Agent", "an agent with a language model", ("inputs",), branches=("tools",)),
    AzureType("ChunkText", "an operation of the AI group", ("inputs",)),
    AzureType("ParseDocument", "an operation of the AI group", ("inputs",)),
)
"""By name in lower case; one that the emulator has come to know stays harmless here."""

TRIGGERS: Final = _by_kind(
    AzureType("ApiConnection", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiConnectionWebhook", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiConnectionNotification", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnection", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnectionWebhook", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("OpenApiConnectionNotification", _CONNECTOR, ("inputs", "inputs.host")),
    AzureType("ApiManagement", "a call of an API Management instance", ("inputs", "recurrence")),
    AzureType("Batch", "a batch of messages", ("inputs",)),
    AzureType("HttpWebhook", "a subscription to an endpoint", ("inputs",)),
    AzureType("Manual", "an older name of Request"),
    AzureType("ServiceProvider", _STANDARD, ("inputs", "inputs.serviceProviderConfiguration"), standard_only=True),
    AzureType("SlidingWindow", "one window of time after the other", ("recurrence",)),
    AzureType("EventGrid", "an older name of a connector"),
)
"""By name in lower case."""

OPTIONS: Final = frozenset(
    {
        "asynchronous",
        "disableasyncpattern",
        "disableautomaticdecompression",
        "enableschemavalidation",
        "failwhenlimitsreached",
        "includeauthorizationheadersinoutputs",
        "optimizedforhighthroughput",
        "sequential",
        "singleinstance",
        "suppressworkflowheaders",
        "suppressworkflowheadersonresponse",
    }
)
"""The ``operationOptions`` that any type takes, in lower case."""

STATUSES: Final = frozenset({"aborted", "cancelled", "faulted", "ignored", "paused", "running", "suspended", "waiting"})
"""Statuses that the service knows beside those that an action ends with, in lower case."""
KINDS: Final = frozenset(
    kind.lower()
    for kind in (
        "AddToTime", "Agent", "Alert", "ApiConnection", "AzureMonitorAlert", "Button", "ConvertTimeZone", "CurrentTime",
        "EventGrid", "FormatNumber", "Geofence", "GetFutureTime", "GetPastTime", "Http", "IndexOf", "JsonToJson",
        "JsonToText", "NotSpecified", "ODataOpenApiConnection", "Polling", "PowerApp", "PowerAppV2",
        "SecurityCenterAlert", "Stateful", "Stateless", "Substring", "SubtractFromTime", "Teams", "VirtualAgent",
        "XmlToJson", "XmlToText",
    )
)  # fmt: skip
"""What ``kind`` of an operation may be, in lower case."""
