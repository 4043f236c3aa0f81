"""JSON Schemas of what definitions are written with, less what an expression decides only when the workflow runs.

The members are those of the workflow definition language schema 2016-06-01 ("Schema reference guide for trigger and
action types in Azure Logic Apps", learn.microsoft.com). Members that no schema names are let pass, as the service does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema
from jsonschema.exceptions import ValidationError
from referencing import Registry

from emulator.logic_apps import limits
from emulator.logic_apps.definitions.components import is_expression
from emulator.logic_apps.http.authentication import AUTHENTICATION_TYPES

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
OBJECT: Final[Schema] = {"type": "object"}
ARRAY: Final[Schema] = {"type": "array"}
ACTIONS: Final[Schema] = {"type": "object", "additionalProperties": OBJECT}

_SECURE_DATA: Final[Schema] = {
    "type": "object",
    "required": ["properties"],
    "properties": {"properties": {"type": "array", "items": {"enum": ["inputs", "outputs"]}}},
}
_COMMON: Final[Mapping[str, Schema]] = {
    "type": TEXT,
    "kind": TEXT,
    "description": TEXT,
    "metadata": OBJECT,
    "operationOptions": TEXT,
}
_BRANCH: Final[Schema] = {"type": "object", "properties": {"actions": ACTIONS}}
_ACTION: Final[Mapping[str, Schema]] = {
    **_COMMON,
    # The service reads these whatever the type of the action is.
    "actions": ACTIONS,
    "cases": {"type": "object", "additionalProperties": {**_BRANCH, "required": ["case"]}},
    "conditions": {"type": "array", "items": OBJECT},
    "default": _BRANCH,
    "else": _BRANCH,
    "until": OBJECT,
    "runAfter": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": TEXT, "minItems": 1},
    },
    "trackedProperties": OBJECT,
    "limit": {"type": "object", "properties": {"timeout": TEXT}},
    "runtimeConfiguration": {
        "type": "object",
        "properties": {
            "secureData": _SECURE_DATA,
            "staticResult": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": TEXT, "staticResultOptions": {"enum": ["Enabled", "Disabled"]}},
            },
            "contentTransfer": {
                "type": "object",
                "properties": {"transferMode": {"enum": ["Chunked", "chunked"]}},
            },
            "paginationPolicy": {"not": {}},
        },
    },
}

DEFINITION: Final[Schema] = {
    "type": "object",
    "required": ["$schema"],
    "properties": {
        "$schema": TEXT,
        "contentVersion": {"type": ["string", "number", "boolean", "null"]},
        "description": TEXT,
        "metadata": OBJECT,
        "triggers": {"type": "object", "maxProperties": limits.TRIGGERS},
        "actions": OBJECT,
        "outputs": {
            "type": "object",
            "maxProperties": limits.OUTPUTS,
            "additionalProperties": {"type": "object", "required": ["type", "value"], "properties": {"type": TEXT}},
        },
        "staticResults": {"type": "object", "additionalProperties": {"type": "object", "required": ["status"]}},
        "parameters": {
            "type": ["object", "null"],
            "maxProperties": limits.PARAMETERS,
            "additionalProperties": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": TEXT, "metadata": OBJECT, "allowedValues": ARRAY, "description": TEXT},
            },
        },
    },
}


def action_schema(*required: str, **members: Schema) -> Schema:
    """Return the schema of a type of action with `members` besides those that all types have."""
    return {"type": "object", "required": list(required), "properties": {**_ACTION, **members}}


def inputs_schema(*required: str, **members: Schema) -> Schema:
    """Return the schema of an action that has nothing but inputs with these members."""
    return action_schema("inputs", inputs={"type": "object", "required": list(required), "properties": members})


_RECURRENCE: Final[Schema] = {
    "type": "object",
    "required": ["frequency", "interval"],
    "properties": {
        "frequency": {"enum": ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"]},
        "interval": {"type": "integer", "minimum": 1},
        "count": {"type": "integer"},
        "startTime": TEXT,
        "endTime": TEXT,
        "timeZone": TEXT,
        "schedule": {
            "type": "object",
            "properties": {
                "hours": {"type": "array", "items": {"type": ["integer", "string"]}},
                "minutes": {"type": "array", "items": {"type": ["integer", "string"]}},
                "weekDays": {"type": "array", "items": TEXT},
                "monthDays": {"type": "array", "items": {"type": "integer"}},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_TRIGGER: Final[Mapping[str, Schema]] = {
    **_COMMON,
    "conditions": {
        "type": "array",
        "items": {"type": "object", "required": ["expression"]},
        "maxItems": limits.CONDITIONS,
    },
    "splitOn": TEXT,
    "correlation": {"type": "object", "properties": {"clientTrackingId": TEXT}},
    "runtimeConfiguration": {
        "type": "object",
        "properties": {
            "secureData": _SECURE_DATA,
            "concurrency": {
                "type": "object",
                "properties": {
                    "runs": {"type": "integer", "minimum": 1, "maximum": limits.MOST_RUNS},
                    "maximumWaitingRuns": {"type": "integer", "minimum": 1, "maximum": limits.MOST_WAITING_RUNS},
                },
            },
        },
    },
}
_AUTHENTICATION: Final[Schema] = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": list(AUTHENTICATION_TYPES), "azure": ["ClientCertificate"]}, "identity": TEXT},
}
_RETRY_POLICY: Final[Schema] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": TEXT,
        "count": {"type": "integer", "minimum": 1, "maximum": limits.RETRY_MOST_COUNT},
        "interval": TEXT,
        "minimumInterval": TEXT,
        "maximumInterval": TEXT,
    },
}
HTTP_INPUTS: Final[Schema] = {
    "type": "object",
    "required": ["method", "uri"],
    "properties": {
        "method": TEXT,
        "uri": {"type": "string", "maxLength": limits.URL_CHARACTERS},
        "headers": OBJECT,
        "queries": OBJECT,
        "cookie": TEXT,
        "authentication": _AUTHENTICATION,
        "retryPolicy": _RETRY_POLICY,
    },
}
WEBHOOK_INPUTS: Final[Schema] = {
    "type": "object",
    "required": ["subscribe"],
    "properties": {
        "subscribe": HTTP_INPUTS,
        "unsubscribe": {**HTTP_INPUTS, "type": ["object", "null"], "required": []},
    },
}
NESTED_INPUTS: Final[Schema] = {
    "type": "object",
    "required": ["host"],
    "properties": {
        "host": {
            "type": "object",
            "required": ["workflow"],
            "properties": {
                "triggerName": TEXT,
                "workflow": {"type": "object", "required": ["id"], "properties": {"id": TEXT}},
            },
        },
        "headers": OBJECT,
        "queries": OBJECT,
        "retryPolicy": _RETRY_POLICY,
        "pathTemplate": {"not": {}},
        "authentication": {"not": {}},
    },
}


def trigger_schema(*required: str, **members: Schema) -> Schema:
    """Return the schema of a type of trigger with `members` besides those that all types have."""
    return {"type": "object", "required": list(required), "properties": {**_TRIGGER, **members}}


TRIGGER_TYPES: Final = {
    name.lower(): name for name in ("Http", "HttpWebhook", "Recurrence", "Request", "SlidingWindow")
}
"""Types of triggers by lower-case name."""
TRIGGER_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("SingleInstance",),
    "httpwebhook": ("SingleInstance", "IncludeAuthorizationHeadersInOutputs", "SuppressWorkflowHeadersOnResponse"),
    "recurrence": ("SingleInstance",),
    "request": (
        "SingleInstance",
        "EnableSchemaValidation",
        "IncludeAuthorizationHeadersInOutputs",
        "SuppressWorkflowHeadersOnResponse",
    ),
    "slidingwindow": ("SingleInstance",),
}
TRIGGER_SCHEMAS: Final[Mapping[str, Schema]] = {
    "http": trigger_schema("inputs", "recurrence", inputs=HTTP_INPUTS, recurrence=_RECURRENCE),
    "httpwebhook": trigger_schema("inputs", inputs=WEBHOOK_INPUTS, limit={"not": {}}),
    "recurrence": trigger_schema("recurrence", recurrence=_RECURRENCE),
    "request": trigger_schema(
        inputs={
            "type": "object",
            "properties": {
                "schema": OBJECT,
                "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "get", "post", "put", "patch", "delete"]},
                "relativePath": TEXT,
            },
        },
    ),
    "slidingwindow": trigger_schema(
        "recurrence",
        inputs={"type": "object", "properties": {"delay": TEXT}},
        recurrence={**_RECURRENCE, "properties": {**_RECURRENCE["properties"], "schedule": {"not": {}}}},
    ),
}


@dataclass(frozen=True)
class ShapeFault:
    """What does not fit a schema: where in the value, in words, and the code of the checker's rule."""

    path: tuple[str | int, ...]
    message: str
    rule: str


