"""The service's limits.

Source unless said otherwise: https://learn.microsoft.com/azure/ai-services/custom-vision-service/limits-and-quotas
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class CallRates:
    """Calls a second that an account may make."""

    predictions: int
    predictions_without_store: int
    trainings: int
    others: int


@dataclass(frozen=True)
class TierLimits:
    """What an account of a pricing tier may have; None is no limit.

    `images_per_tag` is the other way round: at least so many images of each tag are needed to train.
    """

    projects: int
    images_per_project: int
    tags_per_project: int
    iterations_per_project: int
    predictions_per_month: int | None
    training_minutes_per_month: int | None
    rates: CallRates
    published_iterations_per_project: int | None = None
    """The service documents no limit below that of iterations."""
    images_per_batch: int = 64
    """Operation texts of the OpenAPI v3.3."""
    training_image_bytes: int = 6 * 1024 * 1024
    prediction_image_bytes: int = 4 * 1024 * 1024
    images_per_tag: int = 5


TIERS: Final[Mapping[str, TierLimits]] = MappingProxyType(
    {
        # The hour of training a month is on https://azure.microsoft.com/pricing/details/cognitive-services/custom-vision-service
        "F0": TierLimits(2, 5_000, 50, 20, 10_000, 60, CallRates(2, 2, 2, 10)),
        "S0": TierLimits(100, 100_000, 500, 20, None, None, CallRates(10, 20, 10, 10)),
    }
)
IDS_PER_CALL: Final = 64
"""Images, predictions or regions that one call names: operation texts of the OpenAPI v3.3."""
TAGS_PER_BATCH: Final = 20
IMAGE_TAGS_PER_CALL: Final = 128
IDS_PER_QUERY: Final = 256
LARGEST_PAGE: Final = 256
DEFAULT_PAGE: Final = 50
METADATA_PAIRS: Final = 10
METADATA_KEY: Final = 128
METADATA_VALUE: Final = 256
"""Operation texts of the OpenAPI v3.3; the smaller of the figures given for metadata (v3.4-preview and the portal)."""

TAGS_PER_IMAGE: Final = 100
REGIONS_PER_IMAGE: Final = 300
TAGS_TO_TRAIN: Final = 2
PREDICTION_DAYS: Final = 30
PREDICTION_QUERY_TAGS: Final = 2
"""Tags in one PredictionQueryToken: OpenAPI v3.3."""
LARGEST_REQUEST_BYTES: Final = 64 * 6 * 1024 * 1024 * 4 // 3 + 1024 * 1024
"""A full batch of the largest images in base64; the service names no figure."""
