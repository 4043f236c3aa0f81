"""Reads a workflow definition (schema 2016-06-01) into its components, and tells what of it has not the right shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.logic_apps import limits
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions import azure_types
from emulator.logic_apps.definitions.catalogue import Catalogue, TriggerType, placeholder
from emulator.logic_apps.definitions.components import LOOPS, Action, ActionType, Definition, Trigger
from emulator.logic_apps.definitions.shapes import DEFINITION, Schema, shape_faults, trigger_schema

STATUSES = ("Succeeded", "Failed", "Skipped", "TimedOut")
"""What an action may run after."""
SCHEMAS = ("2016-04-01-preview", "2016-06-01")
"""Versions of the language that have Request triggers and scopes; older ones have other rules."""
DEEPEST: Final = 200
"""JSON values in one another. Ours: within Python's stack, and far more than actions at the deepest nesting need."""

_NAME = re.compile(r"[^<>%&\\?/]+")
_BRANCHES = ("actions", "else", "cases", "default", "tools")
_MAPS = ("cases", "tools")
"""Members that have one container of actions for each of their own members."""


def read(raw: Any, catalogue: Catalogue, problems: Problems) -> Definition:
    """Return the definition as a tree, and tell what is wrong with each part on its own.

    What one part says of another is checked apart, by `checker.definitions`. What cannot be read is left out.
    """
    if _nests_too_deep(raw):
        problems.add("too-deep", f"the definition nests deeper than {DEEPEST} objects and arrays.", ())
        return Definition({}, {}, {}, {}, {})
    raw = _without_nulls(raw)
    sound = _check(problems, "the definition", raw, DEFINITION, ())
    body: dict[str, Any] = raw if isinstance(raw, dict) else {}
    if sound:
        _check_version(body["$schema"], problems)
    reader = _Reader(catalogue, problems)
    triggers = {name: reader.trigger(name, each) for name, each in _members(body, "triggers").items()}
    actions = reader.container(_members(body, "actions"), ("actions",), (), None, 1)
    parameters = {
        name: each
        for name, each in _members(body, "parameters").items()
        if isinstance(each, dict) and isinstance(each.get("type"), str)
    }
    return Definition(body, triggers, actions, reader.index, parameters)


def _without_nulls(value: Any) -> Any:
    """Return an object less its members that are null: the service reads null as if the member were not there.

    It does not do so with the version of the language.
    """
    if not isinstance(value, dict):
        return value
    return {name: member for name, member in value.items() if member is not None or name == "$schema"}


