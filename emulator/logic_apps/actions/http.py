"""Http and Response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from emulator.logic_apps.components import Action, ActionType
from emulator.logic_apps.execution import Execution, Handler, evaluated
from emulator.logic_apps.failures import ActionError
from emulator.logic_apps.http_calls import CallError, Exchange, Observer, prepare
from emulator.logic_apps.records import ActionRecord, RequestRecord
from emulator.logic_apps.run_environment import Frame
from emulator.logic_apps.shapes import HTTP_INPUTS, OBJECT, action_schema, inputs_schema
from emulator.logic_apps.stamps import stamp

_REFUSED = 400
_SANITIZED = "*sanitized*"


async def http(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Make a call; an answer of 400 and above fails the action, and is its output all the same."""
    record.inputs = evaluated(execution, action, frame, record, action.inputs)
    try:
        call = prepare(record.inputs, asynchronous="disableasyncpattern" not in action.options)
        record.outputs = await execution.calls.send(
            call, execution.identities, execution.random, record.retries, _kept(execution, record)
        )
    except CallError as error:
        raise ActionError(error.code, error.message) from error
    status = int(record.outputs["statusCode"])
    record.code = _phrase(status)
    if status >= _REFUSED:
        raise ActionError(record.code, f"The call was answered with the status {status}.", record.outputs)


async def response(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Answer the request that started the run."""
    record.inputs = record.outputs = evaluated(execution, action, frame, record, action.inputs)
    if execution.response.done():
        raise ActionError("ActionResponseSkipped", "The request was answered already, or its caller did not wait.")
    execution.response.set_result(record.outputs)


def _kept(execution: Execution, record: ActionRecord) -> Observer:
    """Return what keeps the requests of an action, without what is secured."""
    shows_inputs, shows_outputs = ("inputs" not in record.hidden), ("outputs" not in record.hidden)

    def keep(exchange: Exchange) -> None:
        request = {"method": exchange.method, "uri": exchange.url, "headers": _without_secrets(exchange.headers)}
        response = body = None
        if exchange.answered is not None and shows_outputs:
            response = {name: value for name, value in exchange.answered.items() if name != "body"}
            body = json.dumps(exchange.answered["body"]) if "body" in exchange.answered else None
        execution.store.keep_request(
            execution.state.id,
            record.path,
            RequestRecord(
                "", stamp(exchange.began), stamp(exchange.ended), request if shows_inputs else None, response
            ),
            body,
        )

    return keep


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _SANITIZED if name.lower() == "authorization" else value for name, value in headers.items()}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.replace(" ", "").replace("-", "")
    except ValueError:
        return str(status)


TYPES = (
    ActionType(
        "Http",
        action_schema("inputs", inputs=HTTP_INPUTS),
        options=("DisableAsyncPattern", "SuppressWorkflowHeaders"),
    ),
    ActionType(
        "Response",
        inputs_schema("statusCode", headers=OBJECT, schema=OBJECT),
        repeats_inputs=True,
    ),
)
HANDLERS: Mapping[str, Handler] = {
    "http": http,
    "response": response,
}
