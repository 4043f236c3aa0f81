"""When a metric alert rule holds: its criteria over the last window, for each time series apart.

Source: "Types of Azure Monitor alerts", metric alerts (learn.microsoft.com): a criterion with dimensions watches each
combination of their values apart; without, the whole metric. A window without samples does not hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.durations import duration
from emulator.monitor.metrics import MetricStore, Point, aggregate

COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
}

Series = tuple[tuple[str, str], ...]
"""A time series: dimensions with their values, in the order of the criterion."""


@dataclass(frozen=True)
class Breach:
    """A time series of a rule that holds; `condition` has the rule's criteria with the figures, as alerts tell it."""

    series: Series
    condition: dict[str, Any]


def breaches(rule: Mapping[str, Any], metrics: MetricStore, now: datetime) -> list[Breach]:
    """Return the time series for which all criteria of the rule hold.

    The window ends with the last whole minute, so that each minute is looked at the same number of times wherever in a
    minute the evaluations fall.
    """
    properties = rule["properties"]
    end = now.replace(second=0, microsecond=0)
    start = end - duration(properties["windowSize"])
    series: Series = ()
    values: dict[str, float] = {}
    criteria = properties["criteria"]["allOf"]
    for criterion in criteria:
        points = metrics.points(properties["scopes"][0], criterion["metricName"], start, end)
        found = {
            key: value
            for key, members in _by_series(points, criterion.get("dimensions") or []).items()
            if (value := aggregate(members, criterion["timeAggregation"])) is not None
            and COMPARE[criterion["operator"]](value, criterion["threshold"])
        }
        if len(criteria) == 1:
            return [
                Breach(key, _condition(properties, key, {criterion["name"]: value}, start, end))
                for key, value in found.items()
            ]
        if not found:
            return []
        # With several criteria each names one value a dimension, so there is one series.
        ((key, value),) = found.items()
        series += key
        values[criterion["name"]] = value
    return [Breach(series, _condition(properties, series, values, start, end))]


def _condition(
    properties: Mapping[str, Any], series: Series, values: Mapping[str, float], start: datetime, end: datetime
) -> dict[str, Any]:
    return {
        "windowSize": properties["windowSize"],
        "allOf": [
            {
                "metricName": criterion["metricName"],
                "metricNamespace": criterion.get("metricNamespace"),
                "operator": criterion["operator"],
                "threshold": str(criterion["threshold"]),
                "timeAggregation": criterion["timeAggregation"],
                "dimensions": [
                    {"name": name, "value": value}
                    for name, value in series
                    if name in {each["name"] for each in criterion.get("dimensions") or []}
                ],
                "metricValue": values[criterion["name"]],
            }
            for criterion in properties["criteria"]["allOf"]
        ],
        "windowStartTime": start.isoformat(),
        "windowEndTime": end.isoformat(),
    }


def _by_series(points: Sequence[Point], dimensions: Sequence[Mapping[str, Any]]) -> dict[Series, list[Point]]:
    found: dict[Series, list[Point]] = {}
    for point in points:
        if all(_matches(point, dimension) for dimension in dimensions):
            key = tuple((each["name"], point.dimensions[each["name"]]) for each in dimensions)
            found.setdefault(key, []).append(point)
    return found


def _matches(point: Point, dimension: Mapping[str, Any]) -> bool:
    value = point.dimensions.get(dimension["name"])
    if value is None:
        return False
    if dimension["operator"] == "Exclude":
        return value not in dimension["values"]
    return "*" in dimension["values"] or value in dimension["values"]
