"""When the stack's alerts fire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from components import parts
from components import setting_values as kinds
from components.setting import Setting

ALERT_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "alertWebhook",
        kinds.URL,
        None,
        "Who else is told when an alert fires: an address that takes the common alert schema. Set it with --secret.",
        secret=True,
        updates=(parts.ACTION_GROUP,),
    ),
    Setting(
        "noticesToActionGroup",
        kinds.BOOLEAN,
        True,
        "Whether alertEmail and alertWebhook are told of every run that published, was held by the gate or rolled "
        "back. Of failed runs they are told in any case.",
        updates=(parts.alerts("run-notices"),),
    ),
    Setting(
        "stuckRunHours",
        kinds.integer(1, 47),
        26,
        "A run that has not ended after so many hours is an alert. An Advanced training may take 24.",
        updates=(parts.alerts("stuck-run"),),
    ),
    Setting(
        "waitingImagesHours",
        kinds.integer(1, 47),
        6,
        "Images that have waited for so many hours, by the newest run that listed them, are an alert.",
        updates=(parts.alerts("images-wait"),),
    ),
    Setting(
        "noRunHours",
        kinds.integer(1, 47),
        46,
        "So many hours after the newest run without another one are an alert: nothing was uploaded, or the workflow is "
        "disabled.",
        updates=(parts.alerts("no-run"),),
    ),
    Setting(
        "rejectedInARow",
        kinds.integer(2, 20),
        3,
        "So many iterations that the gate rejected since the last publication or rollback are an alert.",
        updates=(parts.alerts("rejected-in-a-row"),),
    ),
    Setting(
        "productionAccuracyFloor",
        kinds.number(0, 1),
        "0.6",
        "An iteration that is published with less accuracy than this is an alert: the share of held-out images that it "
        "has right, or its average precision where there are none.",
        updates=(parts.alerts("production-accuracy"),),
    ),
    Setting(
        "quotaPercent",
        kinds.integer(1, 100),
        80,
        "An alert when so many percent of the images that the price tier stores, or of the month's training hours "
        "(maximumTrainingHoursPerMonth), are used.",
        updates=(parts.alerts("image-quota", "training-hours"),),
    ),
    Setting(
        "billableExecutionsPerDay",
        kinds.integer(1, 100000000),
        20000,
        "More billed executions of triggers and actions than this within 24 hours are an alert.",
        updates=(parts.alerts("executions"),),
    ),
)


@dataclass(frozen=True)
class AlertSettings:
    """The values of `ALERT_SETTINGS`; see there for units and limits."""

    alert_webhook: str | None = field(repr=False)
    notices_to_action_group: bool
    stuck_run_hours: int
    waiting_images_hours: int
    no_run_hours: int
    rejected_in_a_row: int
    production_accuracy_floor: float
    quota_percent: int
    billable_executions_per_day: int
