"""When a scheduled query rule holds: its query over the last time range, for each combination of dimensions apart.

Source: "Create or edit a log search alert rule", "Troubleshoot log search alerts" (learn.microsoft.com): no rule reads
more than two days whatever its query says, and queries with `search` or `union` are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.durations import duration
from emulator.monitor.conditions import COMPARE, Breach, Series
from emulator.monitor.kql import Query, compile_query
from emulator.monitor.kql.compilation import refuse_union
from emulator.monitor.logs.query_api import MOST_ROWS
from emulator.monitor.logs.resource_types import WORKSPACES
from emulator.monitor.logs.store import LogStore
from emulator.monitor.workspaces import Workspaces

MOST: Final = timedelta(days=2)


class LogConditions:
    """Evaluates the rules of all workspaces."""

    def __init__(self, logs: LogStore, workspaces: Workspaces) -> None:
        self._logs = logs
        self._workspaces = workspaces

    def compiled(self, rule: Mapping[str, Any], now: datetime) -> Query:
        """Return the query of a rule over the time range that it is evaluated for.

        Raises:
            KqlError: the query is wrong, or has what a rule may not have.
        """
        properties = rule["properties"]
        text = properties["criteria"]["allOf"][0]["query"]
        refuse_union(text)
        workspace = properties["scopes"][0]
        span = min(duration(properties.get("overrideQueryTimeRange") or properties["windowSize"]), MOST)
        sources = self._logs.sources(workspace, self._workspaces.customer_id(workspace) or "", (now - span, now))
        return compile_query(text, sources, now)

    def breaches(self, rule: Mapping[str, Any], now: datetime) -> list[Breach]:
        """Return the combinations of dimensions for which the rule holds.

        Raises:
            KqlError: the query does not go with the tables any more.
        """
        properties = rule["properties"]
        criterion = properties["criteria"]["allOf"][0]
        query = self.compiled(rule, now)
        names = [column.name for column in query.columns]
        rows = [dict(zip(names, row, strict=True)) for row in self._logs.run(query, MOST_ROWS)]
        start = now - duration(properties["windowSize"])
        found: list[Breach] = []
        for series, members in _by_series(rows, criterion.get("dimensions") or []).items():
            value = _aggregate(members, criterion)
            if value is not None and COMPARE[criterion["operator"]](value, criterion["threshold"]):
                found.append(Breach(series, _condition(properties, criterion, series, value, start, now)))
        return found


def _by_series(
    rows: Sequence[Mapping[str, Any]], dimensions: Sequence[Mapping[str, Any]]
) -> dict[Series, list[Mapping[str, Any]]]:
    if not dimensions:
        return {(): list(rows)}
    found: dict[Series, list[Mapping[str, Any]]] = {}
    for row in rows:
        if all(_matches(str(row[each["name"]]), each) for each in dimensions):
            key = tuple((each["name"], str(row[each["name"]])) for each in dimensions)
            found.setdefault(key, []).append(row)
    return found


def _matches(value: str, dimension: Mapping[str, Any]) -> bool:
    if dimension["operator"] == "Exclude":
        return value not in dimension["values"]
    return "*" in dimension["values"] or value in dimension["values"]


def _aggregate(rows: Sequence[Mapping[str, Any]], criterion: Mapping[str, Any]) -> float | None:
    if criterion["timeAggregation"] == "Count":
        return len(rows)
    measure = criterion["metricMeasureColumn"]
    values = [float(row[measure]) for row in rows if row[measure] is not None]
    if not values:
        return None
    match criterion["timeAggregation"]:
        case "Average":
            return sum(values) / len(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case _:
            return sum(values)


def _condition(
    properties: Mapping[str, Any],
    criterion: Mapping[str, Any],
    series: Series,
    value: float,
    start: datetime,
    end: datetime,
) -> dict[str, Any]:
    return {
        "windowSize": properties["windowSize"],
        "allOf": [
            {
                "searchQuery": criterion["query"],
                "metricMeasureColumn": criterion.get("metricMeasureColumn"),
                "targetResourceTypes": properties.get("targetResourceTypes") or [WORKSPACES],
                "operator": criterion["operator"],
                "threshold": str(criterion["threshold"]),
                "timeAggregation": criterion["timeAggregation"],
                "dimensions": [{"name": name, "value": text} for name, text in series],
                "metricValue": value,
                "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
            }
        ],
        "windowStartTime": start.isoformat(),
        "windowEndTime": end.isoformat(),
    }
