"""Strings as .NET counts them: in UTF-16 code units, so that a character outside of the basic plane counts twice."""

from __future__ import annotations


def units(text: str) -> str:
    """Return `text` with a character a code unit; most texts are returned as they are."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[index] | raw[index + 1] << 8) for index in range(0, len(raw), 2))


def joined(code_units: str) -> str:
    """Undo `units`; half of a pair becomes U+FFFD, as it does on the wire."""
    if code_units.isascii():
        return code_units
    return code_units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def folded(text: str) -> str:
    """Return `text` for a comparison that ignores case: each character upper-cased on its own."""
    return upper(units(text))


def upper(text: str) -> str:
    """Return `text` in upper case as .NET does it: a character stays a character (``ß`` is kept)."""
    if text.isascii():
        return text.upper()
    return "".join(up if len(up := character.upper()) == 1 else character for character in text)


def lower(text: str) -> str:
    """Return `text` in lower case as .NET does it: a character stays a character."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def ordinal(text: str) -> bytes:
    """Return a key that orders texts by their code units, as .NET's ordinal comparison does."""
    return text.encode("utf-16-be", "surrogatepass")
