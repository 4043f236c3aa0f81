"""A resource provider for the tests of the control plane."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType
from emulator.arm.resource_id import ResourceId

API = "2024-01-01"

WIDGETS = ResourceType(
    type="Contoso.Test/widgets",
    api_versions=(API, "2023-01-01"),
    name=NameRule(re.compile(r"[a-z0-9]{3,12}"), "3 to 12 lower-case letters and digits"),
    location="required",
    immutable=("kind", "properties.size", "properties.sealed"),
    globally_unique=True,
    name_taken_code="WidgetAlreadyTaken",
    identity=True,
    schema={
        "type": "object",
        "required": ["properties"],
        "additionalProperties": False,
        "properties": {
            "location": {"type": "string"},
            "tags": {"type": "object"},
            "identity": {"type": "object"},
            "kind": {"enum": ["Plain", "Fancy"]},
            "properties": {
                "type": "object",
                "required": ["colour"],
                "additionalProperties": False,
                "properties": {
                    "colour": {"enum": ["Red", "Green"]},
                    "size": {"type": "integer", "minimum": 1},
                    "sealed": {"type": "boolean"},
                    "password": {"type": "string", "pattern": "^[a-z]+$", "writeOnly": True},
                    "rules": {
                        "type": "array",
                        "items": {"anyOf": [{"type": "object", "required": ["name"]}, {"type": "null"}]},
                    },
                    "state": {"readOnly": True},
                },
            },
        },
    },
)
PARTS = ResourceType(
    type="Contoso.Test/widgets/parts",
    api_versions=(API,),
    name=NameRule(re.compile(r"[A-Za-z]+"), "letters"),
    location="none",
    schema={"type": "object"},
)
SETTINGS = ResourceType(
    type="Contoso.Test/widgets/settings",
    api_versions=(API,),
    name=NameRule(re.compile("default"), "default"),
    location="none",
    schema={"type": "object"},
)
NOTES = ResourceType(
    type="Contoso.Test/notes",
    api_versions=(API,),
    name=NameRule(re.compile(r"[a-z]+"), "lower-case letters"),
    location="none",
    schema={"type": "object"},
)
ALERTS = ResourceType(
    type="Contoso.Test/alerts",
    api_versions=(API,),
    name=NameRule(re.compile(r"[a-z]+"), "lower-case letters"),
    location="global",
    schema={"type": "object"},
)


@dataclass
class Widgets:
    """A provider that records what it is asked; `before_put` may wait or refuse, `vanished` has ids that are gone."""

    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    previous: list[Resource | None] = field(default_factory=list[Resource | None])
    put_bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    operations: list[Operation] = field(default_factory=list[Operation])
    vanished: set[str] = field(default_factory=set[str])
    before_put: Callable[[Resource], Any] | None = None

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        return (WIDGETS, PARTS, SETTINGS, NOTES, ALERTS)

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        return {"Contoso.Test/metrics": (API,), "Contoso.Test/locations/deletedWidgets": (API,)}

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        self.calls.append(("put", str(resource.id)))
        self.previous.append(previous)
        self.put_bodies.append(resource.body)
        if self.before_put is not None:
            await self.before_put(resource)
        properties = {name: value for name, value in resource.body.get("properties", {}).items() if name != "password"}
        return {**resource.body, "properties": {**properties, "state": "Ready"}}

    async def read(self, resource: Resource) -> dict[str, Any]:
        if str(resource.id) in self.vanished:
            raise ArmError(404, "Gone", "gone")
        return resource.body

    async def delete(self, resource: Resource) -> None:
        self.calls.append(("delete", str(resource.id)))

    async def operate(self, operation: Operation) -> Answer:
        self.operations.append(operation)
        match operation.method, operation.path:
            case "POST", ("paint",):
                return Answer(200, {"painted": operation.body}, {"Retry-After": "3"})
            case "GET", ("jobs", _) | ("providers", "Contoso.Test", "metrics"):
                return Answer(200, {"of": str(operation.resource.id)})
            case _, ("jobs", _, "cancel") | ("providers", "Contoso.Test", "locations", *_):
                return Answer(202)
            case _:
                raise ArmError(404, "ResourceNotFound", f"{operation.path} is not emulated")

    async def find(self, id: ResourceId) -> Resource | None:
        if id.type == SETTINGS.type and id.name == "default":
            return Resource(id, {"properties": {"mode": "implicit"}})
        return None

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        if filter not in (None, "all"):
            raise ArmError(400, "InvalidFilter", f"{filter} is not emulated")
        if type == SETTINGS.type and not recorded:
            return [Resource(scope.child("settings", "default"), {"properties": {"mode": "implicit"}})]
        return recorded
