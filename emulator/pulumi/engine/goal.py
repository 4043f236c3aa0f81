"""What a program wants of one resource: a registration, freed of the protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from emulator.pulumi.protocol import Message, RpcError
from emulator.pulumi.wire import ARCHIVE, ASSET, Properties, Value, decode, rewrite, settle_outputs, signature

_NOT_IMPLEMENTED: Final = {
    "importId": "import_",
    "remote": "remote components",
    "transforms": "transforms",
    "replace_with": "replace_with",
    "state_migrations": "state_migrations",
    "envVarMappings": "env_var_mappings",
    "packageRef": "parameterized packages",
}
"""Fields of a registration that this engine does not carry out, with what programs call them."""


@dataclass(frozen=True)
class Alias:
    """Another name that the resource may have had; an empty part is as it is now."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True)
class Goal:
    """A resource as the program registers it. Properties are in wire form."""

    type: str
    name: str
    parent: str
    custom: bool
    inputs: Properties
    provider: str
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    protect: bool
    delete_before_replace: bool | None
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    additional_secret_outputs: tuple[str, ...]
    aliases: tuple[Alias, ...]
    retain_on_delete: bool
    deleted_with: str

    @classmethod
    def of(cls, request: Message, folder: Path) -> Goal:
        """Return the goal of a RegisterResourceRequest; asset paths are relative to `folder`.

        Raises:
            RpcError: the program uses an option that the engine does not implement.
        """
        for field, name in _NOT_IMPLEMENTED.items():
            if getattr(request, field):
                raise _not_implemented(request, name)
        if request.HasField("replacement_trigger"):
            raise _not_implemented(request, "replacement_trigger")
        if request.HasField("hooks") and request.hooks.ByteSize():
            raise _not_implemented(request, "hooks")
        return cls(
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=_with_hashes(settle_outputs(decode(request.object)), folder),
            provider=request.provider,
            # Sorted, because the SDK sends sets in any order, and an order is no change.
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                name: tuple(sorted(each.urns)) for name, each in request.propertyDependencies.items()
            },
            protect=request.protect,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            aliases=tuple(_alias(each) for each in request.aliases),
            retain_on_delete=request.retainOnDelete,
            deleted_with=request.deletedWith,
        )


def _alias(message: Message) -> Alias:
    if message.WhichOneof("alias") == "urn":
        return Alias(urn=message.urn)
    spec = message.spec
    return Alias("", spec.name, spec.type, spec.stack, spec.project, spec.parentUrn, spec.noParent)


def _with_hashes(properties: Properties, folder: Path) -> Properties:
    """Give every asset the hash of its content, by which a change of the content is seen."""

    def visit(item: Value) -> Value:
        if signature(item) == ARCHIVE:
            raise RpcError("archives are not implemented by this engine", grpc.StatusCode.UNIMPLEMENTED)
        if signature(item) != ASSET:
            return item
        if "text" in item:
            content = item["text"].encode()
        elif "path" in item:
            try:
                content = (folder / item["path"]).read_bytes()
            except OSError as error:
                raise RpcError(f"the asset {item['path']} cannot be read: {error.strerror}") from error
        else:
            raise RpcError("remote assets are not implemented by this engine", grpc.StatusCode.UNIMPLEMENTED)
        return item | {"hash": hashlib.sha256(content).hexdigest()}

    return rewrite(properties, visit)


def _not_implemented(request: Message, name: str) -> RpcError:
    return RpcError(
        f"{request.type} {request.name!r} uses {name}, which this engine does not implement",
        grpc.StatusCode.UNIMPLEMENTED,
    )
