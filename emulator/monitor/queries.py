"""The Metrics API: figures of one resource by time.

Source: the operation Metrics - List of Azure Monitor's REST reference (learn.microsoft.com). `$filter` and what goes
with it are not emulated and refused, so that no figure is answered for more than was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.durations import duration
from emulator.monitor.catalogue import AGGREGATIONS, METRICS, Metric
from emulator.monitor.metrics import MetricStore, Point, aggregate

_INTERVALS: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
_PARAMETERS: Final = ("api-version", "metricnames", "timespan", "interval", "aggregation", "metricnamespace")
_DEFAULT_SPAN: Final = timedelta(hours=1)
_MOST_POINTS: Final = 10_000
"""Of one series, so that a long time at a short interval is refused instead of filling the memory."""


def query_metrics(
    store: MetricStore, resource_id: str, type: str, query: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return the answer to a query for metrics of the resource.

    Raises:
        ArmError: 400; the message names the parameter, its value and what is allowed.
    """
    known = METRICS.get(type.lower())
    if known is None:
        raise _refusal(f"'{type}' has no metrics in the emulator; there are some of: {', '.join(METRICS)}")
    unknown = sorted(name for name in query if name.lower() not in _PARAMETERS)
    if unknown:
        raise _refusal(f"{', '.join(unknown)}: not emulated; the emulator takes {', '.join(_PARAMETERS)}")
    parameters = {name.lower(): value for name, value in query.items()}
    if parameters.get("metricnamespace", type).lower() != type.lower():
        raise _refusal(f"metricnamespace is '{parameters['metricnamespace']}'; allowed: {type}")
    interval = parameters.get("interval", "PT1M")
    if interval not in _INTERVALS:
        raise _refusal(f"interval is '{interval}'; allowed: {', '.join(_INTERVALS)}")
    since, until = _timespan(parameters.get("timespan"), now)
    if (until - since) / duration(interval) > _MOST_POINTS:
        raise _refusal(f"timespan has more than {_MOST_POINTS} intervals of {interval}; take a longer interval")
    names = [name.strip() for name in parameters.get("metricnames", "").split(",") if name.strip()] or list(known)
    return {
        "timespan": f"{_stamp(since)}/{_stamp(until)}",
        "interval": interval,
        "namespace": type,
        "value": [
            _metric(store, resource_id, *_named(known, name), parameters.get("aggregation"), since, until, interval)
            for name in names
        ],
    }


def _named(known: Mapping[str, Metric], name: str) -> tuple[str, Metric]:
    for canonical, metric in known.items():
        if canonical.lower() == name.lower():
            return canonical, metric
    raise _refusal(f"no such metric: '{name}'; allowed: {', '.join(known)}")


def _metric(
    store: MetricStore,
    resource_id: str,
    name: str,
    metric: Metric,
    aggregation: str | None,
    since: datetime,
    until: datetime,
    interval: str,
) -> dict[str, Any]:
    points = store.points(resource_id, name, since, until)
    return {
        "id": f"{resource_id}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "unit": metric.unit,
        "timeseries": [
            {"metadatavalues": [], "data": _data(points, _aggregations(aggregation, metric), since, until, interval)}
        ],
        "errorCode": "Success",
    }


def _aggregations(text: str | None, metric: Metric) -> list[str]:
    chosen = [part.strip() for part in (text or metric.aggregation).split(",")]
    canonical = {each.lower(): each for each in AGGREGATIONS}
    for part in chosen:
        if part.lower() not in canonical:
            raise _refusal(f"aggregation is '{part}'; allowed: {', '.join(AGGREGATIONS)}")
    return [canonical[part.lower()] for part in chosen]


def _data(
    points: Sequence[Point], aggregations: Sequence[str], since: datetime, until: datetime, interval: str
) -> list[dict[str, Any]]:
    step = duration(interval)
    by_step: dict[int, list[Point]] = {}
    for point in points:
        by_step.setdefault((point.minute - since) // step, []).append(point)
    data: list[dict[str, Any]] = []
    for number in range(-((since - until) // step)):
        entry: dict[str, Any] = {"timeStamp": _stamp(since + number * step)}
        for aggregation in aggregations:
            value = aggregate(by_step.get(number, []), aggregation)
            if value is not None:
                entry[aggregation.lower()] = value
        data.append(entry)
    return data


def _timespan(text: str | None, now: datetime) -> tuple[datetime, datetime]:
    if text is None:
        until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return until - _DEFAULT_SPAN, until
    since, _, until = text.partition("/")
    try:
        span = _moment(since), _moment(until)
    except ValueError as error:
        raise _refusal(f"timespan is '{text}'; allowed: START/END, both ISO 8601 times") from error
    if span[0] >= span[1]:
        raise _refusal(f"timespan is '{text}'; allowed: a START before its END")
    return span


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(second=0, microsecond=0)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _refusal(text: str) -> ArmError:
    return ArmError(400, "BadRequest", f"The query is invalid: {text}.")
