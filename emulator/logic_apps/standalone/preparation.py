"""Makes a definition ready to run on its own: its parameters and settings, its triggers, what Azure would refuse."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.logic_apps.checker.definitions import check
from emulator.logic_apps.checker.parts import Surroundings
from emulator.logic_apps.checker.problems import Problem, Problems
from emulator.logic_apps.checker.rules import Severity
from emulator.logic_apps.definitions.catalogue import ALL
from emulator.logic_apps.definitions.components import Definition
from emulator.logic_apps.definitions.definition import read
from emulator.logic_apps.definitions.parameters import ParameterError, parameter_values
from emulator.logic_apps.expressions import ExpressionError, Json, compile_template
from emulator.logic_apps.standalone.mocks import Mocks
from emulator.logic_apps.standalone.sources import Source

_APP_SETTING = re.compile(r"appsetting\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)
_WHOLE_APP_SETTING = re.compile(rf"@{_APP_SETTING.pattern}|@\{{\s*{_APP_SETTING.pattern}\s*\}}", re.IGNORECASE)
_CONNECTION = re.compile(r"parameters\(\s*'\$connections'\s*\)\??\['([^']+)'\]", re.IGNORECASE)
_PARAMETER = re.compile(r"(?<![\w.])parameters\(\s*'((?:[^']|'')+)'\s*\)", re.IGNORECASE)
_FIRED_BY_HAND: Mapping[str, Any] = {"type": "Request", "kind": "Http"}
_NOT_EVALUATED = frozenset({"$schema", "description", "metadata", "schema"})
_NOT_EMULATED = "not-emulated"


class PreparationError(Exception):
    """A definition cannot be run; the message says why."""


@dataclass(frozen=True)
class Prepared:
    """A definition that can be run.

    Attributes:
        source: where it comes from.
        written: the definition as it was written.
        definition: the definition as it runs.
        parameters: values of its parameters.
        invalid: what is wrong with actions that fail when they are reached, by lower-case name.
        warnings: what Azure would refuse, and what was filled in.
    """

    source: Source
    written: Mapping[str, Any]
    definition: Definition
    parameters: Mapping[str, Json]
    invalid: Mapping[str, str]
    warnings: tuple[str, ...]


def placed(actions: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and body of every action of a definition as it is written, in whatever action it stands."""
    if not isinstance(actions, dict):
        return
    for name, action in actions.items():
        if not isinstance(action, dict):
            continue
        yield str(name), action
        yield from placed(action.get("actions"))
        cases = action.get("cases")
        for branch in (action.get("else"), action.get("default"), *(cases.values() if isinstance(cases, dict) else ())):
            if isinstance(branch, dict):
                yield from placed(branch.get("actions"))


def prepare(source: Source, mocks: Mocks, given: Mapping[str, Json], *, strict: bool) -> Prepared:
    """Return a definition ready to run; `given` are values of parameters.

    Raises:
        PreparationError: it cannot be run, or `strict`, and Azure would refuse it.
    """
    raw: dict[str, Any] = copy.deepcopy(dict(source.definition))
    values = {**source.parameters, **mocks.parameters, **given}
    settings = {**source.app_settings, **mocks.app_settings}
    raw, values = _with_app_settings(raw, settings), _with_app_settings(values, settings)
    warnings = [*source.notes, *_mend_parameters(raw, values)]
    if not raw.get("triggers"):
        raw["triggers"] = {"manual": dict(_FIRED_BY_HAND)}
    _, problems = check(raw, ALL, Surroundings(parameters=frozenset(name.lower() for name in values)))
    refusals = [each for each in problems if each.rule.severity is Severity.ERROR and each.rule.code != _NOT_EMULATED]
    if refusals and strict:
        raise PreparationError(f"{source.path}: Azure refuses this definition: {_told(refusals)}")
    warnings += [f"Azure refuses this definition when it is saved: {each.message}" for each in refusals]
    if refusals:
        raw = _with_failing_expressions(_with_known_predecessors(raw, source))
    definition = read(raw, ALL, Problems())
    try:
        parameters = parameter_values(definition, {name: {"value": value} for name, value in values.items()})
    except ParameterError as error:
        raise PreparationError(f"{source.path}: {error.message} Give it with --parameters or in the mocks.") from error
    mocks.check_names(action.name for action in definition.index.values())
    return Prepared(source, source.definition, definition, parameters, _invalid(definition, problems), tuple(warnings))


