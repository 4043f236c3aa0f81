"""The platform metrics and log categories that exist, by resource type.

Source: "Supported metrics and log categories with Azure Monitor" on learn.microsoft.com, the pages
microsoft-logic-workflows, microsoft-cognitiveservices-accounts and microsoft-storage-storageaccounts-blobservices of
July 2026. Only what the emulator counts, or what belongs to Custom Vision, is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

AGGREGATIONS: Final = ("Average", "Count", "Maximum", "Minimum", "Total")


@dataclass(frozen=True)
class Metric:
    """A metric's unit, default aggregation and dimensions."""

    unit: str
    aggregation: str
    dimensions: tuple[str, ...] = ()


def _counts(*names: str) -> dict[str, Metric]:
    return {name: Metric("Count", "Total") for name in names}


_CALL_DIMENSIONS: Final = ("ApiName", "OperationName", "Region", "RatelimitKey")
_USAGE_DIMENSIONS: Final = ("ApiName", "FeatureName", "UsageChannel", "Region")

METRICS: Final[Mapping[str, Mapping[str, Metric]]] = {
    "microsoft.logic/workflows": {
        **_counts(
            "ActionsCompleted", "ActionsFailed", "ActionsSkipped", "ActionsStarted", "ActionsSucceeded",
            "ActionThrottledEvents", "RunsCancelled", "RunsCompleted", "RunsFailed", "RunsStarted", "RunsSucceeded",
            "RunStartThrottledEvents", "RunThrottledEvents", "TriggersCompleted", "TriggersFailed", "TriggersFired",
            "TriggersSkipped", "TriggersStarted", "TriggersSucceeded", "TriggerThrottledEvents",
            "BillableActionExecutions", "BillableTriggerExecutions", "TotalBillableExecutions",
        ),
        "RunLatency": Metric("Seconds", "Average"),
        "RunSuccessLatency": Metric("Seconds", "Average"),
        "ActionLatency": Metric("Seconds", "Average"),
        "TriggerLatency": Metric("Seconds", "Average"),
        "RunFailurePercentage": Metric("Percent", "Total"),
    },
    "microsoft.cognitiveservices/accounts": {
        **{
            name: Metric("Count", "Total", _CALL_DIMENSIONS)
            for name in ("BlockedCalls", "ClientErrors", "ServerErrors", "SuccessfulCalls", "TotalCalls", "TotalErrors")
        },
        "SuccessRate": Metric("Percent", "Average", _CALL_DIMENSIONS),
        "Latency": Metric("MilliSeconds", "Average", _CALL_DIMENSIONS),
        "DataIn": Metric("Bytes", "Total", _CALL_DIMENSIONS),
        "DataOut": Metric("Bytes", "Total", _CALL_DIMENSIONS),
        "CustomVisionTrainingTime": Metric("Seconds", "Total", _USAGE_DIMENSIONS),
        "CustomVisionTransactions": Metric("Count", "Total", _USAGE_DIMENSIONS),
        "ImagesStored": Metric("Count", "Total", _USAGE_DIMENSIONS),
    },
    "microsoft.storage/storageaccounts/blobservices": {
        "Transactions": Metric("Count", "Total", ("ResponseType", "GeoType", "ApiName", "Authentication")),
        "Ingress": Metric("Bytes", "Total", ("GeoType", "ApiName", "Authentication")),
        "Egress": Metric("Bytes", "Total", ("GeoType", "ApiName", "Authentication")),
        "SuccessE2ELatency": Metric("MilliSeconds", "Average", ("GeoType", "ApiName", "Authentication")),
        "Availability": Metric("Percent", "Average", ("GeoType", "ApiName", "Authentication")),
    },
}  # fmt: skip
"""By resource type in lower case, then by the metric's name."""

LOG_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "microsoft.logic/workflows": ("WorkflowRuntime",),
    "microsoft.cognitiveservices/accounts": ("Audit", "RequestResponse", "Trace", "AzureOpenAIRequestUsage"),
    "microsoft.storage/storageaccounts/blobservices": ("StorageRead", "StorageWrite", "StorageDelete"),
}
"""By resource type in lower case."""
