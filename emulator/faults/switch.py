"""The faults that are on, and how many calls met each."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import Any

from emulator.faults.rule import Call, Rule


@dataclass
class _Active:
    rule: Rule
    fitted: int = 0
    met: int = 0


class FaultSwitch:
    """Decides of every call whether it meets a fault; safe to ask from several threads."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._active: dict[str, _Active] = {}
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> str:
        """Turn a fault on; return its id."""
        with self._lock:
            id = str(next(self._numbers))
            self._active[id] = _Active(rule)
            return id

    def remove(self, id: str) -> bool:
        """Turn a fault off; return whether it was there."""
        with self._lock:
            return self._active.pop(id, None) is not None

    def clear(self) -> None:
        """Turn all faults off."""
        with self._lock:
            self._active.clear()

    def met(self, id: str) -> int:
        """Return how many calls met a fault that is on; 0 for others."""
        with self._lock:
            found = self._active.get(id)
            return found.met if found else 0

    def to_json(self) -> list[dict[str, Any]]:
        """Return every fault that is on, with its id and how many calls met it."""
        with self._lock:
            return [{"id": id, **each.rule.to_json(), "met": each.met} for id, each in self._active.items()]

    def draw(self, call: Call) -> Rule | None:
        """Return the fault that a call meets, the one that was turned on first, and count it."""
        with self._lock:
            for each in self._active.values():
                if not each.rule.fits(call):
                    continue
                each.fitted += 1
                if each.fitted > each.rule.skip and (each.rule.count is None or each.met < each.rule.count):
                    each.met += 1
                    return each.rule
        return None