def readable(written: Mapping[str, Any]) -> Definition:
    """Return a definition as it is written, with whatever types of actions, unchecked."""
    return read(written, ALL, Problems())


def not_emulated(definition: Definition) -> list[str]:
    """Return what of a definition the emulator does not do, so that only answers can take its place."""
    _, problems = check(definition.raw, ALL)
    return [each.message for each in problems if each.rule.code == _NOT_EMULATED]


def _told(problems: list[Problem]) -> str:
    return "; ".join(each.message for each in problems)


def _invalid(definition: Definition, problems: Problems) -> dict[str, str]:
    """Return why actions cannot be done whose members have not the shape that their type asks for."""
    unsound = {action.path: action for action in definition.index.values() if not action.sound}
    found: dict[str, str] = {}
    for problem in problems:
        for path, action in unsound.items():
            if problem.path[: len(path)] == path and problem.rule.code != _NOT_EMULATED:
                found.setdefault(action.name.lower(), problem.message)
    broken = [name for name in found if definition.index[name].kind == "initializevariable"]
    if broken:
        raise PreparationError(found[broken[0]])
    return found


def _with_failing_expressions(value: Any) -> Any:
    """Return a part of a definition in which expressions that are not valid are such that fail with the reason."""
    if isinstance(value, dict):
        return {
            key: member if key in _NOT_EVALUATED else _with_failing_expressions(member) for key, member in value.items()
        }
    if isinstance(value, list):
        return [_with_failing_expressions(member) for member in value]
    if not isinstance(value, str) or "@" not in value:
        return value
    try:
        compile_template(value)
    except ExpressionError as error:
        return "@json('null')['" + error.message.replace("'", "''") + "']"
    return value


def undeclared_parameters(definition: Mapping[str, Any]) -> list[str]:
    """Return the parameters that expressions name and the definition does not declare, as Standard's app has them."""
    declared = {name.lower() for name in definition.get("parameters") or {}}
    found = dict.fromkeys(name.replace("''", "'") for name in _PARAMETER.findall(_expressions(definition)))
    return [name for name in found if name.lower() not in declared and not name.startswith("$")]


def app_settings_of(definition: Mapping[str, Any]) -> list[str]:
    """Return the app settings that expressions name."""
    found = dict.fromkeys(name.replace("''", "'") for name in _APP_SETTING.findall(_expressions(definition)))
    return list(found)


