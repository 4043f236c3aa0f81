"""Finds the workflows in a file: a definition, a workflow resource, a Standard workflow, an ARM template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Final

from emulator.logic_apps.checker.documents.includes import Assembly
from emulator.logic_apps.checker.documents.json_reader import Node
from emulator.logic_apps.checker.documents.source import DocumentError
from emulator.logic_apps.checker.expressions import STANDARD_FUNCTIONS
from emulator.logic_apps.checker.parts import CONSUMPTION, Surroundings
from emulator.logic_apps.checker.problems import Path
from emulator.logic_apps.definitions import azure_types
from emulator.logic_apps.definitions.catalogue import ALL, CONSUMPTION_TYPES, Catalogue
from emulator.logic_apps.definitions.components import Deferred

_WORKFLOW: Final = "microsoft.logic/workflows"
_DEPLOYMENT: Final = "microsoft.resources/deployments"
_UNKNOWN_PLAN: Final = Surroundings(functions=STANDARD_FUNCTIONS)
_STANDARD_SIGNS: Final = re.compile(
    r"\bappsetting\(|\"type\"\s*:\s*\"(?:"
    + "|".join(type.name for type in azure_types.ACTIONS.values() if type.standard_only)
    + r")\"",
    re.IGNORECASE,
)
"""What only Standard has: a definition with it may read parameters that the app declares."""
FORMS: Final = (
    "a definition, a workflow resource with properties.definition, a Standard workflow.json with definition and kind, "
    "an ARM template with Microsoft.Logic/workflows"
)
"""What a file may be, for messages."""


@dataclass(frozen=True)
class Workflow:
    """A workflow in a file.

    Attributes:
        definition: the definition.
        path: leads to the definition from the file's root.
        catalogue: the types that it may use.
        surroundings: what is known besides the definition.
        template: it stands in an ARM template, so that strings in brackets are known at deployment.
        resource: the resource around it with its path, None where there is none.
    """

    definition: Node
    path: Path
    catalogue: Catalogue
    surroundings: Surroundings
    template: bool = False
    resource: tuple[Node, Path] | None = None


@dataclass(frozen=True)
class Deployed:
    """A workflow whose definition is known only at deployment."""

    path: Path


def is_template(root: Node) -> bool:
    """Tell whether a file is an ARM template."""
    resources = root.get("resources")
    return resources is not None and (resources.items is not None or resources.members is not None)


def workflows_in(root: Node, file: FilePath) -> Iterator[Workflow | Deployed]:
    """Yield the workflows in a file; none where the file is something else."""
    properties, definition = root.get("properties"), root.get("definition")
    if is_template(root):
        yield from _in_template(root, ())
    elif properties is not None and (inner := properties.get("definition")) is not None:
        yield from _resource(root, inner, (), template=False)
    elif definition is not None and definition.members is not None and _is_definition(definition):
        surroundings = Surroundings(_app_parameters(file), STANDARD_FUNCTIONS, one_trigger=True)
        yield Workflow(definition, ("definition",), ALL, surroundings)
    elif _is_definition(root):
        standard = _STANDARD_SIGNS.search(root.source.text) is not None
        surroundings = replace(_UNKNOWN_PLAN, parameters=None) if standard else _UNKNOWN_PLAN
        yield Workflow(root, (), ALL, surroundings)


def value_of(node: Node, *, template: bool) -> Any:
    """Return the plain JSON value; in a `template`, strings in brackets are deferred and escapes resolved."""
    if node.members is not None:
        return {name: value_of(member.node, template=template) for name, member in node.members.items()}
    if node.items is not None:
        return [value_of(item, template=template) for item in node.items]
    if template and isinstance(node.value, str) and node.value.startswith("["):
        if node.value.startswith("[["):
            return node.value[1:]
        return Deferred(node.value) if node.value.endswith("]") else node.value
    return node.value


def _is_definition(node: Node) -> bool:
    schema = node.text("$schema").lower()
    if "workflowdefinition.json" in schema:
        return True
    containers = [node.get("triggers"), node.get("actions")]
    known = [each for each in containers if each is not None and each.members is not None]
    return len(known) == len(containers) or (bool(known) and (node.get("contentVersion") is not None or bool(schema)))


def _in_template(template: Node, path: Path) -> Iterator[Workflow | Deployed]:
    resources = template.get("resources")
    if resources is None:
        return
    here = (*path, _name_of(template, "resources"))
    listed: list[tuple[str | int, Node]] = (
        [*enumerate(resources.items)]
        if resources.items is not None
        else [(name, member.node) for name, member in (resources.members or {}).items()]
    )
    for step, resource in listed:
        yield from _in_resource(resource, (*here, step))


def _in_resource(resource: Node, path: Path) -> Iterator[Workflow | Deployed]:
    kind, properties = resource.text("type").lower(), resource.get("properties")
    if kind == _WORKFLOW and properties is not None and (definition := properties.get("definition")) is not None:
        yield from _resource(resource, definition, path, template=True)
    if kind == _DEPLOYMENT and properties is not None and (inner := properties.get("template")) is not None:
        yield from _in_template(inner, (*path, _name_of(resource, "properties"), _name_of(properties, "template")))
    yield from _in_template(resource, path)


def _resource(resource: Node, definition: Node, path: Path, *, template: bool) -> Iterator[Workflow | Deployed]:
    properties = resource.get("properties")
    if properties is None:
        return
    inner = (*path, _name_of(resource, "properties"), _name_of(properties, "definition"))
    if definition.members is None and template:
        yield Deployed(inner)
        return
    flow = properties.get("connectionReferences") is not None
    catalogue, surroundings = (ALL, _UNKNOWN_PLAN) if flow else (CONSUMPTION_TYPES, CONSUMPTION)
    yield Workflow(definition, inner, catalogue, surroundings, template, (resource, path))


def _name_of(node: Node, name: str) -> str:
    """Return the name as it is written."""
    return next(each for each in (node.members or {}) if each.lower() == name.lower())


def _app_parameters(file: FilePath) -> frozenset[str] | None:
    """Return the names in the parameters.json of the Standard app around a workflow, None where none is known."""
    app = file.resolve().parent.parent
    try:
        return frozenset(Assembly().read(app / "parameters.json").members or {})
    except FileNotFoundError:
        return frozenset() if (app / "host.json").is_file() else None
    except (OSError, DocumentError):
        return None
