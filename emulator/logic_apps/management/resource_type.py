"""What the control plane checks of a workflow before this service is asked."""

from __future__ import annotations

import re
from typing import Final

from emulator.arm.provider import NameRule, ResourceType

API_VERSION: Final = "2019-05-01"

_ADDRESSES: Final = {
    "type": "object",
    "properties": {
        "allowedCallerIpAddresses": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["addressRange"],
                "properties": {"addressRange": {"type": "string"}},
            },
        },
    },
    "additionalProperties": False,
}
_SCHEMA: Final = {
    "type": "object",
    "required": ["location", "properties"],
    "properties": {
        "location": {"type": "string"},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "identity": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["SystemAssigned", "UserAssigned", "None"]}},
        },
        "properties": {
            "type": "object",
            "required": ["definition"],
            "properties": {
                "state": {"enum": ["Enabled", "Disabled"]},
                "definition": {"type": "object"},
                "parameters": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "type": {"type": "string"},
                            "value": {},
                            "metadata": {},
                            "description": {"type": "string"},
                        },
                        "additionalProperties": False,
                    },
                },
                **{
                    name: {"readOnly": True}
                    for name in (
                        "provisioningState",
                        "createdTime",
                        "changedTime",
                        "version",
                        "accessEndpoint",
                        "endpointsConfiguration",
                    )
                },
                "accessControl": {
                    "type": "object",
                    "properties": dict.fromkeys(("triggers", "contents"), _ADDRESSES),
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
    },
}
WORKFLOWS: Final = ResourceType(
    "Microsoft.Logic/workflows",
    (API_VERSION,),
    NameRule(
        re.compile(r"[A-Za-z0-9_.()-]{1,80}"), "1 to 80 letters, digits, hyphens, underscores, dots and parentheses"
    ),
    _SCHEMA,
    "required",
    identity=True,
)
"""Workflows, the one resource type of the service."""
