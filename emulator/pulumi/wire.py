"""Property values as they travel between Pulumi's processes, as plain JSON-like Python values.

A property bag is a protobuf Struct. Here it is a dict whose values are None, bool, int, float, str, list or dict;
what JSON cannot say is a dict with the key `SIGNATURE` (secrets, assets, archives), or the string `UNKNOWN`.
Numbers are doubles on the wire; whole ones become int here, as Azure's JSON wants them.

The signatures are those of the Pulumi SDK (``pulumi/runtime/rpc.py``); the engine's protocol fixes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from google.protobuf import json_format, struct_pb2

Value: TypeAlias = Any
"""A property value: None, bool, int, float, str, list[Value] or dict[str, Value]."""

Properties: TypeAlias = dict[str, Any]
"""A property bag by camelCase name."""

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def decode(struct: Any) -> Properties:
    """Return a Struct's properties; absent (None) members are left out at the top, as the SDKs do."""
    return {name: _whole(value) for name, value in json_format.MessageToDict(struct).items() if value is not None}


def encode(properties: Mapping[str, Value]) -> Any:
    """Return the properties as a Struct."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(dict(properties), struct)
    return struct


def signature(value: Value) -> str | None:
    """Return what a value is beyond JSON, one of the signatures above, or None for plain JSON."""
    return value.get(SIGNATURE) if isinstance(value, dict) else None


def secret(value: Value) -> Value:
    """Mark a value as secret; marking twice is marking once."""
    return value if signature(value) == SECRET else {SIGNATURE: SECRET, "value": value}


def reveal(value: Value) -> Value:
    """Return the value with every secret in it unwrapped, and output values reduced to what they carry."""

    def visit(item: Value) -> Value:
        kind = signature(item)
        if kind == SECRET:
            return reveal(item["value"])
        if kind == OUTPUT:
            return reveal(item["value"]) if "value" in item else UNKNOWN
        return item

    return rewrite(value, visit)


def settle_outputs(value: Value) -> Value:
    """Return the value with output values replaced by plain ones, secret where the output was."""

    def visit(item: Value) -> Value:
        if signature(item) != OUTPUT:
            return item
        inner = settle_outputs(item["value"]) if "value" in item else UNKNOWN
        return secret(inner) if item.get("secret") else inner

    return rewrite(value, visit)


def mask(value: Value) -> Value:
    """Return the value as it may be shown: ``[secret]`` for secrets, ``[unknown]`` for what is not known yet."""

    def visit(item: Value) -> Value:
        if signature(item) == SECRET:
            return "[secret]"
        return "[unknown]" if item == UNKNOWN else item

    return rewrite(value, visit)


def rewrite(value: Value, visit: Callable[[Value], Value]) -> Value:
    """Return the value with `visit` applied to it and, where it gave the item back unchanged, to all it contains."""
    seen = visit(value)
    if seen is not value:
        return seen
    if isinstance(value, list):
        return [rewrite(item, visit) for item in value]
    if isinstance(value, dict):
        return {name: rewrite(item, visit) for name, item in value.items()}
    return value


def contains(value: Value, test: Callable[[Value], bool]) -> bool:
    """Tell whether `test` holds for the value or anything in it."""
    return any(test(item) for item in walk(value))


def contains_unknown(value: Value) -> bool:
    """Tell whether anything in the value is not known yet."""
    return contains(value, lambda item: item == UNKNOWN or (signature(item) == OUTPUT and "value" not in item))


def contains_secret(value: Value) -> bool:
    """Tell whether anything in the value is secret."""
    return contains(value, lambda item: signature(item) == SECRET or (signature(item) == OUTPUT and item.get("secret")))


def walk(value: Value) -> Iterator[Value]:
    """Yield the value and everything in it, outermost first."""
    yield value
    if isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from walk(item)


def _whole(value: Value) -> Value:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    return value
