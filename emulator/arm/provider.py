"""What a service of the emulator gives to the control plane, and what it gets from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.identity import Principal


@dataclass(frozen=True)
class NameRule:
    """What a resource's last name may be: a pattern for the whole name, and the rule in words for the error."""

    pattern: re.Pattern[str]
    words: str


@dataclass(frozen=True)
class ResourceType:
    """What the control plane checks of a resource type before its service is asked.

    Attributes:
        type: e.g. ``Microsoft.Storage/storageAccounts``.
        api_versions: the accepted ``api-version`` values.
        name: the rule for the last name of the id.
        schema: JSON Schema of the request's body (location, tags, sku, kind, identity, properties as they apply):
            required members, enums, types. Unknown members of ``properties`` are refused by it. What the service adds
            is declared ``{"readOnly": true}``, so that a client may send back what it has read; values of what is
            declared ``"writeOnly": true`` never come into an error text.
        location: "required" takes any region name, "global" only that word, "none" forbids the member.
        immutable: paths (``properties.isHnsEnabled``) whose change is refused once the resource exists.
        globally_unique: whether the name must be free in all of Azure (here: in all the emulator).
        identity: whether the resource may have a managed identity.
        name_taken_code: the error code of a name that is not free, e.g. ``StorageAccountAlreadyTaken``.
        subscription_wide: the resource is kept once below the subscription, whatever scope it is addressed at, as
            role definitions are.
    """

    type: str
    api_versions: tuple[str, ...]
    name: NameRule
    schema: Mapping[str, Any]
    location: Literal["required", "global", "none"]
    immutable: tuple[str, ...] = ()
    globally_unique: bool = False
    identity: bool = False
    name_taken_code: str = "NameNotAvailable"
    subscription_wide: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource as the control plane keeps it: `body` is what a GET answers, less id, name and type."""

    id: ResourceId
    body: dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """A request to something below a resource that is not a resource of its own, e.g. ``/runs/R/cancel``.

    `path` has the segments below `resource`; `url` is the request's absolute address up to the path, for links.
    The control plane has checked that `principal` may do it: the action is the resource's type, the kinds of `path`
    (every second segment), and ``read``, ``write``, ``delete`` or, for a POST, ``action``. An operation of a scope (see
    ScopeOperations) has `path` begin with ``providers`` and the namespace, and the scope as its resource.
    """

    method: str
    resource: Resource
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: Any
    principal: Principal
    url: str


@dataclass(frozen=True)
class Answer:
    """The answer to an operation; `body` None sends no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class ResourceProvider(Protocol):
    """Carries out what happens to the resources of one service. Refusals are raised as ArmError."""

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        """The types this provider serves."""
        ...

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        """Create or update; return the body to keep, defaults and read-only properties filled in.

        `resource.body` has passed the type's checks and carries ``identity.principalId`` where it has an identity.
        Write-only properties (secrets) are to be left out of what is returned. After a kill between this call and the
        control plane's own record, `previous` is None although the service has the resource: a repeated PUT repairs it.
        """
        ...

    async def read(self, resource: Resource) -> dict[str, Any]:
        """Return the body as of now, for properties that change on their own.

        ArmError 404 says that the resource went away without the control plane, e.g. a container deleted through the
        data plane; the control plane then forgets it and what is below it.
        """
        ...

    async def delete(self, resource: Resource) -> None:
        """Delete what the service holds for the resource; its children were deleted before."""
        ...

    async def operate(self, operation: Operation) -> Answer:
        """Answer an operation below a resource; ArmError 404 names one that is not implemented."""
        ...


@runtime_checkable
class Inventory(Protocol):
    """What a ResourceProvider has besides where resources come to be without a PUT.

    Examples: built-in roles, a storage account's ``blobServices/default``, containers made through the data plane.
    """

    async def find(self, id: ResourceId) -> Resource | None:
        """Return a resource that the control plane has no record of, or None. Its parent exists."""
        ...

    async def members(
        self, type: str, scope: ResourceId, recorded: Sequence[Resource], filter: str | None
    ) -> Sequence[Resource]:
        """Return what a list of `type` at `scope` answers, given the control plane's own records there.

        `filter` is the request's ``$filter``; ArmError 400 names one that is not implemented.
        """
        ...


@runtime_checkable
class ScopeOperations(Protocol):
    """What a ResourceProvider has besides where it serves paths that lie below no resource type of its own.

    Examples: ``/subscriptions/S/providers/Microsoft.CognitiveServices/checkDomainAvailability`` and, on any resource,
    ``.../providers/Microsoft.Insights/metrics``. They come as an Operation to the provider's `operate`.
    """

    @property
    def scope_operations(self) -> Mapping[str, Sequence[str]]:
        """The accepted ``api-version`` values by path kind, e.g. ``Microsoft.Insights/metrics``; names left out."""
        ...


class Authorizer(Protocol):
    """Answers by role assignments: those at `scope` and at every scope above it count."""

    def may(self, principal: Principal, action: str, scope: str) -> bool:
        """Tell whether `principal` has the control-plane `action` at the resource id `scope`."""
        ...

    def may_data(self, principal: Principal, action: str, scope: str) -> bool:
        """Tell whether `principal` has the data action `action` at the resource id `scope`."""
        ...


def not_operable(operation: Operation) -> ArmError:
    """Return the error for an operation that is not implemented, for providers to raise."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"{operation.method} '{'/'.join(operation.path)}' below '{operation.resource.id}' is not emulated.",
    )
