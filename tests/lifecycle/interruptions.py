"""Engines that are killed, providers that fail: at every resource, before and after its call.

`Interruptions` stands between engine and provider. A kill strikes all steps that are under way: it holds them until no
further one begins, then has each end as if the answer had never come. So the journal is left as by a dead engine, and
a stack is killed at every one of its resources in a few deployments.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pytest

from emulator.pulumi.engine.errors import DeploymentError, OutcomeUnknownError
from emulator.pulumi.engine.provider import Provider

_QUIET_SECONDS: Final = 0.3
"""So long no step begins before those that are held are struck; too short a time costs deployments, not the result."""


class Strike(StrEnum):
    """What becomes of a step: the engine dies before its call, dies after it, or the provider refuses."""

    BEFORE = "killed before the call"
    AFTER = "killed after the call"
    REFUSED = "refused"


@dataclass
class Interruptions:
    """Strikes each resource's step once in each way of `strikes`, in their order, and lets the next pass.

    `names` are the resources that are struck, None for all.
    """

    strikes: tuple[Strike, ...]
    names: frozenset[str] | None
    struck: dict[str, list[Strike]] = field(default_factory=dict[str, list[Strike]])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float = 0
    _struck_at: float = 0

    def strike(self, urn: str, call: Callable[[], Any]) -> Any:
        name = urn.rsplit("::", 1)[-1]
        if self.names is not None and name not in self.names:
            return call()
        with self._lock:
            met = self.struck.setdefault(name, [])
            strike = self.strikes[len(met)] if len(met) < len(self.strikes) else None
            if strike is not None:
                met.append(strike)
            begun = self._last = time.monotonic()
        if strike is None:
            return call()
        if strike is Strike.AFTER:
            call()
        while self._struck_at < begun:
            if time.monotonic() - self._last >= _QUIET_SECONDS:
                self._struck_at = time.monotonic()
            time.sleep(_QUIET_SECONDS / 10)
        if strike is Strike.REFUSED:
            raise DeploymentError("409 Conflict: another operation is in progress", urn)
        raise OutcomeUnknownError("the engine was killed", urn)

    def missed(self, names: Iterable[str]) -> set[str]:
        """Return those of the resources that were not struck in every way."""
        return {name for name in names if tuple(self.struck.get(name, ())) != self.strikes}


@contextmanager
def interrupted(method: str, *strikes: Strike, names: Iterable[str] | None = None) -> Generator[Interruptions]:
    """Strike the provider's calls `method` (create, update, delete) while the context lasts; previews are let be."""
    interruptions = Interruptions(strikes, None if names is None else frozenset(names))
    original = getattr(Provider, method)

    def call(self: Provider, urn: str, *arguments: Any, **options: Any) -> Any:
        def carry_out() -> Any:
            return original(self, urn, *arguments, **options)

        return carry_out() if options.get("preview") else interruptions.strike(urn, carry_out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Provider, method, call)
        yield interruptions
