"""Response: the answer to the request that started the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.data_plane.responses import AnsweredError
from emulator.logic_apps.definitions.components import Action, ActionType, invalid, is_expression
from emulator.logic_apps.definitions.shapes import OBJECT, inputs_schema
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.http.bodies import encoded
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError, CallError
from emulator.logic_apps.runs.run_environment import Frame

_CLASSES = (2, 4, 5)
"""The first digits of the statuses that a Response may have ("Schema reference guide ...", Response action)."""


async def response(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Answer the request that started the run."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs)
    headers = inputs.get("headers") or {}
    if not _is_status(inputs["statusCode"]) or not isinstance(headers, dict):
        raise ActionError(
            "InvalidResponse",
            f"The Response '{action.name}' has the statusCode {inputs['statusCode']!r}; allowed: 200 to 299, 400 to "
            f"599, and an object as headers.",
        )
    answer: dict[str, Any] = {
        "statusCode": int(inputs["statusCode"]),
        "headers": {name: value for name, value in headers.items() if value is not None},
        "body": inputs.get("body"),
    }
    try:
        encoded(answer["body"])
        execution.runtime.responses.give(execution.state.id, answer)
    except CallError as error:
        raise ActionError("InvalidResponse", error.message) from error
    except AnsweredError as error:
        raise ActionError(
            "ActionResponseSkipped", "The request was answered already, or its caller did not wait."
        ) from error
    record.outputs = answer


def _is_status(value: Any) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) == 3 and int(text[0]) in _CLASSES


def _check(action: Action) -> None:
    status = action.inputs["statusCode"]
    if not is_expression(status) and not _is_status(status):
        raise invalid(
            f"the action '{action.name}' is not valid: 'inputs.statusCode' is {status!r}; allowed: 200 to 299, 400 to "
            f"599.",
            "inputs",
            "statusCode",
            rule="value-not-allowed",
        )


TYPES = (
    ActionType(
        "Response",
        inputs_schema("statusCode", headers=OBJECT, schema=OBJECT),
        _check,
        options=("Asynchronous",),
        repeats_inputs=True,
    ),
)
HANDLERS: Mapping[str, Handler] = {"response": response}
