"""A value that fits a JSON Schema, so that a mock file begins with answers that a workflow can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.expressions import Json

_DEEPEST = 20
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00",
    "uri": "https://example.com/",
    "email": "somebody@example.com",
    "uuid": "00000000-0000-0000-0000-000000000001",
}


def sample(schema: Any, depth: int = 0) -> Json:
    """Return the smallest value with all properties and one element in each array; {} where a schema says nothing."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for member in ("default", "example"):
        if member in schema:
            return schema[member]
    for combination in ("anyOf", "oneOf", "allOf"):
        if schema.get(combination):
            return sample(schema[combination][0], depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    match kind:
        case "array":
            items = schema.get("items")
            if isinstance(items, list):
                return [sample(each, depth + 1) for each in items]
            return [sample(items, depth + 1)] * max(1, int(schema.get("minItems", 1)))
        case "string":
            return _FORMATS.get(str(schema.get("format")), "x" * int(schema.get("minLength", 0)) or "text")
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return schema.get("minimum", 1.5)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            properties = schema.get("properties")
            if not isinstance(properties, Mapping):
                return {}
            return {str(name): sample(each, depth + 1) for name, each in properties.items()}
