"""Data collection endpoints and rules: what the service settles of one, and where rows of a stream go.

Source: "Data collection rules in Azure Monitor", "Structure of a data collection rule" (learn.microsoft.com).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.monitor.kql import Column
from emulator.monitor.logs.columns import STREAM_TYPES
from emulator.monitor.logs.resource_types import DATA_COLLECTION_ENDPOINTS, DATA_COLLECTION_RULES
from emulator.monitor.rules import Rules


@dataclass(frozen=True)
class Flow:
    """Where rows of a stream go: the table of a workspace, through a transformation."""

    workspace: str
    table: str
    transform: str


@dataclass(frozen=True)
class Found:
    """A resource that was found by its immutable id."""

    id: str
    body: Mapping[str, Any]


def with_endpoint(body: Mapping[str, Any], previous: Mapping[str, Any] | None, base_url: str) -> dict[str, Any]:
    """Return a data collection endpoint's body with its immutable id and its address."""
    immutable = _immutable_id("dce", previous)
    properties = {
        "networkAcls": {"publicNetworkAccess": "Enabled"},
        **(body.get("properties") or {}),
        "immutableId": immutable,
        "logsIngestion": {"endpoint": f"{base_url}/{immutable}"},
        "provisioningState": "Succeeded",
    }
    return {**body, "properties": properties}


def with_immutable_id(body: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a data collection rule's body with its immutable id."""
    properties = {**body["properties"], "immutableId": _immutable_id("dcr", previous), "provisioningState": "Succeeded"}
    return {**body, "properties": properties}


def _immutable_id(kind: str, previous: Mapping[str, Any] | None) -> str:
    known = ((previous or {}).get("properties") or {}).get("immutableId")
    return known or f"{kind}-{uuid.uuid4().hex}"


def find_endpoint(rules: Rules, immutable_id: str) -> Found | None:
    """Return a data collection endpoint, or None."""
    return _find(rules, DATA_COLLECTION_ENDPOINTS, immutable_id)


def find_rule(rules: Rules, immutable_id: str) -> Found | None:
    """Return a data collection rule, or None."""
    return _find(rules, DATA_COLLECTION_RULES, immutable_id)


def _find(rules: Rules, type: str, immutable_id: str) -> Found | None:
    for id in rules.ids(type):
        body = rules.get(id)
        if body is not None and body["properties"]["immutableId"] == immutable_id:
            return Found(id, body)
    return None


def stream_columns(rule: Mapping[str, Any], stream: str) -> tuple[Column, ...] | None:
    """Return the columns of a stream that the rule declares, or None."""
    declared = (rule["properties"].get("streamDeclarations") or {}).get(stream)
    if declared is None:
        return None
    return tuple(Column(column["name"], STREAM_TYPES[column["type"]]) for column in declared["columns"])


def flows(rule: Mapping[str, Any], stream: str) -> list[Flow]:
    """Return where the rows of a stream go."""
    properties = rule["properties"]
    workspaces = {each["name"]: each["workspaceResourceId"] for each in properties["destinations"]["logAnalytics"]}
    return [
        Flow(workspaces[name], table_of(flow), flow.get("transformKql") or "source")
        for flow in properties["dataFlows"]
        if stream in flow["streams"]
        for name in flow["destinations"]
    ]


def table_of(flow: Mapping[str, Any]) -> str:
    """Return the table's name of a flow's output stream, by default the stream's own."""
    return str(flow.get("outputStream") or flow["streams"][0]).removeprefix("Custom-")
