"""What a run goes by: each deployed value can be set anew in ``model-artifacts/settings.json``, without a deployment.

`settings_schema` renders them as the JSON Schema of that file, which the workflow itself checks it with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from components import parts
from components import setting_values as kinds
from components.setting import Setting

_SHARE: Final = kinds.number(0, 1)

RETRAINING_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "automaticTraining",
        kinds.BOOLEAN,
        True,
        "Whether uploads lead to trainings. If not, images are added to the project all the same, and the manual "
        "trigger trains.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "minimumImagesPerTag",
        kinds.integer(5, 10000),
        15,
        "No training before every tag has this many images. The service's own minimum is 5.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "minimumNewImages",
        kinds.integer(1, 100000),
        1,
        "No automatic training for fewer images than this that no iteration was trained with.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "minimumNewImagesPerTag",
        kinds.integer(1, 10000),
        1,
        "No automatic training while a tag has new images, but fewer than this.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "minimumHoursBetweenTrainings",
        kinds.number(0, 8760),
        "0",
        "No automatic training within so many hours after the last one ended.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "maximumTrainingsPerDay",
        kinds.integer(1, 18),
        10,
        "No training after this many within 24 hours: iterationsToKeep at most, as deleted iterations are not counted.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "maximumTrainingHoursPerMonth",
        kinds.number(0, 744),
        "20",
        "No training after so many hours of training in the calendar month (UTC), by the service's own count.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "trainingType",
        kinds.choice("Regular", "Advanced"),
        "Regular",
        "How the service trains. Advanced takes as long as reservedBudgetHours allows, and is billed for it.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "reservedBudgetHours",
        kinds.integer(0, 24),
        0,
        "Hours that an Advanced training may take, 1 at least; a Regular one has no such limit.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "maximumImagesPerRun",
        kinds.integer(1, 5000),
        1000,
        "Images that one run takes; the next one takes the others without waiting for an upload, and the last one "
        "trains.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "maximumImagesPerTag",
        kinds.integer(5, 100000),
        100000,
        "A tag that has this many images gets no more: new ones are rejected as TagIsFull.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "largestTagRatio",
        kinds.number(1, 100000),
        "10",
        "A warning is recorded when the largest tag has more than so many times the images of the smallest.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "championCheck",
        kinds.choice("off", "sample", "all"),
        "off",
        "Whether the model in production is asked about new images before their training. What it gives another tag is "
        "held for review. Each image is a call of the service and two billed actions.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "championCheckImages",
        kinds.integer(1, 5000),
        50,
        "Images of the sample that is asked about.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "championCheckConfidence",
        _SHARE,
        "0.9",
        "Probability from which a model contradicts a label, before the training and after it.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "probabilityThreshold",
        _SHARE,
        "0.5",
        "Probability above which a prediction counts, for the precision and recall of an iteration.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "evaluationImagesPerRun",
        kinds.integer(0, 2000),
        200,
        "Held-out images that challenger and champion are asked for. Each is two calls of the service and three billed "
        "actions; with 0 the service's own metrics decide.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "gateTolerance",
        _SHARE,
        "0.02",
        "How much lower than the champion's the challenger's accuracy may be. On few images one of them is more.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "gateMinimumGain",
        _SHARE,
        "0",
        "How much higher the challenger's accuracy has to be, and by more than chance makes; 0 asks for no gain.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "gateTagFloor",
        _SHARE,
        "0.5",
        "Accuracy that the challenger needs on the images of every tag.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "gateFirstModelFloor",
        _SHARE,
        "0.5",
        "Accuracy that the first model needs, which has no champion beside it.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "gateConfidenceDrop",
        _SHARE,
        "0.2",
        "How much lower than the champion's the mean of the challenger's highest probabilities may be.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "publishChallenger",
        kinds.BOOLEAN,
        False,
        "Whether a rejected challenger is published under the name challenger, to be compared by its predictions.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "iterationsToKeep",
        kinds.integer(3, 18),
        10,
        "Iterations that the project keeps; older ones are deleted, but for published ones. The service takes 20.",
        updates=(parts.RETRAINING,),
    ),
)


def contradictions(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return key, value and what is allowed of each value that does not go with the others.

    The workflow checks the same (``Contradictions`` of workflows/retrain/configure.json): settings.json is read there.
    """
    if any(value is None for value in values.values()):
        return []
    found: list[tuple[str, str, str]] = []
    if values["trainingType"] == "Advanced" and values["reservedBudgetHours"] == 0:
        found.append(("reservedBudgetHours", "0", "1 to 24, because trainingType is Advanced"))
    if values["maximumTrainingsPerDay"] > values["iterationsToKeep"]:
        found.append(
            (
                "maximumTrainingsPerDay",
                str(values["maximumTrainingsPerDay"]),
                f"1 to {values['iterationsToKeep']}, because iterationsToKeep is {values['iterationsToKeep']}",
            )
        )
    return found


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 4, the workflow language's) of settings.json: each member may be left out."""
    return {
        "title": "Settings of the retraining workflow",
        "description": "What stands here wins over what was deployed; what is left out stays as deployed.",
        "type": "object",
        "properties": {
            setting.key: {"description": setting.description, **setting.kind.schema} for setting in RETRAINING_SETTINGS
        },
        "additionalProperties": False,
    }
