"""The mock file to begin with: everything that a definition asks for, with answers that fit what is known of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.logic_apps.expressions import Json
from emulator.logic_apps.standalone.needs import needs
from emulator.logic_apps.standalone.preparation import app_settings_of, placed, undeclared_parameters
from emulator.logic_apps.standalone.schema_samples import sample
from emulator.logic_apps.standalone.sources import Source
from emulator.logic_apps.standalone.template_values import is_template_expression

_READS_BODY = re.compile(r"@\{?\s*body\('((?:[^']|'')+)'\)\s*\}?", re.IGNORECASE)
_READS_ARRAY = re.compile(
    r"@\{?\s*(?:body\('(?P<body>(?:[^']|'')+)'\)|outputs\('(?P<outputs>(?:[^']|'')+)'\)\??\['body'\]|"
    r"(?P<trigger>triggerBody\(\)|triggerOutputs\(\)\??\['body'\]))(?P<path>(?:\??\['[^']+'\])*)\s*\}?",
    re.IGNORECASE,
)
_STEP = re.compile(r"\['([^']+)'\]")
_BY_TYPE: Mapping[str, Json] = {"int": 1, "float": 1.5, "bool": True, "array": [], "object": {}, "secureobject": {}}


def skeleton(source: Source) -> dict[str, Any]:
    """Return a mock file for a definition: an answer for each action that asks for one, the trigger, the parameters."""
    definition = source.definition
    bodies = _bodies(definition)
    found: dict[str, Any] = {}
    actions = {need.name: _answer(bodies.get(need.name.lower())) for need in needs(definition)}
    if actions:
        found["actions"] = actions
    trigger = _trigger(definition, bodies.get(""))
    if trigger:
        found["trigger"] = trigger
    parameters = _parameters(source)
    if parameters:
        found["parameters"] = parameters
    settings = {name: _text(name) for name in app_settings_of(definition) if name not in source.app_settings}
    if settings:
        found["appSettings"] = settings
    return found


def _answer(body: Json) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": {} if body is None else body,
    }


def _bodies(definition: Mapping[str, Any]) -> dict[str, Json]:
    """Return samples of bodies by the lower-case name of the action that gives them, "" for the trigger.

    A ParseJson that reads a body has its schema; a loop over a part of it says that the part is an array.
    """
    bodies: dict[str, Json] = {}
    for _, action in placed(definition.get("actions")):
        inputs = action.get("inputs")
        if str(action.get("type", "")).lower() != "parsejson" or not isinstance(inputs, Mapping):
            continue
        content = str(inputs.get("content"))
        match = _READS_BODY.fullmatch(content)
        if match:
            bodies.setdefault(match[1].replace("''", "'").lower(), sample(inputs.get("schema")))
        elif re.fullmatch(r"@\{?\s*triggerBody\(\)\s*\}?", content, re.IGNORECASE):
            bodies.setdefault("", sample(inputs.get("schema")))
    for _, action in placed(definition.get("actions")):
        inputs = action.get("inputs")
        looped = action.get("foreach") or (inputs.get("from") if isinstance(inputs, Mapping) else None)
        match = _READS_ARRAY.fullmatch(looped) if isinstance(looped, str) else None
        if match:
            name = "" if match["trigger"] else (match["body"] or match["outputs"]).replace("''", "'").lower()
            bodies[name] = _with_array(bodies.get(name), _STEP.findall(match["path"]))
    return bodies


def _with_array(body: Json, path: list[str]) -> Json:
    """Return a body that has an array at `path`, with one element; one that is there stays."""
    if not path:
        return body if isinstance(body, list) else [{}]
    whole: dict[str, Any] = dict(body) if isinstance(body, dict) else {}
    whole[path[0]] = _with_array(whole.get(path[0]), path[1:])
    return whole


def _trigger(definition: Mapping[str, Any], body: Json) -> dict[str, Any]:
    triggers: Mapping[str, Any] = definition.get("triggers") or {}
    if not triggers:
        return {}
    name, trigger = next(iter(triggers.items()))
    found: dict[str, Any] = {"name": name} if len(triggers) > 1 else {}
    kind = str(trigger.get("type", "")).lower()
    if kind in ("recurrence", "slidingwindow"):
        return found
    inputs = trigger.get("inputs")
    schema = inputs.get("schema") if isinstance(inputs, Mapping) else None
    given = sample(schema) if schema else body
    found["body"] = given if given is not None else {}
    split = str(trigger.get("splitOn", ""))
    match = _READS_ARRAY.fullmatch(split)
    if match and match["trigger"]:
        found["body"] = _with_array(found["body"], _STEP.findall(match["path"]))
    return found


def _parameters(source: Source) -> dict[str, Json]:
    definition = source.definition
    declared: Mapping[str, Any] = definition.get("parameters") or {}
    written = json.dumps(dict(definition), ensure_ascii=False)
    found: dict[str, Json] = {}
    for name, parameter in declared.items():
        if name == "$connections" or name in source.parameters or not isinstance(parameter, Mapping):
            continue
        default = parameter.get("defaultValue", parameter.get("value"))
        if default is None or (isinstance(default, str) and is_template_expression(default)):
            kind = str(parameter.get("type", "")).lower()
            allowed = parameter.get("allowedValues")
            found[name] = allowed[0] if allowed else _BY_TYPE.get(kind, _text(name))
            if found[name] == {}:
                found[name] = {member: _text(member) for member in _members(name, written)}
    for name in undeclared_parameters(definition):
        if name not in source.parameters:
            found[name] = _text(name)
    return found


def _members(parameter: str, written: str) -> list[str]:
    """Return the members of an object parameter that expressions name."""
    pattern = rf"parameters\('{re.escape(parameter)}'\)\??\['([^']+)'\]"
    return list(dict.fromkeys(re.findall(pattern, written)))


def _text(name: str) -> str:
    """Return a text for a setting: an address where its name says so."""
    return "https://example.com" if re.search(r"ur[il]|endpoint|address|host", name, re.IGNORECASE) else "text"
