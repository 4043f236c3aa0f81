"""Precision, recall and average precision of a model at a probability threshold, from its cross-validation.

https://learn.microsoft.com/azure/ai-services/custom-vision-service/getting-started-build-a-classifier#evaluate-the-classifier
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluation:
    """What the cross-validation found: arrays [images, tags] but `folds` [images]."""

    probabilities: NDArray[np.float32]
    truth: Bools
    folds: NDArray[np.int32]


@dataclass(frozen=True)
class Score:
    """Shares from 0 to 1; deviations are standard deviations over the folds of the cross-validation."""

    precision: float
    precision_deviation: float
    recall: float
    recall_deviation: float
    average_precision: float


@dataclass(frozen=True)
class Performance:
    """Of each tag, in the order of the evaluation's columns, and of all together."""

    tags: list[Score]
    overall: Score


def performance(evaluation: Evaluation, threshold: float) -> Performance:
    """Count a tag as predicted where its probability is `threshold` at least, and compare with the truth.

    Overall precision and recall count every pair of image and tag once; the overall average precision is the mean of
    the tags'. Where nothing was predicted precision is 0, where nothing was there to find recall is 0.
    """
    predicted = evaluation.probabilities >= threshold
    tags = [
        _score(evaluation, predicted[:, [tag]], [tag], _average_precision(evaluation, tag))
        for tag in range(evaluation.truth.shape[1])
    ]
    mean = float(np.mean([tag.average_precision for tag in tags]))
    return Performance(tags, _score(evaluation, predicted, list(range(len(tags))), mean))


def _score(evaluation: Evaluation, predicted: Bools, columns: list[int], average_precision: float) -> Score:
    truth = evaluation.truth[:, columns]
    folds = [evaluation.folds == fold for fold in range(int(evaluation.folds.max()) + 1)]
    precisions = [_share(predicted[fold] & truth[fold], predicted[fold]) for fold in folds]
    recalls = [_share(predicted[fold] & truth[fold], truth[fold]) for fold in folds]
    return Score(
        _share(predicted & truth, predicted),
        float(np.std(precisions)),
        _share(predicted & truth, truth),
        float(np.std(recalls)),
        average_precision,
    )


def _share(part: Bools, whole: Bools) -> float:
    total = int(whole.sum())
    return int(part.sum()) / total if total else 0.0


def _average_precision(evaluation: Evaluation, tag: int) -> float:
    return float(average_precision_score(evaluation.truth[:, tag], evaluation.probabilities[:, tag]))
