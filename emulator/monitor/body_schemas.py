"""The JSON Schemas that bodies of resources are put together from."""

from __future__ import annotations

import re
from typing import Any, Final

from emulator.arm.provider import NameRule

STRING: Final = {"type": "string"}
BOOLEAN: Final = {"type": "boolean"}
READ_ONLY: Final = {"readOnly": True}
NAME: Final = NameRule(re.compile(r"[^*#&+:<>?@%{}\\/|^]{1,260}"), "1 to 260 characters without *#&+:<>?@%{}\\/|^")


def object_of(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {"type": "object", "required": required or [], "properties": properties, "additionalProperties": False}


def list_of(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}
