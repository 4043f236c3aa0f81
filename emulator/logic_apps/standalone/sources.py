"""Where a definition comes from: a file of its own, Standard's workflow.json, a resource, an ARM template, a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workflows
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.standalone.template_values import TemplateValues, deferred

_WORKFLOWS = "microsoft.logic/workflows"
_DEPLOYMENTS = "microsoft.resources/deployments"


class SourceError(Exception):
    """No definition can be read; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Source:
    """A definition as it is written.

    Attributes:
        path: the file or folder.
        name: the workflow's name.
        definition: the definition.
        parameters: values of its parameters that stand beside it, by name.
        app_settings: settings of a Standard app that stand beside it.
        notes: what is known only at deployment, and stays as it is written.
    """

    path: Path
    name: str
    definition: Mapping[str, Any]
    parameters: Mapping[str, Json] = field(default_factory=dict[str, Json])
    app_settings: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()


def load(path: Path, workflow: str | None = None, template_parameters: Mapping[str, Json] | None = None) -> Source:
    """Return the definition at `path`; `workflow` names one where an ARM template has several.

    Raises:
        SourceError: there is none, or more than one and none is named.
    """
    if path.is_dir():
        return _of_folder(path)
    content = read_json(path)
    if not isinstance(content, dict):
        raise SourceError(f"{path}: a workflow is a JSON object")
    if "resources" in content:
        return _of_template(path, content, workflow, template_parameters or {})
    if path.name == "definition.json" and "$include" in json.dumps(content):
        return _of_folder(path.parent)
    if "definition" in content:
        return _of_app(path, content)
    properties = content.get("properties")
    if isinstance(properties, dict) and "definition" in properties:
        name = str(content.get("name", path.stem))
        return Source(path, name, _definition(path, properties), parameter_values(properties.get("parameters")))
    if "actions" in content or "triggers" in content:
        name = path.parent.name if path.stem in ("definition", "workflow") else path.stem
        return Source(path, name, {key: deferred(member) for key, member in content.items()})
    raise SourceError(
        f"{path}: no workflow definition (actions, triggers), no workflow.json (definition), no workflow resource "
        f"(properties.definition) and no ARM template (resources)"
    )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        SourceError: it cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8: {error}") from error
    except RecursionError as error:
        raise SourceError(f"{path}: not valid JSON: it nests too deep") from error
    except ValueError as error:
        raise SourceError(f"{path}: not valid JSON: {error}") from error
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def parameter_values(given: Any) -> dict[str, Json]:
    """Return values by name: of a plain object, or of one that wraps each value as deployments do."""
    if not isinstance(given, dict):
        return {}
    if "$schema" in given and isinstance(given.get("parameters"), dict):
        given = given["parameters"]
    return {str(name): _unwrapped(value) for name, value in given.items()}


def _unwrapped(value: Any) -> Json:
    if isinstance(value, dict) and "value" in value and set(value) <= {"value", "type", "metadata", "description"}:
        return value["value"]
    return value


def _definition(path: Path, holder: Mapping[str, Any]) -> Mapping[str, Any]:
    definition = holder["definition"]
    if not isinstance(definition, dict):
        raise SourceError(f"{path}: 'definition' has to be an object")
    return definition


def _of_folder(folder: Path) -> Source:
    if (folder / "definition.json").is_file():
        try:
            return Source(folder, folder.resolve().name, workflows.load(folder.name, folder.parent))
        except (workflows.WorkflowError, RecursionError) as error:
            raise SourceError(str(error) or f"{folder}: its files include one another") from error
    if (folder / "workflow.json").is_file():
        return load(folder / "workflow.json")
    raise SourceError(f"{folder}: the folder has neither definition.json nor workflow.json")


def _of_app(path: Path, content: Mapping[str, Any]) -> Source:
    """Return a Standard workflow, with the parameters and the local settings of the app that it stands in."""
    app = path.resolve().parent.parent
    parameters = read_json(app / "parameters.json") if (app / "parameters.json").is_file() else {}
    settings = read_json(app / "local.settings.json") if (app / "local.settings.json").is_file() else {}
    values = settings.get("Values", {}) if isinstance(settings, dict) else {}
    name = path.resolve().parent.name if path.name == "workflow.json" else path.stem
    return Source(
        path,
        name,
        _definition(path, content),
        parameter_values(parameters),
        {str(key): str(value) for key, value in values.items()},
    )


def _of_template(path: Path, template: Mapping[str, Any], workflow: str | None, given: Mapping[str, Json]) -> Source:
    found = list(_workflows(template, given))
    names = [name for name, _, _ in found]
    if not found:
        raise SourceError(f"{path}: the template has no resource of the type Microsoft.Logic/workflows")
    if workflow is None and len(found) > 1:
        raise SourceError(f"{path}: the template has several workflows; name one with --workflow: {', '.join(names)}")
    wanted = [each for each in found if workflow is None or each[0].lower() == workflow.lower()]
    if not wanted:
        raise SourceError(f"{path}: the template has no workflow '{workflow}'; there are: {', '.join(names)}")
    name, properties, values = wanted[0]
    definition = values.resolved(_definition(path, properties))
    parameters = values.resolved(properties.get("parameters") or {})
    assert isinstance(definition, dict)
    notes = tuple(f"{reason}; it stays as it is written: {text}" for text, reason in values.unknown.items())
    return Source(path, name, definition, parameter_values(parameters), notes=notes)


def _workflows(
    template: Mapping[str, Any], given: Mapping[str, Json]
) -> Iterator[tuple[str, Mapping[str, Any], TemplateValues]]:
    values = TemplateValues(template, given)
    resources = template.get("resources") or []
    for resource in resources.values() if isinstance(resources, dict) else resources:
        if not isinstance(resource, dict):
            continue
        kind = str(resource.get("type", "")).lower()
        properties = resource.get("properties")
        if not isinstance(properties, dict):
            continue
        if kind == _WORKFLOWS and "definition" in properties:
            name = TemplateValues(template, given).resolved(resource.get("name", "workflow"))
            yield str(name), properties, values
        if kind == _DEPLOYMENTS and isinstance(properties.get("template"), dict):
            inner = values.resolved(properties.get("parameters") or {})
            yield from _workflows(properties["template"], {**given, **parameter_values(inner)})
