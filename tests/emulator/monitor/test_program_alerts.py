"""Every alert that the program deploys, provoked on the emulator: it fires, and the action group is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import workflows
from components import metric_alerts, run_notices
from components.metric_alerts import Condition
from components.orchestration import POLLING_TRIGGER, with_polling_interval
from emulator.monitor.logs.resource_types import DATA_COLLECTION_RULES
from tests.emulator.logic_apps.running import Service
from tests.emulator.monitor.clouds import (
    ACTION_GROUP,
    GROUP,
    VISION,
    WORKFLOW,
    WORKSPACE,
    Cloud,
    action_group,
    criteria,
    criterion,
    rule,
)
from tests.emulator.monitor.log_clients import ENDPOINT, PUBLISHER, Logs
from workflows import monitoring

METRIC_RULE = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/program"
CONDITIONS = {
    "runs-failed": (WORKFLOW, metric_alerts.RUNS_FAILED, [1], [0]),
    "rollbacks-failed": (WORKFLOW, metric_alerts.ROLLBACKS_FAILED, [1], [0]),
    "triggers-failed": (WORKFLOW, metric_alerts.triggers_failed(timedelta(minutes=5)), [1] * 8, [1] * 7),
    "executions": (WORKFLOW, metric_alerts.executions_above(100), [60, 60], [60, 40]),
    "availability": (VISION, metric_alerts.AVAILABILITY, [100, 0], [100]),
    "errors": (VISION, metric_alerts.errors_above(2), [1, 1, 1], [1, 1]),
    "throttling": (VISION, metric_alerts.throttled_above(2), [1, 1, 1], [1, 1]),
}
THRESHOLDS = {
    "stuckRunHours": 2,
    "waitingImagesHours": 3,
    "noRunHours": 46,
    "rejectedInARow": 2,
    "productionAccuracyFloor": 0.6,
    "quotaPercent": 80,
    "imageQuota": 5000,
}
FINISHED = {"Event": "finished", "Decision": "published"}
RECORDS: dict[str, tuple[str, list[dict[str, Any]], int]] = {
    "stuck-run": ("Runs", [{"Event": "started"}], 3),
    "images-wait": ("Runs", [{"Event": "finished", "Waiting": 5, "WaitingSince": "2026-03-01T12:16:00Z"}], 4),
    "no-run": ("Runs", [{"Event": "finished", "Waiting": 0}], 46),
    "rejected-in-a-row": ("Runs", [{"Event": "finished", "Decision": "rejected", "RejectedInARow": 2}], 0),
    "production-accuracy": ("Runs", [{**FINISHED, "Accuracy": 0.5}], 0),
    "export-failed": ("Runs", [{**FINISHED, "Accuracy": 1, "Export": "failed"}], 0),
    "image-quota": ("Images", [{"Label": "cat", "Images": 4100}], 0),
    "training-hours": ("Runs", [{**FINISHED, "Accuracy": 1, "MonthHours": 8.5, "MonthHoursLimit": 10}], 0),
    "training-spend": ("Runs", [{**FINISHED, "Accuracy": 1, "MonthHours": 10, "MonthHoursLimit": 10}], 0),
}
"""The records that provoke an alert, and the hours after which it fires."""


def metric_rule(scope: str, condition: Condition) -> dict[str, Any]:
    return rule(
        scope,
        severity=condition.severity,
        evaluationFrequency=condition.frequency,
        windowSize=condition.window,
        autoMitigate=condition.lasts,
        criteria=criteria(
            criterion(
                condition.metric,
                operator=condition.operator.value,
                threshold=condition.threshold,
                timeAggregation=condition.aggregation.value,
                metricNamespace=condition.namespace,
            )
        ),
    )


@pytest.mark.parametrize("name", list(CONDITIONS))
@pytest.mark.parametrize("breached", [True, False])
async def test_a_metric_alert_fires_above_its_threshold_and_not_at_it(cloud: Cloud, name: str, breached: bool) -> None:
    scope, condition, over, under = CONDITIONS[name]
    await cloud.put(ACTION_GROUP, action_group())
    await cloud.put(METRIC_RULE, metric_rule(scope, condition))
    for sample in over if breached else under:
        cloud.monitor.metrics.record(scope, condition.metric, sample)
    await cloud.minutes(61)
    assert len(cloud.monitor.alerts()) == (1 if breached else 0)
    assert bool(cloud.webhooks.told) is breached


REFUSED = httpx.Response(403, headers={"x-ms-error-code": "AuthorizationPermissionMismatch"})


async def looks(cloud: Cloud, folder: Path, seconds: int, hours: float, refused: Callable[[float], bool]) -> int:
    """Let the program's trigger look for so many hours, refused or not so many minutes after it was deployed.

    Returns how many alerts fired.
    """
    condition = metric_alerts.triggers_failed(timedelta(seconds=seconds))
    await cloud.put(ACTION_GROUP, action_group())
    await cloud.put(METRIC_RULE, metric_rule(WORKFLOW, condition))
    service = Service(folder, clock=cloud.clock, metrics=cloud.monitor.metrics)
    began = cloud.clock.now()

    def answer(_: httpx.Request) -> httpx.Response:
        late = refused((cloud.clock.now() - began) / timedelta(minutes=1))
        return REFUSED if late else httpx.Response(200, text="<EnumerationResults><Blobs /></EnumerationResults>")

    service.handler = answer
    await service.logic_apps.start()
    definition = with_polling_interval(workflows.load("retrain"), seconds)
    trigger = {POLLING_TRIGGER: definition["triggers"][POLLING_TRIGGER]}
    given: dict[str, Any] = {
        "blobEndpoint": "https://blobs.example/",
        "storageAudience": "s",
        "containers": {"training": "images"},
    }
    parameters = {name: definition["parameters"][name] for name in given}
    await service.deploy(
        {"parameters": parameters, "triggers": trigger, "actions": {}}, None, workflow=WORKFLOW, **given
    )
    await cloud.minutes(hours * 60)
    await service.logic_apps.stop()
    return len(cloud.monitor.alerts())


@pytest.mark.parametrize(("seconds", "hours"), [(60, 3), (300, 3), (3600, 8), (21600, 26)])
async def test_roles_that_are_late_at_a_deployment_are_no_alert(
    cloud: Cloud, tmp_path: Path, seconds: int, hours: float
) -> None:
    assert await looks(cloud, tmp_path / "logic", seconds, hours, lambda minutes: minutes < 29) == 0
    assert len(cloud.webhooks.told) == 0


@pytest.mark.parametrize(("seconds", "hours"), [(60, 1), (300, 1), (3600, 3), (21600, 8), (86400, 1.5)])
async def test_a_trigger_that_fails_on_is_an_alert(cloud: Cloud, tmp_path: Path, seconds: int, hours: float) -> None:
    assert await looks(cloud, tmp_path / "logic", seconds, hours, lambda _: True) == 1
    assert [told["data"]["essentials"]["monitorCondition"] for _, told in cloud.webhooks.told] == ["Fired"]


@pytest.fixture
async def records(logs: Logs) -> Logs:
    """The program's tables beside the workspace's own, and one rule with a stream for each."""
    streams: dict[str, Any] = {}
    for table, declared in monitoring.tables().items():
        schema = {"name": table, "columns": declared["columns"]}
        await logs.cloud.put(f"{WORKSPACE}/tables/{table}", {"properties": {"schema": schema}})
        columns = [{"name": each["name"], "type": each["type"].lower()} for each in declared["columns"]]
        streams[f"Custom-{table}"] = {"columns": columns}
    rule_id = f"{GROUP}/providers/{DATA_COLLECTION_RULES}/records"
    properties = {
        "dataCollectionEndpointId": ENDPOINT,
        "streamDeclarations": streams,
        "destinations": {"logAnalytics": [{"workspaceResourceId": WORKSPACE, "name": "logs"}]},
        "dataFlows": [{"streams": [name], "destinations": ["logs"], "outputStream": name} for name in streams],
    }
    made = await logs.cloud.put(rule_id, {"location": "westeurope", "properties": properties})
    logs.rule = made["properties"]["immutableId"]
    await logs.assign(PUBLISHER, rule_id)
    await logs.cloud.put(ACTION_GROUP, action_group())
    return logs


def test_every_log_alert_of_the_program_is_provoked_here() -> None:
    assert set(RECORDS) == set(monitoring.alerts())


@pytest.mark.parametrize("name", list(RECORDS))
async def test_a_log_alert_fires_once_its_records_are_there(records: Logs, name: str) -> None:
    table, rows, hours = RECORDS[name]
    cloud = records.cloud
    body = {
        "location": "westeurope",
        "properties": {
            "severity": 2,
            "scopes": [WORKSPACE],
            "evaluationFrequency": "PT15M",
            "windowSize": "PT15M",
            "overrideQueryTimeRange": "P2D",
            "criteria": {
                "allOf": [
                    {
                        "query": monitoring.alerts()[name].format(**THRESHOLDS),
                        "timeAggregation": "Count",
                        "operator": "GreaterThan",
                        "threshold": 0,
                    }
                ]
            },
            "actions": {"actionGroups": [ACTION_GROUP]},
        },
    }
    await cloud.put(f"{GROUP}/providers/Microsoft.Insights/scheduledQueryRules/{name}", body)
    await cloud.minutes(16)
    assert cloud.monitor.alerts() == []
    now = cloud.clock.now().isoformat()
    sent = [{"TimeGenerated": now, "Run": "r1", "RowId": "row", **row} for row in rows]
    answer = await records.upload(sent, stream=f"Custom-Retraining{table}_CL")
    assert answer.status_code == 204, answer.text
    if hours:
        await cloud.minutes(hours * 60 - 61)
        assert cloud.monitor.alerts() == []
        await cloud.minutes(80)
    else:
        await cloud.minutes(15)
    assert [alert.name for alert in cloud.monitor.alerts()] == [name]
    assert [told["data"]["essentials"]["monitorCondition"] for _, told in cloud.webhooks.told] == ["Fired"]


async def test_each_failed_run_is_told_once_and_nothing_is_told_of_its_end(cloud: Cloud) -> None:
    await cloud.put(ACTION_GROUP, action_group())
    await cloud.put(METRIC_RULE, metric_rule(WORKFLOW, metric_alerts.RUNS_FAILED))
    for _ in range(2):
        cloud.monitor.metrics.record(WORKFLOW, "RunsFailed", 1)
        await cloud.minutes(6)
    await cloud.minutes(60)
    assert [told["data"]["essentials"]["monitorCondition"] for _, told in cloud.webhooks.told] == ["Fired", "Fired"]


NOTICES = f"{GROUP}/providers/Microsoft.Insights/scheduledQueryRules/notices"
PUBLISHED: dict[str, Any] = {
    "Event": "finished",
    "Decision": "published",
    "Reason": "Iteration 2 is published as production",
    "Accuracy": 0.95,
    "ChampionAccuracy": 0.9,
    "Link": "https://portal.azure.com/#view/run",
}


@pytest.fixture
async def notices(records: Logs) -> Logs:
    """The rule that tells of runs, as the program deploys it."""
    dimensions = [{"name": each, "operator": "Include", "values": ["*"]} for each in run_notices.DIMENSIONS]
    condition = {
        "query": monitoring.notices().format(minutes=run_notices.MINUTES),
        "timeAggregation": "Count",
        "operator": "GreaterThan",
        "threshold": 0,
        "dimensions": dimensions,
    }
    body = {
        "location": "westeurope",
        "properties": {
            "severity": run_notices.SEVERITY,
            "scopes": [WORKSPACE],
            "evaluationFrequency": f"PT{run_notices.MINUTES}M",
            "windowSize": f"PT{run_notices.MINUTES}M",
            "overrideQueryTimeRange": "P2D",
            "autoMitigate": False,
            "criteria": {"allOf": [condition]},
            "actions": {"actionGroups": [ACTION_GROUP]},
        },
    }
    await records.cloud.put(NOTICES, body)
    return records


async def record(notices: Logs, run: str, minutes_ago: float = 0, **row: Any) -> None:
    """Send the record of a run that was written so many minutes ago."""
    written = (notices.cloud.clock.now() - timedelta(minutes=minutes_ago)).isoformat()
    sent = {"TimeGenerated": written, "RowId": f"{run}/{row['Event']}", "Run": run, **row}
    answer = await notices.upload([sent], stream="Custom-RetrainingRuns_CL")
    assert answer.status_code == 204, answer.text


def told(notices: Logs) -> list[dict[str, str]]:
    """Return the dimensions of each alert that the action group was told of, in the order of runs."""
    messages = [message["data"] for _, message in notices.cloud.webhooks.told]
    assert {each["essentials"]["monitorCondition"] for each in messages} <= {"Fired"}
    dimensions = [each["alertContext"]["condition"]["allOf"][0]["dimensions"] for each in messages]
    return sorted(({each["name"]: each["value"] for each in one} for one in dimensions), key=lambda one: one["Run"])


async def test_each_run_that_changed_something_is_told_once_with_its_figures(notices: Logs) -> None:
    await record(notices, "r1", **PUBLISHED)
    rejected: dict[str, Any] = {**PUBLISHED, "Decision": "rejected", "Reason": "worse"}
    del rejected["ChampionAccuracy"]
    await record(notices, "r2", **rejected)
    rollback: dict[str, Any] = {
        "Event": "rolled back",
        "Decision": "rolled back",
        "Reason": "Iteration 1 is back",
        "Link": "l",
    }
    await record(notices, "r3", **rollback)
    await notices.cloud.minutes(60)
    expected = {
        "Run": "r1",
        "Decision": "published",
        "Reason": "Iteration 2 is published as production",
        "Accuracy": "0.95",
        "AccuracyBefore": "0.9",
        "Link": "https://portal.azure.com/#view/run",
    }
    found = told(notices)
    assert found[0] == expected
    assert [each["Decision"] for each in found] == ["published", "rejected", "rolled back"]
    assert [each["AccuracyBefore"] for each in found] == ["0.9", "unknown", "unknown"]
    assert found[2]["Accuracy"] == "unknown"


@pytest.mark.parametrize("decision", ["failed", "not trained", "nothing changed"])
async def test_runs_that_failed_or_changed_nothing_are_not_told_by_their_records(notices: Logs, decision: str) -> None:
    await record(notices, "r1", Event="started")
    await record(notices, "r1", Event="finished", Decision=decision, Reason="why", Accepted=5)
    await notices.cloud.minutes(60)
    assert told(notices) == []


@pytest.mark.parametrize("late", [0, 4, 6, 90])
async def test_a_record_that_comes_in_late_is_told_once_all_the_same(notices: Logs, late: float) -> None:
    await record(notices, "r1", late, **PUBLISHED)
    await notices.cloud.minutes(60)
    assert [each["Run"] for each in told(notices)] == ["r1"]


async def test_a_record_that_is_sent_again_is_told_once(notices: Logs) -> None:
    for minutes in (0, 1, 7, 20):
        await record(notices, "r1", minutes, **PUBLISHED)
        await notices.cloud.minutes(run_notices.MINUTES + 1)
    await notices.cloud.minutes(30)
    assert [each["Run"] for each in told(notices)] == ["r1"]


async def test_no_record_falls_between_two_evaluations_or_into_both(notices: Logs) -> None:
    runs = [f"r{number:02}" for number in range(20)]
    for run in runs:
        await record(notices, run, **PUBLISHED)
        await notices.cloud.minutes(1)
    await notices.cloud.minutes(run_notices.MINUTES * 2)
    assert [each["Run"] for each in told(notices)] == runs
