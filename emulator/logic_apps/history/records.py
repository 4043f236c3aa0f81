"""What a run keeps of each action."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Part = Literal["inputs", "outputs"]

RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
SKIPPED = "Skipped"
TIMED_OUT = "TimedOut"
CANCELLED = "Cancelled"


@dataclass(frozen=True)
class ContentSummary:
    """A content without itself: the bytes of its JSON, and their MD5 in base64, as content links tell them."""

    size: int
    md5: str

    @classmethod
    def of(cls, text: str) -> ContentSummary:
        """Return the summary of a JSON text."""
        content = text.encode()
        return cls(len(content), base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode("ascii"))

    @classmethod
    def from_json(cls, members: Mapping[str, Any] | None) -> ContentSummary | None:
        """Return the summary that `asdict` wrote."""
        return cls(**members) if members is not None else None


@dataclass
class ActionRecord:
    """One execution of an action.

    `path` is unique in the run: the loops and iterations around the action, and its name. `hidden` has "inputs" and
    "outputs" as they are secured. `retries` has the attempts of an Http action before the last, `tracked` the values of
    its trackedProperties, `traces` what each expression of its inputs gave.
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
    traces: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    client_tracking_id: str = ""

    @property
    def finished(self) -> bool:
        """Whether the action is over."""
        return self.end is not None

    @property
    def repetition(self) -> str:
        """The name of this repetition, "" outside of loops."""
        return repetition_name(indexes_of(self.path))

    def seen(self) -> dict[str, Any]:
        """Return the record as expressions see it."""
        found: dict[str, Any] = {
            "name": self.name,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "startTime": self.start,
            "endTime": self.end,
            "trackingId": self.tracking_id,
            "clientTrackingId": self.client_tracking_id or None,
            "status": self.status,
            "code": self.code,
            "error": self.error,
        }
        return {key: value for key, value in found.items() if value is not None or key in ("inputs", "outputs")}

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return dict(vars(self))

    def summary(self) -> dict[str, Any]:
        """Return the record as JSON, without inputs, outputs and traces."""
        return {name: value for name, value in vars(self).items() if name not in ("inputs", "outputs", "traces")}

    def content(self, part: Part) -> Any:
        """Return the "inputs" or "outputs" as the history may show them: None where they are secured."""
        return None if part in self.hidden else getattr(self, part)


@dataclass(frozen=True)
class ActionSummary:
    """An execution of an action without its contents; None where there is none, or it is secured."""

    record: ActionRecord
    inputs: ContentSummary | None
    outputs: ContentSummary | None


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
    """What started a run: `outputs` has headers, body and what else the trigger gives.

    `client_tracking_id` correlates the run with what started it; None stands for the run's own id.
    """

    name: str
    status: str
    start: str
    end: str
    code: str
    inputs: Any = None
    outputs: Any = None
    hidden: list[str] = field(default_factory=list[str])
    client_tracking_id: str | None = None

    def seen(self) -> dict[str, Any]:
        """Return the record as expressions see it."""
        return {
            "name": self.name,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "startTime": self.start,
            "endTime": self.end,
            "status": self.status,
            "code": self.code,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return asdict(self)

    def content(self, part: Part) -> Any:
        """Return the "inputs" or "outputs" as the history may show them: None where they are secured."""
        return None if part in self.hidden else getattr(self, part)


@dataclass(frozen=True)
class TriggerSummary:
    """What started a run, without its contents; None where there is none, or it is secured."""

    name: str
    status: str
    start: str
    end: str
    code: str
    hidden: tuple[str, ...] = ()
    inputs: ContentSummary | None = None
    outputs: ContentSummary | None = None
    client_tracking_id: str | None = None

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> TriggerSummary:
        """Return the summary that `asdict` wrote."""
        contents = {side: ContentSummary.from_json(members[side]) for side in ("inputs", "outputs")}
        return replace(cls(**members), hidden=tuple(members["hidden"]), **contents)


@dataclass(frozen=True)
class RequestRecord:
    """A request that an action made, and what was answered; `name` sorts newest first.

    Secured sides are None: `request` has method, uri and headers, `response` statusCode and headers. `response` is also
    None where no answer came; `body` is that of the answer.
    """

    name: str
    start: str
    end: str
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    body: ContentSummary | None = None

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> RequestRecord:
        """Return the record that `asdict` wrote."""
        return replace(cls(**members), body=ContentSummary.from_json(members["body"]))


@dataclass(frozen=True)
class RunRow:
    """A run as the history has it."""

    id: str
    workflow: str
    version: str
    status: str
    start: str
    end: str | None
    code: str | None
    error: dict[str, Any] | None
    trigger: TriggerSummary


def indexes_of(path: str) -> list[tuple[str, int]]:
    """Return the loops and iterations in a path such as ``Outer:1/Inner:0/Action``, outermost first."""
    parts = [part.rpartition(":") for part in path.split("/")[:-1]]
    return [(loop, int(index)) for loop, _, index in parts]


def repetition_name(indexes: Sequence[tuple[str, int]]) -> str:
    """Return the name of a repetition: six digits for each loop, outermost first, as ``000001-000000``."""
    return "-".join(f"{index:06}" for _, index in indexes)


def at(value: Any, keys: Sequence[str | int]) -> Any:
    """Return what stands at `keys`, names and numbers, in a JSON value; None where there is nothing."""
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
