"""Time that passes only while nothing else happens, so that days of waiting take milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Generator
from datetime import UTC, datetime

from emulator.clock import ManualClock


class VirtualClock(ManualClock):
    """A clock that jumps to the next sleeper's time whenever its event loop has nothing else to do.

    It works in the loops that `new_event_loop` makes. While a real answer is awaited (`held`), time stands still.
    """

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start or datetime.now(UTC))
        self._held = 0

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Let no time pass meanwhile."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Return an event loop in which this clock goes."""
        return asyncio.SelectorEventLoop(_IdleSelector(self))

    def pass_on(self) -> bool:
        """Jump to the next sleeper and wake it; return whether there was one."""
        return not self._held and self.wake_next()


class _IdleSelector(selectors.DefaultSelector):
    """Tells a clock when its loop is about to wait: then no task can go on by itself."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; instead of waiting let the clock go on."""
        ready = super().select(0)
        idle = not ready and (timeout is None or timeout > 0)
        if ready or not idle or self._clock.pass_on():
            return ready
        return super().select(timeout)
