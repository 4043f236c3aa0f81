"""What Azure Resource Manager takes of alert rules, action groups, diagnostic settings and workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.clock import ManualClock
from tests.emulator.monitor.clouds import (
    ACTION_GROUP,
    BLOBS,
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

RULE = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/rule"
SETTING = f"{WORKFLOW}/providers/Microsoft.Insights/diagnosticSettings/to-logs"


def with_dimension(name: str, *values: str, operator: str = "Include") -> dict[str, Any]:
    return criterion("Transactions", dimensions=[{"name": name, "operator": operator, "values": list(values)}])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (rule() | {"location": "westeurope"}, "global"),
        (rule(severity=5), "5"),
        (rule(windowSize="PT1M", evaluationFrequency="PT5M"), "shorter than evaluationFrequency"),
        (rule(windowSize="PT10M"), "PT15M"),
        (rule(evaluationFrequency="PT2M"), "PT5M"),
        (rule(scopes=[]), "scopes"),
        (rule(scopes=[WORKFLOW, VISION]), "scopes"),
        (rule(scopes=["retrain"]), "retrain"),
        (rule(f"{GROUP}/providers/Contoso.Test/widgets/one"), "Contoso.Test/widgets"),
        (rule(criteria=criteria(criterion("WorkflowRunsCompleted"))), "RunsCompleted"),
        (rule(criteria=criteria(criterion("RunsFailureRate"))), "RunFailurePercentage"),
        (rule(criteria=criteria(criterion(timeAggregation="Sum"))), "Total"),
        (rule(criteria=criteria(criterion(operator="GreaterOrEqual"))), "GreaterThanOrEqual"),
        (rule(criteria=criteria(criterion(criterionType="DynamicThresholdCriterion"))), "StaticThresholdCriterion"),
        (rule(criteria={"allOf": [criterion()]}), "odata.type"),
        (rule(criteria=criteria(criterion(), criterion())), "names of criteria have to differ"),
        (rule(criteria=criteria(criterion(metricNamespace="Contoso"))), "metricNamespace is 'Contoso'"),
        (rule(BLOBS, criteria=criteria(with_dimension("Result", "x"))), "ResponseType"),
        (
            rule(BLOBS, criteria=criteria(with_dimension("ApiName", "*"), criterion("Ingress"))),
            "has to include one value",
        ),
        (rule(actions=[{"actionGroupId": WORKFLOW}]), "Microsoft.Insights/actionGroups"),
    ],
)
async def test_a_rule_that_azure_or_the_emulator_does_not_have_is_refused(
    cloud: Cloud, body: dict[str, Any], named: str
) -> None:
    answer = await cloud.ask("PUT", RULE, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
    assert (await cloud.ask("GET", RULE)).status_code == 404


async def test_a_metric_that_does_not_exist_yet_is_taken_when_asked_for(cloud: Cloud) -> None:
    await cloud.put(RULE, rule(criteria=criteria(criterion("Precision", skipMetricValidation=True))))
    cloud.monitor.metrics.record(WORKFLOW, "Precision", 0.9)
    await cloud.minutes(1)
    assert len(cloud.monitor.alerts()) == 1


async def test_a_rule_resolves_by_itself_unless_it_says_otherwise(cloud: Cloud) -> None:
    assert (await cloud.put(RULE, rule()))["properties"]["autoMitigate"] is True
    assert (await cloud.put(RULE, rule(autoMitigate=False)))["properties"]["autoMitigate"] is False


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"groupShortName": "a" * 13}, "12"),
        ({"emailReceivers": [{"name": "me", "emailAddress": "nobody"}]}, "emailAddress"),
        ({"webhookReceivers": [{"name": "../ME", "serviceUri": "https://contoso.example"}]}, "two receivers"),
        ({"smsReceivers": [{"name": "me"}]}, "smsReceivers"),
    ],
)
async def test_a_group_that_azure_or_the_emulator_does_not_have_is_refused(
    cloud: Cloud, change: dict[str, Any], named: str
) -> None:
    answer = await cloud.ask("PUT", ACTION_GROUP, action_group(**change))
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"logs": [{"category": "WorkflowRuntime", "enabled": True}]}, "workspaceId, storageAccountId"),
        ({"workspaceId": WORKSPACE}, "a category of logs or metrics is needed"),
        ({"workspaceId": WORKFLOW, "logs": []}, "Microsoft.OperationalInsights/workspaces"),
        ({"workspaceId": WORKSPACE, "logs": [{"category": "Audit", "enabled": True}]}, "WorkflowRuntime"),
        ({"workspaceId": WORKSPACE, "logs": [{"categoryGroup": "all", "enabled": True}]}, "allLogs"),
        ({"workspaceId": WORKSPACE, "logs": [{"enabled": True}]}, "either a category or a categoryGroup"),
        ({"workspaceId": WORKSPACE, "metrics": [{"category": "RunsFailed", "enabled": True}]}, "AllMetrics"),
    ],
)
async def test_a_setting_with_a_wrong_category_or_sink_is_refused(
    cloud: Cloud, properties: dict[str, Any], named: str
) -> None:
    answer = await cloud.ask("PUT", SETTING, {"properties": properties})
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_a_setting_is_kept_on_its_resource_and_goes_with_it(cloud: Cloud) -> None:
    logs = [{"category": "WorkflowRuntime", "enabled": True}]
    metrics = [{"category": "AllMetrics", "enabled": True}]
    body = {"properties": {"workspaceId": WORKSPACE, "logs": logs, "metrics": metrics}}
    await cloud.put(SETTING, body)
    assert (await cloud.ask("GET", SETTING)).json()["properties"] == body["properties"]
    await cloud.ask("DELETE", WORKFLOW)
    assert (await cloud.ask("GET", SETTING)).status_code == 404


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"location": "westeurope", "properties": {"retentionInDays": 29}}, "29"),
        ({"location": "westeurope", "properties": {"sku": {"name": "Cheap"}}}, "PerGB2018"),
    ],
)
async def test_a_workspace_that_azure_does_not_have_is_refused(cloud: Cloud, body: dict[str, Any], named: str) -> None:
    answer = await cloud.ask("PUT", WORKSPACE, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_a_workspace_keeps_its_customer_id_and_its_keys_and_shows_no_key(cloud: Cloud, tmp_path: Path) -> None:
    made = await cloud.put(WORKSPACE, {"location": "westeurope"})
    assert made["properties"]["retentionInDays"] == 30
    changed = await cloud.put(WORKSPACE, {"location": "westeurope", "properties": {"retentionInDays": 90}})
    for name in ("customerId", "createdDate"):
        assert changed["properties"][name] == made["properties"][name]
    keys = (await cloud.ask("POST", f"{WORKSPACE}/sharedKeys")).json()
    assert keys["primarySharedKey"] != keys["secondarySharedKey"]
    assert not any(key in str(changed) for key in keys.values())
    await cloud.stop()
    again = Cloud(tmp_path, ManualClock(cloud.clock.now()))
    await again.start()
    assert (await again.ask("POST", f"{WORKSPACE}/sharedKeys")).json() == keys
    assert _modes_of_files_with(keys["primarySharedKey"], tmp_path) == ["0o600"]
    await again.stop()


def _modes_of_files_with(secret: str, folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    return [oct(path.stat().st_mode & 0o777) for path in files]


async def test_the_data_plane_refuses_by_name_what_it_does_not_have(cloud: Cloud) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cloud.monitor.app), base_url="http://127.0.0.1"
    ) as client:
        answer = await client.post("/v1/apps/id/query/more", json={})
    assert answer.status_code == 404
    assert "/v1/apps/id/query/more" in answer.json()["error"]["message"]
