"""What is billed more often than it seems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action, Trigger
from emulator.logic_apps.triggers.intervals import interval_seconds

_LEAST_SECONDS: Final = 60.0
_MONTH: Final = 30 * 86_400
"""Seconds."""
_CONNECTORS: Final = ("apiconnection", "openapiconnection")
_BILLED: Final = (
    "apiconnection",
    "openapiconnection",
    "http",
    "function",
    "workflow",
    "apimanagement",
    "serviceprovider",
)
_LOOPS: Final = ("foreach", "until")


def check(parts: Parts, problems: Problems) -> None:
    """Tell what runs, and is billed, very often."""
    for trigger in parts.definition.triggers.values():
        _check_recurrence(trigger, problems)
    for action in parts.definition.index.values():
        _check_loops(action, parts, problems)


def _check_recurrence(trigger: Trigger, problems: Problems) -> None:
    recurrence: Any = trigger.raw.get("recurrence")
    if not isinstance(recurrence, dict) or recurrence.get("schedule"):
        return
    frequency, interval = recurrence.get("frequency"), recurrence.get("interval")
    if not isinstance(frequency, str) or not isinstance(interval, int) or frequency.lower() not in ("second", "minute"):
        return
    seconds = interval_seconds(interval, frequency.lower())
    if seconds < _LEAST_SECONDS:
        what = "polls a connector" if trigger.kind.startswith(_CONNECTORS) else "is billed"
        problems.add(
            "recurrence-fast",
            f"the trigger '{trigger.name}' {what} every {seconds:g} seconds: {_MONTH / seconds:,.0f} times a month, "
            f"whether it fires or not.",
            (*trigger.path, "recurrence"),
        )


def _check_loops(action: Action, parts: Parts, problems: Problems) -> None:
    """Tell of a loop within a loop that makes calls."""
    outer = [loop for loop in action.loops if parts.definition.index[loop.lower()].kind in _LOOPS]
    calls = list(_calls(action)) if action.kind in _LOOPS and outer else []
    if calls:
        passes = " times every pass of ".join(f"'{loop}'" for loop in (*outer, action.name))
        problems.add(
            "loops-multiply",
            f"{len(calls)} {'call is' if len(calls) == 1 else 'calls are'} billed once for every pass of {passes}: "
            f"{', '.join(calls)}.",
            action.path,
            at_name=True,
        )


def _calls(action: Action) -> Iterator[str]:
    """Yield the names of the calls in a loop, those in loops within it left out."""
    for child in action.children:
        if child.kind.startswith(_BILLED):
            yield child.name
        if child.kind not in _LOOPS:
            yield from _calls(child)
