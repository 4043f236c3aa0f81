"""Functions that read the run: parameters, variables, actions, the trigger, loops."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import function, text
from emulator.logic_apps.expressions.values import find_key


def _member(record: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(record, dict):
            return None
        found = find_key(record, name)
        record = record[found] if found is not None else None
    return record


def _members(records: Any, *path: str) -> Any:
    """Return a member of a record, or of each of the records of an action inside a Foreach seen from outside."""
    if isinstance(records, list):
        return [_members(record, *path) for record in records]
    return _member(records, *path)


@function("parameters", least=1, of_run=True)
def parameters(environment: Environment, name: Any) -> Any:
    """Return a workflow parameter."""
    return environment.parameter(text("parameters", name))


@function("variables", least=1, of_run=True)
def variables(environment: Environment, name: Any) -> Any:
    """Return a variable."""
    return environment.variable(text("variables", name))


@function("actions", least=1, of_run=True)
def actions(environment: Environment, name: Any) -> Any:
    """Return an action's record."""
    return environment.action(text("actions", name))


@function("outputs", "actionOutputs", least=1, of_run=True)
def outputs(environment: Environment, name: Any) -> Any:
    """Return an action's outputs."""
    return _members(environment.action(text("outputs", name)), "outputs")


@function("body", "actionBody", least=1, of_run=True)
def body(environment: Environment, name: Any) -> Any:
    """Return the body of an action's outputs."""
    return action_body(environment, "body", name)


def action_body(environment: Environment, function_name: str, name: Any) -> Any:
    """Return the body of an action's outputs for the function of that name."""
    return _members(environment.action(text(function_name, name, 1)), "outputs", "body")


@function("action", least=0, of_run=True)
def action(environment: Environment) -> Any:
    """Return the record of the action that the expression belongs to."""
    return environment.current_action()


@function("trigger", "triggers", least=0, of_run=True)
def trigger(environment: Environment) -> Any:
    """Return the trigger's record."""
    return environment.trigger()


@function("triggerOutputs", least=0, of_run=True)
def trigger_outputs(environment: Environment) -> Any:
    """Return the trigger's outputs."""
    return _member(environment.trigger(), "outputs")


@function("triggerBody", least=0, of_run=True)
def trigger_body(environment: Environment) -> Any:
    """Return the body of the trigger's outputs."""
    return _member(environment.trigger(), "outputs", "body")


@function("item", least=0, of_run=True)
def item(environment: Environment) -> Any:
    """Return the element at hand."""
    return environment.item()


@function("items", least=1, of_run=True)
def items(environment: Environment, loop: Any) -> Any:
    """Return the element that a loop is at."""
    return environment.items(text("items", loop))


@function("iterationIndexes", least=1, of_run=True)
def iteration_indexes(environment: Environment, loop: Any) -> int:
    """Return the number of the iteration that an Until is in."""
    return environment.iteration_index(text("iterationIndexes", loop))


@function("result", least=1, of_run=True)
def result(environment: Environment, scope: Any) -> list[Any]:
    """Return the records of a scope's actions."""
    return environment.result(text("result", scope))


@function("workflow", least=0, of_run=True)
def workflow(environment: Environment) -> Any:
    """Return the workflow and its run."""
    return environment.workflow()


@function("listCallbackUrl", least=0, of_run=True)
def list_callback_url(environment: Environment) -> str:
    """Return the address to call back."""
    return environment.callback_url()
