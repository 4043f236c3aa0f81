"""Uniform resource names: ``urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME``."""

from __future__ import annotations

from typing import Final

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_PREFIX: Final = "pulumi:providers:"
STACK_REFERENCE_TYPE: Final = "pulumi:pulumi:StackReference"


def make(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """Return the URN of a resource; the stack's own type is no part of its children's."""
    chain = qualified_type(parent) if parent else ""
    prefix = f"{chain}$" if chain and chain != STACK_TYPE else ""
    return f"urn:pulumi:{stack}::{project}::{prefix}{kind}::{name}"


def qualified_type(urn: str) -> str:
    """Return the types from the outermost parent to the resource, with ``$`` between."""
    return urn.split("::")[2]


def name_of(urn: str) -> str:
    """Return the resource's logical name."""
    return urn.split("::", 3)[3]


def package_of(kind: str) -> str:
    """Return the package whose plugin serves a type: ``azure-native`` of ``azure-native:storage:Blob``."""
    return kind.removeprefix(PROVIDER_PREFIX).split(":", 1)[0]
