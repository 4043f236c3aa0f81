"""Alert rules over platform metrics: what of a Logic App and of a Custom Vision account is an alert.

Metrics and their aggregations: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
microsoft-logic-workflows-metrics and .../microsoft-cognitiveservices-accounts-metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from pulumi_azure_native import monitor

LOWEST_SUCCESS_RATE_PERCENT: Final = 90
"""The recipe's figure. SuccessRate counts server errors only; client errors show in TotalErrors."""


@dataclass(frozen=True)
class Condition:
    """When a metric is an alert: its `aggregation` over `window` compared with `threshold`, every `frequency`.

    One that `lasts` is told once and resolved when it holds no more; one that does not is an event, told each time.
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
    lasts: bool = True


RUNS_FAILED: Final = Condition(
    metric="RunsFailed",
    namespace="Microsoft.Logic/workflows",
    aggregation=monitor.AggregationTypeEnum.TOTAL,
    operator=monitor.Operator.GREATER_THAN,
    threshold=0,
    description="A retraining run failed; its manifest and its run history say where and why.",
    severity=1,
    frequency="PT5M",
    window="PT5M",
    lasts=False,
)

ROLLBACKS_FAILED: Final = replace(RUNS_FAILED, description="A rollback failed; its answer and its run history say why.")

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

LATE_ROLES: Final = timedelta(minutes=30)
"""How long after a deployment the trigger may be refused. Assignments count after ten minutes ("Troubleshoot Azure
RBAC", learn.microsoft.com); three times as much, as the first looks of every deployment fail so."""

_WINDOWS: Final = {"PT1H": timedelta(hours=1), "PT6H": timedelta(hours=6), "PT12H": timedelta(hours=12)}


def triggers_failed(poll_interval: timedelta) -> Condition:
    """Return the condition that the trigger, looking every `poll_interval`, has failed for longer than `LATE_ROLES`.

    The threshold is the looks that fit into that time, the one at its beginning included; the window is the smallest
    one of Azure Monitor that holds one look more. Where it looks less than every twelve hours, one failure is an alert.
    """
    looks = 1 + LATE_ROLES // poll_interval
    fitting = [name for name, length in _WINDOWS.items() if length > (looks + 1) * poll_interval]
    window = fitting[0] if fitting else "P1D"
    return Condition(
        metric="TriggersFailed",
        namespace="Microsoft.Logic/workflows",
        aggregation=monitor.AggregationTypeEnum.TOTAL,
        operator=monitor.Operator.GREATER_THAN,
        threshold=looks if timedelta(days=1) >= (looks + 1) * poll_interval else 0,
        description="The workflow cannot look into training-images, so images wait; its trigger history says why.",
        severity=1,
        frequency="PT5M" if window == "PT1H" else "PT1H",
        window=window,
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
