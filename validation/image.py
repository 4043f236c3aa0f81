"""A picture to ask a model for."""

from __future__ import annotations

import struct
import zlib
from typing import Final

SIDE: Final = 256
"""Pixels; Custom Vision enlarges what is smaller (limits-and-quotas of Azure AI Custom Vision)."""


def grey_square() -> bytes:
    """Return a grey PNG of `SIDE` by `SIDE` pixels (W3C: Portable Network Graphics, 8 bit greyscale)."""
    rows = (b"\0" + b"\x80" * SIDE) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