_RULES: Final[Mapping[str, str]] = {
    "required": "missing-member",
    "type": "wrong-type",
    "enum": "value-not-allowed",
    "not": "not-emulated",
    "additionalProperties": "not-emulated",
}
"""Rules by keyword of JSON Schema; the other keywords are limits."""


_EXPRESSIONS: Final = frozenset({"expression", "foreach", "splitOn"})
"""Members that may be an expression as a whole."""
_WITH_EXPRESSIONS: Final = frozenset({"correlation", "inputs", "limit", "recurrence", "trackedProperties"})
"""Members that may have expressions in them."""


def _may_be_expression(path: Sequence[str | int]) -> bool:
    return bool(path) and (path[0] in _EXPRESSIONS or (path[0] in _WITH_EXPRESSIONS and len(path) > 1))


def shape_faults(value: Any, schema: Schema) -> Iterator[ShapeFault]:
    """Yield what does not fit the schema of its kind; an expression fits where the service evaluates it.

    No message has the value of what is not an enumeration. ``azure`` beside ``enum`` lists what only Azure has.
    """
    for error in jsonschema.Draft202012Validator(schema, registry=Registry()).iter_errors(value):
        if is_expression(error.instance) and _may_be_expression(error.absolute_path):
            continue
        if error.instance is None and error.absolute_path and error.absolute_path[-1] == "actions":
            continue  # a branch without actions
        rule = _RULES.get(str(error.validator), "out-of-limit")
        allowed: Any = error.schema
        if rule == "value-not-allowed" and error.instance in allowed.get("azure", ()):
            rule = "not-emulated"
        yield ShapeFault(tuple(error.absolute_path), _words(error), rule)


def _words(error: ValidationError) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    member = f"'{path}'" if path else "it"
    rule, value = str(error.validator), error.instance
    schema: Any = error.schema
    allowed: Any = schema[rule]
    if rule == "required":
        missing = next(name for name in allowed if name not in value)
        return f"the required member '{f'{path}.' if path else ''}{missing}' is missing"
    if rule == "type":
        return f"{member} has to be of the type {allowed if isinstance(allowed, str) else ' or '.join(allowed)}"
    if rule == "enum":
        return f"{member} is {value!r}; allowed: {', '.join(str(each) for each in allowed)}"
    if rule in ("minimum", "maximum"):
        return f"{member} is {value}; allowed: {schema.get('minimum')} to {schema.get('maximum', 'any number')}"
    if rule == "not":
        return f"{member} is not emulated"
    if rule == "additionalProperties":
        return f"{member} has members that are not emulated; there are: {', '.join(schema['properties'])}"
    return f"{member} is out of its limit ({rule} {allowed})"
