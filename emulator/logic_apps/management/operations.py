"""Which operation answers which path below a workflow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.management import actions, callbacks, request_histories, runs, triggers, versions, workflows
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.runs.runs import Workflow

T = TypeVar("T")
Answering: TypeAlias = Callable[[Management, Workflow, Operation], Awaitable[Answer]]

_ANSWERS: Final[Mapping[str, Answering]] = {
    "POST enable": workflows.enable,
    "POST disable": workflows.disable,
    "POST validate": workflows.validate,
    "POST listSwagger": workflows.swagger,
    "POST listCallbackUrl": callbacks.of_workflow,
    "POST regenerateAccessKey": callbacks.regenerate,
    "GET versions": versions.list_,
    "GET versions/*": versions.get,
    "POST versions/*/triggers/*/listCallbackUrl": versions.callback_url,
    "GET triggers": triggers.list_,
    "GET triggers/*": triggers.get,
    "POST triggers/*/run": triggers.run,
    "POST triggers/*/reset": triggers.reset,
    "POST triggers/*/listCallbackUrl": callbacks.of_trigger,
    "GET triggers/*/schemas/json": triggers.schema,
    "GET triggers/*/histories": triggers.histories,
    "GET triggers/*/histories/*": triggers.history,
    "POST triggers/*/histories/*/resubmit": triggers.resubmit,
    "GET runs": runs.list_,
    "GET runs/*": runs.get,
    "POST runs/*/cancel": runs.cancel,
    "GET runs/*/operations/*": runs.get_operation,
    "GET runs/*/actions": actions.list_,
    "GET runs/*/actions/*": actions.get,
    "POST runs/*/actions/*/listExpressionTraces": actions.traces,
    "GET runs/*/actions/*/requestHistories": request_histories.list_,
    "GET runs/*/actions/*/requestHistories/*": request_histories.get,
    "GET runs/*/actions/*/repetitions": actions.repetitions,
    "GET runs/*/actions/*/repetitions/*": actions.repetition,
    "POST runs/*/actions/*/repetitions/*/listExpressionTraces": actions.repetition_traces,
    "GET runs/*/actions/*/repetitions/*/requestHistories": request_histories.list_,
    "GET runs/*/actions/*/repetitions/*/requestHistories/*": request_histories.get,
    "GET runs/*/actions/*/scopeRepetitions": actions.scope_repetitions,
    "GET runs/*/actions/*/scopeRepetitions/*": actions.scope_repetition,
}
"""By method and path; names are ``*``, words ignore case."""
_REFUSED: Final[Mapping[str, str]] = {
    "POST generateUpgradedDefinition": "definitions of older schemas are refused when they are put",
    "POST move": "delete the workflow and deploy it where it is to be",
    "POST triggers/*/setState": "triggers here keep no state of what they have seen that could be taken over",
}
"""What Azure has and the emulator has not, and why or what to do."""


def answering(operation: Operation) -> Answering:
    """Return what answers an operation.

    Raises:
        ArmError: 404 NotImplemented; names the operation.
    """
    found = _BY_SHAPE.get(_shape(operation.method, operation.path))
    if found is not None:
        return found
    why = _REFUSED_BY_SHAPE.get(_shape(operation.method, operation.path))
    raise ArmError(
        404,
        "NotImplemented",
        f"The emulator does not implement {operation.method} .../{'/'.join(operation.path)} below a workflow"
        f"{f': {why}' if why else ''}.",
    )


def _shape(method: str, path: tuple[str, ...]) -> str:
    words = [part.lower() if index % 2 == 0 else "*" for index, part in enumerate(path)]
    if len(path) == 4 and words[2] == "schemas":
        words[3] = path[3].lower()
    return f"{method} {'/'.join(words)}"


def _by_shape(known: Mapping[str, T]) -> dict[str, T]:
    shaped: dict[str, T] = {}
    for text, value in known.items():
        method, path = text.split(" ")
        shaped[_shape(method, tuple(path.split("/")))] = value
    return shaped


_BY_SHAPE: Final = _by_shape(_ANSWERS)
_REFUSED_BY_SHAPE: Final = _by_shape(_REFUSED)
