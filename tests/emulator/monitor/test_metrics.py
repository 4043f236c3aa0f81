"""The Metrics API, and how samples are counted."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.emulator.monitor.clouds import WORKFLOW, Cloud

METRICS = f"{WORKFLOW}/providers/Microsoft.Insights/metrics"


async def data(cloud: Cloud, **query: str) -> list[dict[str, Any]]:
    answer = await cloud.ask("GET", METRICS, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["value"][0]["timeseries"][0]["data"]


async def test_samples_are_summed_up_by_the_minute(cloud: Cloud) -> None:
    for seconds in (4, 2):
        cloud.monitor.metrics.record(WORKFLOW, "RunLatency", seconds)
    await cloud.minutes(1)
    cloud.monitor.metrics.record(WORKFLOW.upper(), "runlatency", 9)
    found = await data(
        cloud,
        metricnames="RunLatency",
        aggregation="total,Count,average,minimum,maximum",
        timespan="2026-03-01T12:00:00Z/2026-03-01T12:03:00Z",
    )
    assert found == [
        {"timeStamp": "2026-03-01T12:00:00Z", "total": 6, "count": 2, "average": 3, "minimum": 2, "maximum": 4},
        {"timeStamp": "2026-03-01T12:01:00Z", "total": 9, "count": 1, "average": 9, "minimum": 9, "maximum": 9},
        {"timeStamp": "2026-03-01T12:02:00Z"},
    ]


async def test_an_interval_gathers_minutes_and_the_last_hour_is_the_default(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(10)
    found = await data(cloud, metricnames="runsfailed", interval="PT30M")
    assert [entry.get("total") for entry in found] == [1, 2]


async def test_samples_of_all_dimensions_are_one_series(cloud: Cloud) -> None:
    for api in ("a", "b"):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1, {"ApiName": api})
    (entry,) = await data(
        cloud, metricnames="RunsFailed", timespan="2026-03-01T12:00:00Z/2026-03-01T12:01:00Z", interval="PT1M"
    )
    assert entry["total"] == 2


async def test_several_metrics_are_answered_with_unit_and_default_aggregation(cloud: Cloud) -> None:
    answer = (await cloud.ask("GET", METRICS, metricnames="RunsFailed,RunLatency")).json()
    assert answer["namespace"] == "Microsoft.Logic/workflows"
    assert [(each["name"]["value"], each["unit"]) for each in answer["value"]] == [
        ("RunsFailed", "Count"),
        ("RunLatency", "Seconds"),
    ]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"metricnames": "WorkflowRunsCompleted"}, "RunsCompleted"),
        ({"aggregation": "sum"}, "allowed: Average, Count, Maximum, Minimum, Total"),
        ({"interval": "PT7M"}, "interval is 'PT7M'"),
        ({"timespan": "yesterday"}, "timespan is 'yesterday'"),
        ({"timespan": "2026-03-02T00:00:00Z/2026-03-01T00:00:00Z"}, "a START before its END"),
        ({"timespan": "2025-01-01T00:00:00Z/2026-03-01T00:00:00Z"}, "longer interval"),
        ({"metricnamespace": "Contoso"}, "metricnamespace"),
        ({"dollar_filter": "ApiName eq '*'"}, "$filter"),
    ],
)
async def test_a_query_that_cannot_be_answered_is_refused_by_name(
    cloud: Cloud, query: dict[str, str], named: str
) -> None:
    answer = await cloud.ask("GET", METRICS, **query)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_no_sample_of_any_thread_is_lost(cloud: Cloud) -> None:
    def count() -> None:
        for number in range(1000):
            cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1, {"Run": str(number)})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (entry,) = await data(cloud, metricnames="RunsFailed", timespan="2026-03-01T12:00:00Z/2026-03-01T12:01:00Z")
    assert entry["total"] == 4000
