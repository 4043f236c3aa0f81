"""Rules of Response actions, which answer the request that started the run."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Action, is_expression


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is wrong with the Response actions and with triggers that go with none."""
    responses = [action for action in parts.definition.index.values() if action.kind == "response"]
    if not responses:
        return
    for trigger in parts.definition.triggers.values():
        if trigger.raw.get("recurrence") is not None:
            problems.add(
                "response-recurrence",
                f"the workflow with 'Response' action type should not have triggers with 'recurrence' property "
                f"defined: '{trigger.name}', '{responses[0].name}'.",
                (*trigger.path, "recurrence"),
                at_name=True,
            )
        if "splitOn" in trigger.raw and not all(_is_asynchronous(action) for action in responses):
            problems.add(
                "response-split",
                f"the trigger '{trigger.name}' has splitOn, so that no Response action can answer its request.",
                (*trigger.path, "splitOn"),
                at_name=True,
            )
        if trigger.runs is not None:
            _check_concurrency(trigger.name, responses, problems)
    _check_schemas(responses, problems)


def _check_concurrency(trigger: str, responses: list[Action], problems: Problems) -> None:
    for action in responses:
        if not _is_asynchronous(action):
            problems.add(
                "response-concurrency",
                f"the action '{action.name}' has to have the operationOptions Asynchronous, as the concurrency of the "
                f"trigger '{trigger}' is limited.",
                action.path,
                at_name=True,
            )


def _is_asynchronous(action: Action) -> bool:
    options = action.raw.get("operationOptions")
    return isinstance(options, str) and "asynchronous" in options.lower()


def _check_schemas(responses: list[Action], problems: Problems) -> None:
    first: dict[str, Any] = {}
    for action in responses:
        inputs: Any = action.inputs if isinstance(action.inputs, dict) else {}
        status, schema = inputs.get("statusCode"), inputs.get("schema")
        if schema is None or is_expression(status) or is_expression(schema):
            continue
        path: Path = (*action.path, "inputs", "schema")
        if first.setdefault(str(status), schema) != schema:
            problems.add(
                "response-schema",
                f"the schema definition for action with status code '{status}' is not valid. The schema definitions "
                f"for actions with same status code must match: '{action.name}' has another one.",
                path,
                at_name=True,
            )
