"""Waiting for what really happens elsewhere, on a server of the test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return as soon as something holds; fail where it does not in many turns of the event loop."""
    for _ in range(5000):
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never holds")
