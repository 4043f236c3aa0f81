"""Calls that are made again although they change something each time."""

from __future__ import annotations

import re
from typing import Any, Final

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action

_WRITES: Final = frozenset({"POST", "PATCH"})
_IDEMPOTENCY: Final = frozenset(
    {
        "idempotency-key",
        "if-match",
        "if-none-match",
        "repeatability-request-id",
        "x-idempotency-key",
        "x-ms-client-request-id",
    }
)
_READING: Final = re.compile(
    r"/(?:(?:get|list|check)[A-Za-z]*|query|queries/run|advancedqueries/run|search|token|validate|\$?batch|predict|classify|"
    r"detect|analyze|evaluate|calculate|lookup|graphql|Microsoft\.ResourceGraph/resources)(?:/?$|\?)",
    re.IGNORECASE,
)
"""Ends of addresses at which a POST only reads."""
_RESOURCE_MANAGER: Final = "https://management.azure.com"
"""Where a PATCH gives the same result each time: it merges what it is given."""


def check(parts: Parts, problems: Problems) -> None:
    """Tell which calls the default retry policy may make twice."""
    for action in parts.definition.index.values():
        inputs: Any = action.inputs
        if action.kind != "http" or not isinstance(inputs, dict) or inputs.get("retryPolicy") is not None:
            continue
        method, uri = str(inputs.get("method")).upper(), str(inputs.get("uri"))
        harmless = _only_reads(uri) or (method == "PATCH" and uri.lower().startswith(_RESOURCE_MANAGER))
        if method in _WRITES and not harmless and not _has_key(action):
            problems.add(
                "write-retried",
                f"the action '{action.name}' makes its {method} again, up to four times, where an answer is lost: the "
                f"default retry policy holds.",
                (*action.path, "inputs", "method"),
            )


def _only_reads(uri: str) -> bool:
    return _READING.search(re.sub(r"@\{[^}]*\}", "x", uri)) is not None


def _has_key(action: Action) -> bool:
    headers: Any = action.inputs.get("headers")
    return isinstance(headers, dict) and any(name.lower() in _IDEMPOTENCY for name in headers)
