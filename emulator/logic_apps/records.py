"""What a run keeps of each action."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
SKIPPED = "Skipped"
TIMED_OUT = "TimedOut"
CANCELLED = "Cancelled"


@dataclass
class ActionRecord:
    """One execution of an action.

    `path` is unique in the run: the loops and iterations around the action, and its name. `hidden` has "inputs" and
    "outputs" as they are secured. `retries` has the attempts of an Http action before the last, `tracked` the values of
    its trackedProperties.
    """

    name: str
    path: str
    status: str
    start: str
    end: str | None = None
    code: str | None = None
    inputs: Any = None
    outputs: Any = None
    error: dict[str, Any] | None = None
    tracking_id: str = ""
    hidden: list[str] = field(default_factory=list[str])
    retries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tracked: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Whether the action is over."""
        return self.end is not None

    def seen(self) -> dict[str, Any]:
        """Return the record as expressions see it."""
        found: dict[str, Any] = {
            "name": self.name,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "startTime": self.start,
            "endTime": self.end,
            "trackingId": self.tracking_id,
            "status": self.status,
            "code": self.code,
            "error": self.error,
        }
        return {key: value for key, value in found.items() if value is not None or key in ("inputs", "outputs")}

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return dict(vars(self))

    def summary(self) -> dict[str, Any]:
        """Return the record as JSON, without inputs and outputs."""
        return {name: value for name, value in vars(self).items() if name not in ("inputs", "outputs")}

    def content(self, part: str) -> Any:
        """Return the "inputs" or "outputs" as the history may show them: None where they are secured."""
        return None if part in self.hidden else getattr(self, part)


@dataclass(frozen=True)
class ActionSummary:
    """An execution of an action without its contents; sizes are of their JSON in bytes, None where there is none."""

    record: ActionRecord
    inputs_size: int | None
    outputs_size: int | None


@dataclass(frozen=True)
class ActionGroup:
    """All executions of one action of a run: one, or in a loop its repetitions."""

    first: ActionSummary
    count: int
    status: str
    start: str
    end: str | None

    @property
    def repeated(self) -> bool:
        """Whether the action stands in a loop."""
        return self.first.record.path != self.first.record.name


@dataclass(frozen=True)
class IterationRecord:
    """One finished iteration of a loop; `path` is the prefix of its actions' paths.

    `holds` tells whether an Until's condition held after it.
    """

    path: str
    index: int
    status: str
    start: str
    end: str
    holds: bool = False


@dataclass
class TriggerRecord:
    """What started a run: `outputs` has headers, body and what else the trigger gives."""

    name: str
    status: str
    start: str
    end: str
    code: str
    inputs: Any = None
    outputs: Any = None
    hidden: list[str] = field(default_factory=list[str])

    def seen(self) -> dict[str, Any]:
        """Return the record as expressions see it."""
        return {
            "name": self.name,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "startTime": self.start,
            "endTime": self.end,
            "status": self.status,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return asdict(self)

    def readable(self) -> dict[str, Any]:
        """Return the record as JSON, without what is secured."""
        return {**asdict(self), **dict.fromkeys(self.hidden)}
