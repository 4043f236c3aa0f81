"""Lists of the blob service as Azure answers them where Azurite differs.

Azure begins the XML with a byte order mark, and its markers say nothing: a client that builds one by itself from a
blob's name works on Azurite and fails on Azure.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import unescape

from emulator.storage.errors import BlobError

_BOM: Final = b"\xef\xbb\xbf"
_MARKER: Final = re.compile(r"2!(\d+)!([A-Za-z0-9_-]*)")
_ELEMENT: Final = re.compile(rb"<((?:Next)?Marker)>([^<]*)</(?:Next)?Marker>")


def with_bom(xml: bytes) -> bytes:
    """Return a list as Azure sends it."""
    return _BOM + xml.removeprefix(_BOM)


def opaque_markers(xml: bytes) -> bytes:
    """Return a list with its markers made opaque."""

    def replaced(match: re.Match[bytes]) -> bytes:
        name, marker = match[1], unescape(match[2].decode()).encode()
        return b"<%s>%s</%s>" % (name, _opaque(marker).encode() if marker else b"", name)

    return _ELEMENT.sub(replaced, xml)


def clear_marker(query: str) -> str:
    """Return a list request's query with the marker that Azurite knows.

    Raises:
        BlobError: 400 OutOfRangeInput; the marker is not one of `opaque_markers`.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name == "marker" and value for name, value in pairs):
        return query
    return urlencode([(name, _clear(value) if name == "marker" else value) for name, value in pairs])


def _opaque(marker: bytes) -> str:
    encoded = base64.urlsafe_b64encode(marker).decode().rstrip("=")
    return f"2!{len(encoded)}!{encoded}"


def _clear(marker: str) -> str:
    match = _MARKER.fullmatch(marker)
    try:
        if match is None or int(match[1]) != len(match[2]):
            raise ValueError
        return base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise BlobError(
            400, "OutOfRangeInput", f"marker is {marker!r}; allowed: a NextMarker of this service's answer."
        ) from error
