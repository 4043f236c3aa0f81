"""Reads files as text."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path
from typing import Final

from emulator.logic_apps.checker.documents.source import DocumentError, Source

MOST_BYTES: Final = 16 * 1024 * 1024
"""Larger files are refused. Ours: four times what Azure Resource Manager takes as a template."""
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
)


def read_source(path: Path) -> tuple[Source, list[DocumentError]]:
    """Return the file's text, and what is wrong with its encoding.

    Raises:
        OSError: the file cannot be read.
        DocumentError: it is too large, or no text.
    """
    empty = Source(path, "")
    if not stat.S_ISREG(path.stat().st_mode):
        raise DocumentError("unreadable", "it is no regular file, so that reading it may never end.", empty, 0)
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DocumentError("json-encoding", f"the file is larger than {MOST_BYTES} bytes.", empty, 0)
    mark = next((each for each in _MARKS if content.startswith(each[0])), None)
    encoding = mark[1] if mark is not None else _unmarked(content)
    if b"\0" in content and mark is None and encoding == "utf-8":
        raise DocumentError("json-encoding", "the file is binary, not JSON.", empty, 0)
    try:
        source = Source(path, content.decode(encoding))
    except UnicodeDecodeError as error:
        source = Source(path, content.decode(encoding, errors="replace"))
        offset = len(content[: error.start].decode(encoding, errors="replace"))
        reason = f"the byte 0x{content[error.start]:02X} is no {encoding.upper()}; JSON files are UTF-8."
        raise DocumentError("json-encoding", reason, source, min(offset, len(source.text))) from None
    if mark is not None and mark[1] == "utf-8-sig":
        reason = "the file begins with a byte order mark, which JSON does not have."
        return source, [DocumentError("json-byte-order-mark", reason, source, 0)]
    if encoding != "utf-8":
        return source, [
            DocumentError("json-encoding", f"the file is {encoding.upper()}; JSON files are UTF-8.", source, 0)
        ]
    return source, []


def _unmarked(content: bytes) -> str:
    """Tell the encoding by the zero bytes of the first characters, which are ASCII in JSON (RFC 4627, section 3)."""
    head = content[:4]
    if len(head) == 4 and head[0] and not head[1] and head[2] and not head[3]:
        return "utf-16-le"
    if len(head) == 4 and not head[0] and head[1] and not head[2] and head[3]:
        return "utf-16-be"
    return "utf-8"
