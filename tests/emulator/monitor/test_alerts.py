"""When alerts fire and are resolved, and who is told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from emulator.clock import ManualClock
from tests.emulator.monitor.clouds import (
    ACTION_GROUP,
    BLOBS,
    GROUP,
    SUBSCRIPTION,
    VISION,
    WORKFLOW,
    Cloud,
    action_group,
    criteria,
    criterion,
    rule,
)

RULE = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/runs-failed"
ALERTS = f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"


async def conditions(cloud: Cloud) -> list[str]:
    """What ARM shows of every alert, newest first."""
    listed = (await cloud.ask("GET", ALERTS)).json()["value"]
    return [alert["properties"]["essentials"]["monitorCondition"] for alert in listed]


async def test_an_alert_fires_once_and_is_resolved_after_three_healthy_evaluations(cloud: Cloud) -> None:
    await cloud.put(RULE, rule())
    await cloud.minutes(2)
    assert await conditions(cloud) == []
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(4)
    assert await conditions(cloud) == ["Fired"]
    await cloud.minutes(3)  # The sample has left the window at the last two of these.
    assert await conditions(cloud) == ["Fired"]
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Resolved"]
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired", "Resolved"]


async def test_an_alert_that_holds_again_before_it_is_resolved_goes_on(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(windowSize="PT1M"))
    for _ in range(4):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(2)
    assert await conditions(cloud) == ["Fired"]


async def test_the_window_ends_with_the_last_whole_minute_and_is_no_longer_than_said(cloud: Cloud) -> None:
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(5)
    await cloud.put(RULE, rule(windowSize="PT5M", evaluationFrequency="PT1M"))
    await cloud.minutes(1)
    assert await conditions(cloud) == []
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired"]


@pytest.mark.parametrize(
    ("aggregation", "operator", "threshold", "fires"),
    [
        ("Total", "GreaterThan", 6, False),
        ("Total", "GreaterThanOrEqual", 6, True),
        ("Count", "Equals", 3, True),
        ("Average", "LessThan", 2, False),
        ("Average", "LessThanOrEqual", 2, True),
        ("Maximum", "GreaterThan", 2, True),
        ("Minimum", "LessThan", 1, False),
    ],
)
async def test_every_aggregation_and_operator(
    cloud: Cloud, aggregation: str, operator: str, threshold: float, fires: bool
) -> None:
    body = criterion("RunLatency", timeAggregation=aggregation, operator=operator, threshold=threshold)
    await cloud.put(RULE, rule(criteria=criteria(body)))
    for seconds in (1, 2, 3):
        cloud.monitor.metrics.record(WORKFLOW, "RunLatency", seconds)
    await cloud.minutes(1)
    assert await conditions(cloud) == (["Fired"] if fires else [])


async def test_a_low_value_alert_does_not_fire_without_any_sample(cloud: Cloud) -> None:
    low = criterion("SuccessRate", operator="LessThan", threshold=90, timeAggregation="Average")
    await cloud.put(RULE, rule(VISION, criteria=criteria(low)))
    await cloud.minutes(3)
    assert await conditions(cloud) == []
    for value in (100, 0):
        cloud.monitor.metrics.record(VISION, "SuccessRate", value)
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired"]


async def test_only_the_dimension_values_asked_for_count(cloud: Cloud) -> None:
    keys = {"name": "Authentication", "operator": "Include", "values": ["AccountKey", "SAS"]}
    await cloud.put(RULE, rule(BLOBS, criteria=criteria(criterion("Transactions", dimensions=[keys]))))
    cloud.monitor.metrics.record(BLOBS, "Transactions", 1, {"Authentication": "OAuth"})
    await cloud.minutes(1)
    assert await conditions(cloud) == []
    cloud.monitor.metrics.record(BLOBS, "Transactions", 1, {"Authentication": "SAS"})
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired"]


async def test_excluded_dimension_values_do_not_count(cloud: Cloud) -> None:
    others = {"name": "ApiName", "operator": "Exclude", "values": ["GetBlob"]}
    await cloud.put(RULE, rule(BLOBS, criteria=criteria(criterion("Transactions", dimensions=[others]))))
    cloud.monitor.metrics.record(BLOBS, "Transactions", 1, {"ApiName": "GetBlob"})
    await cloud.minutes(1)
    assert await conditions(cloud) == []
    cloud.monitor.metrics.record(BLOBS, "Transactions", 1, {"ApiName": "PutBlob"})
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired"]


async def test_each_dimension_value_is_an_alert_of_its_own(cloud: Cloud) -> None:
    each = {"name": "ApiName", "operator": "Include", "values": ["*"]}
    body = criterion("Transactions", dimensions=[each], threshold=1)
    await cloud.put(RULE, rule(BLOBS, criteria=criteria(body)))
    for api in ("GetBlob", "GetBlob", "PutBlob", "PutBlob", "ListBlobs"):
        cloud.monitor.metrics.record(BLOBS, "Transactions", 1, {"ApiName": api})
    await cloud.minutes(1)
    assert sorted(alert.series["ApiName"] for alert in cloud.monitor.alerts()) == ["GetBlob", "PutBlob"]


async def test_all_criteria_have_to_hold(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(criteria=criteria(criterion(), criterion("RunsStarted", threshold=1))))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    cloud.monitor.metrics.record(WORKFLOW, "RunsStarted", 1)
    await cloud.minutes(1)
    assert await conditions(cloud) == []
    cloud.monitor.metrics.record(WORKFLOW, "RunsStarted", 1)
    await cloud.minutes(1)
    (alert,) = cloud.monitor.alerts()
    assert [each["metricValue"] for each in alert.condition["allOf"]] == [1, 2]


@pytest.mark.parametrize("seconds", [0, 20, 59])
async def test_a_minute_is_not_missed_wherever_in_it_the_sample_falls(cloud: Cloud, seconds: int) -> None:
    await cloud.minutes(0.5)
    await cloud.put(RULE, rule(windowSize="PT1M"))
    await cloud.clock.advance(seconds)
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(3)
    assert len(await conditions(cloud)) == 1


async def test_a_window_is_not_longer_where_evaluations_fall_within_a_minute(cloud: Cloud) -> None:
    await cloud.minutes(0.5)
    await cloud.put(RULE, rule(windowSize="PT1M", criteria=criteria(criterion(threshold=1))))
    await cloud.clock.advance(40)
    for _ in range(4):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(1)
    assert await conditions(cloud) == []


async def test_a_rule_is_evaluated_no_more_often_than_it_says(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(evaluationFrequency="PT5M", windowSize="PT15M"))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(4)
    assert await conditions(cloud) == []
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired"]


async def test_a_stateless_rule_fires_again_and_is_never_resolved(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(autoMitigate=False))
    for _ in range(11):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(1)
    await cloud.minutes(20)
    assert await conditions(cloud) == ["Fired"] * 3


async def test_disabled_and_deleted_rules_are_not_evaluated(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(enabled=False))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(2)
    await cloud.put(RULE, rule())
    assert (await cloud.ask("DELETE", RULE)).status_code == 200
    await cloud.minutes(2)
    assert await conditions(cloud) == []


async def test_a_rule_made_anew_does_not_take_up_the_alert_of_the_deleted_one(cloud: Cloud) -> None:
    for _ in range(2):
        await cloud.put(RULE, rule())
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(1)
        await cloud.ask("DELETE", RULE)
    assert await conditions(cloud) == ["Fired", "Fired"]


async def test_a_changed_rule_counts_from_the_next_evaluation(cloud: Cloud) -> None:
    await cloud.put(RULE, rule())
    await cloud.put(RULE, rule(criteria=criteria(criterion(threshold=1))))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    assert await conditions(cloud) == []


async def test_receivers_are_told_in_the_common_alert_schema_when_it_fires_and_when_it_is_resolved(
    cloud: Cloud,
) -> None:
    await cloud.put(ACTION_GROUP, action_group())
    await cloud.put(RULE, rule(description="look at its manifest", actions=[{"actionGroupId": ACTION_GROUP.upper()}]))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 2)
    await cloud.minutes(9)
    assert [url for url, _ in cloud.webhooks.told] == ["https://contoso.example/hook"] * 2
    fired, resolved = (message["data"] for _, message in cloud.webhooks.told)
    essentials = fired["essentials"]
    assert essentials["alertRule"] == "runs-failed"
    assert (essentials["severity"], essentials["monitorCondition"]) == ("Sev1", "Fired")
    assert essentials["alertTargetIDs"] == [WORKFLOW.lower()]
    assert essentials["description"] == "look at its manifest"
    condition = fired["alertContext"]["condition"]
    assert condition["allOf"][0]["metricName"] == "RunsFailed"
    assert condition["allOf"][0]["metricValue"] == 2
    assert condition["windowEndTime"] > condition["windowStartTime"]
    assert resolved["essentials"]["monitorCondition"] == "Resolved"
    assert resolved["essentials"]["alertId"] == essentials["alertId"]
    assert resolved["essentials"]["resolvedDateTime"] > essentials["firedDateTime"]
    assert sorted(mail["content"]["data"]["essentials"]["monitorCondition"] for mail in cloud.mails) == [
        "Fired",
        "Resolved",
    ]
    assert {mail["to"] for mail in cloud.mails} == {"me@contoso.example"}


async def test_a_receiver_that_fails_keeps_nobody_else_from_being_told(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.webhooks.status = 500
    hooks = [{"name": f"hook{n}", "serviceUri": f"https://contoso.example/{n}?code=hidden"} for n in range(2)]
    await cloud.put(ACTION_GROUP, action_group(webhookReceivers=hooks))
    await cloud.put(RULE, rule())
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    with caplog.at_level(logging.WARNING):
        await cloud.minutes(1)
    assert len(cloud.webhooks.told) == 2
    assert len(cloud.mails) == 1
    assert "hook1" in caplog.text
    assert "hidden" not in caplog.text


async def test_a_group_that_is_disabled_or_not_there_tells_nobody(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    await cloud.put(ACTION_GROUP, action_group(enabled=False))
    await cloud.put(RULE, rule())
    await cloud.put(f"{RULE}-too", rule(actions=[{"actionGroupId": f"{ACTION_GROUP}-gone"}]))
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    assert await conditions(cloud) == ["Fired", "Fired"]
    assert (cloud.webhooks.told, cloud.mails) == ([], [])
    assert "not there" in caplog.text


async def test_rules_samples_and_open_alerts_survive_a_restart(cloud: Cloud, tmp_path: Path) -> None:
    await cloud.put(RULE, rule())
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    await cloud.stop()
    again = Cloud(tmp_path, ManualClock(cloud.clock.now()))
    await again.start()
    await again.minutes(2)
    assert await conditions(again) == ["Fired"]
    await again.minutes(6)
    assert await conditions(again) == ["Resolved"]
    await again.stop()


async def test_alerts_can_be_listed_for_a_group_and_filters_are_refused(cloud: Cloud) -> None:
    await cloud.put(RULE, rule())
    cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
    await cloud.minutes(1)
    for scope, number in ((GROUP, 1), (WORKFLOW, 1)):
        answer = await cloud.ask("GET", f"{scope}/providers/Microsoft.AlertsManagement/alerts")
        assert len(answer.json()["value"]) == number
    refused = await cloud.ask("GET", ALERTS, severity="Sev1")
    assert refused.status_code == 400
    assert "severity" in refused.json()["error"]["message"]
