"""What every page gets, takes and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.home import Configuration
from emulator.portal.arm_client import ArmClient
from emulator.portal.blob_client import BlobClient
from emulator.portal.contents import Contents
from emulator.portal.custom_vision_client import CustomVisionClient


@dataclass(frozen=True)
class Sources:
    """Where pages have what they show from."""

    configuration: Configuration
    arm: ArmClient
    contents: Contents
    custom_vision: CustomVisionClient
    blobs: BlobClient
    clock: Clock


@dataclass(frozen=True)
class Page:
    """A template of the folder ``templates`` and the values in it."""

    template: str
    values: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True)
class Picture:
    """A picture that a page shows."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Crumb:
    """A link of the trail that leads to the page."""

    name: str
    address: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])


def required_id(query: Mapping[str, str], name: str, type: str) -> ResourceId:
    """Return the resource id that the query's member `name` has, of the resource type `type`.

    Raises:
        ArmError: 400, it is missing, is no resource id or one of another type.
    """
    id = any_id(query, name)
    if id.type.lower() != type.lower():
        raise ArmError(400, "InvalidResourceId", f"{name}: '{id}' is of the type {id.type}; allowed: {type}.")
    return id


def any_id(query: Mapping[str, str], name: str) -> ResourceId:
    """Return the resource id that the query's member `name` has.

    Raises:
        ArmError: 400, it is missing or no resource id.
    """
    text = query.get(name)
    if not text:
        raise ArmError(400, "MissingParameter", f"{name} is missing from the address; it takes a resource id.")
    return ResourceId.parse(text)


def crumbs(id: ResourceId) -> list[Crumb]:
    """Return the trail to a resource: the overview, its group, what it is nested in, itself."""
    trail: list[Crumb] = []
    step: ResourceId | None = id
    while step is not None and step.type != "Microsoft.Resources/subscriptions":
        trail.append(Crumb(step.name, "/resource", {"id": str(step)}))
        step = step.parent
    return [Crumb("Overview", "/"), *reversed(trail)]
