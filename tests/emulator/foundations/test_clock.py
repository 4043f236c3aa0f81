import asyncio
from datetime import UTC, datetime, timedelta

from emulator.clock import ManualClock, settle


async def test_a_sleeper_wakes_when_its_time_has_come_and_not_before():
    clock = ManualClock()
    woken: list[str] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.create_task(sleep("week", 7 * 24 * 3600)), asyncio.create_task(sleep("second", 1))]
    await settle()
    await clock.advance(1)
    assert woken == ["second"]
    await clock.advance(7 * 24 * 3600)
    assert woken == ["second", "week"]
    await asyncio.gather(*tasks)


async def test_sleepers_that_sleep_again_are_woken_on_the_way():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = ManualClock(start)
    moments: list[datetime] = []

    async def poll() -> None:
        for _ in range(3):
            await clock.sleep(60)
            moments.append(clock.now())

    task = asyncio.create_task(poll())
    await settle()
    await clock.advance(3600)
    await task
    assert moments == [start + timedelta(minutes=minute) for minute in (1, 2, 3)]


async def test_a_cancelled_sleeper_does_not_hold_the_clock():
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(10))
    await settle()
    task.cancel()
    await settle()
    assert clock.next_wake is None
