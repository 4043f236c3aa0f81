"""How much a workflow may do in five minutes ("Limits and configuration reference for Azure Logic Apps")."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from emulator.clock import Clock
from emulator.logic_apps import limits

Throttled = Literal["actions", "calls"]


class Throttle:
    """Counts in windows of five minutes, one for each workflow and kind, that begin with what is counted first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, Throttled], tuple[datetime, int]] = {}

    def seconds_to_wait(self, workflow: str, what: Throttled) -> float:
        """Count one more and return 0.0, or where the limit is reached the seconds until the window ends."""
        most = limits.ACTION_EXECUTIONS if what == "actions" else limits.TRIGGER_CALLS
        key: tuple[str, Throttled] = (workflow.lower(), what)
        now = self._clock.now()
        began, count = self._windows.get(key, (now, 0))
        end = began + timedelta(seconds=limits.THROUGHPUT_SECONDS)
        if now >= end:
            began, count = now, 0
        elif count >= most:
            return (end - now).total_seconds()
        self._windows[key] = began, count + 1
        return 0.0
