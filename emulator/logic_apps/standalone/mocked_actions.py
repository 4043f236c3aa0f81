"""The actions of a workflow that runs on its own: one that the mocks name is not done, but answered."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from emulator.logic_apps.actions import ACTION_TYPES, HANDLERS
from emulator.logic_apps.definitions.components import Action, ActionType, Definition
from emulator.logic_apps.history.records import FAILED, SUCCEEDED, ActionRecord, indexes_of, repetition_name
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError
from emulator.logic_apps.runs.run_environment import Frame
from emulator.logic_apps.standalone.mocks import NoResponse, Response, Result, StaticResult
from emulator.logic_apps.standalone.session import Caller, Session

CALLING = frozenset({"http"})
"""Types whose calls are answered one by one, with retries and polling: by lower-case name."""
ALONE_NOT_RUN = frozenset({"workflow", "httpwebhook"})
"""Types that the emulator runs and a workflow on its own does not: nobody is there to be called or to call back."""
_REFUSED = 400
_FAILURES = {
    "timeout": ("GatewayTimeout", "No answer came in time."),
    "connectionDropped": ("BadGateway", "The connection was dropped."),
    "connectionRefused": ("BadGateway", "The connection was refused."),
    "nameNotResolved": ("BadGateway", "The name was not resolved."),
}


def is_control(type: ActionType) -> bool:
    """Tell whether actions of a type are made of other actions, or end the run: they are done, never answered."""
    return runs_alone(type.kind) and (bool(type.branches) or type.kind == "terminate")


def runs_alone(kind: str) -> bool:
    """Tell whether an action of a type, in lower case, can be done here."""
    return kind in ACTION_TYPES and kind not in ALONE_NOT_RUN


def mocked_handlers(session: Session, definition: Definition, invalid: Mapping[str, str]) -> Mapping[str, Handler]:
    """Return what does the actions of a definition, with a session's mocks.

    `invalid` has by lower-case name why an action fails when it is reached, without an answer of its own.
    """
    handlers: dict[str, Handler] = {}
    for type in {action.type.kind: action.type for action in definition.index.values()}.values():
        handler = _valid(HANDLERS.get(type.kind, _no_handler), invalid)
        handlers[type.kind] = handler if is_control(type) else _mocked(session, type.kind, handler)
    return handlers


def _valid(handler: Handler, invalid: Mapping[str, str]) -> Handler:
    async def handle(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
        if action.name.lower() in invalid:
            raise ActionError("InvalidTemplate", invalid[action.name.lower()])
        await handler(execution, action, frame, record)

    return handle


async def _no_handler(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    raise ActionError("ActionTypeNotEmulated", f"The action '{action.name}' has no answer in the mocks.")


def _mocked(session: Session, kind: str, handler: Handler) -> Handler:
    async def handle(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
        caller = Caller(action.name, repetition_name(indexes_of(record.path)))
        answers = session.answers(caller)
        with session.calling(caller):
            if answers is None or (kind in CALLING and not isinstance(session.peek(caller), Result | StaticResult)):
                await handler(execution, action, frame, record)
                return
        record.inputs = evaluated(execution, action, frame, record, action.inputs)
        answer = await session.next(caller)
        match answer:
            case Response():
                await execution.clock.sleep(answer.delay)
                _respond(record, answer)
            case NoResponse():
                await execution.clock.sleep(answer.delay)
                raise ActionError(*_FAILURES[answer.failure])
            case Result():
                await execution.clock.sleep(answer.delay)
                _conclude(record, answer)
            case StaticResult():
                static: Mapping[str, Any] = (execution.state.definition.raw.get("staticResults") or {})[answer.name]
                error = static.get("error") or {}
                status = str(static.get("status", SUCCEEDED))
                _conclude(record, Result(status, error.get("code"), static.get("outputs"), error))
            case None:
                raise AssertionError("unreachable: there are answers")

    return handle


def _respond(record: ActionRecord, answer: Response) -> None:
    outputs: dict[str, Any] = {"statusCode": answer.status_code, "headers": dict(answer.headers)}
    if answer.body is not None:
        outputs["body"] = answer.body
    record.outputs, record.code = outputs, _phrase(answer.status_code)
    if answer.status_code >= _REFUSED:
        message = f"The call was answered with the status {answer.status_code}."
        raise ActionError(record.code, message, record.outputs)


def _conclude(record: ActionRecord, result: Result) -> None:
    record.outputs, record.code = result.outputs, result.code
    if result.status != SUCCEEDED:
        error = result.error or {}
        code = result.code or error.get("code") or ("ActionFailed" if result.status == FAILED else result.status)
        message = error.get("message", f"The mocks say that the action is {result.status}.")
        raise ActionError(code, message, result.outputs, result.status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.replace(" ", "").replace("-", "")
    except ValueError:
        return str(status)
