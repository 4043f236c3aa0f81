"""The rule that tells the action group of each run that changed something: one alert a run, never resolved.

Stateless, because a stateful rule would also tell that the alert is resolved ("Types of Azure Monitor alerts",
learn.microsoft.com). Each evaluation so has to see what came in since the one before, and nothing else: the query goes
by `ingestion_time()`, not by TimeGenerated, which may be minutes older.

Failed runs are not told here but by metrics (`runs-failed`, `rollbacks-failed`): a run that fails may be unable to
record anything.
"""

from __future__ import annotations

from typing import Final

from workflows import monitoring

NAME: Final = "run-notices"
MINUTES: Final = 5
FREQUENCY: Final = f"PT{MINUTES}M"
SEVERITY: Final = 4
"""Verbose: nothing is wrong."""
DESCRIPTION: Final = "A run changed what is in production, or the gate held a new iteration; the dimensions say which."
DIMENSIONS: Final = ("Run", "Decision", "Reason", "Accuracy", "AccuracyBefore", "Link")
"""Columns by which the rule is split: six at most ("Create or edit a log search alert rule", learn.microsoft.com)."""


def query() -> str:
    """Return the rule's query."""
    return monitoring.notices().format(minutes=MINUTES)
