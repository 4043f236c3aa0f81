"""Rules of the settings of actions, and of what only a type of action asks for."""

from __future__ import annotations

import json
from typing import Any

from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Action, DefinitionError, is_expression


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is wrong with the settings of each action."""
    for action in parts.definition.index.values():
        if not action.sound:
            continue
        _check_secured(action, problems)
        _check_timeout(action, problems)
        _check_static_result(action, parts, problems)
        _check_retries(action, problems)
        _check_tracked(action, problems)
        _check_sizes(action, problems)
        _check_of_any_type(action, problems)
        try:
            action.type.check(action)
        except DefinitionError as error:
            problems.add(error.rule, error.told, (*action.path, *error.path))


def _check_secured(action: Action, problems: Problems) -> None:
    if action.secured and not action.type.may_secure:
        problems.add(
            "secure-data",
            f"the action '{action.name}' of type '{action.type.name}' cannot have secureData.",
            (*action.path, "runtimeConfiguration", "secureData"),
        )


def _check_timeout(action: Action, problems: Problems) -> None:
    timeout, path = action.limit.get("timeout"), (*action.path, "limit", "timeout")
    if timeout is None:
        return
    if not action.type.may_time_out:
        problems.add(
            "timeout",
            f"the action '{action.name}' of type '{action.type.name}' cannot have a limit.timeout.",
            path,
        )
    elif not is_expression(timeout):
        try:
            duration_seconds(timeout)
        except ValueError as error:
            problems.add("timeout", f"the timeout of the action '{action.name}' is not valid: {error}.", path)


def _check_static_result(action: Action, parts: Parts, problems: Problems) -> None:
    static = (action.raw.get("runtimeConfiguration") or {}).get("staticResult") or {}
    if static and static["name"] not in (parts.definition.raw.get("staticResults") or {}):
        problems.add(
            "static-result",
            f"the action '{action.name}' has the static result '{static['name']}', which the definition does not have.",
            (*action.path, "runtimeConfiguration", "staticResult", "name"),
        )


def _check_retries(action: Action, problems: Problems) -> None:
    policy: Any = action.inputs.get("retryPolicy") if isinstance(action.inputs, dict) else None
    if not isinstance(policy, dict):
        return
    path: Path = (*action.path, "inputs", "retryPolicy")
    kind = policy.get("type")
    if isinstance(kind, str) and not is_expression(kind) and kind.lower() not in ("none", "fixed", "exponential"):
        problems.add(
            "retry-policy",
            f"the action '{action.name}' has the retry policy '{kind}'; allowed: none, fixed, exponential.",
            (*path, "type"),
        )
    least, most = limits.RETRY_LEAST_INTERVAL, limits.RETRY_MOST_INTERVAL
    for member in ("interval", "minimumInterval", "maximumInterval"):
        written = policy.get(member)
        if not isinstance(written, str) or is_expression(written):
            continue
        try:
            seconds = duration_seconds(written)
        except ValueError as error:
            problems.add("retry-policy", f"the {member} of the action '{action.name}': {error}.", (*path, member))
            continue
        if not duration_seconds(least) <= seconds <= duration_seconds(most):
            problems.add(
                "retry-policy",
                f"the {member} of the retry policy of the action '{action.name}' is {written}; allowed: {least} to "
                f"{most}.",
                (*path, member),
            )


def _check_tracked(action: Action, problems: Problems) -> None:
    tracked = action.raw.get("trackedProperties")
    if isinstance(tracked, dict) and len(json.dumps(tracked, ensure_ascii=False)) > limits.TRACKED_CHARACTERS:
        problems.add(
            "tracked-properties",
            f"the trackedProperties of the action '{action.name}' have more than {limits.TRACKED_CHARACTERS} "
            f"characters.",
            (*action.path, "trackedProperties"),
        )


def _check_of_any_type(action: Action, problems: Problems) -> None:
    """Check what the service reads of every action, whatever its type."""
    expression, items = action.raw.get("expression"), action.raw.get("foreach")
    if action.kind != "switch" and not (
        expression is None or isinstance(expression, dict) or is_expression(expression)
    ):
        problems.add(
            "condition",
            f"the property 'expression' of the action '{action.name}' is {expression!r}, which is not an expression.",
            (*action.path, "expression"),
        )
    if items is not None and not isinstance(items, list) and not is_expression(items):
        problems.add(
            "wrong-type",
            f"the property 'foreach' of the action '{action.name}' is {items!r}; allowed: an array or an expression.",
            (*action.path, "foreach"),
        )
    if action.raw.get("until") is not None:
        problems.add(
            "wrong-type",
            f"the property 'until' of the action '{action.name}' is of older versions of the language; write an "
            f"action of type 'Until'.",
            (*action.path, "until"),
        )


def _check_sizes(action: Action, problems: Problems) -> None:
    """Check what is written out and may have only so many elements or characters."""
    items, inputs = action.raw.get("foreach"), action.inputs
    if isinstance(items, list) and len(items) > limits.FOREACH_ITEMS:
        problems.add(
            "out-of-limit",
            f"the Foreach '{action.name}' has {len(items)} elements; the limit is {limits.FOREACH_ITEMS}.",
            (*action.path, "foreach"),
        )
    uri: Any = inputs.get("uri") if isinstance(inputs, dict) else None
    if isinstance(uri, str) and not is_expression(uri) and len(uri) > limits.URL_CHARACTERS:
        problems.add(
            "out-of-limit",
            f"the address of the action '{action.name}' has {len(uri)} characters; the limit is "
            f"{limits.URL_CHARACTERS}.",
            (*action.path, "inputs", "uri"),
        )
