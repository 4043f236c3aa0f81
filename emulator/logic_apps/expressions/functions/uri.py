"""Parts of absolute URIs, as .NET's Uri gives them."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any, Final

from emulator.logic_apps.expressions.environment import Environment
from emulator.logic_apps.expressions.functions.registry import function, refused, text

_PORTS: Final = {
    "ftp": 21, "gopher": 70, "http": 80, "https": 443, "ldap": 389, "mailto": 25, "net.tcp": 808, "news": -1,
    "nntp": 119, "telnet": 23, "ws": 80, "wss": 443,
}  # fmt: skip
"""Source: learn.microsoft.com, "Uri.Port": the default of each scheme that Uri knows."""
_WEB: Final = frozenset({"http", "https", "ftp", "ws", "wss", "gopher"})

_ABSOLUTE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?"
)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>\d*))?")
_NOT_WELL_FORMED = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f]|%(?![0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")


@dataclass(frozen=True)
class _Uri:
    scheme: str
    host: str
    port: int
    path: str
    query: str


def _parse(name: str, value: Any) -> _Uri:
    raw = text(name, value).strip()
    match = _ABSOLUTE.fullmatch(raw)
    if match is None or len(match["scheme"]) < 2 or _NOT_WELL_FORMED.search(raw):
        raise _not_absolute(name, value)
    scheme = match["scheme"].lower()
    authority = match["authority"]
    if authority is None:
        return _without_authority(name, value, scheme, match)
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or (not parts["host"] and scheme != "file") or int(parts["port"] or 0) > 65_535:
        raise _not_absolute(name, value)
    path = _without_dots(match["path"]) or "/"
    port = int(parts["port"]) if parts["port"] else _PORTS.get(scheme, -1)
    return _Uri(scheme, _host(parts["host"]), port, _escaped(path), _escaped(match["query"] or ""))


def _without_authority(name: str, value: Any, scheme: str, match: re.Match[str]) -> _Uri:
    if scheme in _WEB:
        raise _not_absolute(name, value)
    if scheme == "mailto":
        _, _, host = match["path"].rpartition("@")
        return _Uri(scheme, host, _PORTS[scheme], "", match["query"] or "")
    return _Uri(scheme, "", _PORTS.get(scheme, -1), _escaped(match["path"]), _escaped(match["query"] or ""))


def _host(host: str) -> str:
    """Return a host in lower case, and an IPv4 address with parts left out or not decimal in its usual form."""
    lowered = host.lower()
    parts = lowered.split(".")
    if not all(re.fullmatch(r"0x[0-9a-f]+|\d+", part) for part in parts) or len(parts) > 4:
        return lowered
    numbers = [
        int(part, 16 if part.startswith("0x") else 8 if part[0] == "0" and len(part) > 1 else 10) for part in parts
    ]
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
        return lowered
    value = last + sum(number << 8 * (3 - index) for index, number in enumerate(leading))
    return str(ipaddress.IPv4Address(value))


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment in (".", ".."):
            if segment == ".." and len(kept) > 1:
                kept.pop()
            if index == len(segments) - 1:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept)


def _escaped(part: str) -> str:
    """Decode what needs no encoding, and encode what is not ASCII."""
    decoded = _UNRESERVED.sub(lambda match: chr(int(match[0][1:], 16)), part)
    return "".join(character if character.isascii() else urllib.parse.quote(character) for character in decoded)


def _not_absolute(name: str, value: Any) -> Exception:
    return refused(name, f"'{str(value)[:200]}' is not a well-formed absolute URI")


@function("uriHost", least=1)
def uri_host(_: Environment, value: Any) -> str:
    """Return the host."""
    return _parse("uriHost", value).host


@function("uriPath", least=1)
def uri_path(_: Environment, value: Any) -> str:
    """Return the path."""
    return _parse("uriPath", value).path


@function("uriPathAndQuery", least=1)
def uri_path_and_query(_: Environment, value: Any) -> str:
    """Return the path and the query."""
    uri = _parse("uriPathAndQuery", value)
    return uri.path + uri.query


@function("uriPort", least=1)
def uri_port(_: Environment, value: Any) -> int:
    """Return the port, the scheme's own where none is given, -1 where it has none."""
    return _parse("uriPort", value).port


@function("uriScheme", least=1)
def uri_scheme(_: Environment, value: Any) -> str:
    """Return the scheme, in lower case."""
    return _parse("uriScheme", value).scheme


@function("uriQuery", least=1)
def uri_query(_: Environment, value: Any) -> str:
    """Return the query with its question mark."""
    return _parse("uriQuery", value).query
