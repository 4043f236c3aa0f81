"""How large inputs and outputs of actions may be ("Limits and configuration reference for Azure Logic Apps")."""

from __future__ import annotations

import json

from emulator.logic_apps import limits
from emulator.logic_apps.definitions.components import Action
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.runs.failures import ActionError


def check_sizes(action: Action, record: ActionRecord) -> None:
    """Refuse inputs and outputs that are larger than the service takes; the record then has neither.

    Raises:
        ActionError: the message names the action, the bytes and the limit.
    """
    sizes = {part: _size(getattr(record, part)) for part in ("inputs", "outputs")}
    for part, size in sizes.items():
        if size > limits.CONTENT_BYTES:
            record.inputs, record.outputs = None, None
            raise ActionError(
                "ActionContentSizeLimit",
                f"The {part} of the action '{action.name}' have {size} bytes; the limit is {limits.CONTENT_BYTES}.",
            )
    if sum(sizes.values()) > limits.COMBINED_BYTES:
        record.inputs, record.outputs = None, None
        raise ActionError(
            "ActionContentSizeLimit",
            f"The inputs and outputs of the action '{action.name}' have {sum(sizes.values())} bytes together; the "
            f"limit is {limits.COMBINED_BYTES}.",
        )


def _size(content: Json) -> int:
    return 0 if content is None else len(json.dumps(content, ensure_ascii=False).encode(errors="replace"))
