"""Reads a workflow definition (schema 2016-06-01) into its components."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.actions import ACTION_TYPES
from emulator.logic_apps.components import LOOPS, Action, ActionType, Definition, Trigger, invalid
from emulator.logic_apps.shapes import (
    DEFINITION,
    TRIGGER_OPTIONS,
    TRIGGER_SCHEMAS,
    TRIGGER_TYPES,
    check_shape,
)

STATUSES = ("Succeeded", "Failed", "Skipped", "TimedOut")
"""What an action may run after."""
SCHEMAS = ("2016-04-01-preview", "2016-06-01")
"""Versions of the language that have Request triggers and scopes; older ones have other rules."""

_NAME = re.compile(r"[^<>%&\\?/]+")
_CONNECTORS = frozenset({"apiconnection", "apiconnectionwebhook", "apiconnectionnotification", "openapiconnection"})


def read(raw: Any) -> Definition:
    """Return the definition as a tree. What one part says of another is checked apart, by checks.check.

    Raises:
        ArmError: 400 InvalidTemplate; the message names the part and what is allowed.
    """
    check_shape("the definition", raw, DEFINITION)
    version = re.search(r"/schemas/([^/]+)/workflowdefinition\.json#?$", raw["$schema"])
    if version is None or version[1].lower() not in SCHEMAS:
        raise invalid(f"the schema '{raw['$schema']}' is not supported; supported versions are {', '.join(SCHEMAS)}.")
    triggers = {name: _trigger(name, body) for name, body in raw.get("triggers", {}).items()}
    index: dict[str, Action] = {name.lower(): _NO_ACTION for name in triggers}
    actions = _container(raw.get("actions", {}), (), None, 1, index)
    return Definition(
        raw,
        triggers,
        actions,
        {name: action for name, action in index.items() if action is not _NO_ACTION},
        raw.get("parameters") or {},
    )


def _trigger(name: str, body: Any) -> Trigger:
    where = f"the trigger '{name}'"
    _check_name("trigger", name)
    kind = _kind(where, body)
    if kind.lower() not in TRIGGER_TYPES:
        raise _not_emulated(where, kind, TRIGGER_TYPES.values())
    check_shape(where, body, TRIGGER_SCHEMAS[kind.lower()])
    concurrency = (body.get("runtimeConfiguration") or {}).get("concurrency") or {}
    runs = concurrency.get("runs")
    return Trigger(
        name,
        TRIGGER_TYPES[kind.lower()],
        body,
        _secured(body),
        _options(where, body, TRIGGER_OPTIONS[kind.lower()]),
        runs,
        concurrency.get("maximumWaitingRuns", limits.WAITING_RUNS + (runs or 0)),
    )


def _kind(where: str, body: Any) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise invalid(f"{where} needs a 'type'.")
    return body["type"]


def _not_emulated(where: str, kind: str, known: Any) -> Exception:
    what = "a managed connector, which is not emulated" if kind.lower() in _CONNECTORS else "which is not emulated"
    return invalid(f"{where} has the type '{kind}', {what}; the emulator has: {', '.join(sorted(known))}.")


def _secured(body: Mapping[str, Any]) -> frozenset[str]:
    secure = (body.get("runtimeConfiguration") or {}).get("secureData") or {}
    return frozenset(secure.get("properties") or [])


def _options(where: str, body: Mapping[str, Any], known: tuple[str, ...]) -> frozenset[str]:
    given = [option.strip() for option in (body.get("operationOptions") or "").split(",") if option.strip()]
    for option in given:
        if option.lower() not in {each.lower() for each in known}:
            raise invalid(
                f"{where} has the operationOptions '{option}'; the emulator has for this type: "
                f"{', '.join(known) or 'none'}."
            )
    return frozenset(option.lower() for option in given)


def _check_name(what: str, name: str) -> None:
    if not 1 <= len(name) <= limits.NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise invalid(
            f"the {what} name '{name}' is not valid: 1 to {limits.NAME_CHARACTERS} characters without <>%&\\?/."
        )


def _container(
    members: Mapping[str, Any], loops: tuple[str, ...], parent: str | None, depth: int, index: dict[str, Action]
) -> dict[str, Action]:
    if members and depth > limits.NESTING + 1:
        raise invalid(
            f"the actions in '{parent}' are nested at level '{depth - 1}', which exceeds the maximum nesting limit of "
            f"'{limits.NESTING}'."
        )
    return {name: _action(name, body, loops, parent, depth, index) for name, body in members.items()}


def _action(
    name: str, body: Any, loops: tuple[str, ...], parent: str | None, depth: int, index: dict[str, Action]
) -> Action:
    where = f"the action '{name}'"
    _check_name("action", name)
    kind = _kind(where, body)
    type = ACTION_TYPES.get(kind.lower())
    if type is None:
        raise _not_emulated(where, kind, (each.name for each in ACTION_TYPES.values()))
    check_shape(where, body, type.schema)
    if name.lower() in index:
        raise invalid(f"the name '{name}' occurs twice; names are unique among all triggers and actions.")
    index[name.lower()] = _NO_ACTION
    run_after = {
        other: tuple(_status(status) for status in statuses) for other, statuses in (body.get("runAfter") or {}).items()
    }
    inner_loops = (*loops, name) if type.kind in LOOPS else loops
    branches = {
        branch: _container(members, inner_loops, name, depth + 1, index) for branch, members in _branches(type, body)
    }
    action = Action(
        name, type, body, run_after, branches, loops, parent, _secured(body), _options(where, body, type.options)
    )
    index[name.lower()] = action
    return action


def _status(text: str) -> str:
    return next((status for status in STATUSES if status.lower() == text.lower()), text)


def _branches(type: ActionType, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for branch in type.branches:
        if branch == "actions":
            yield branch, body.get("actions") or {}
        elif branch == "cases":
            for case, content in (body.get("cases") or {}).items():
                yield case, content.get("actions") or {}
        else:
            yield branch, (body.get(branch) or {}).get("actions") or {}


_NO_ACTION = Action("", ActionType("", {}), {}, {}, {}, (), None)
"""Holds a name that is taken by a trigger, or by an action that is being read."""
