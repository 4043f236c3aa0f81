"""What pages about runs say of a workflow, a run, an action: Microsoft.Logic's JSON as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.portal.presentation import elapsed, error_text

LOGIC_API_VERSION: Final = "2019-05-01"
WORKFLOWS: Final = "Microsoft.Logic/workflows"
RUNS: Final = f"{WORKFLOWS}/runs"
ACTIONS: Final = f"{RUNS}/actions"
REPETITIONS: Final = f"{ACTIONS}/repetitions"
LARGEST_PAGE: Final = "250"
"""https://learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-config"""

STATUSES: Final = (
    "Running",
    "Waiting",
    "Succeeded",
    "Failed",
    "Cancelled",
    "TimedOut",
    "Skipped",
    "Suspended",
    "Paused",
    "Aborted",
    "Faulted",
    "Ignored",
    "NotSpecified",
)
"""WorkflowStatus of Microsoft.Logic 2019-05-01."""


@dataclass(frozen=True)
class Outcome:
    """What runs, triggers, actions and repetitions have in common; times are ISO 8601, `duration` is in words."""

    status: str
    code: str
    error: str
    start: str | None
    end: str | None
    duration: str

    @classmethod
    def of(cls, properties: Mapping[str, Any], now: datetime) -> Outcome:
        """Return the outcome in the ``properties`` of any of them."""
        start, end = properties.get("startTime"), properties.get("endTime")
        return cls(
            properties.get("status", ""),
            properties.get("code", ""),
            error_text(properties.get("error"), properties.get("code", "")),
            start,
            end,
            elapsed(start, end, now),
        )


@dataclass(frozen=True)
class RunRow:
    """A run of a workflow."""

    id: str
    name: str
    trigger: str
    outcome: Outcome

    @classmethod
    def of(cls, run: Mapping[str, Any], now: datetime) -> RunRow:
        """Return the row of a run's JSON."""
        properties = run["properties"]
        trigger = (properties.get("trigger") or {}).get("name", "")
        return cls(run["id"], run["name"], trigger, Outcome.of(properties, now))
