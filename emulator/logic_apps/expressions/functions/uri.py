"""Parts of absolute URIs."""

from __future__ import annotations

import urllib.parse
from typing import Any

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions.registry import function, text

_PORTS = {"http": 80, "https": 443, "ftp": 21}


def _parts(name: str, value: Any) -> urllib.parse.SplitResult:
    parts = urllib.parse.urlsplit(text(name, value))
    if not parts.scheme or not parts.netloc:
        raise ExpressionError(
            f"The template language function '{name}' expects its parameter to be a well-formed absolute URI. "
            f"The provided value was '{value}'."
        )
    return parts


@function("uriHost", least=1)
def uri_host(_: Environment, value: Any) -> str:
    """Return the host."""
    return _parts("uriHost", value).hostname or ""


@function("uriPath", least=1)
def uri_path(_: Environment, value: Any) -> str:
    """Return the path."""
    return _parts("uriPath", value).path or "/"


@function("uriPathAndQuery", least=1)
def uri_path_and_query(_: Environment, value: Any) -> str:
    """Return the path and the query."""
    parts = _parts("uriPathAndQuery", value)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@function("uriPort", least=1)
def uri_port(_: Environment, value: Any) -> int:
    """Return the port, the scheme's own where none is given."""
    parts = _parts("uriPort", value)
    return parts.port or _PORTS.get(parts.scheme, -1)


@function("uriScheme", least=1)
def uri_scheme(_: Environment, value: Any) -> str:
    """Return the scheme, in lower case."""
    return _parts("uriScheme", value).scheme


@function("uriQuery", least=1)
def uri_query(_: Environment, value: Any) -> str:
    """Return the query with its question mark."""
    query = _parts("uriQuery", value).query
    return f"?{query}" if query else ""
