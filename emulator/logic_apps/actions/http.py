"""Http: calls of endpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from emulator.logic_apps.definitions.components import Action, ActionType, invalid, is_expression
from emulator.logic_apps.definitions.shapes import HTTP_INPUTS, action_schema
from emulator.logic_apps.history.records import ActionRecord, RequestRecord
from emulator.logic_apps.http.authentication import shown
from emulator.logic_apps.http.chunking import transfer
from emulator.logic_apps.http.http_calls import Exchange, Observer, Sender, prepare
from emulator.logic_apps.http.retry_policy import RetryPolicy
from emulator.logic_apps.http.workflow_headers import workflow_headers
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError, CallError
from emulator.logic_apps.runs.run_environment import Frame
from emulator.logic_apps.runs.stamps import stamp

_REFUSED = 300
_SANITIZED = "*sanitized*"


async def http(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Make a call; an answer of 300 and above fails the action, and is its output all the same."""
    inputs = evaluated(execution, action, frame, record, action.inputs)
    record.inputs = shown(inputs)
    content_transfer = (action.raw.get("runtimeConfiguration") or {}).get("contentTransfer") or {}
    suppressed = "suppressworkflowheaders" in action.options
    try:
        call = prepare(
            inputs,
            asynchronous="disableasyncpattern" not in action.options,
            chunked=str(content_transfer.get("transferMode", "")).lower() == "chunked",
            headers={} if suppressed else workflow_headers(execution.state, record),
        )
        sender = Sender(execution.identities, execution.random, record.retries, kept_requests(execution, record))
        response = await transfer(execution.runtime.calls, call, sender)
    except CallError as error:
        raise ActionError(error.code, error.message) from error
    record.outputs = response.outputs()
    judge_status(record, response.status)


def judge_status(record: ActionRecord, status: int) -> None:
    """Give an action the code of its answer's status; fail it where the status is no success.

    Raises:
        ActionError: the status is 300 or above; redirects are not followed.
    """
    record.code = _phrase(status)
    if status >= _REFUSED:
        raise ActionError(record.code, f"The call was answered with the status {status}.", record.outputs)


def kept_requests(execution: Execution, record: ActionRecord) -> Observer:
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


def check_request(where: str, inputs: Any, *path: str) -> None:
    """Refuse a request with a retry policy or an authentication that cannot be.

    `where` names the action or trigger, `path` leads from it to the inputs.

    Raises:
        ArmError: 400 InvalidTemplate.
    """
    policy = inputs.get("retryPolicy")
    if isinstance(policy, dict) and not any(is_expression(value) for value in policy.values()):
        try:
            RetryPolicy.parse(policy)
        except CallError as error:
            raise invalid(
                f"{where} is not valid: {error.message}.", *path, "retryPolicy", rule="retry-policy"
            ) from error
    check_authentication(where, inputs, *path)


def check_authentication(where: str, inputs: Any, *path: str) -> None:
    """Refuse a request with an authentication that cannot be; for `where` and `path` see `check_request`.

    Raises:
        ArmError: 400 InvalidTemplate.
    """
    authentication, path = inputs.get("authentication"), (*path, "authentication")
    if not isinstance(authentication, dict) or str(authentication["type"]).lower() != "activedirectoryoauth":
        return
    if "pfx" in authentication:
        raise invalid(
            f"{where} authenticates with a certificate (authentication.pfx), which is not emulated.",
            *path,
            "pfx",
            rule="not-emulated",
        )
    for name in ("tenant", "audience", "clientId", "secret"):
        if name not in authentication:
            raise invalid(
                f"{where} is not valid: the required member 'inputs.authentication.{name}' is missing.",
                *path,
                rule="missing-member",
            )


def _check(action: Action) -> None:
    check_authentication(f"the action '{action.name}'", action.inputs, "inputs")


TYPES = (
    ActionType(
        "Http",
        action_schema("inputs", inputs=HTTP_INPUTS),
        _check,
        options=("DisableAsyncPattern", "SuppressWorkflowHeaders"),
        waits=True,
    ),
)
HANDLERS: Mapping[str, Handler] = {"http": http}
