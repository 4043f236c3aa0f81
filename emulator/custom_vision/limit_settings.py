"""Limits made smaller than the service's, for tests: settings such as ``S0.imagesPerProject=100``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from emulator.custom_vision.limits import TIERS, CallRates, TierLimits

_OF_TIERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "projects": "projects",
        "imagesPerProject": "images_per_project",
        "tagsPerProject": "tags_per_project",
        "iterationsPerProject": "iterations_per_project",
        "publishedIterationsPerProject": "published_iterations_per_project",
        "predictionsPerMonth": "predictions_per_month",
        "trainingMinutesPerMonth": "training_minutes_per_month",
        "imagesPerBatch": "images_per_batch",
        "trainingImageBytes": "training_image_bytes",
        "predictionImageBytes": "prediction_image_bytes",
        "imagesPerTag": "images_per_tag",
    }
)
_OF_RATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "predictionsPerSecond": "predictions",
        "predictionsWithoutStorePerSecond": "predictions_without_store",
        "trainingsPerSecond": "trainings",
        "otherCallsPerSecond": "others",
    }
)
LIMIT_NAMES: Final = (*_OF_TIERS, *_OF_RATES)
"""What a setting may name, behind the tier."""


class LimitError(ValueError):
    """A setting is not one; the message has the setting and what is allowed."""


def smaller_tiers(settings: Sequence[str]) -> Mapping[str, TierLimits]:
    """Return the limits of each tier, with those that `settings` name made smaller; the last setting of one counts.

    A limit is never made larger than the service's: what works here has to work there. But `imagesPerTag` is a
    minimum: with a smaller one a test can train on fewer images than Azure takes.

    Raises:
        LimitError: a setting is not ``TIER.NAME=NUMBER``, or its number is out of bounds.
    """
    tiers = dict(TIERS)
    for setting in settings:
        tier, name, number = _parsed(setting)
        tiers[tier] = _with(tiers[tier], name, number)
    return MappingProxyType(tiers)


def _parsed(setting: str) -> tuple[str, str, int]:
    subject, _, number = setting.partition("=")
    tier, _, name = subject.partition(".")
    if tier not in TIERS or name not in LIMIT_NAMES or not number.isdecimal():
        raise LimitError(
            f"'{setting}' is not TIER.NAME=NUMBER; tiers: {', '.join(TIERS)}; names: {', '.join(LIMIT_NAMES)}"
        )
    most = _value(TIERS[tier], name)
    if most is not None and int(number) > most:
        raise LimitError(f"'{setting}' is more than the service's own {most}; allowed: {_least(name)} to {most}")
    if int(number) < _least(name):
        raise LimitError(f"'{setting}' is too small; allowed: {_least(name)} at least")
    return tier, name, int(number)


def _least(name: str) -> int:
    if name == "imagesPerTag":
        return 2  # one to train on, one to judge by
    return 0 if name.endswith("PerMonth") else 1


def _value(limits: TierLimits, name: str) -> int | None:
    if name in _OF_RATES:
        return getattr(limits.rates, _OF_RATES[name])
    return getattr(limits, _OF_TIERS[name])


def _with(limits: TierLimits, name: str, number: int) -> TierLimits:
    if name not in _OF_RATES:
        return replace(limits, **{_OF_TIERS[name]: number})
    rates: CallRates = replace(limits.rates, **{_OF_RATES[name]: number})
    return replace(limits, rates=rates)
