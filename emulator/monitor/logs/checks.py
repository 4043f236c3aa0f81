"""What Azure refuses of tables and of data collection rules beyond what a schema can say.

Sources: "Add or delete tables and columns in Azure Monitor Logs", "Structure of a data collection rule" and
"Transformations in Azure Monitor" (learn.microsoft.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.monitor.kql import KqlError, compile_query
from emulator.monitor.kql.compilation import require_transformation
from emulator.monitor.logs.collection import stream_columns, table_of
from emulator.monitor.logs.columns import COLUMN_NAME, RESERVED, TABLE_TYPES, TIME
from emulator.monitor.logs.resource_types import DATA_COLLECTION_ENDPOINTS
from emulator.monitor.logs.store import LogStore, LogTable, source_of
from emulator.monitor.rules import Rules


def check_table(name: str, body: Mapping[str, Any], before: LogTable | None) -> None:
    """Refuse columns that a custom table cannot have.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    properties = body.get("properties") or {}
    if not name.endswith("_CL"):
        raise _invalid_table("name", f"'{name}' is no custom table's name: it has to end in _CL")
    if properties.get("plan", "Analytics") != "Analytics":
        raise _invalid_table("properties.plan", f"'{properties['plan']}' is not emulated; allowed: Analytics")
    schema = properties.get("schema") or {}
    if schema.get("name", name) != name:
        raise _invalid_table("properties.schema.name", f"'{schema['name']}' is not the table's name, {name}")
    columns = schema.get("columns") or []
    if not columns and before is None:
        raise _invalid_table("properties.schema.columns", "a new table needs columns")
    seen: dict[str, str] = {}
    types = {column.name.lower(): column.type for column in before.columns} if before else {}
    for column in columns:
        _check_column(column, seen)
        name, type = column["name"], TABLE_TYPES[column["type"]]
        if types.get(name.lower(), type) != type:
            was = types[name.lower()]
            raise _invalid_table("properties.schema.columns", f"'{name}' is {was}; a column's type cannot be changed")
    if columns and seen.get(TIME.lower()) != "dateTime":
        raise ArmError(
            400,
            "SchemaUpdateFatalError",
            f"Table validation failed: mandatory column missing or of another type - Name: {TIME}, Type: dateTime.",
            "properties.schema.columns",
        )


def _check_column(column: Mapping[str, Any], seen: dict[str, str]) -> None:
    name = column["name"]
    if not COLUMN_NAME.fullmatch(name):
        rule = "a letter, then letters, digits and _, at most 45 in all"
        raise _invalid_table("properties.schema.columns", f"'{name}' is no column's name; allowed: {rule}")
    if name in RESERVED:
        raise _invalid_table("properties.schema.columns", f"the name '{name}' is reserved")
    if name.lower() in seen:
        raise _invalid_table("properties.schema.columns", f"the column '{name}' is there twice")
    seen[name.lower()] = column["type"]


def check_data_collection_rule(body: Mapping[str, Any], rules: Rules, logs: LogStore, clock: Clock) -> None:
    """Refuse streams, destinations, tables and transformations that do not fit each other.

    Raises:
        ArmError: 400 InvalidPayload; its details name each fault as the service does.
    """
    properties = body["properties"]
    endpoint = properties.get("dataCollectionEndpointId")
    if endpoint is not None:
        _check_endpoint(endpoint, rules)
    destinations = {
        each["name"]: each["workspaceResourceId"] for each in properties["destinations"].get("logAnalytics") or []
    }
    for workspace in destinations.values():
        _check_region(body["location"], workspace, rules)
    for stream in properties.get("streamDeclarations") or {}:
        if not stream.startswith("Custom-"):
            raise _invalid_rule("InvalidStream", f"stream '{stream}' has to begin with 'Custom-'", "streamDeclarations")
    for place, flow in enumerate(properties["dataFlows"]):
        target = f"dataFlows[{place}]"
        for name in flow["destinations"]:
            workspace = destinations.get(name)
            if workspace is None:
                known = ", ".join(destinations) or "none"
                raise _invalid_rule(
                    "InvalidDestination", f"destination '{name}' is not declared; there are: {known}", target
                )
            _check_flow(body, flow, name, logs.table(workspace, table_of(flow)), target, clock)


def _check_region(location: str, workspace: str, rules: Rules) -> None:
    """A rule lies in the region of its workspace ("Data collection rules in Azure Monitor", learn.microsoft.com)."""
    found = rules.get(workspace)
    if found is not None and found["location"] != location:
        text = f"the rule is in {location}, and the workspace '{workspace}' in {found['location']}"
        raise _invalid_rule("InvalidWorkspaceLocation", text, "destinations.logAnalytics")


def _check_endpoint(endpoint: str, rules: Rules) -> None:
    if ResourceId.parse(endpoint).type.lower() != DATA_COLLECTION_ENDPOINTS.lower() or rules.get(endpoint) is None:
        text = f"'{endpoint}' is no data collection endpoint that is there"
        raise _invalid_rule("InvalidDataCollectionEndpoint", text, "dataCollectionEndpointId")


def _check_flow(
    rule: Mapping[str, Any],
    flow: Mapping[str, Any],
    destination: str,
    table: LogTable | None,
    target: str,
    clock: Clock,
) -> None:
    if table is None:
        output = flow.get("outputStream") or flow["streams"][0]
        text = f"Table for output stream '{output}' is not available for destination '{destination}'"
        raise _invalid_rule("InvalidOutputTable", text, target)
    for stream in flow["streams"]:
        columns = stream_columns(rule, stream)
        if columns is None:
            known = ", ".join(rule["properties"].get("streamDeclarations") or {}) or "none"
            text = f"stream '{stream}' is not declared in streamDeclarations; there are: {known}"
            raise _invalid_rule("InvalidStream", text, target)
        transform = flow.get("transformKql") or "source"
        try:
            require_transformation(transform)
            made = compile_query(transform, {"source": source_of(columns)}, clock.now()).columns
        except KqlError as error:
            raise _invalid_rule("InvalidTransformQuery", f"Error in transformKql: {error}", target) from error
        wanted = {column.name: column.type for column in table.columns}
        wrong = [
            f"{column.name} [produced:'{column.type}', output:'{wanted[column.name]}']"
            for column in made
            if wanted.get(column.name, column.type) != column.type
        ]
        if TIME not in [column.name for column in made]:
            wrong.append(f"{TIME} [produced: none, output:'datetime']")
        if wrong:
            text = "Types of transform output columns do not match the ones defined by the output stream"
            raise _invalid_rule("InvalidTransformOutput", f"{text}: {', '.join(wrong)}", target)


def _invalid_rule(code: str, text: str, target: str) -> ArmError:
    message = f"Data collection rule is invalid: {code}: {text} (properties.{target})."
    return ArmError(400, "InvalidPayload", message, f"properties.{target}")


def _invalid_table(target: str, text: str) -> ArmError:
    return ArmError(400, "InvalidParameter", f"The table is invalid: {target}: {text}.", target)
