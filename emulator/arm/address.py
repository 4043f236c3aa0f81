"""What the path of a request addresses: a resource, a list of resources, or an operation."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.arm.errors import ArmError
from emulator.arm.registry import Registry
from emulator.arm.resource_id import ResourceId

TENANT = ResourceId("", "", ())
"""The scope above subscriptions, for ``/providers/Microsoft.Authorization/roleDefinitions/R``."""


@dataclass(frozen=True)
class ResourceAddress:
    """One resource; `path` is where the request addressed it, and so the scope at which access counts.

    The two differ for what is subscription-wide. What is addressed at the tenant counts as addressed where it is kept.
    """

    id: ResourceId
    path: str


@dataclass(frozen=True)
class CollectionAddress:
    """The resources of `type` in, or extending, `scope`."""

    type: str
    scope: ResourceId


@dataclass(frozen=True)
class OperationAddress:
    """Something below the resource `id`; `segments` is the path below it."""

    id: ResourceId
    segments: tuple[str, ...]


@dataclass(frozen=True)
class ScopeOperationAddress:
    """A scope operation of the registered `kind`; `segments` begin with ``providers`` and the namespace."""

    scope: ResourceId
    kind: str
    segments: tuple[str, ...]


Address = ResourceAddress | CollectionAddress | OperationAddress | ScopeOperationAddress


def resolve(path: str, registry: Registry) -> Address:
    """Return what `path` addresses: the longest registered type in it decides.

    Raises:
        ArmError: 404 for an unknown namespace, type or path, 400 for a malformed id.
    """
    path = "/" + path.strip("/")
    segments = path[1:].split("/")
    if segments == [""]:
        raise not_emulated(path)
    if not all(segments):
        raise ArmError(400, "InvalidRequestPath", f"'{path}' has an empty segment.")
    lowered = [segment.lower() for segment in segments]
    if "providers" not in lowered:
        return _container(path, segments, registry)
    index = len(lowered) - 1 - lowered[::-1].index("providers")
    scope = "/" + "/".join(segments[:index]) if index else ""
    namespace, *pairs = segments[index + 1 :] or [""]
    if not pairs:
        raise not_emulated(path)
    for count in range(len(pairs) // 2, 0, -1):
        type = "/".join([namespace, *pairs[0 : 2 * count : 2]])
        if registry.find(type) is None:
            continue
        text = f"{scope}/providers/{namespace}/{'/'.join(pairs[: 2 * count])}"
        id = registry.canonical(ResourceId.parse(text))
        rest = pairs[2 * count :]
        if not rest:
            return ResourceAddress(id, text if scope else str(id))
        if len(rest) == 1 and registry.find(f"{type}/{rest[0]}") is not None:
            return CollectionAddress(f"{type}/{rest[0]}", id)
        return OperationAddress(id, tuple(rest))
    return _of_scope(scope, namespace, pairs, registry)


def not_emulated(path: str) -> ArmError:
    """Return the error for a path that means nothing here."""
    return ArmError(404, "NotFound", f"The path '{path}' is not emulated.")


def _of_scope(scope: str, namespace: str, pairs: list[str], registry: Registry) -> Address:
    at = registry.canonical(ResourceId.parse(scope)) if scope else TENANT
    kind = "/".join([namespace, *pairs[::2]])
    if len(pairs) == 1 and registry.find(kind) is not None:
        return CollectionAddress(kind, at)
    operation = registry.find_operation(kind)
    if operation is None:
        registry.refuse(kind)
    return ScopeOperationAddress(at, operation[0], ("providers", namespace, *pairs))


def _container(path: str, segments: list[str], registry: Registry) -> Address:
    if len(segments) == 4 and [segments[0].lower(), segments[2].lower()] == ["subscriptions", "resourcegroups"]:
        return ResourceAddress(registry.canonical(ResourceId.parse(path)), path)
    raise not_emulated(path)
