"""The one source of time of the emulator, so that tests decide how it passes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time (timezone-aware UTC) and waits."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock's time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved: `advance` wakes every sleeper whose time has come, in order."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time that the clock was moved to."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved by `seconds`; zero or less only yields to other tasks."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._after(seconds), next(self._order), future))
        await future

    def _after(self, seconds: float) -> datetime:
        try:
            return self._now + timedelta(seconds=seconds)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    @property
    def next_wake(self) -> datetime | None:
        """When the earliest sleeper wakes, or None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def wake_next(self) -> bool:
        """Move the clock to the earliest sleeper and wake it; return whether anybody sleeps."""
        wake = self.next_wake
        if wake is None:
            return False
        self._now = max(self._now, wake)
        heapq.heappop(self._sleepers)[2].set_result(None)
        return True

    async def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`, stopping at each sleeper on the way and letting its task run."""
        await self.advance_to(self._now + timedelta(seconds=seconds))

    async def advance_to(self, moment: datetime) -> None:
        """Move the clock to `moment`, stopping at each sleeper on the way and letting its task run."""
        await settle()
        while (wake := self.next_wake) is not None and wake <= moment:
            self.wake_next()
            await settle()
        self._now = max(self._now, moment)
        await settle()


async def settle(turns: int = 50) -> None:
    """Let every runnable task of the event loop take `turns` turns."""
    for _ in range(turns):
        await asyncio.sleep(0)
