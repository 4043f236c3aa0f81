"""The parts of a deployment as its settings reach them: what docs/configuration.md says a change of a setting does."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True)
class Part:
    """Some of a stack's resources.

    Attributes:
        label: what people call them, for the middle of a sentence.
        names: patterns of their logical names, as `fnmatch` knows them.
        but: patterns of names that `names` fits and that are no part of it.
    """

    label: str
    names: tuple[str, ...]
    but: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Tell whether the resource of the logical name `name` belongs to it."""
        return any(fnmatchcase(name, each) for each in self.names) and not any(
            fnmatchcase(name, each) for each in self.but
        )


EVERYTHING: Final = Part("everything, under new names", ("*",), but=("orchestration-role-id",))
"""But for the GUID of the custom role, which lies in no region."""
EVERYTHING_IN_THE_GROUP: Final = Part(
    "everything else, under new names", ("*",), but=("orchestration-role-id", "resource-group")
)
RESOURCE_GROUP: Final = Part("the resource group", ("resource-group",))
OF_THE_WORKSPACE: Final = Part(
    "the tables with their rows, and the workbook", ("monitoring-records-*_CL", "monitoring-workbook")
)
WRITERS_AND_READERS_OF_LOGS: Final = Part(
    "the diagnostic settings, the data collection rule and the alerts over logs",
    (
        "monitoring-*-logs",
        "monitoring-records-rule",
        "monitoring-stuck-run",
        "monitoring-images-wait",
        "monitoring-no-run",
        "monitoring-rejected-in-a-row",
        "monitoring-production-accuracy",
        "monitoring-image-quota",
        "monitoring-training-hours",
        "monitoring-training-spend",
        "monitoring-export-failed",
        "monitoring-run-notices",
    ),
)
TAGGED: Final = Part(
    "everything that has tags",
    (
        "resource-group",
        "data-account",
        "ml-training",
        "ml-prediction",
        "monitoring-*",
        "orchestration-retrain",
        "orchestration-rollback",
    ),
    but=("*-logs", "*_CL", "monitoring-send-records", "monitoring-rollback-send-records"),
)
STORAGE_ACCOUNT: Final = Part("the storage account", ("data-account",))
RETENTION: Final = Part("the storage account's rules of deletion", ("data-lifecycle",))
CUSTOM_VISION_ACCOUNTS: Final = Part("both Custom Vision accounts", ("ml-training", "ml-prediction"))
TRAINING_ACCOUNT: Final = Part("the training account", ("ml-training",))
PREDICTION_ACCOUNT: Final = Part("the prediction account", ("ml-prediction",))
PURGES: Final = Part("the purge of both Custom Vision accounts", ("ml-*-purge",))
PROJECT: Final = Part("the Custom Vision project", ("ml-project",))
PROJECT_CONFIG: Final = Part("the blob project-config.json", ("orchestration-project-config",))
RETRAINING: Final = Part("the Logic App of retraining", ("orchestration-retrain",))
ROLLBACK: Final = Part("the Logic App of rollback", ("orchestration-rollback",))
WORKSPACE: Final = Part("the Log Analytics workspace", ("monitoring-workspace",))
ACTION_GROUP: Final = Part("the action group", ("monitoring-action-group",))


def alerts(*names: str) -> Part:
    """Return the alert rules of these names; ``*`` stands for any characters."""
    what = "the alert" if len(names) == 1 and "*" not in names[0] else "the alerts"
    return Part(f"{what} {' and '.join(f'`{name}`' for name in names)}", tuple(f"monitoring-{name}" for name in names))
