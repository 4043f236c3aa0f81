"""Webhooks that wait for a callback: what was subscribed, how it is unsubscribed, and what came; kept over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from emulator.logic_apps.history.run_store import RunStore

_SUBSCRIPTION = "subscription:"
_CALLBACK = "callback:"


class Subscriptions:
    """Subscriptions by their owner, a run or a trigger, and by the place in it: the path of an action."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._events: dict[tuple[str, str], asyncio.Event] = {}

    def keep(self, owner: str, place: str, inputs: Any, *, confirmed: bool) -> None:
        """Record a subscription; it is not `confirmed` while its request is under way."""
        self._store.keep_working(owner, _SUBSCRIPTION + place, {"inputs": inputs, "confirmed": confirmed})

    def inputs(self, owner: str, place: str) -> Any:
        """Return the inputs of a confirmed subscription, None where there is none."""
        found = self._store.working(owner, _SUBSCRIPTION + place)
        return found["inputs"] if found is not None and found["confirmed"] else None

    def deliver(self, owner: str, place: str, outputs: Any) -> bool:
        """Take a callback; False where nobody waits for it: there is no subscription, or it was called back before."""
        waiting = self._store.working(owner, _SUBSCRIPTION + place) is not None
        if not waiting or self._store.working(owner, _CALLBACK + place) is not None:
            return False
        self._store.keep_working(owner, _CALLBACK + place, {"outputs": outputs})
        event = self._events.get((owner, place))
        if event is not None:
            event.set()
        return True

    async def callback(self, owner: str, place: str) -> Any:
        """Return what was called back, when it is there."""
        event = self._events.setdefault((owner, place), asyncio.Event())
        try:
            while (found := self._store.working(owner, _CALLBACK + place)) is None:
                await event.wait()
                event.clear()
        finally:
            self._events.pop((owner, place), None)
        return found["outputs"]

    def remove(self, owner: str, place: str) -> Any:
        """Forget a subscription; return its inputs where it was confirmed or under way, else None."""
        found = self._store.working(owner, _SUBSCRIPTION + place)
        self._store.drop_working(owner, _SUBSCRIPTION + place)
        self._store.drop_working(owner, _CALLBACK + place)
        return None if found is None else found["inputs"]

    def places(self, owner: str) -> Iterator[str]:
        """Yield where an owner has subscriptions."""
        for part in self._store.working_parts(owner, _SUBSCRIPTION):
            yield part.removeprefix(_SUBSCRIPTION)
