"""Scopes of access: a subscription, a group or a resource, and everything below it."""

from __future__ import annotations


def scope_key(scope: str) -> str:
    """Return the form of a scope's id to compare by; ``/`` becomes the empty text."""
    return scope.rstrip("/").lower()


def covers(scope: str, other: str) -> bool:
    """Tell whether `other` is `scope` or lies below it, as access is inherited."""
    upper, lower = scope_key(scope), scope_key(other)
    return lower == upper or lower.startswith(upper + "/")
