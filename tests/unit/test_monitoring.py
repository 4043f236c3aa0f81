import json
from typing import Any

import pytest

from components import roles, run_notices
from tests.unit.layers import monitoring_layer
from tests.unit.recording import ROOT, Deployed, Run, minimal_config
from workflows import monitoring

ALERT = "azure-native:monitor:MetricAlert"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
ACTION_GROUP = "azure-native:monitor:ActionGroup"


def alerts(deployed: Deployed) -> dict[str, dict[str, Any]]:
    return {each.name.removeprefix("monitoring-"): each.plain for each in deployed.all(ALERT)}


def criterion(alert: dict[str, Any]) -> dict[str, Any]:
    (only,) = alert["criteria"]["allOf"]
    return only


def test_a_failed_run_is_an_alert_on_the_workflow(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    alert = alerts(deployed)["runs-failed"]
    workflow = deployed.one("azure-native:logic:Workflow", "orchestration-retrain").plain["workflowName"]
    assert alert["scopes"][0].endswith(f"/Microsoft.Logic/workflows/{workflow}")
    assert criterion(alert) == {
        "name": "RunsFailed",
        "metricName": "RunsFailed",
        "metricNamespace": "Microsoft.Logic/workflows",
        "criterionType": "StaticThresholdCriterion",
        "timeAggregation": "Total",
        "operator": "GreaterThan",
        "threshold": 0,
    }


def test_both_accounts_are_watched_for_server_errors_and_for_refused_calls(run: Run):
    deployed = run(minimal_config(customVisionErrorThreshold="7"), monitoring_layer)
    found = alerts(deployed)
    accounts = {
        each.plain["kind"]: each.plain["accountName"] for each in deployed.all("azure-native:cognitiveservices:Account")
    }
    for purpose, kind in (("training", "CustomVision.Training"), ("prediction", "CustomVision.Prediction")):
        for alert in (found[f"{purpose}-availability"], found[f"{purpose}-errors"]):
            assert alert["scopes"][0].endswith(f"/Microsoft.CognitiveServices/accounts/{accounts[kind]}")
            assert criterion(alert)["metricNamespace"] == "Microsoft.CognitiveServices/accounts"
        rate, errors = criterion(found[f"{purpose}-availability"]), criterion(found[f"{purpose}-errors"])
        assert (rate["metricName"], rate["timeAggregation"], rate["operator"], rate["threshold"]) == (
            "SuccessRate",
            "Average",
            "LessThan",
            90,
        )
        assert (errors["metricName"], errors["timeAggregation"], errors["operator"], errors["threshold"]) == (
            "TotalErrors",
            "Total",
            "GreaterThan",
            7,
        )


def test_every_alert_is_enabled_and_tells_the_action_group(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    group = deployed.one(ACTION_GROUP).plain["actionGroupName"]
    found = alerts(deployed)
    assert len(found) == 10
    for name, alert in found.items():
        assert alert["enabled"]
        # A failed run is an event: nothing is over when the next one succeeds.
        assert alert["autoMitigate"] is (name not in ("runs-failed", "rollbacks-failed"))
        assert alert["location"] == "global"
        assert alert["criteria"]["odataType"] == "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
        assert [action["actionGroupId"].rsplit("/", 1)[1] for action in alert["actions"]] == [group]


def test_an_alert_sees_at_least_as_much_as_lies_between_two_looks(run: Run):
    minutes = {"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "P1D": 1440}
    for alert in alerts(run(minimal_config(), monitoring_layer)).values():
        assert minutes[alert["windowSize"]] >= minutes[alert["evaluationFrequency"]]
        assert alert["severity"] in range(5)


def test_nobody_is_written_to_without_an_address(run: Run):
    group = run(minimal_config(), monitoring_layer).one(ACTION_GROUP).plain
    assert not group.get("emailReceivers")
    assert group["enabled"]
    assert group["location"] == "Global"
    assert len(group["groupShortName"]) <= 12


def test_the_address_of_the_settings_is_written_to(run: Run):
    group = run(minimal_config(alertEmail="team@example.com"), monitoring_layer).one(ACTION_GROUP).plain
    assert group["emailReceivers"] == [
        {"name": "team", "emailAddress": "team@example.com", "useCommonAlertSchema": True}
    ]


def test_the_workspace_keeps_logs_for_the_days_of_the_settings(run: Run):
    workspace = run(minimal_config(logRetentionDays="90"), monitoring_layer).one(
        "azure-native:operationalinsights:Workspace"
    )
    assert workspace.plain["retentionInDays"] == 90
    assert workspace.plain["sku"] == {"name": "PerGB2018"}


def test_logs_of_every_service_go_to_the_workspace_under_their_own_categories(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    workspace = deployed.one("azure-native:operationalinsights:Workspace").plain["workspaceName"]
    settings = [each.plain for each in deployed.all(DIAGNOSTICS)]
    logs = {
        setting["resourceUri"].split("/providers/")[1]: [log["category"] for log in setting["logs"] if log["enabled"]]
        for setting in settings
    }
    storage = deployed.one("azure-native:storage:StorageAccount").plain["accountName"]
    workflow = deployed.one("azure-native:logic:Workflow", "orchestration-retrain").plain["workflowName"]
    rollback = deployed.one("azure-native:logic:Workflow", "orchestration-rollback").plain["workflowName"]
    accounts = [each.plain["accountName"] for each in deployed.all("azure-native:cognitiveservices:Account")]
    assert logs == {
        f"Microsoft.Logic/workflows/{workflow}": ["WorkflowRuntime"],
        f"Microsoft.Logic/workflows/{rollback}": ["WorkflowRuntime"],
        f"Microsoft.Storage/storageAccounts/{storage}/blobServices/default": [
            "StorageRead",
            "StorageWrite",
            "StorageDelete",
        ],
        **{f"Microsoft.CognitiveServices/accounts/{each}": ["Audit", "RequestResponse", "Trace"] for each in accounts},
    }
    assert all(setting["workspaceId"].endswith(f"/workspaces/{workspace}") for setting in settings)


def test_every_resource_is_a_child_of_the_layer(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    layer = deployed.one("custom-vision-retraining:index:MonitoringLayer")
    assert len([each for each in deployed.resources if each.parent == layer.urn]) == 31


def log_rules(deployed: Deployed) -> dict[str, dict[str, Any]]:
    """Return the rules that watch for what is wrong, by name."""
    rules = deployed.all("azure-native:monitor:ScheduledQueryRule")
    named = {each.name.removeprefix("monitoring-"): each.plain for each in rules}
    return {name: rule for name, rule in named.items() if name != run_notices.NAME}


@pytest.mark.parametrize("page", ["README.md", "docs/cost.md"])
def test_the_documents_count_the_alerts_that_are_paid_for(run: Run, page: str):
    deployed = run(minimal_config())
    text = (ROOT / page).read_text(encoding="utf-8")
    assert f"{len(alerts(deployed))} metric alerts" in text
    assert f"{len(log_rules(deployed))} rules over logs" in text


@pytest.mark.parametrize("told", [True, False])
def test_what_runs_changed_is_told_by_a_stateless_rule_split_by_run(run: Run, told: bool):
    deployed = run(minimal_config(noticesToActionGroup=str(told).lower()), monitoring_layer)
    group = deployed.one(ACTION_GROUP).plain["actionGroupName"]
    rule = deployed.one("azure-native:monitor:ScheduledQueryRule", "monitoring-run-notices").plain
    assert (rule["enabled"], rule["autoMitigate"], rule["evaluationFrequency"]) == (told, False, rule["windowSize"])
    (criterion,) = rule["criteria"]["allOf"]
    assert [each["name"] for each in criterion["dimensions"]] == list(run_notices.DIMENSIONS)
    assert f"ago({run_notices.MINUTES}m)" in criterion["query"]
    assert [each.rsplit("/", 1)[1] for each in rule["actions"]["actionGroups"]] == [group]


def test_every_alert_query_of_the_workflow_is_a_rule_with_the_thresholds_of_the_settings(run: Run):
    config = minimal_config(
        stuckRunHours="7", rejectedInARow="4", productionAccuracyFloor="0.85", quotaPercent="55", customVisionSku="F0"
    )
    found = log_rules(run(config, monitoring_layer))
    assert set(found) == set(monitoring.alerts())
    assert "ago(7h)" in query_of(found["stuck-run"])
    assert "RejectedInARow >= 4" in query_of(found["rejected-in-a-row"])
    assert "Accuracy < 0.85" in query_of(found["production-accuracy"])
    assert "/ 5000 >= 55" in query_of(found["image-quota"])
    assert not any("{" in query_of(rule) for rule in found.values())


def query_of(rule: dict[str, Any]) -> str:
    (criterion,) = rule["criteria"]["allOf"]
    return criterion["query"]


def test_a_log_rule_reads_two_days_of_the_workspace_and_tells_the_action_group(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    group = deployed.one(ACTION_GROUP).plain["actionGroupName"]
    for rule in log_rules(deployed).values():
        assert (rule["evaluationFrequency"], rule["windowSize"], rule["overrideQueryTimeRange"]) == (
            "PT15M",
            "PT15M",
            "P2D",
        )
        assert [each.rsplit("/", 1)[1] for each in rule["actions"]["actionGroups"]] == [group]
        assert "/workspaces/" in rule["scopes"][0]
        assert (rule["enabled"], rule["autoMitigate"]) == (True, True)


def test_each_table_has_a_stream_of_the_same_columns_that_ends_in_it(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    tables = {
        each.plain["tableName"]: each.plain["schema"] for each in deployed.all("azure-native:operationalinsights:Table")
    }
    assert set(tables) == set(monitoring.tables())
    rule = deployed.one("azure-native:monitor:DataCollectionRule").plain
    for name, schema in tables.items():
        declared = rule["streamDeclarations"][f"Custom-{name}"]["columns"]
        assert declared == [{"name": each["name"], "type": each["type"].lower()} for each in schema["columns"]]
    assert {flow["outputStream"] for flow in rule["dataFlows"]} == {f"Custom-{name}" for name in tables}


def test_only_the_workflow_may_send_records_and_only_through_this_rule(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    (assignment,) = [
        each.plain
        for each in deployed.all("azure-native:authorization:RoleAssignment")
        if each.name == "monitoring-send-records"
    ]
    assert "/Microsoft.Insights/dataCollectionRules/" in assignment["scope"]
    assert assignment["roleDefinitionId"].endswith(roles.MONITORING_METRICS_PUBLISHER)
    identity = deployed.one("azure-native:logic:Workflow", "orchestration-retrain").plain["workflowName"]
    assert assignment["principalId"].endswith(identity)
    assert assignment["principalType"] == "ServicePrincipal"


def test_the_workbook_is_over_the_workspace_of_the_stack(run: Run):
    deployed = run(minimal_config(), monitoring_layer)
    workbook = deployed.one("azure-native:applicationinsights:Workbook").plain
    (workspace,) = json.loads(workbook["serializedData"])["fallbackResourceIds"]
    assert workbook["sourceId"] == workspace.lower()
    assert "/workspaces/" in workspace


def test_the_webhook_of_the_settings_is_told_too(run: Run):
    group = run(minimal_config(alertWebhook="https://example.com/hook"), monitoring_layer).one(ACTION_GROUP).plain
    (receiver,) = group["webhookReceivers"]
    assert (receiver["serviceUri"], receiver["useCommonAlertSchema"]) == ("https://example.com/hook", True)
