"""When a failed call is tried again ("Handle errors and exceptions in Azure Logic Apps", learn.microsoft.com)."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.durations import duration_seconds
from emulator.logic_apps import limits
from emulator.logic_apps.runs.failures import CallError

_KINDS = ("none", "fixed", "exponential")
_RETRIED = frozenset({408, 429})
_SERVER_ERROR = 500


@dataclass(frozen=True)
class RetryPolicy:
    """How often and after how many seconds a failed call is tried again."""

    kind: str
    count: int
    interval: float
    least: float
    most: float

    @classmethod
    def parse(cls, policy: Mapping[str, Any] | None) -> RetryPolicy:
        """Return the policy that an action's inputs describe; the default is exponential.

        Raises:
            CallError: the type, the count or a duration is not valid.
        """
        if policy is None:
            return cls(
                "exponential",
                limits.RETRY_COUNT,
                limits.RETRY_INTERVAL_SECONDS,
                limits.RETRY_LEAST_SECONDS,
                limits.RETRY_MOST_SECONDS,
            )
        kind = str(policy.get("type", "exponential")).lower()
        if kind not in _KINDS:
            raise _invalid(f"type is {kind!r}; allowed: {', '.join(_KINDS)}")
        count = policy.get("count", limits.RETRY_COUNT)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= limits.RETRY_MOST_COUNT:
            raise _invalid(f"count is {count!r}; allowed: 1 to {limits.RETRY_MOST_COUNT}")
        return cls(
            kind,
            0 if kind == "none" else count,
            _seconds(policy, "interval", limits.RETRY_INTERVAL_SECONDS),
            _seconds(policy, "minimumInterval", limits.RETRY_LEAST_SECONDS),
            _seconds(policy, "maximumInterval", limits.RETRY_LONGEST_SECONDS),
        )

    def pause(self, attempt: int, source: random.Random) -> float:
        """Return the seconds before the try after the `attempt`-th failed one (from 1)."""
        if self.kind == "fixed":
            return self.interval
        low = self.least if attempt == 1 else max(self.least, 2 ** (attempt - 2) * self.interval)
        high = min(self.most, 2 ** (attempt - 1) * self.interval)
        return source.uniform(min(low, high), high)


def _invalid(reason: str) -> CallError:
    return CallError("InvalidRetryPolicy", f"retryPolicy.{reason}")


def _seconds(policy: Mapping[str, Any], member: str, default: float) -> float:
    if member not in policy:
        return default
    try:
        seconds = duration_seconds(str(policy[member]))
    except ValueError as error:
        raise _invalid(f"{member}: {error}") from error
    if not limits.RETRY_LEAST_SECONDS <= seconds <= limits.RETRY_LONGEST_SECONDS:
        raise _invalid(f"{member} is {policy[member]!r}; allowed: PT5S to P1D")
    return seconds


def is_retried(status: int) -> bool:
    """Tell whether an answer with this status is tried again: 408, 429 and 5xx."""
    return status in _RETRIED or status >= _SERVER_ERROR


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return what an answer's Retry-After says: seconds, or a date; None where it says nothing that can be read."""
    found = {name.lower(): value for name, value in headers.items()}
    text = found.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), limits.RUN_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(found["date"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (moment - now).total_seconds())
