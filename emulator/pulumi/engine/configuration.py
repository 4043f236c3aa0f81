"""The configuration of a stack: what Pulumi.yaml declares, what Pulumi.STACK.yaml sets, what the caller overrides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.pulumi.engine.errors import DeploymentError
from emulator.pulumi.wire import Value


def _is_integer(value: Value) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?\d+", value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Value) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool) or value in ("true", "false"),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
"""The types of a configuration schema (https://www.pulumi.com/docs/reference/pulumi-yaml/). `pulumi config set` writes
every value as text, so text that reads as the type is of the type."""


class _Loader(yaml.SafeLoader):
    """YAML as the CLI reads it: only true and false are booleans, dates and ``1:30`` are text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] not in ("bool", "int", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))


@dataclass(frozen=True)
class Declaration:
    """A key that Pulumi.yaml declares: its type, and its default where it has one."""

    type: str
    default: Value
    has_default: bool
    secret: bool
    items: Mapping[str, Any] | None


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml says.

    Attributes:
        folder: the folder of Pulumi.yaml.
        main: the folder of the program's ``__main__.py``.
        declared: the project's own keys, less its name.
        fixed: keys of other namespaces (``azure-native:location``) with the values Pulumi.yaml gives them.
        stack_folder: where the Pulumi.STACK.yaml files are.
    """

    name: str
    folder: Path
    main: Path
    declared: Mapping[str, Declaration]
    fixed: Mapping[str, Value]
    stack_folder: Path


@dataclass(frozen=True)
class StackConfiguration:
    """The settled configuration: full key (``project:key``) to text, as programs get it."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def of(self, namespace: str) -> dict[str, str]:
        """Return the settings of one namespace, such as those of the provider azure-native."""
        prefix = f"{namespace}:"
        return {key.removeprefix(prefix): value for key, value in self.values.items() if key.startswith(prefix)}


def load_project(folder: Path) -> Project:
    """Read Pulumi.yaml.

    Raises:
        DeploymentError: it is missing or not valid; the message names the member.
    """
    file = folder / "Pulumi.yaml"
    found = _read(file)
    runtime = found.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise DeploymentError(f"{file}: runtime is {language!r}; allowed: python")
    name = found.get("name")
    if not isinstance(name, str) or not name:
        raise DeploymentError(f"{file}: name is {name!r}; it must be the project's name")
    declared: dict[str, Declaration] = {}
    fixed: dict[str, Value] = {}
    for key, entry in (found.get("config") or {}).items():
        namespace, _, own = key.rpartition(":")
        if namespace not in ("", name):
            fixed[key] = entry["value"] if isinstance(entry, dict) and "value" in entry else entry
        else:
            declared[own] = _declaration(file, key, entry)
    folder = folder.resolve()
    return Project(
        name=name,
        folder=folder,
        main=(folder / found.get("main", ".")).resolve(),
        declared=declared,
        fixed=fixed,
        stack_folder=folder / found.get("stackConfigDir", "."),
    )


def load_configuration(project: Project, stack: str, overrides: Mapping[str, str]) -> StackConfiguration:
    """Settle the configuration of a stack.

    Overrides are text; where the key is declared as another type they are read as YAML, as ``pulumi config set`` takes
    them.

    Raises:
        DeploymentError: names every key that is missing, unknown or of another type than declared.
    """
    file = project.stack_folder / f"Pulumi.{stack}.yaml"
    stored = (_read(file).get("config") or {}) if file.exists() else {}
    values: dict[str, Value] = dict(project.fixed)
    values |= {f"{project.name}:{key}": each.default for key, each in project.declared.items() if each.has_default}
    values |= {_full(project, key): value for key, value in stored.items()}
    for key, text in overrides.items():
        full = _full(project, key)
        declaration = project.declared.get(full.removeprefix(f"{project.name}:"))
        values[full] = text if declaration is None or declaration.type == "string" else _parsed(text)
    problems = _problems(project, file, values)
    if problems:
        raise DeploymentError(f"the configuration of the stack {stack} is not valid: " + "; ".join(problems))
    secret_keys = {f"{project.name}:{key}" for key, each in project.declared.items() if each.secret}
    return StackConfiguration(
        {key: _text(value) for key, value in values.items() if value is not None}, frozenset(secret_keys)
    )


def _problems(project: Project, file: Path, values: Mapping[str, Value]) -> list[str]:
    problems: list[str] = []
    for key, value in sorted(values.items()):
        if isinstance(value, dict) and set(value) == {"secure"}:
            problems.append(f"{key} in {file.name} is encrypted by the CLI; give it as an override instead")
            continue
        namespace, _, own = key.rpartition(":")
        if namespace != project.name or not project.declared:
            continue
        if own not in project.declared:
            problems.append(f"{key} is not declared in Pulumi.yaml; declared are {', '.join(sorted(project.declared))}")
            continue
        problems += _mistyped(key, value, project.declared[own])
    problems += [
        f"{project.name}:{key} ({each.type}) is missing and has no default; set it in {file.name}"
        for key, each in project.declared.items()
        if f"{project.name}:{key}" not in values
    ]
    return problems


def _mistyped(key: str, value: Value, declaration: Declaration) -> list[str]:
    shown = "[secret]" if declaration.secret else repr(value)
    if not _TYPES[declaration.type](value):
        return [f"{key} is {shown}; it must be of type {declaration.type}"]
    if declaration.type == "array" and declaration.items and "type" in declaration.items:
        wanted = declaration.items["type"]
        return [
            f"{key}[{index}] is {item!r}; it must be of type {wanted}"
            for index, item in enumerate(value)
            if not _TYPES[wanted](item)
        ]
    return []


def _declaration(file: Path, key: str, entry: Value) -> Declaration:
    if not isinstance(entry, dict):  # the short form: just the default
        return Declaration(_type_of(file, key, entry), entry, has_default=True, secret=False, items=None)
    if "value" in entry:
        kind = _type_of(file, key, entry["value"])
        return Declaration(kind, entry["value"], has_default=True, secret=bool(entry.get("secret")), items=None)
    kind = entry.get("type", "string")
    if kind not in _TYPES:
        raise DeploymentError(f"{file}: config.{key}.type is {kind!r}; allowed: {', '.join(_TYPES)}")
    found = Declaration(
        kind,
        entry.get("default"),
        has_default="default" in entry,
        secret=bool(entry.get("secret")),
        items=entry.get("items"),
    )
    if found.has_default and not _TYPES[kind](found.default):
        raise DeploymentError(f"{file}: config.{key}.default is {found.default!r}; it must be of type {kind}")
    return found


def _parsed(text: str) -> Value:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError:
        return text  # which is then of another type than declared, and named as such


def _type_of(file: Path, key: str, value: Value) -> str:
    for name, test in _TYPES.items():
        if test(value):
            return name
    raise DeploymentError(f"{file}: config.{key} is {value!r}; allowed: a value, or an object with type or value")


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError as error:
        raise DeploymentError(f"{file} is missing; a Pulumi project has one") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeploymentError(f"{file} is not valid YAML: {error}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DeploymentError(f"{file} must be a mapping")
    return found
