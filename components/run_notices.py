"""The rule that tells the action group of each run that changed something: one alert a run, never resolved.

Stateless, because a stateful rule would also tell that the alert is resolved ("Types of Azure Monitor alerts",
learn.microsoft.com). Each evaluation so has to see what came in since the one before, and nothing else: the query goes
by `ingestion_time()`, not by TimeGenerated, which may be minutes older.

Failed runs are not told here but by metrics (`runs-failed`, `rollbacks-failed`): a run that fails may be unable to
record anything.
"""

from __future__ import annotations

from typing import Final

from components.log_alerts import LogAlert
from components.settings import Settings
from workflows import monitoring

NAME: Final = "run-notices"
MINUTES: Final = 5
"""Between two evaluations: a rule of one minute may not call `ingestion_time()` (the same page as below)."""
SEVERITY: Final = 4
"""Verbose: nothing is wrong."""
DIMENSIONS: Final = ("Run", "Decision", "Reason", "Accuracy", "AccuracyBefore", "Link")
"""Columns by which the rule is split: six at most ("Create or edit a log alert rule", learn.microsoft.com)."""


def run_notices(settings: Settings) -> LogAlert:
    """Return the rule; it is disabled where the settings want no such notices."""
    return LogAlert(
        NAME,
        monitoring.notices().format(minutes=MINUTES),
        SEVERITY,
        "A run changed what is in production, or the gate held a new iteration; the dimensions say which.",
        frequency=f"PT{MINUTES}M",
        lasts=False,
        enabled=settings.alerts.notices_to_action_group,
        dimensions=DIMENSIONS,
    )
