"""Actions on data: Compose, ParseJson, Select, Query, Join, Table."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Mapping
from typing import Any

import jsonschema
from referencing import Registry
from referencing.exceptions import Unresolvable

from emulator.logic_apps.definitions.components import Action, ActionType, invalid, is_expression
from emulator.logic_apps.definitions.shapes import OBJECT, TEXT, action_schema, inputs_schema
from emulator.logic_apps.expressions import Json, compile_template
from emulator.logic_apps.expressions.values import to_text
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError
from emulator.logic_apps.runs.run_environment import Frame


async def compose(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Give the inputs as outputs."""
    record.inputs = record.outputs = evaluated(execution, action, frame, record, action.inputs)


async def parse_json(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Parse and validate against a JSON Schema."""
    inputs = action.inputs
    content = evaluated(execution, action, frame, record, inputs.get("content"))
    schema = evaluated(execution, action, frame, record, inputs.get("schema") or {})
    record.inputs = {"content": content, "schema": schema}
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError as error:
            raise ActionError("InvalidJson", f"The content of '{action.name}' is not valid JSON: {error}.") from error
    validator = jsonschema.Draft4Validator(schema, registry=Registry())
    try:
        errors = sorted(validator.iter_errors(content), key=lambda error: error.json_path)
    except Unresolvable as error:
        raise ActionError("InvalidJsonSchema", f"The schema of '{action.name}' refers to {error.ref!r}.") from error
    if errors:
        told = "; ".join(f"{error.json_path}: {error.message}" for error in errors[:10])
        raise ActionError(
            "ValidationFailed",
            "The schema validation failed." if "inputs" in record.hidden else f"The schema validation failed. {told}",
        )
    record.outputs = {"body": content}


def _array(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> list[Any]:
    found = evaluated(execution, action, frame, record, action.inputs.get("from"))
    if not isinstance(found, list):
        raise ActionError(
            "BadRequest",
            f"The 'from' property value in the '{action.kind}' action inputs is of type "
            f"'{type(found).__name__}'. The value must be an array.",
        )
    return found


async def select(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Map each element."""
    items = _array(execution, action, frame, record)
    record.inputs = {"from": items, "select": action.inputs.get("select")}
    template, environment = compile_template(action.inputs.get("select")), execution.environment(frame, record)
    record.outputs = {"body": [template.evaluate(environment.at(item)) for item in items]}


async def query(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Keep the elements for which a condition holds."""
    items = _array(execution, action, frame, record)
    record.inputs = {"from": items, "where": action.inputs.get("where")}
    template, environment = compile_template(action.inputs.get("where")), execution.environment(frame, record)
    kept: list[Json] = []
    for item in items:
        holds = template.evaluate(environment.at(item))
        if not isinstance(holds, bool):
            raise ActionError("BadRequest", f"The 'where' of '{action.name}' has to give a boolean for each element.")
        if holds:
            kept.append(item)
    record.outputs = {"body": kept}


async def join(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Join the elements' texts."""
    items = _array(execution, action, frame, record)
    delimiter = to_text(evaluated(execution, action, frame, record, action.inputs.get("joinWith")))
    record.inputs = {"from": items, "joinWith": delimiter}
    record.outputs = {"body": delimiter.join(to_text(item) for item in items)}


async def table(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Make a CSV or HTML table of the elements."""
    items = _array(execution, action, frame, record)
    inputs, environment = action.inputs, execution.environment(frame, record)
    columns = inputs.get("columns")
    if columns:
        headers = [to_text(compile_template(column.get("header")).evaluate(environment)) for column in columns]
        values = [compile_template(column.get("value")) for column in columns]
        rows = [[to_text(value.evaluate(environment.at(item))) for value in values] for item in items]
    else:
        if not all(isinstance(item, dict) for item in items):
            raise ActionError("BadRequest", f"'{action.name}' without columns needs objects as elements.")
        headers = list(dict.fromkeys(key for item in items for key in item))
        rows = [[to_text(item.get(key)) for key in headers] for item in items]
    form = str(inputs.get("format", "")).upper()
    record.inputs = {"from": items, "format": form}
    if form == "CSV":
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([headers, *rows])
        record.outputs = {"body": text.getvalue()}
    elif form == "HTML":
        head = "".join(f"<th>{html.escape(header)}</th>" for header in headers)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        record.outputs = {"body": f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"}
    else:
        raise ActionError("BadRequest", f"format is {form!r}; allowed: CSV, HTML")


def _check_parse_json(action: Action) -> None:
    schema = action.inputs.get("schema")
    if schema is None or is_expression(schema):
        return
    try:
        jsonschema.Draft4Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise invalid(
            f"the schema of the action '{action.name}' is not valid at {error.json_path}.",
            "inputs",
            "schema",
            *error.absolute_path,
            rule="json-schema",
        ) from error


_COLUMNS = {
    "type": "array",
    "items": {"type": "object", "required": ["value"], "properties": {"header": TEXT}},
}
TYPES = (
    ActionType("Compose", action_schema(), repeats_inputs=True),
    ActionType(
        "ParseJson",
        inputs_schema("content", schema=OBJECT),
        _check_parse_json,
        repeats_inputs=True,
    ),
    ActionType("Select", inputs_schema("from", "select")),
    ActionType("Query", inputs_schema("from", "where", where=TEXT)),
    ActionType("Join", inputs_schema("from", "joinWith")),
    ActionType(
        "Table",
        inputs_schema("from", "format", format={"enum": ["CSV", "HTML", "Csv", "csv", "html"]}, columns=_COLUMNS),
    ),
)
HANDLERS: Mapping[str, Handler] = {
    "compose": compose,
    "parsejson": parse_json,
    "select": select,
    "query": query,
    "join": join,
    "table": table,
}
