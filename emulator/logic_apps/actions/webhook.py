"""HttpWebhook: subscribes at an endpoint and waits until it calls back."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.logic_apps.actions.http import check_request, kept_requests
from emulator.logic_apps.definitions.components import Action, ActionType
from emulator.logic_apps.definitions.shapes import WEBHOOK_INPUTS, action_schema
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.http.authentication import shown
from emulator.logic_apps.http.http_calls import Sender
from emulator.logic_apps.http.workflow_headers import workflow_headers
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.failures import ActionError, CallError
from emulator.logic_apps.runs.run_environment import Frame
from emulator.logic_apps.triggers.webhooks import subscribe


async def http_webhook(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Subscribe, unless that was done before a restart, and wait for the callback; the execution unsubscribes."""
    subscriptions, run = execution.runtime.subscriptions, execution.state.id
    inputs = subscriptions.inputs(run, record.path)
    if inputs is None:
        inputs = evaluated(execution, action, frame, record, action.inputs)
        record.inputs = shown(inputs)
        sender = Sender(execution.identities, execution.random, record.retries, kept_requests(execution, record))
        suppressed = "suppressworkflowheaders" in action.options
        headers = {} if suppressed else workflow_headers(execution.state, record)
        try:
            await subscribe(execution.runtime, run, record.path, inputs, sender, headers)
        except CallError as error:
            raise ActionError(error.code, error.message) from error
    record.inputs = shown(inputs)
    record.outputs = await subscriptions.callback(run, record.path)


def _check(action: Action) -> None:
    check_webhook(f"the action '{action.name}'", action.inputs)


def check_webhook(where: str, inputs: Mapping[str, object]) -> None:
    """Refuse a webhook whose requests cannot be; `where` names the action or trigger.

    Raises:
        ArmError: 400 InvalidTemplate.
    """
    for part in ("subscribe", "unsubscribe"):
        if inputs.get(part):
            check_request(f"{where} ({part})", inputs[part], "inputs", part)


TYPES = (
    ActionType(
        "HttpWebhook",
        action_schema("inputs", inputs=WEBHOOK_INPUTS),
        _check,
        options=("SuppressWorkflowHeaders",),
        waits=True,
    ),
)
HANDLERS: Mapping[str, Handler] = {"httpwebhook": http_webhook}
