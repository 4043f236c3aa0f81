"""Addresses, ids and secrets that are written into a definition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Action, Trigger, is_expression

_SECRETS: Final = (
    ("an account key", re.compile(r"AccountKey=[A-Za-z0-9+/=]{20,}")),
    ("a shared access signature", re.compile(r"[?&]sig=[A-Za-z0-9%+/=_-]{20,}")),
    ("a token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
)
_MEMBER: Final = re.compile(r'"([^"\\]+)"\s*:\s*"((?:[^"\\]|\\.)+)"')
_SECRET_NAMES: Final = re.compile(
    r"^(?:authorization|x-functions-key|ocp-apim-subscription-key|api-?key|x-api-key|client_?secret|password|secret|pfx|"
    r"training-key|prediction-key)$",
    re.IGNORECASE,
)
_SUBSCRIPTION: Final = re.compile(
    r"/subscriptions/(?!0{8}-)([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"https?://([^/@\s?'\"]+)", re.IGNORECASE)
_SAME_EVERYWHERE: Final = (
    "management.azure.com",
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "vault.azure.net",
    "api.loganalytics.io",
    "api.security.microsoft.com",
    "api.securitycenter.windows.com",
    "api.securitycenter.microsoft.com",
)
"""Hosts that do not differ between a developer's and the production environment."""


def check(parts: Parts, problems: Problems) -> None:
    """Tell where an address, an id or a secret is written into an operation."""
    for operation in (*parts.definition.triggers.values(), *parts.definition.index.values()):
        inputs: Any = operation.raw.get("inputs")
        for path, name, text in _strings(inputs, (*operation.path, "inputs"), ""):
            if "schema" in path[len(operation.path) :]:
                continue
            _check_secret(operation.name, path, name, text, problems)
            _check_subscription(operation.name, path, text, problems)
        _check_address(operation, problems)


def masked(line: str) -> str:
    """Return a line of a file, of the same length, with asterisks for each secret in it."""
    for _, pattern in _SECRETS:
        line = pattern.sub(lambda found: "*" * len(found[0]), line)
    return _MEMBER.sub(_masked_member, line)


def _masked_member(found: re.Match[str]) -> str:
    begin, end = found.start(2) - found.start(), found.end(2) - found.start()
    if not _SECRET_NAMES.match(found[1]) or is_expression(found[2]):
        return found[0]
    return f"{found[0][:begin]}{'*' * (end - begin)}{found[0][end:]}"


def _strings(value: Any, path: Path, name: str) -> Iterator[tuple[Path, str, str]]:
    """Yield path, name of the member and text of every string."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index), name)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _strings(member, (*path, key), key)


def _check_secret(operation: str, path: Path, name: str, text: str, problems: Problems) -> None:
    for what, pattern in _SECRETS:
        found = pattern.search(text)
        if found is not None:
            problems.add("secret-in-definition", f"'{operation}' has {what} written into it.", path, found.start())
            return
    if _SECRET_NAMES.match(name) and text and not is_expression(text) and not text.startswith("<"):
        problems.add("secret-in-definition", f"'{operation}' has a value for '{name}' written into it.", path)


def _check_subscription(operation: str, path: Path, text: str, problems: Problems) -> None:
    found = _SUBSCRIPTION.search(text)
    if found is not None:
        problems.add(
            "subscription-in-definition",
            f"'{operation}' has the subscription {found[1]} written into it.",
            path,
            found.start(1),
        )


def _check_address(operation: Trigger | Action, problems: Problems) -> None:
    inputs: Any = operation.raw.get("inputs")
    uri = inputs.get("uri") if isinstance(inputs, dict) and operation.kind in ("http", "httpwebhook") else None
    found = _ADDRESS.match(uri) if isinstance(uri, str) else None
    if found is not None and not found[1].lower().endswith(_SAME_EVERYWHERE):
        problems.add(
            "address-in-definition",
            f"'{operation.name}' calls '{found[1]}', which is written into it.",
            (*operation.path, "inputs", "uri"),
            0,
        )
