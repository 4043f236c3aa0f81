"""Alert rules over platform metrics: what of a Logic App and of a Custom Vision account is an alert.

Metrics and their aggregations: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
microsoft-logic-workflows-metrics and .../microsoft-cognitiveservices-accounts-metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pulumi_azure_native import monitor

LOWEST_SUCCESS_RATE_PERCENT: Final = 90
"""The recipe's figure. SuccessRate counts server errors only; client errors show in TotalErrors."""


@dataclass(frozen=True)
class Condition:
    """When a metric is an alert: its `aggregation` over `window` compared with `threshold`, every `frequency`.

    `severity` is 0 (critical) to 4 (verbose); `window` and `frequency` are ISO 8601 durations of those that Azure
    Monitor allows.
    """

    metric: str
    namespace: str
    aggregation: monitor.AggregationTypeEnum
    operator: monitor.Operator
    threshold: float
    description: str
    severity: int
    frequency: str
    window: str


RUNS_FAILED: Final = Condition(
    metric="RunsFailed",
    namespace="Microsoft.Logic/workflows",
    aggregation=monitor.AggregationTypeEnum.TOTAL,
    operator=monitor.Operator.GREATER_THAN,
    threshold=0,
    description="A retraining run failed; its manifest and its run history say where and why.",
    severity=1,
    frequency="PT1M",
    window="PT5M",
)

ROLLBACKS_FAILED: Final = replace(RUNS_FAILED, description="A rollback failed; its answer and its run history say why.")

TRIGGERS_FAILED: Final = Condition(
    metric="TriggersFailed",
    namespace="Microsoft.Logic/workflows",
    aggregation=monitor.AggregationTypeEnum.TOTAL,
    operator=monitor.Operator.GREATER_THAN,
    threshold=2,
    description="The workflow cannot look into training-images, so images wait; its trigger history says why.",
    severity=1,
    frequency="PT5M",
    window="PT1H",
)

AVAILABILITY: Final = Condition(
    metric="SuccessRate",
    namespace="Microsoft.CognitiveServices/accounts",
    aggregation=monitor.AggregationTypeEnum.AVERAGE,
    operator=monitor.Operator.LESS_THAN,
    threshold=LOWEST_SUCCESS_RATE_PERCENT,
    description="Custom Vision answers too many calls with a server error.",
    severity=2,
    frequency="PT5M",
    window="PT15M",
)


def executions_above(threshold: int) -> Condition:
    """Return the condition that the workflow had more than `threshold` billed executions in 24 hours."""
    return Condition(
        metric="TotalBillableExecutions",
        namespace="Microsoft.Logic/workflows",
        aggregation=monitor.AggregationTypeEnum.TOTAL,
        operator=monitor.Operator.GREATER_THAN,
        threshold=threshold,
        description="The workflow costs more than it should: more billed triggers and actions than the settings say.",
        severity=2,
        frequency="PT1H",
        window="P1D",
    )


def throttled_above(threshold: int) -> Condition:
    """Return the condition that a Custom Vision account turned away more than `threshold` calls in 15 minutes."""
    return Condition(
        metric="BlockedCalls",
        namespace="Microsoft.CognitiveServices/accounts",
        aggregation=monitor.AggregationTypeEnum.TOTAL,
        operator=monitor.Operator.GREATER_THAN,
        threshold=threshold,
        description="Calls of Custom Vision were over its rate limit or quota.",
        severity=3,
        frequency="PT5M",
        window="PT15M",
    )


def errors_above(threshold: int) -> Condition:
    """Return the condition that a Custom Vision account refused more than `threshold` calls in 15 minutes."""
    return Condition(
        metric="TotalErrors",
        namespace="Microsoft.CognitiveServices/accounts",
        aggregation=monitor.AggregationTypeEnum.TOTAL,
        operator=monitor.Operator.GREATER_THAN,
        threshold=threshold,
        description="Calls of Custom Vision failed: throttling, a wrong key, a full quota or a fault of the service.",
        severity=2,
        frequency="PT5M",
        window="PT15M",
    )