def _members(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _nests_too_deep(raw: Any) -> bool:
    level = [raw]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def _check(problems: Problems, where: str, value: Any, schema: Schema, path: Path) -> bool:
    sound = True
    for fault in shape_faults(value, schema):
        problems.add(fault.rule, f"{where} is not valid: {fault.message}.", (*path, *fault.path))
        sound = sound and fault.rule == "not-emulated"
    return sound


def _check_version(schema: str, problems: Problems) -> None:
    version = re.search(r"/schemas/([^/]+)/workflowdefinition\.json#?$", schema, re.IGNORECASE)
    if version is None or version[1].lower() not in SCHEMAS:
        problems.add(
            "schema-version",
            f"the schema '{schema}' is not supported; supported versions are {', '.join(SCHEMAS)}.",
            ("$schema",),
        )


class _Reader:
    """Reads triggers and actions; `index` has every action by lower-case name."""

    def __init__(self, catalogue: Catalogue, problems: Problems) -> None:
        self._catalogue = catalogue
        self._problems = problems
        self._names: set[str] = set()
        self.index: dict[str, Action] = {}

    def trigger(self, name: str, body: Any) -> Trigger:
        """Return a trigger."""
        where, path = f"the trigger '{name}'", ("triggers", name)
        body = _without_nulls(body)
        self._name("trigger", name, path)
        kind = self._kind(where, body, path)
        type = self._catalogue.triggers.get(kind.lower())
        if type is None:
            self._not_there(where, kind, path, azure_types.TRIGGERS, self._catalogue.triggers)
            type = TriggerType(kind, trigger_schema(), ())
        sound = _check(self._problems, where, body, type.schema, path)
        raw: dict[str, Any] = body if isinstance(body, dict) else {}
        self._check_variant(where, raw, path)
        concurrency = _concurrency(raw) if sound else {}
        runs = concurrency.get("runs")
        return Trigger(
            name,
            type.name,
            raw,
            _secured(raw) if sound else frozenset(),
            self._options(where, raw, type.options, path) if sound else frozenset(),
            runs,
            concurrency.get("maximumWaitingRuns", limits.WAITING_RUNS + (runs if isinstance(runs, int) else 0)),
            path,
            sound,
        )

    def container(
        self, members: Mapping[str, Any], path: Path, loops: tuple[str, ...], parent: str | None, depth: int
    ) -> dict[str, Action]:
        """Return the actions of a container; `depth` counts from 1, the top level."""
        if members and depth == limits.NESTING + 2:
            self._problems.add(
                "nesting-limit",
                f"the actions in '{parent}' are nested at level '{depth - 1}', which exceeds the maximum nesting limit "
                f"of '{limits.NESTING}'.",
                path,
            )
        siblings = {name.lower(): name for name in members}
        return {
            name: self._action(name, body, siblings, (*path, name), loops, parent, depth)
            for name, body in members.items()
        }

    def _action(
        self,
        name: str,
        body: Any,
        siblings: Mapping[str, str],
        path: Path,
        loops: tuple[str, ...],
        parent: str | None,
        depth: int,
    ) -> Action:
        where = f"the action '{name}'"
        body = _without_nulls(body)
        self._name("action", name, path)
        kind = self._kind(where, body, path)
        raw: dict[str, Any] = body if isinstance(body, dict) else {}
        self._check_variant(where, raw, path)
        type = self._catalogue.actions.get(kind.lower())
        if type is None:
            self._not_there(where, kind, path, azure_types.ACTIONS, self._catalogue.actions)
            sound, type = False, placeholder(kind, tuple(branch for branch in _BRANCHES if branch in raw))
        else:
            sound = _check(self._problems, where, body, type.schema, path)
        inner_loops = (*loops, name) if type.kind in LOOPS else loops
        branches = {
            branch: self.container(members, (*path, *inner), inner_loops, name, depth + 1)
            for branch, inner, members in _branches(type, raw)
        }
        action = Action(
            name,
            type,
            raw,
            _run_after(raw, siblings),
            branches,
            loops,
            parent,
            _secured(raw) if sound else frozenset(),
            self._options(where, raw, type.options, path) if sound else frozenset(),
            path,
            sound,
        )
        self.index.setdefault(name.lower(), action)
        return action

    def _name(self, what: str, name: str, path: Path) -> None:
        if not 1 <= len(name) <= limits.NAME_CHARACTERS or not _NAME.fullmatch(name):
            self._problems.add(
                "operation-name",
                f"the {what} name '{name}' is not valid: 1 to {limits.NAME_CHARACTERS} characters without <>%&\\?/.",
                path,
                at_name=True,
            )
        if name.lower() in self._names:
            self._problems.add(
                "duplicate-name",
                f"the name '{name}' occurs twice; names are unique among all triggers and actions.",
                path,
                at_name=True,
            )
        self._names.add(name.lower())

    def _check_variant(self, where: str, body: Mapping[str, Any], path: Path) -> None:
        variant = body.get("kind")
        if isinstance(variant, str) and variant and variant.lower() not in azure_types.KINDS:
            self._problems.add(
                "operation-kind",
                f"{where} has the kind '{variant}', which does not exist; there are: "
                f"{', '.join(sorted(azure_types.KINDS))}.",
                (*path, "kind"),
            )

    def _kind(self, where: str, body: Any, path: Path) -> str:
        """Return the type as written, empty where there is none."""
        if isinstance(body, dict) and isinstance(body.get("type"), str) and body["type"]:
            return body["type"]
        self._problems.add("missing-type", f"{where} needs a 'type'.", path)
        return ""

    def _not_there(
        self, where: str, kind: str, path: Path, azure: Mapping[str, azure_types.AzureType], known: Mapping[str, Any]
    ) -> None:
        if not kind:
            return
        names = ", ".join(sorted(each.name for each in known.values()))
        missing, here = azure.get(kind.lower()), (*path, "type")
        if missing is None:
            self._problems.add(
                "unknown-type", f"{where} has the type '{kind}', which does not exist; there are: {names}.", here
            )
        elif self._catalogue.absent == "standard-only":
            self._problems.add(
                "standard-only", f"{where} has the type '{kind}', which only Standard workflows have.", here
            )
        else:
            self._problems.add(
                "not-emulated",
                f"{where} has the type '{kind}', {missing.what}, which is not emulated; the emulator has: {names}.",
                here,
            )

    def _options(self, where: str, body: Mapping[str, Any], known: tuple[str, ...], path: Path) -> frozenset[str]:
        given = [option.strip() for option in (body.get("operationOptions") or "").split(",") if option.strip()]
        for option in given:
            if option.lower() not in {each.lower() for each in known}:
                self._problems.add(
                    "not-emulated" if option.lower() in azure_types.OPTIONS else "operation-options",
                    f"{where} has the operationOptions '{option}'; the emulator has for this type: "
                    f"{', '.join(known) or 'none'}.",
                    (*path, "operationOptions"),
                )
        return frozenset(option.lower() for option in given)


def _run_after(raw: Mapping[str, Any], siblings: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the statuses by the action's name as it is written where it stands: names ignore case."""
    return {
        siblings.get(other.lower(), other): tuple(_status(status) for status in statuses if isinstance(status, str))
        for other, statuses in _members(raw, "runAfter").items()
        if isinstance(statuses, list)
    }


def _status(text: str) -> str:
    return next((status for status in STATUSES if status.lower() == text.lower()), text)


def _concurrency(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return (body.get("runtimeConfiguration") or {}).get("concurrency") or {}


def _secured(body: Mapping[str, Any]) -> frozenset[str]:
    secure = (body.get("runtimeConfiguration") or {}).get("secureData") or {}
    return frozenset(secure.get("properties") or [])


def _branches(type: ActionType, body: Mapping[str, Any]) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    """Yield the name of each branch, its path within the action, and its actions."""
    for branch in type.branches:
        if branch == "actions":
            yield branch, (branch,), _members(body, branch)
        elif branch in _MAPS:
            for case, content in _members(body, branch).items():
                yield case, (branch, case, "actions"), _members(content, "actions") if isinstance(content, dict) else {}
        else:
            yield branch, (branch, "actions"), _members(_members(body, branch), "actions")
