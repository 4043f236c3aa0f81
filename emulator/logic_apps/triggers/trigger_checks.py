"""What the service refuses of one type of trigger only when a workflow is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from emulator.durations import duration_seconds
from emulator.logic_apps.actions.http import check_request
from emulator.logic_apps.actions.webhook import check_webhook
from emulator.logic_apps.definitions.components import Trigger, invalid, is_expression
from emulator.logic_apps.triggers.request_triggers import path_fault


def _check_http(trigger: Trigger) -> None:
    check_request(f"the trigger '{trigger.name}'", trigger.inputs, "inputs")


def _check_webhook(trigger: Trigger) -> None:
    check_webhook(f"the trigger '{trigger.name}'", trigger.inputs)


def _check_relative_path(trigger: Trigger) -> None:
    path = trigger.inputs.get("relativePath")
    fault = None if path is None else path_fault(path)
    if fault is not None:
        raise invalid(
            f"the trigger '{trigger.name}' is not valid: inputs.relativePath is {path!r}; {fault}.",
            "inputs",
            "relativePath",
        )


def _check_delay(trigger: Trigger) -> None:
    delay = trigger.inputs.get("delay")
    if delay is None or is_expression(delay):
        return
    try:
        duration_seconds(str(delay))
    except ValueError as error:
        raise invalid(
            f"the trigger '{trigger.name}' is not valid: inputs.delay: {error}.", "inputs", "delay"
        ) from error


TRIGGER_CHECKS: Mapping[str, Callable[[Trigger], None]] = {
    "http": _check_http,
    "httpwebhook": _check_webhook,
    "request": _check_relative_path,
    "slidingwindow": _check_delay,
}
"""What raises DefinitionError for a trigger that cannot work, by its type in lower case."""