def _expressions(value: Any) -> str:
    """Return all strings with expressions in them, one a line; ``[...]`` of templates are none."""
    if isinstance(value, dict):
        return "\n".join(_expressions(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return "\n".join(_expressions(member) for member in value)
    return value if isinstance(value, str) and "@" in value else ""


def _with_app_settings(raw: dict[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """Return a definition, or values of parameters, with appsetting('NAME') replaced, as Standard does."""
    known = {name.lower(): value for name, value in settings.items()}

    def value_of(written: str) -> str:
        name = written.replace("''", "'")
        if name.lower() not in known:
            raise PreparationError(
                f"the app setting '{name}' has no value; give it in 'appSettings' of the mock file; it has: "
                f"{', '.join(settings) or 'none'}"
            )
        return known[name.lower()]

    def replaced(text: str) -> str:
        whole = _WHOLE_APP_SETTING.fullmatch(text)
        if whole is not None:
            return value_of(whole[1] or whole[2])
        return _APP_SETTING.sub(lambda match: "string('" + value_of(match[1]).replace("'", "''") + "')", text)

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(member) for key, member in value.items()}
        if isinstance(value, list):
            return [walk(member) for member in value]
        return replaced(value) if isinstance(value, str) and "@" in value else value

    return walk(raw)


def _mend_parameters(raw: dict[str, Any], values: dict[str, Json]) -> list[str]:
    """Declare what an app declares elsewhere; fill in connections, of which only the names matter here."""
    warnings: list[str] = []
    declared: dict[str, Any] = dict(raw.get("parameters") or {})
    known = {name.lower() for name in values}
    for name, parameter in list(declared.items()):
        if isinstance(parameter, dict) and "value" in parameter:
            declared[name] = {key: value for key, value in parameter.items() if key != "value"}
            if name.lower() not in known:
                values[name] = parameter["value"]
            warnings.append(f"the parameter '{name}' has its value in the definition: Consumption refuses that")
    connections = dict.fromkeys(_CONNECTION.findall(json.dumps(raw)))
    if "$connections" in declared or connections:
        declared.setdefault("$connections", {"type": "Object", "defaultValue": {}})
        if "$connections" not in known:
            values["$connections"] = {name: _connection(name) for name in connections}
    by_name = {name.lower(): name for name in values}
    for name in undeclared_parameters({**raw, "parameters": declared}):
        if name.lower() in by_name:
            declared[name] = {"type": _parameter_type(values[by_name[name.lower()]])}
    raw["parameters"] = declared
    used = {name.lower() for name in declared}
    for name in [name for name in values if name.lower() not in used]:
        del values[name]
        warnings.append(f"a value is given for the parameter '{name}', which the definition neither has nor uses")
    return warnings


def _connection(name: str) -> dict[str, str]:
    id = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/connections/{name}"
    return {"connectionId": id, "connectionName": name, "id": id}


def _parameter_type(value: Json) -> str:
    match value:
        case bool():
            return "Bool"
        case int():
            return "Int"
        case float():
            return "Float"
        case list():
            return "Array"
        case dict():
            return "Object"
        case _:
            return "String"


def _with_known_predecessors(raw: dict[str, Any], source: Source) -> dict[str, Any]:
    """Return the definition with no action that waits for one that is not there.

    Raises:
        PreparationError: actions wait for one another.
    """
    for siblings in _containers(raw.get("actions")):
        known = {name.lower(): name for name in siblings}
        for action in siblings.values():
            after = action.get("runAfter")
            action["runAfter"] = {
                known[other.lower()]: statuses
                for other, statuses in (after if isinstance(after, dict) else {}).items()
                if other.lower() in known
            }
        looped = _looped(siblings)
        if looped:
            raise PreparationError(f"{source.path}: actions run after one another in a circle: {', '.join(looped)}")
    return raw


def _containers(actions: Any) -> Iterator[dict[str, dict[str, Any]]]:
    if isinstance(actions, dict):
        yield {str(name): action for name, action in actions.items() if isinstance(action, dict)}
    for _, action in placed(actions):
        cases = action.get("cases")
        for holder in (
            action,
            action.get("else"),
            action.get("default"),
            *(cases.values() if isinstance(cases, dict) else ()),
        ):
            if isinstance(holder, dict) and isinstance(holder.get("actions"), dict):
                yield {str(name): each for name, each in holder["actions"].items() if isinstance(each, dict)}


def _looped(siblings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    left = {name: set(action.get("runAfter") or {}) for name, action in siblings.items()}
    while ready := [name for name, others in left.items() if not others]:
        for name in ready:
            del left[name]
        for others in left.values():
            others.difference_update(ready)
    return list(left)


def with_trigger(prepared: Prepared, name: str | None) -> str:
    """Return the name of the trigger to fire: the one that is named, or the only one.

    Raises:
        PreparationError: there is none of that name, or there are several and none is named.
    """
    triggers = prepared.definition.triggers
    if name is None:
        if len(triggers) == 1:
            return next(iter(triggers))
        raise PreparationError(f"the workflow has several triggers; name one with --trigger: {', '.join(triggers)}")
    found = prepared.definition.trigger(name)
    if found is None:
        raise PreparationError(f"the workflow has no trigger '{name}'; there are: {', '.join(triggers)}")
    return found.name
