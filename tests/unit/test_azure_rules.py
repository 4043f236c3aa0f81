"""What Azure asks of names, alert rules, categories and roles, and no published schema says.

Sources, all on learn.microsoft.com: "Naming rules and restrictions for Azure resources"; "Supported metrics" and
"Supported log categories" (emulator.monitor.catalogue); "Create or edit a log search alert rule"; "Metric alert rules".
"""

import re
from pathlib import Path
from typing import Any

import pytest

from emulator.monitor.catalogue import LOG_CATEGORIES, METRICS
from emulator.pulumi.azure_native.types import SPECS
from tests.unit.recording import EVERYTHING, PROJECT, ROOT, Deployed, Registered, Run

GUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
ALERT = r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/| .]"
NAMES = {
    "applicationinsights:Workbook": GUID,
    "authorization:RoleAssignment": GUID,
    "authorization:RoleDefinition": GUID,
    "cognitiveservices:Account": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]",
    "logic:Workflow": r"[-\w.()]{1,43}",
    "monitor:ActionGroup": r"[^:<>+/&%\\?|]{0,259}[^:<>+/&%\\?| .]",
    "monitor:DataCollectionEndpoint": r"(?!-)[a-zA-Z0-9-]{3,44}(?<!-)",
    "monitor:DataCollectionRule": r"[a-zA-Z0-9._-]{3,64}",
    "monitor:DiagnosticSetting": r"[^*<>%:&?+/\\ ]{1,259}",
    "monitor:MetricAlert": ALERT,
    "monitor:ScheduledQueryRule": ALERT,
    "operationalinsights:Table": r"[A-Za-z][A-Za-z0-9_]{0,58}_CL",
    "operationalinsights:Workspace": r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "resources:ResourceGroup": r"[-\w._()]{0,89}[-\w_()]",
    "storage:Blob": r".{1,1024}",
    "storage:BlobContainer": r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
    "storage:ManagementPolicy": "default",
    "storage:StorageAccount": r"[a-z0-9]{3,24}",
}
"""Whole names by type. Accounts as their subdomains, which are the same here."""
WORST = ["p" * 100, "A.B_C-" * 16 + "D.E_", "-_.", "9", "__Upper__"]

FREQUENCIES = {"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60}
WINDOWS = {**FREQUENCIES, "PT6H": 360, "PT12H": 720, "P1D": 1440}


def config(project: str = PROJECT, **settings: str) -> dict[str, str]:
    return {"azure-native:location": "eastus", **{f"{project}:{key}": value for key, value in settings.items()}}


def azure(deployed: Deployed) -> list[Registered]:
    return [each for each in deployed.resources if each.type.startswith("azure-native:")]


def name_of(resource: Registered) -> str:
    spec = SPECS[resource.type]
    made = "11111111-2222-4333-8444-555555555555" if spec.auto_name == "uuid" else None
    return str(resource.plain.get(spec.name) or made)


@pytest.mark.parametrize("stack", WORST)
def test_every_resource_has_a_legal_name_in_any_stack(run: Run, stack: str):
    made = azure(run(config(), stack_name=stack))
    wrong = [
        (each.type, name_of(each))
        for each in made
        if not re.fullmatch(NAMES[each.type.removeprefix("azure-native:")], name_of(each))
    ]
    assert wrong == []
    assert {each.type.removeprefix("azure-native:") for each in made} == set(NAMES)


def test_no_two_resources_of_a_type_share_a_name_however_little_room_there_is(run: Run):
    made = azure(run(config(), stack_name=WORST[0]))
    places = [(each.type, each.plain.get("scope"), each.plain.get("resourceUri"), name_of(each)) for each in made]
    named = [place for place in places if not re.fullmatch(GUID, place[-1])]
    assert sorted(set(named), key=str) == sorted(named, key=str)


def test_metric_alerts_are_over_metrics_that_exist_at_times_that_are_allowed(run: Run):
    for each in run(config()).all("azure-native:monitor:MetricAlert"):
        alert = each.plain
        assert WINDOWS[alert["windowSize"]] >= FREQUENCIES[alert["evaluationFrequency"]], each.name
        assert alert["severity"] in range(5)
        assert len(alert["scopes"]) == 1
        for criterion in alert["criteria"]["allOf"]:
            known = METRICS[criterion["metricNamespace"].lower()]
            assert criterion["metricName"] in known, each.name
            assert f"/providers/{criterion['metricNamespace']}/" in alert["scopes"][0]


def test_log_alerts_stay_within_what_a_rule_may_read(run: Run):
    for each in run(config(**EVERYTHING)).all("azure-native:monitor:ScheduledQueryRule"):
        rule = each.plain
        assert rule["windowSize"] == rule["evaluationFrequency"] in ("PT5M", "PT15M"), "each row is looked at once"
        assert rule["overrideQueryTimeRange"] == "P2D", "two days are the most"
        assert len(rule["scopes"]) == 1
        (criterion,) = rule["criteria"]["allOf"]
        assert not re.search(r"\b(union|search)\b", criterion["query"]), each.name
        for hours in re.findall(r"ago\((\d+)h\)", criterion["query"]):
            assert int(hours) < 48, f"{each.name} asks for more than a rule reads"


def test_diagnostic_settings_have_categories_that_exist(run: Run):
    for each in run(config()).all("azure-native:monitor:DiagnosticSetting"):
        type_ = "/".join(re.split("/providers/", each.plain["resourceUri"])[1].split("/")[:2])
        if "/blobServices/" in each.plain["resourceUri"]:
            type_ = "Microsoft.Storage/storageAccounts/blobServices"
        assert {log["category"] for log in each.plain["logs"]} <= set(LOG_CATEGORIES[type_.lower()])
        assert {metric["category"] for metric in each.plain["metrics"]} <= {"AllMetrics"}


ROLES = Path(ROOT / "../shared/specs/arm/built_in_roles_subset.json")


@pytest.mark.skipif(not ROLES.is_file(), reason=f"the published roles are not at {ROLES}")
def test_every_role_that_is_assigned_is_a_published_one_or_the_programs(run: Run):
    text = ROLES.read_text(encoding="utf-8").lower()
    deployed = run(config())
    own = {name_of(each) for each in deployed.all("azure-native:authorization:RoleDefinition")}
    assigned: set[str] = set()
    for each in deployed.all("azure-native:authorization:RoleAssignment"):
        assigned.add(each.plain["roleDefinitionId"].rsplit("/", 1)[-1])
    assert own <= assigned
    assert [role for role in assigned - own if role not in text] == []


def test_no_tag_is_too_many_or_too_long_with_all_that_a_user_may_add(run: Run):
    for each in azure(run(config(**EVERYTHING))):
        tags: dict[str, Any] = each.plain.get("tags") or {}
        assert len(tags) <= 50
        assert all(len(name) <= 128 and len(value) <= 256 for name, value in tags.items()), each.name
