"""Values of an ARM template ("Template functions in ARM templates", learn.microsoft.com), as far as a file alone says.

What only a deployment knows (``reference``, ``listKeys`` ...) stays as it is written, and is told.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from emulator.logic_apps.definitions.components import Deferred
from emulator.logic_apps.expressions import ExpressionError, Json
from emulator.logic_apps.expressions.parser import Call, Literal, Node, Selection, parse

_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_GROUP = "resource-group"
_LOCATION = "eastus"


class DeploymentValueError(Exception):
    """A value is known only when the template is deployed."""


class TemplateValues:
    """The expressions of one template; `given` are values of its parameters by name."""

    def __init__(self, template: Mapping[str, Any], given: Mapping[str, Json]) -> None:
        self._parameters: Mapping[str, Any] = template.get("parameters") or {}
        self._variables: Mapping[str, Any] = template.get("variables") or {}
        self._given = {name.lower(): value for name, value in given.items()}
        self._open: set[str] = set()
        self.unknown: dict[str, str] = {}

    def resolved(self, value: Json) -> Json:
        """Return a value with its ``[...]`` evaluated and its ``[[`` unescaped."""
        if isinstance(value, dict):
            return {str(self.resolved(key)): self.resolved(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.resolved(member) for member in value]
        if not isinstance(value, str):
            return value
        if value.startswith("[["):
            return value[1:]
        if not is_template_expression(value):
            return value
        try:
            return self._evaluated(value)
        except DeploymentValueError as error:
            self.unknown[value] = str(error)
            return Deferred(value)

    def _evaluated(self, text: str) -> Json:
        try:
            return self._node(parse(text, 1, len(text) - 1))
        except ExpressionError as error:
            raise DeploymentValueError(error.message) from error

    def _node(self, node: Node) -> Any:
        match node:
            case Literal(value):
                return value
            case Call():
                return self._call(node)
            case Selection():
                value = self._call(node.target)
                for step in node.steps:
                    key = self._node(step.key)
                    value = _selected(value, key, step.text)
                return value

    def _call(self, call: Call) -> Any:
        name = call.function.lower()
        if name == "parameters":
            return self._parameter(str(self._node(call.arguments[0])))
        if name == "variables":
            return self._variable(str(self._node(call.arguments[0])))
        if name == "if" and len(call.arguments) == 3:
            return self._node(call.arguments[1 if self._node(call.arguments[0]) else 2])
        function = _FUNCTIONS.get(name)
        if function is None:
            raise DeploymentValueError(f"the template function {call.function}() is known at deployment only")
        try:
            return function(*[self._node(argument) for argument in call.arguments])
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise DeploymentValueError(f"{call.text}: {error}") from error

    def _parameter(self, name: str) -> Any:
        if name.lower() in self._given:
            return self._given[name.lower()]
        declared = next((each for key, each in self._parameters.items() if key.lower() == name.lower()), None)
        if declared is None:
            raise DeploymentValueError(f"the template has no parameter '{name}'")
        if "defaultValue" not in declared:
            raise DeploymentValueError(f"the template parameter '{name}' has no default value and none was given")
        return self._once(f"parameter '{name}'", declared["defaultValue"])

    def _variable(self, name: str) -> Any:
        found = next((key for key in self._variables if key.lower() == name.lower()), None)
        if found is None:
            raise DeploymentValueError(f"the template has no variable '{name}'")
        return self._once(f"variable '{name}'", self._variables[found])

    def _once(self, what: str, value: Any) -> Any:
        if what in self._open:
            raise DeploymentValueError(f"the {what} refers to itself")
        self._open.add(what)
        try:
            return self._strictly(value)
        finally:
            self._open.discard(what)

    def _strictly(self, value: Any) -> Any:
        if isinstance(value, str) and is_template_expression(value):
            return self._evaluated(value)
        return self.resolved(value)


def is_template_expression(text: str) -> bool:
    """Tell whether a string of a template is an expression."""
    return text.startswith("[") and not text.startswith("[[") and text.endswith("]") and "(" in text


def deferred(value: Json) -> Json:
    """Return a value that was taken out of a template, its expressions marked as known at deployment only."""
    if isinstance(value, dict):
        return {key: deferred(member) for key, member in value.items()}
    if isinstance(value, list):
        return [deferred(member) for member in value]
    return Deferred(value) if isinstance(value, str) and is_template_expression(value) else value


def _selected(value: Any, key: Any, text: str) -> Any:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if str(name).lower() == str(key).lower():
                return member
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    raise DeploymentValueError(f"{text} is known at deployment only")


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [member for part in parts for member in part]
    return "".join(_text(part) for part in parts)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value)


def _resource_id(*parts: Any) -> str:
    """Return an id; subscription and resource group may stand before the type."""
    texts = [str(part) for part in parts]
    at = next(index for index, part in enumerate(texts) if "/" in part)
    before, type, names = texts[:at], texts[at].split("/"), texts[at + 1 :]
    subscription = before[0] if len(before) > 1 else _SUBSCRIPTION
    group = before[-1] if before else _GROUP
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(type[1:], names, strict=True))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{type[0]}/{pairs}"


def _subscription_resource_id(*parts: Any) -> str:
    texts = [str(part) for part in parts]
    type, names = texts[0].split("/"), texts[1:]
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(type[1:], names, strict=True))
    return f"/subscriptions/{_SUBSCRIPTION}/providers/{type[0]}/{pairs}"


def _unique_string(*parts: Any) -> str:
    """Return 13 characters that are always the same for the same parts; Azure's are others."""
    digest = hashlib.sha256("-".join(_text(part) for part in parts).encode()).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:13])


def _format(pattern: str, *values: Any) -> str:
    for index, value in enumerate(values):
        pattern = pattern.replace(f"{{{index}}}", _text(value))
    return pattern


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "concat": _concat,
    "format": _format,
    "string": _text,
    "int": int,
    "json": json.loads,
    "tolower": lambda text: str(text).lower(),
    "toupper": lambda text: str(text).upper(),
    "trim": lambda text: str(text).strip(),
    "replace": lambda text, old, new: str(text).replace(old, new),
    "split": lambda text, delimiter: str(text).split(delimiter),
    "substring": lambda text, start, length=None: text[start : None if length is None else start + length],
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "length": len,
    "empty": lambda value: not value,
    "equals": lambda one, other: one == other,
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "createarray": lambda *values: list(values),
    "createobject": lambda *pairs: dict(zip(pairs[::2], pairs[1::2], strict=True)),
    "resourceid": _resource_id,
    "subscriptionresourceid": _subscription_resource_id,
    "uniquestring": _unique_string,
    "guid": lambda *parts: str(uuid.uuid5(uuid.NAMESPACE_URL, "-".join(_text(part) for part in parts))),
    "subscription": lambda: {
        "id": f"/subscriptions/{_SUBSCRIPTION}",
        "subscriptionId": _SUBSCRIPTION,
        "tenantId": _SUBSCRIPTION,
        "displayName": "subscription",
    },
    "resourcegroup": lambda: {
        "id": f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/{_GROUP}",
        "name": _GROUP,
        "location": _LOCATION,
    },
    "environment": lambda: {
        "name": "AzureCloud",
        "resourceManager": "https://management.azure.com/",
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
        "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
    },
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
}
