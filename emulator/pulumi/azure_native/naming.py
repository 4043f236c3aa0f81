"""Names for resources whose program gives none, as azure-native makes them."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any

from emulator.pulumi.azure_native.schema import AUTONAMED, ResourceSpec
from emulator.pulumi.protocol import provider
from emulator.pulumi.wire import Properties


class NamingDisabledError(Exception):
    """The stack's configuration (``pulumi:autonaming``) forbids to make a name."""


def with_name(spec: ResourceSpec, olds: Properties, news: Properties, request: Any) -> Properties:
    """Return the inputs with a name: the program's, the old one, what the engine proposes, or a new one.

    `olds` and `news` are plain inputs, `request` is the Check request. A name that was made is recorded in
    `AUTONAMED`, because only such a resource can be replaced before its old self is deleted.

    Raises:
        NamingDisabledError: a name is needed and may not be made.
    """
    if spec.name in news or spec.auto_name is None:
        return news
    if spec.name in olds:
        made = olds.get(AUTONAMED) or []
        return news | {spec.name: olds[spec.name]} | ({AUTONAMED: made} if made else {})
    logical = request.name or request.urn.rsplit("::", 1)[-1]
    options = request.autonaming if request.HasField("autonaming") else None
    modes = provider.CheckRequest.AutonamingOptions.Mode
    if options is not None and options.mode == modes.Value("DISABLE"):
        raise NamingDisabledError(f"no name was given, and pulumi:autonaming is disabled for {spec.token}")
    if options is not None and options.proposed_name:
        # What the engine proposes may lack randomness, then the resource must go before its replacement comes.
        return news | {spec.name: options.proposed_name}
    seed = bytes(request.randomSeed) or secrets.token_bytes(32)
    digest = hashlib.sha256(seed + request.urn.encode()).digest()
    match spec.auto_name:
        case "uuid":
            name = str(uuid.UUID(bytes=digest[:16], version=4))
        case "copy":
            return news | {spec.name: logical}
        case _:
            name = f"{logical}{digest[:4].hex()}"
    return news | {spec.name: name, AUTONAMED: [spec.name]}
