"""Alert rules over the records of runs: what is wrong, and what runs changed.

A rule reads two days at most, whatever its query says ("Create or edit a log search alert rule", learn.microsoft.com),
so it looks at all of them at each evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.settings import Settings
from workflows import monitoring

FREQUENCY: Final = "PT15M"
"""The cheapest one."""
TIME_RANGE: Final = "P2D"
IMAGE_QUOTAS: Final[Mapping[str, int]] = {"F0": 5_000, "S0": 100_000}
"""Training images of a project by price tier ("Limits and quotas", Custom Vision, learn.microsoft.com)."""


@dataclass(frozen=True)
class LogAlert:
    """A rule that fires where its query answers rows.

    One that `lasts` is told once and resolved when it holds no more; one that does not is an event, told each time.
    With `dimensions`, columns of the query, each combination of their values is an alert of its own. `severity` is 0
    (critical) to 4 (verbose); `frequency`, an ISO 8601 duration, is how often the query runs.
    """

    name: str
    query: str
    severity: int
    description: str
    frequency: str = FREQUENCY
    lasts: bool = True
    enabled: bool = True
    dimensions: tuple[str, ...] = ()


_RULES: Final[Mapping[str, tuple[int, str]]] = {
    "stuck-run": (1, "A run has begun and not recorded its end; its run history says where it is."),
    "images-wait": (
        2,
        "Images have waited in training-images for long; the runs' manifests and the trigger history say why.",
    ),
    "no-run": (
        3,
        "No run has begun for long: nothing was uploaded, or the Logic App is disabled; its overview says which.",
    ),
    "rejected-in-a-row": (2, "The gate rejects one iteration after the other: the new images do not help the model."),
    "production-accuracy": (1, "The model in production is less accurate than the settings ask for."),
    "export-failed": (2, "The model in production could not be exported; every run that begins tries again."),
    "image-quota": (2, "The project comes near the number of images that its price tier stores."),
    "training-hours": (3, "Most of the month's hours of training are used."),
    "training-spend": (2, "The month's hours of training are used up: nothing is trained before the next month."),
}


def log_alerts(settings: Settings) -> list[LogAlert]:
    """Return the rules with the thresholds of the settings."""
    thresholds = {
        "stuckRunHours": settings.alerts.stuck_run_hours,
        "waitingImagesHours": settings.alerts.waiting_images_hours,
        "noRunHours": settings.alerts.no_run_hours,
        "rejectedInARow": settings.alerts.rejected_in_a_row,
        "productionAccuracyFloor": settings.alerts.production_accuracy_floor,
        "quotaPercent": settings.alerts.quota_percent,
        "imageQuota": IMAGE_QUOTAS[settings.custom_vision_sku],
    }
    texts = monitoring.alerts()
    return [
        LogAlert(name, texts[name].format(**thresholds), severity, description)
        for name, (severity, description) in _RULES.items()
    ]
