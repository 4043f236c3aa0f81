"""Which resource types there are, who serves them, and in which API versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from jsonschema import Draft7Validator

from emulator.arm.errors import ArmError
from emulator.arm.provider import ResourceProvider, ResourceType, ScopeOperations
from emulator.arm.resource_id import ResourceId

_CONTAINER_WORDS = {"subscriptions": "subscriptions", "resourcegroups": "resourceGroups"}


class Registry:
    """Looks up types and operations without regard to case. `subscription` is the emulator's one."""

    def __init__(self, subscription: ResourceId, providers: Sequence[ResourceProvider]) -> None:
        self.subscription = subscription
        self._types: dict[str, tuple[ResourceType, ResourceProvider]] = {}
        self._operations: dict[str, tuple[str, tuple[str, ...], ResourceProvider]] = {}
        for provider in providers:
            for type in provider.resource_types:
                if type.type.lower() in self._types:
                    raise ValueError(f"two providers serve the resource type {type.type}")
                Draft7Validator.check_schema(type.schema)
                self._types[type.type.lower()] = type, provider
            if isinstance(provider, ScopeOperations):
                for kind, versions in provider.scope_operations.items():
                    self._operations[kind.lower()] = kind, tuple(versions), provider

    @property
    def types(self) -> list[ResourceType]:
        """Every resource type, in the order of registration."""
        return [type for type, _ in self._types.values()]

    def find(self, type: str) -> tuple[ResourceType, ResourceProvider] | None:
        """Return the type with who serves it, or None when it is unknown."""
        return self._types.get(type.lower())

    def get(self, type: str) -> tuple[ResourceType, ResourceProvider]:
        """Return the type with who serves it.

        Raises:
            ArmError: 404 InvalidResourceNamespace or InvalidResourceType, which name what there is.
        """
        return self.find(type) or self.refuse(type)

    def find_operation(self, kind: str) -> tuple[str, tuple[str, ...], ResourceProvider] | None:
        """Return a scope operation in its own spelling, with its API versions and who serves it, or None."""
        return self._operations.get(kind.lower())

    def refuse(self, type: str) -> NoReturn:
        """Raise the error for a type that is not served."""
        namespace, _, kind = type.partition("/")
        same = [other.type for other in self.types if other.type.lower().startswith(namespace.lower() + "/")]
        if not same:
            namespaces = sorted({other.type.partition("/")[0] for other in self.types})
            raise ArmError(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{namespace}' is not emulated; those that are: {', '.join(namespaces)}.",
            )
        raise ArmError(
            404,
            "InvalidResourceType",
            f"The resource type '{kind}' could not be found in the namespace '{namespace}'; emulated there: "
            f"{', '.join(sorted(same))}.",
        )

    def canonical(self, id: ResourceId) -> ResourceId:
        """Return the id as resources are kept by.

        Namespace, types and the words of the prefix are spelled as they are registered; what is subscription-wide lies
        below the subscription, whatever scope it was addressed at.
        """
        if not id.namespace:
            words = id.prefix.split("/")
            for index in range(1, len(words), 2):
                words[index] = _CONTAINER_WORDS.get(words[index].lower(), words[index])
            return ResourceId("/".join(words), "", ())
        prefix = str(self.canonical(ResourceId.parse(id.prefix))) if id.prefix else ""
        found = self.find(id.type)
        if found is None:
            return ResourceId(prefix, id.namespace, id.segments)
        if found[0].subscription_wide:
            prefix = str(self.subscription)
        namespace, *kinds = found[0].type.split("/")
        return ResourceId(prefix, namespace, tuple(zip(kinds, id.names, strict=True)))


def check_api_version(subject: str, version: str | None, allowed: Sequence[str]) -> None:
    """Check a request's ``api-version``.

    Raises:
        ArmError: 400 MissingApiVersionParameter or InvalidApiVersionParameter; both name the allowed ones.
    """
    if not version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            f"The api-version query parameter (?api-version=) is required for all requests. For '{subject}' the "
            f"supported versions are: {', '.join(allowed)}.",
        )
    if version not in allowed:
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid for '{subject}'. The supported versions are: "
            f"{', '.join(allowed)}.",
        )
