"""What a change of each setting does to the resources of a stack: updates in place, or what docs/configuration.md says.

Which inputs replace a resource is taken from the stand-in of azure-native, and for the project from its own provider.
"""

import json

import pytest

from components.custom_vision import CustomVisionProjectProvider
from components.retraining_settings import RETRAINING_SETTINGS
from components.setting import Setting
from components.setting_values import NotAllowedError
from components.settings import LOCATION, SETTINGS
from emulator.pulumi.azure_native.types import SPECS
from tests.unit.recording import Deployed, Registered, Run, minimal_config

PROJECT = "pulumi-python:dynamic/customvision:Project"
WITHOUT_EFFECT_ON_RESOURCES = {"protectData", "allowUnlistedRegion"}
# Settings that add resources, and which.
ADDED = {"purgeOnDestroy": {"ml-training-purge", "ml-prediction-purge"}}


def another(setting: Setting) -> str:
    """Return an allowed value that is not the default."""
    schema = setting.kind.schema
    values = schema.get("enum", ["true", "false", schema.get("minimum"), schema.get("maximum")])
    default = setting.kind.read(setting.default if isinstance(setting.default, str) else json.dumps(setting.default))
    for value in map(str, values):
        try:
            if setting.kind.read(value) != default:
                return value
        except NotAllowedError:
            continue
    raise AssertionError(setting.key)


CHANGES = {
    "environmentTags": '{"team": "vision"}',
    "protectData": "true",
    "purgeOnDestroy": "true",
    "allowUnlistedRegion": "true",
    "storageSku": "Standard_ZRS",
    "retentionDaysProcessed": "10",
    "retentionDaysRejected": "10",
    "customVisionSku": "F0",
    "customVisionProjectName": "another",
    "adoptProjectId": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "domain": "Food (compact)",
    "classificationType": "Multilabel",
    "targetExportPlatforms": '["ONNX"]',
    "publishName": "live",
    "pollIntervalSeconds": "60",
    "trainingPollSeconds": "5",
    "manualCallers": '["203.0.113.0/24"]',
    "logRetentionDays": "90",
    "alertEmail": "team@example.com",
    "noticeWebhook": "https://example.com/notices?code=abc",
    "customVisionErrorThreshold": "50",
    "alertWebhook": "https://alerts.example.com/hook",
    "stuckRunHours": "5",
    "waitingImagesHours": "5",
    "rejectedInARow": "5",
    "productionAccuracyFloor": "0.5",
    "quotaPercent": "50",
    "billableExecutionsPerDay": "50",
    "monitorAudience": "https://monitor.azure.cn/",
    "resourceManagerEndpoint": "https://management.chinacloudapi.cn/",
    "resourceManagerAudience": "https://management.chinacloudapi.cn/",
    "storageAudience": "https://storage.chinacloudapi.cn/",
    **{setting.key: another(setting) for setting in RETRAINING_SETTINGS},
}
# A setting that is only allowed together with another one.
NEEDS = {
    "targetExportPlatforms": {"domain": "General (compact)"},
    "trainingType": {"reservedBudgetHours": "1"},
    "iterationsToKeep": {"maximumTrainingsPerDay": "1"},
}


def differences(before: Deployed, after: Deployed) -> tuple[set[str], set[str]]:
    """Return the names of the resources that are updated, and of those that are replaced."""
    old = {each.urn: each for each in before.resources}
    assert set(old) <= {each.urn for each in after.resources}
    kept = [(old[each.urn], each) for each in after.resources if each.urn in old]
    changed = [(previous, new) for previous, new in kept if previous.plain_data != new.plain_data]
    replaced = {new.name for previous, new in changed if is_replaced(previous, new)}
    return {new.name for _, new in changed} - replaced, replaced


def added(before: Deployed, after: Deployed) -> set[str]:
    return {each.name for each in after.resources} - {each.name for each in before.resources}


def is_replaced(old: Registered, new: Registered) -> bool:
    if new.type == PROJECT:
        return bool(CustomVisionProjectProvider().diff("the-project", old.plain, new.plain).replaces)
    if new.type.startswith("random:"):
        return True
    return any(value_at(old, path) != value_at(new, path) for path in SPECS[new.type].replacing)


def value_at(resource: Registered, path: str) -> object:
    value: object = resource.plain
    for member in path.split("."):
        value = value.get(member) if isinstance(value, dict) else None
    return value


@pytest.fixture(scope="module")
def baselines() -> dict[str, Deployed]:
    """Keep what was deployed before the change, for the settings that start from the same."""
    return {}


def test_every_setting_has_a_change():
    assert set(CHANGES) == {setting.key for setting in SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_change_is_made_in_place_unless_the_documentation_says_otherwise(
    run: Run, baselines: dict[str, Deployed], setting: Setting
):
    key = setting.key
    needed = NEEDS.get(key, {})
    start = str(needed)
    if start not in baselines:
        baselines[start] = run(minimal_config(**needed))
    after = run(minimal_config(**{**needed, key: CHANGES[key]}))
    updated, replaced = differences(baselines[start], after)
    assert added(baselines[start], after) == ADDED.get(key, set())
    if setting.replaces:
        assert replaced == {"ml-project"}
    else:
        assert replaced == set()
        assert bool(updated) is (key not in {*WITHOUT_EFFECT_ON_RESOURCES, *ADDED})


def test_another_region_replaces_everything_that_lies_in_one(run: Run):
    assert LOCATION.replaces == "everything, under new names"
    _, replaced = differences(run(minimal_config()), run({**minimal_config(), "azure-native:location": "westeurope"}))
    assert {
        "suffix",
        "resource-group",
        "data-account",
        "ml-training",
        "ml-prediction",
        "orchestration-retrain",
    } <= replaced
