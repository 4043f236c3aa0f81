"""Calls a second, counted for each account and class of operations."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Literal

from emulator.clock import Clock
from emulator.custom_vision.limits import CallRates

CallClass = Literal["prediction", "prediction_without_store", "training", "other"]

_WINDOW = timedelta(seconds=1)


class Throttle:
    """Admits no more calls within any second than the rate of their class."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, CallClass], deque[datetime]] = defaultdict(deque)

    def admit(self, account: str, kind: CallClass, rates: CallRates) -> bool:
        """Count a call and tell whether it is within the rate; a refused one does not count."""
        now = self._clock.now()
        calls = self._calls[account, kind]
        while calls and calls[0] <= now - _WINDOW:
            calls.popleft()
        if len(calls) >= _rate(kind, rates):
            return False
        calls.append(now)
        return True


def _rate(kind: CallClass, rates: CallRates) -> int:
    return {
        "prediction": rates.predictions,
        "prediction_without_store": rates.predictions_without_store,
        "training": rates.trainings,
        "other": rates.others,
    }[kind]
