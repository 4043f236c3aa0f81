"""Scheduled query rules: what is refused, when they fire and are resolved, and what is told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.monitor.clouds import ACTION_GROUP, GROUP, WORKFLOW, WORKSPACE, action_group
from tests.emulator.monitor.log_clients import Logs

RULE = f"{GROUP}/providers/Microsoft.Insights/scheduledQueryRules/rejected"
QUERY = "Runs_CL | where Images == 0"


EVERY_MINUTE = {"evaluationFrequency": "PT1M", "windowSize": "PT1M"}


def rule(criterion: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {
            "severity": 2,
            "scopes": [WORKSPACE],
            "evaluationFrequency": "PT5M",
            "windowSize": "PT10M",
            "criteria": {
                "allOf": [
                    {
                        "query": QUERY,
                        "timeAggregation": "Count",
                        "operator": "GreaterThan",
                        "threshold": 0,
                        **(criterion or {}),
                    }
                ]
            },
            "actions": {"actionGroups": [ACTION_GROUP]},
            **properties,
        },
    }


async def send(logs: Logs, images: int = 0, run: str = "one") -> None:
    await logs.upload([{"TimeGenerated": logs.cloud.clock.now().isoformat(), "Run": run, "Images": images}])


def conditions(logs: Logs) -> list[str]:
    return ["Resolved" if alert.resolved else "Fired" for alert in logs.cloud.monitor.alerts()]


@pytest.fixture(autouse=True)
async def told(logs: Logs) -> None:
    await logs.cloud.put(ACTION_GROUP, action_group())


async def test_a_rule_fires_once_while_rows_are_found_and_is_resolved_after_three_healthy_looks(logs: Logs) -> None:
    await logs.cloud.put(RULE, rule())
    await logs.cloud.minutes(5)
    assert conditions(logs) == []
    await send(logs)
    await logs.cloud.minutes(5)
    assert conditions(logs) == ["Fired"]
    await logs.cloud.minutes(5)
    # Out of the window from here on.
    await logs.cloud.minutes(10)
    assert conditions(logs) == ["Fired"]
    await logs.cloud.minutes(5)
    assert conditions(logs) == ["Resolved"]
    ((_, fired), (_, resolved)) = logs.cloud.webhooks.told
    essentials, context = fired["data"]["essentials"], fired["data"]["alertContext"]
    assert (essentials["signalType"], essentials["monitoringService"]) == ("Log", "Log Alerts V2")
    assert (essentials["monitorCondition"], resolved["data"]["essentials"]["monitorCondition"]) == ("Fired", "Resolved")
    assert context["conditionType"] == "LogQueryCriteria"
    assert context["condition"]["allOf"][0]["searchQuery"] == QUERY
    assert context["condition"]["allOf"][0]["metricValue"] == 1


async def test_rows_older_than_the_window_are_not_seen_whatever_the_query_says(logs: Logs) -> None:
    await send(logs)
    await logs.cloud.minutes(15)
    await logs.cloud.put(RULE, rule({"query": f"{QUERY} and TimeGenerated > ago(7d)"}))
    await logs.cloud.minutes(5)
    assert conditions(logs) == []
    await logs.cloud.put(RULE, rule(overrideQueryTimeRange="P2D"))
    await logs.cloud.minutes(5)
    assert conditions(logs) == ["Fired"]


async def test_a_measure_is_compared_for_each_value_of_a_dimension(logs: Logs) -> None:
    criterion = {
        "query": "Runs_CL | project Run, Images",
        "timeAggregation": "Minimum",
        "metricMeasureColumn": "Images",
        "operator": "LessThan",
        "threshold": 5,
        "dimensions": [{"name": "Run", "operator": "Exclude", "values": ["three"]}],
    }
    await logs.cloud.put(RULE, rule(criterion))
    for images, run in ((9, "one"), (4, "two"), (7, "two"), (1, "three")):
        await send(logs, images, run)
    await logs.cloud.minutes(5)
    (alert,) = logs.cloud.monitor.alerts()
    assert alert.series == {"Run": "two"}
    assert alert.condition["allOf"][0]["metricValue"] == 4


async def test_no_row_at_all_is_a_count_of_zero_and_no_measure(logs: Logs) -> None:
    await logs.cloud.put(RULE, rule({"operator": "LessThan", "threshold": 1}))
    measured = {"timeAggregation": "Maximum", "metricMeasureColumn": "Images", "operator": "LessThan", "threshold": 1}
    await logs.cloud.put(f"{RULE}-measured", rule(measured))
    await logs.cloud.minutes(5)
    assert [alert.name for alert in logs.cloud.monitor.alerts()] == ["rejected"]


async def test_without_auto_mitigation_it_fires_at_each_look_but_for_the_mute_time(logs: Logs) -> None:
    await logs.cloud.put(RULE, rule(autoMitigate=False, windowSize="PT1H"))
    await logs.cloud.put(f"{RULE}-muted", rule(autoMitigate=False, windowSize="PT1H", muteActionsDuration="PT15M"))
    await send(logs)
    await logs.cloud.minutes(20)
    names = [alert.name for alert in logs.cloud.monitor.alerts()]
    assert (names.count("rejected"), names.count("rejected-muted")) == (4, 2)


async def test_a_rule_that_is_disabled_or_deleted_does_not_fire(logs: Logs) -> None:
    await send(logs)
    await logs.cloud.put(RULE, rule(enabled=False))
    await logs.cloud.put(f"{RULE}-gone", rule())
    await logs.cloud.ask("DELETE", f"{RULE}-gone")
    await logs.cloud.clock.advance(timedelta(minutes=10).total_seconds())
    assert conditions(logs) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (rule({"query": "union Runs_CL, Runs_CL"}), "'union'"),
        (rule({"query": "search 'x'"}), "'search'"),
        (rule({"query": "Nothing_CL"}), "Nothing_CL"),
        (rule({"query": "Runs_CL | where Nothing > 1"}), "Nothing"),
        (rule({"timeAggregation": "Average"}), "metricMeasureColumn"),
        (rule({"metricMeasureColumn": "Images"}), "metricMeasureColumn"),
        (rule({"timeAggregation": "Average", "metricMeasureColumn": "Nothing"}), "'Nothing'"),
        (rule({"timeAggregation": "Average", "metricMeasureColumn": "Run"}), "no number"),
        (rule({"dimensions": [{"name": "Label", "operator": "Include", "values": ["*"]}]}), "'Label'"),
        (rule({"dimensions": [{"name": "Run", "operator": "Include", "values": ["*"]}] * 7}), "7 dimensions"),
        (rule({"query": "Runs_CL | where ingestion_time() > ago(1m)"}, **EVERY_MINUTE), "'ingestion_time'"),
        (rule({"query": "Runs_CL | take 1"}, **EVERY_MINUTE), "'take'"),
        (rule({"failingPeriods": {"numberOfEvaluationPeriods": 2}}), "not emulated"),
        (rule(scopes=[WORKFLOW]), "Microsoft.OperationalInsights/workspaces"),
        (rule(windowSize="PT5M", evaluationFrequency="PT10M"), "shorter"),
        (rule(windowSize="P7D"), "P2D"),
        (rule(muteActionsDuration="PT1H"), "autoMitigate"),
        (rule(actions={"actionGroups": [WORKFLOW]}), "actionGroups"),
        (rule(severity=5), "5"),
    ],
)
async def test_a_rule_that_azure_or_the_emulator_does_not_have_is_refused(
    logs: Logs, body: dict[str, Any], named: str
) -> None:
    answer = await logs.cloud.ask("PUT", RULE, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_a_rule_whose_table_comes_later_is_taken_when_asked_to_be(logs: Logs) -> None:
    body = rule({"query": "Later_CL"}, skipQueryValidation=True)
    assert (await logs.cloud.put(RULE, body))["properties"]["enabled"] is True
