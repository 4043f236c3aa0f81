"""How a deployment's events read in the terminal: a line a step, as it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rich.markup import escape

from emulator.pulumi.engine import (
    Diagnostic,
    Event,
    Operation,
    PropertyChange,
    StepFailed,
    StepFinished,
    StepStarted,
    Summary,
)
from emulator.pulumi.wire import Value

_COLOURS: dict[Operation, str] = {
    "create": "green",
    "update": "yellow",
    "replace": "magenta",
    "delete": "red",
    "refresh": "cyan",
    "read": "cyan",
    "same": "dim",
}
_LONGEST_VALUE = 80


class DeploymentView:
    """Takes events from any thread and gives each line, with Rich's markup, to `write`.

    In a preview nothing is done, so a step is told with its changed properties when it begins.
    """

    def __init__(self, write: Callable[[str], None], *, shows_changes: bool = False) -> None:
        self._write = write
        self._shows_changes = shows_changes
        self._lock = threading.Lock()
        self._started: dict[str, StepStarted] = {}

    def __call__(self, event: Event) -> None:
        """Tell the event, if it is one that a user wants to see."""
        with self._lock:
            for line in self._lines(event):
                self._write(line)

    def _lines(self, event: Event) -> list[str]:
        match event:
            case StepStarted():
                self._started[event.urn] = event
                if not self._shows_changes or event.operation == "same":
                    return []
                return [_step(event), *(_change(change) for change in event.changes)]
            case StepFinished():
                started = self._started.pop(event.urn, None)
                if started is None or self._shows_changes or event.operation == "same":
                    return []
                return [f"{_step(started)} [dim]{event.seconds:.1f}s[/]"]
            case StepFailed():
                return [f"[bold red]{event.operation} failed[/] {escape(event.urn)}: {escape(event.message)}"]
            case Diagnostic():
                if event.severity == "debug":
                    return []
                colour = {"error": "bold red", "warning": "yellow", "info": "default"}[event.severity]
                return [f"[{colour}]{event.severity}[/]: {escape(event.message.strip())}"]


def summary_line(summary: Summary) -> str:
    """Return what a deployment came to, in words."""
    counts = {
        "created": summary.created,
        "updated": summary.updated,
        "replaced": summary.replaced,
        "deleted": summary.deleted,
        "unchanged": summary.unchanged,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to do"
    return f"{told} in {summary.duration_seconds:.1f} s"


def _step(event: StepStarted) -> str:
    operation = f"[{_COLOURS[event.operation]}]{event.operation:<8}[/]"
    return f"{operation} {escape(event.type.removeprefix('azure-native:')):<42} {escape(event.name)}"


def _change(change: PropertyChange) -> str:
    effect = " [magenta](replaces)[/]" if change.replaces else ""
    return f"           {escape(change.path)}: {_value(change.old)} -> {_value(change.new)}{effect}"


def _value(value: Value) -> str:
    text = str(value)
    return escape(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}...")
