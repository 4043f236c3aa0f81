"""What becomes of actions that stand side by side, and of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.logic_apps.definitions.components import Action
from emulator.logic_apps.history.records import CANCELLED, FAILED, SKIPPED, SUCCEEDED, TIMED_OUT


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str
    code: str | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def of(cls, status: str) -> Outcome:
        """Return the outcome of a run whose actions have this common status."""
        if status == SUCCEEDED:
            return cls(status)
        return cls.failed(status, "ActionFailed", "An action failed. No dependent actions succeeded.")

    @classmethod
    def failed(cls, status: str, code: str, message: str) -> Outcome:
        """Return an outcome with its reason."""
        return cls(status, code, {"code": code, "message": message})


def common_status(actions: Mapping[str, Action], finished: Mapping[str, str]) -> str:
    """Return the status of a scope: leaves decide; a skipped leaf stands for the actions it would have run after."""
    followed = {other for action in actions.values() for other in action.run_after}
    found: set[str] = set()
    open_ = [name for name in actions if name not in followed]
    seen = set(open_)
    while open_:
        name = open_.pop()
        if finished[name] != SKIPPED:
            found.add(finished[name])
            continue
        before = set(actions[name].run_after) - seen
        seen |= before
        open_.extend(before)
    return next((status for status in (FAILED, TIMED_OUT, CANCELLED) if status in found), SUCCEEDED)
