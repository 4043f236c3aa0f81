"""Where services report what Azure Monitor would count for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class MetricSink(Protocol):
    """Takes platform metrics: names and units as Azure Monitor lists them for the resource type."""

    def record(self, resource_id: str, metric: str, value: float, dimensions: Mapping[str, str] | None = None) -> None:
        """Add one sample of `metric` of the ARM resource `resource_id`, now."""
        ...


class NoMetrics:
    """Counts nothing, for services that run alone."""

    def record(self, resource_id: str, metric: str, value: float, dimensions: Mapping[str, str] | None = None) -> None:
        """Drop the sample."""
