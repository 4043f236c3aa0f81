"""Tasks of the event loop: how they are ended, and how long they may take on the emulator's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from emulator.clock import Clock

T = TypeVar("T")


async def cancel_all(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel the tasks and wait until they are over."""
    for task in (all_ := list(tasks)):
        task.cancel()
    await asyncio.gather(*all_, return_exceptions=True)


async def within(work: Coroutine[Any, Any, T], seconds: float, clock: Clock) -> T:
    """Return the result of `work`; TimeoutError when it takes longer than `seconds` of the clock."""
    task, timer = asyncio.create_task(work), asyncio.create_task(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        await cancel_all([task, timer])
