"""Trains a classifier on labelled images and finds out, by cross-validation, how good it is.

Deterministic: the same images in the same order give the same model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from emulator.custom_vision.image_files import pixels
from emulator.custom_vision.model.inference import Network
from emulator.custom_vision.model.network import Activation, Classifier, feature_network

Floats = NDArray[np.float32]
Truth = NDArray[np.bool_]
"""[images, tags]: which image has which tag."""

FOLDS: Final = 5
_SEED: Final = 20_260_101
_BATCH: Final = 32
_STRENGTH: Final = 100.0
"""Inverse regularisation for one feature; divided by their number, as standardised features add up."""
_LONGEST_SEARCH: Final = 300
_SMALLEST_DEVIATION: Final = 1e-3


@dataclass(frozen=True)
class Outcome:
    """A trained classifier, and what its like said of each image that they had not been trained with.

    `held_out` [images, tags] are probabilities, `folds` [images] the number of the fold that an image was held out in.
    """

    classifier: Classifier
    held_out: Floats
    folds: NDArray[np.int32]


def image_features(paths: Sequence[Path]) -> Floats:
    """Return the features [images, F] of image files."""
    network = Network(feature_network().SerializeToString())
    found = [
        network.run(np.stack([pixels(path.read_bytes()) for path in paths[first : first + _BATCH]]))
        for first in range(0, len(paths), _BATCH)
    ]
    return np.concatenate(found)


def train(features: Floats, truth: Truth, exclusive: bool) -> Outcome:
    """Train on `features` [images, F] with the tags `truth` [images, tags].

    Args:
        features: one row an image.
        truth: which image has which tag; each tag has at least one image.
        exclusive: whether an image has exactly one tag (Multiclass): probabilities add up to 1.
    """
    # Several threads wait for each other longer than they work on matrices as small as these, take the cores from the
    # service, and add up in an order that is not always the same.
    with threadpool_limits(1):
        return _train(features, truth, exclusive)


def _train(features: Floats, truth: Truth, exclusive: bool) -> Outcome:
    fit: _Fit = _fit_exclusive if exclusive else _fit_independent
    folds = _folds(truth, exclusive)
    scores = np.zeros(truth.shape, np.float64)
    for fold in range(folds.max() + 1):
        inside = folds != fold
        weights, bias = fit(features[inside], truth[inside])
        scores[~inside] = features[~inside] @ weights + bias
    activation: Activation = "Softmax" if exclusive else "Sigmoid"
    temperature = _temperature(scores, truth, activation)
    weights, bias = fit(features, truth)
    probabilities = softmax(scores / temperature, axis=1) if exclusive else expit(scores / temperature)
    return Outcome(
        Classifier((weights / temperature).astype(np.float32), (bias / temperature).astype(np.float32), activation),
        probabilities.astype(np.float32),
        folds,
    )


_Fit = Callable[[Floats, Truth], tuple[NDArray[np.float64], NDArray[np.float64]]]


def _fit_exclusive(features: Floats, truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    standard, unscale = _standardised(features)
    labels = truth.argmax(axis=1)
    present = np.unique(labels)
    weights = np.zeros((features.shape[1], truth.shape[1]))
    # A tag that no image of this fold has is as good as impossible.
    bias = np.full(truth.shape[1], -20.0)
    if len(present) == 1:
        bias[present] = 0.0
        return unscale(weights, bias)
    found, found_bias = _regression(standard, labels)
    if len(present) == 2:
        # The library fits the second class against the first; softmax wants a score for each.
        found, found_bias = np.stack([-found[0], found[0]]) / 2, np.stack([-found_bias[0], found_bias[0]]) / 2
    weights[:, present] = found.T
    bias[present] = found_bias
    return unscale(weights, bias)


def _fit_independent(features: Floats, truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    standard, unscale = _standardised(features)
    weights = np.zeros((features.shape[1], truth.shape[1]))
    bias = np.zeros(truth.shape[1])
    for tag in range(truth.shape[1]):
        has = truth[:, tag]
        if has.all() or not has.any():
            # Nothing to tell apart: as likely as it was seen, by the rule of succession.
            share = (has.sum() + 1) / (len(has) + 2)
            bias[tag] = np.log(share / (1 - share))
            continue
        found, found_bias = _regression(standard, has)
        weights[:, tag] = found[0]
        bias[tag] = found_bias[0]
    return unscale(weights, bias)


def _regression(
    standard: Floats, labels: NDArray[np.int64] | NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights [scores, F] and bias [scores] of a logistic regression: one score for two labels."""
    model = LogisticRegression(C=_STRENGTH / standard.shape[1], max_iter=_LONGEST_SEARCH)
    with warnings.catch_warnings():
        # A search that is cut off is still a good model; how good, the cross-validation tells.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(standard, labels)
    return np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)


def _standardised(
    features: Floats,
) -> tuple[
    Floats,
    Callable[
        [NDArray[np.float64], NDArray[np.float64]],
        tuple[NDArray[np.float64], NDArray[np.float64]],
    ],
]:
    """Return features of mean 0 and deviation 1, and what turns a model of those into one of `features`."""
    mean = features.mean(axis=0)
    deviation = np.maximum(features.std(axis=0), _SMALLEST_DEVIATION)

    def unscale(
        weights: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        raw = weights / deviation[:, None]
        return raw, bias - mean @ raw

    return ((features - mean) / deviation).astype(np.float32), unscale


def _folds(truth: Truth, exclusive: bool) -> NDArray[np.int32]:
    """Return for each image the fold that it is held out in; tags are spread evenly where each image has one."""
    images = len(truth)
    count = min(FOLDS, images)
    folds = np.zeros(images, np.int32)
    if exclusive:
        labels = truth.argmax(axis=1)
        count = min(count, int(np.bincount(labels)[np.unique(labels)].min()))
        count = max(count, 2)
        parts = StratifiedKFold(count, shuffle=True, random_state=_SEED).split(np.zeros(images), labels)
    else:
        parts = KFold(count, shuffle=True, random_state=_SEED).split(np.zeros(images))
    for fold, (_, held_out) in enumerate(parts):
        folds[held_out] = fold
    return folds


def _temperature(scores: NDArray[np.float64], truth: Truth, activation: Activation) -> float:
    """Return what the scores are divided by so that the probabilities of held-out images are as likely as can be.

    After C. Guo and others, "On calibration of modern neural networks", 2017.
    """

    def loss(logarithm: float) -> float:
        scaled = scores / np.exp(logarithm)
        if activation == "Softmax":
            return float(-(log_softmax(scaled, axis=1) * truth).sum() / len(truth))
        return float(np.logaddexp(0, np.where(truth, -scaled, scaled)).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.5), np.log(4.0)), method="bounded")
    return float(np.exp(best.x))
