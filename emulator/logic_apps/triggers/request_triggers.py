"""Request triggers: their method, their relative path with its parameters, and the schema of their bodies."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import jsonschema
from referencing import Registry
from referencing.exceptions import Unresolvable

from emulator.logic_apps.definitions.components import Trigger

_PARAMETER = re.compile(r"\{([^{}/]+)\}")


def method(trigger: Trigger) -> str:
    """Return the method that a trigger takes."""
    return str(trigger.inputs.get("method", "POST")).upper()


def relative_path(trigger: Trigger) -> str:
    """Return the relative path as written, with one leading slash; empty where there is none."""
    path = str(trigger.inputs.get("relativePath") or "").strip("/")
    return f"/{path}" if path else ""


def path_parameters(trigger: Trigger) -> list[str]:
    """Return the names of the parameters in the relative path."""
    return _PARAMETER.findall(relative_path(trigger))


def path_values(trigger: Trigger, path: str) -> dict[str, str] | None:
    """Return the parameters that a request's path (percent-encoded, after ``invoke``) gives; None where it fits not."""
    template = relative_path(trigger)
    pattern = "".join(
        "([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(_PARAMETER.split(template))
    )
    match = re.fullmatch(pattern, "/" + path.strip("/") if path.strip("/") else "")
    if match is None:
        return None
    return dict(zip(path_parameters(trigger), (unquote(value) for value in match.groups()), strict=True))


def path_fault(path: Any) -> str | None:
    """Return what is wrong with a relative path of a definition, None where nothing is."""
    names = _PARAMETER.findall(str(path))
    left = _PARAMETER.sub("", str(path))
    if "{" in left or "}" in left or "?" in left:
        return "it is a path with parameters such as customers/{id}, each between two slashes"
    twice = {name for name in names if names.count(name) > 1}
    return f"it has the parameter '{min(twice)}' twice" if twice else None


def schema_fault(trigger: Trigger, body: Any) -> str | None:
    """Return in what a request's body does not fit the trigger's schema, where the trigger asks for that check."""
    schema = trigger.inputs.get("schema")
    if "enableschemavalidation" not in trigger.options or not schema:
        return None
    try:
        fault = next(iter(jsonschema.Draft4Validator(schema, registry=Registry()).iter_errors(body)), None)
    except Unresolvable as error:
        return f"The schema of the trigger refers to {error.ref!r}, which it does not have."
    return None if fault is None else f"The request's body does not fit the schema at {fault.json_path}."
