"""What a deployment tells while it runs. Values are masked: no secret is in an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.pulumi.differences import DifferenceKind
from emulator.pulumi.wire import Value

Operation = Literal["create", "update", "replace", "delete", "same", "read", "refresh"]
Severity = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class PropertyChange:
    """One property of a step: `old` and `new` show ``[secret]`` and ``[unknown]`` in place of such values."""

    path: str
    kind: DifferenceKind
    old: Value
    new: Value
    replaces: bool


@dataclass(frozen=True)
class StepStarted:
    """A step begins; in a preview: would be made. `replacing`: the delete belongs to a replacement."""

    urn: str
    type: str
    name: str
    operation: Operation
    changes: tuple[PropertyChange, ...] = ()
    replacing: bool = False


@dataclass(frozen=True)
class StepFinished:
    """A step is done and saved."""

    urn: str
    operation: Operation
    seconds: float


@dataclass(frozen=True)
class StepFailed:
    """A step failed."""

    urn: str
    operation: Operation
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """A message of the program, of a plugin or of the engine; `urn` is the resource it is about, or empty."""

    severity: Severity
    message: str
    urn: str = ""


Event: TypeAlias = StepStarted | StepFinished | StepFailed | Diagnostic
