"""Microsoft.OperationalInsights, and data collection endpoints and rules, on Azure Resource Manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation, Resource, ResourceType, not_operable
from emulator.clock import Clock
from emulator.monitor.kql import Column
from emulator.monitor.logs.checks import check_data_collection_rule, check_table
from emulator.monitor.logs.collection import with_endpoint, with_immutable_id
from emulator.monitor.logs.columns import STANDARD, TABLE_TYPES
from emulator.monitor.logs.resource_types import (
    DATA_COLLECTION_ENDPOINTS,
    DATA_COLLECTION_RULES,
    LOG_TYPES,
    TABLES,
    WORKSPACES,
)
from emulator.monitor.logs.store import LogStore, LogTable
from emulator.monitor.rules import Rules
from emulator.monitor.workspaces import Workspaces

_DEFAULT: Final = -1
"""A retention that is the workspace's."""


class LogsProvider:
    """Workspaces, tables, data collection endpoints and rules."""

    def __init__(self, rules: Rules, workspaces: Workspaces, logs: LogStore, base_url: str, clock: Clock) -> None:
        self._rules = rules
        self._workspaces = workspaces
        self._logs = logs
        self._base_url = base_url
        self._clock = clock

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types that are emulated."""
        return LOG_TYPES

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update."""
        before = previous.body if previous else None
        match resource.id.type.lower():
            case kind if kind == WORKSPACES.lower():
                return self._put_workspace(resource, before)
            case kind if kind == TABLES.lower():
                return self._put_table(resource, before)
            case kind if kind == DATA_COLLECTION_ENDPOINTS.lower():
                body = with_endpoint(resource.body, before, self._base_url)
            case _:
                check_data_collection_rule(resource.body, self._rules, self._logs, self._clock)
                body = with_immutable_id(resource.body, before)
        self._rules.put(resource.id.type, str(resource.id), body)
        return body

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body; a table's retention may be that of its workspace."""
        if resource.id.type.lower() == TABLES.lower():
            return self._with_retention(str(resource.id.parent), resource.body)
        return resource.body

    async def delete(self, resource: Resource) -> None:
        """Forget what the service has of a resource; a table's rows go with it."""
        match resource.id.type.lower():
            case kind if kind == WORKSPACES.lower():
                self._workspaces.delete(str(resource.id))
            case kind if kind == TABLES.lower():
                self._logs.delete_table(str(resource.id.parent), resource.id.name)
                return
            case kind if kind == DATA_COLLECTION_ENDPOINTS.lower():
                self._refuse_if_used(resource)
            case _:
                pass
        self._rules.delete(str(resource.id))

    async def operate(self, operation: Operation) -> Answer:
        """Answer the keys of a workspace."""
        resource = operation.resource
        named = (operation.method, "/".join(operation.path).lower(), resource.id.type.lower())
        if named == ("POST", "sharedkeys", WORKSPACES.lower()):
            return Answer(200, self._workspaces.shared_keys(str(resource.id)))
        raise not_operable(operation)

    def _put_workspace(self, resource: Resource, before: Mapping[str, Any] | None) -> dict[str, Any]:
        id = str(resource.id)
        body = self._workspaces.put(id, resource.body, before, self._clock.now())
        self._rules.put(resource.id.type, id, body)
        for table in self._logs.tables(id):
            kept = self._rules.get(f"{id}/tables/{table.name}")
            if kept is not None and kept["retentionInDays"] == _DEFAULT:
                days = body["properties"]["retentionInDays"]
                self._logs.put_table(id, LogTable(table.name, table.columns, days))
        return body

    def _put_table(self, resource: Resource, before: Mapping[str, Any] | None) -> dict[str, Any]:
        workspace, name = str(resource.id.parent), resource.id.name
        known = self._logs.table(workspace, name)
        check_table(name, resource.body, known)
        asked = resource.body.get("properties") or {}
        previous = (before or {}).get("properties") or {}
        columns = (asked.get("schema") or {}).get("columns") or previous["schema"]["columns"]
        retention = asked.get("retentionInDays") or _DEFAULT
        # What was asked, because a read answers the days that it comes to.
        self._rules.put(TABLES, str(resource.id), {"retentionInDays": retention})
        body = {
            **resource.body,
            "properties": {
                **asked,
                "plan": "Analytics",
                "retentionInDays": retention,
                "totalRetentionInDays": asked.get("totalRetentionInDays") or _DEFAULT,
                "schema": {
                    **(asked.get("schema") or previous.get("schema") or {}),
                    "name": name,
                    "columns": columns,
                    "standardColumns": [{"name": column.name, "type": column.type} for column in STANDARD],
                    "tableType": "CustomLog",
                    "tableSubType": "DataCollectionRuleBased",
                    "solutions": ["LogManagement"],
                },
                "provisioningState": "Succeeded",
            },
        }
        shown = self._with_retention(workspace, body)
        columns_kept = tuple(Column(column["name"], TABLE_TYPES[column["type"]]) for column in columns)
        self._logs.put_table(workspace, LogTable(name, columns_kept, shown["properties"]["retentionInDays"]))
        return body

    def _with_retention(self, workspace: str, body: dict[str, Any]) -> dict[str, Any]:
        properties = body["properties"]
        kept = self._rules.get(workspace)
        workspace_days = kept["properties"]["retentionInDays"] if kept else 30
        asked, total = properties["retentionInDays"], properties["totalRetentionInDays"]
        days = workspace_days if asked == _DEFAULT else asked
        all_days = days if total == _DEFAULT else max(total, days)
        return {
            **body,
            "properties": {
                **properties,
                "retentionInDays": days,
                "totalRetentionInDays": all_days,
                "archiveRetentionInDays": all_days - days,
                "retentionInDaysAsDefault": asked == _DEFAULT,
                "totalRetentionInDaysAsDefault": total == _DEFAULT,
            },
        }

    def _refuse_if_used(self, endpoint: Resource) -> None:
        for id in self._rules.ids(DATA_COLLECTION_RULES):
            body = self._rules.get(id)
            used = body["properties"].get("dataCollectionEndpointId") if body else None
            if used is not None and used.lower() == str(endpoint.id).lower():
                raise ArmError(409, "Conflict", f"The data collection rule '{id}' uses this endpoint; delete it first.")
