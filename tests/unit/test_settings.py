import dataclasses
import json
import runpy
from typing import Any

import pytest

from components import settings
from components.alert_settings import ALERT_SETTINGS, AlertSettings
from components.declared_settings import SETTINGS
from components.domains import CLASSIFICATION_DOMAINS, DETECTION_DOMAIN_IDS
from components.retraining_settings import RETRAINING_SETTINGS
from components.settings import Settings, SettingsError
from tests.unit.recording import PROJECT, ROOT, Run, minimal_config


def load(run: Run, config: dict[str, str]) -> Settings:
    found: list[Settings] = []
    run(config, program=lambda: found.append(settings.load()))
    return found[0]


def faults(run: Run, config: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(run, config)
    assert all(str(fault) in str(caught.value) for fault in caught.value.faults)
    return {fault.key: str(fault) for fault in caught.value.faults}


def test_without_a_word_of_the_user_every_default_holds(run: Run):
    loaded = load(run, minimal_config())
    assert loaded == Settings(
        location="eastus",
        environment_tags={},
        existing_resource_group=None,
        existing_workspace_id=None,
        protect_data=False,
        purge_on_destroy=False,
        allow_unlisted_region=False,
        storage_sku="Standard_LRS",
        retention_days_processed=365,
        retention_days_rejected=90,
        custom_vision_sku="S0",
        training_allowed_addresses=(),
        prediction_allowed_addresses=(),
        custom_vision_project_name="automated-retraining-project",
        adopt_project_id=None,
        domain="General",
        classification_type="Multiclass",
        target_export_platforms=(),
        publish_name="production",
        retraining={
            "automaticTraining": True,
            "minimumImagesPerTag": 15,
            "minimumNewImages": 1,
            "minimumNewImagesPerTag": 1,
            "minimumHoursBetweenTrainings": 0.0,
            "maximumTrainingsPerDay": 10,
            "maximumTrainingHoursPerMonth": 20.0,
            "trainingType": "Regular",
            "reservedBudgetHours": 0,
            "maximumImagesPerRun": 1000,
            "maximumImagesPerTag": 100000,
            "largestTagRatio": 10.0,
            "championCheck": "off",
            "championCheckImages": 50,
            "championCheckConfidence": 0.9,
            "probabilityThreshold": 0.5,
            "evaluationImagesPerRun": 200,
            "gateTolerance": 0.02,
            "gateMinimumGain": 0.0,
            "gateTagFloor": 0.5,
            "gateFirstModelFloor": 0.5,
            "gateConfidenceDrop": 0.2,
            "publishChallenger": False,
            "iterationsToKeep": 10,
        },
        poll_interval_seconds=300,
        training_poll_seconds=10,
        manual_callers=(),
        log_retention_days=30,
        alert_email=None,
        notice_webhook=None,
        custom_vision_error_threshold=5,
        resource_manager_endpoint="https://management.azure.com/",
        resource_manager_audience="https://management.azure.com/",
        portal_endpoint="https://portal.azure.com/",
        storage_audience="https://storage.azure.com/",
        monitor_audience="https://monitor.azure.com/",
        alerts=AlertSettings(
            alert_webhook=None,
            notices_to_action_group=True,
            stuck_run_hours=26,
            waiting_images_hours=6,
            no_run_hours=46,
            rejected_in_a_row=3,
            production_accuracy_floor=0.6,
            quota_percent=80,
            billable_executions_per_day=20000,
        ),
    )
    assert loaded.domain_id == "ee85a74c-405e-4adc-bb47-ffa8ca0c9f31"


def test_every_field_has_its_setting():
    fields = {field.name for field in dataclasses.fields(Settings)}
    grouped = (*RETRAINING_SETTINGS, *ALERT_SETTINGS)
    single = {setting.attribute for setting in SETTINGS if setting not in grouped}
    assert fields == single | {"location", "retraining", "alerts"}
    alerts = {field.name for field in dataclasses.fields(AlertSettings)}
    assert alerts == {setting.attribute for setting in ALERT_SETTINGS}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("environmentTags", '{"cost centre": "42"}', {"cost centre": "42"}),
        ("protectData", "true", True),
        ("retentionDaysProcessed", "1", 1),
        ("customVisionSku", "F0", "F0"),
        ("adoptProjectId", "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("adoptProjectId", "", None),
        ("alertEmail", "", None),
        ("alertEmail", "ml-team@example.com", "ml-team@example.com"),
        ("classificationType", "Multilabel", "Multilabel"),
        ("minimumImagesPerTag", "5", 5),
        ("probabilityThreshold", "0.75", 0.75),
        ("probabilityThreshold", "1", 1.0),
        ("automaticTraining", "false", False),
        ("manualCallers", '["203.0.113.0/24"]', ("203.0.113.0/24",)),
        ("trainingAllowedAddresses", '["203.0.113.7/32", "198.51.100.0/30"]', ("203.0.113.7", "198.51.100.0/30")),
        ("trainingType", "Regular", "Regular"),
        ("pollIntervalSeconds", "15", 15),
        ("pollIntervalSeconds", "86400", 86400),
        ("logRetentionDays", "730", 730),
        ("resourceManagerEndpoint", "http://127.0.0.1:10460", "http://127.0.0.1:10460/"),
    ],
)
def test_an_allowed_value_is_taken(run: Run, key: str, text: str, value: Any):
    attribute = next(setting.attribute for setting in SETTINGS if setting.key == key)
    loaded = load(run, minimal_config(**{key: text}))
    assert (loaded.retraining[key] if key in loaded.retraining else getattr(loaded, attribute)) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("environmentTags", "plain text"),
        ("environmentTags", '["a"]'),
        ("environmentTags", '{"a<b": "c"}'),
        ("environmentTags", '{"a": 1}'),
        ("environmentTags", '{"a": "1", "A": "2"}'),
        ("environmentTags", '{"Project": "another"}'),
        ("environmentTags", '{"stack": "another"}'),
        ("environmentTags", '{"purpose": "another"}'),
        ("environmentTags", '{"azure-cost": "42"}'),
        ("environmentTags", '{"hidden-title": "a"}'),
        ("environmentTags", json.dumps({"x" * 129: ""})),
        ("environmentTags", json.dumps({"a": "x" * 257})),
        ("environmentTags", json.dumps({f"t{n}": "" for n in range(41)})),
        ("existingResourceGroup", "ends with a dot."),
        ("existingWorkspaceId", "log-of-the-team"),
        ("existingWorkspaceId", "/subscriptions/a/resourceGroups/rg/providers/Microsoft.Web/sites/log"),
        ("protectData", "yes"),
        ("storageSku", "Premium_LRS"),
        ("retentionDaysProcessed", "0"),
        ("retentionDaysRejected", "1.5"),
        ("customVisionSku", "S1"),
        ("customVisionProjectName", ""),
        ("customVisionProjectName", " padded"),
        ("customVisionProjectName", "x" * 101),
        ("adoptProjectId", "my-project"),
        ("domain", "Logo"),
        ("classificationType", "multiclass"),
        ("targetExportPlatforms", '["ONNX", "ONNX"]'),
        ("targetExportPlatforms", '["Onnx"]'),
        ("targetExportPlatforms", "ONNX"),
        ("targetExportPlatforms", "[[]]"),
        ("publishName", "a/b"),
        ("minimumImagesPerTag", "4"),
        ("minimumImagesPerTag", "many"),
        ("probabilityThreshold", "1.01"),
        ("probabilityThreshold", "nan"),
        ("probabilityThreshold", "half"),
        ("trainingAllowedAddresses", '["203.0.113.6/31"]'),
        ("trainingAllowedAddresses", '["10.1.0.0/16"]'),
        ("trainingAllowedAddresses", '["2001:db8::/64"]'),
        ("predictionAllowedAddresses", "203.0.113.7"),
        ("predictionAllowedAddresses", '["192.0.0.0/8"]'),
        ("manualCallers", "203.0.113.0/24"),
        ("manualCallers", '["203.0.113.7/24"]'),
        ("manualCallers", "[7.5]"),
        ("pollIntervalSeconds", "14"),
        ("pollIntervalSeconds", "86401"),
        ("trainingPollSeconds", "0"),
        ("logRetentionDays", "29"),
        ("alertEmail", "nobody"),
        ("customVisionErrorThreshold", "-1"),
        ("resourceManagerEndpoint", "management.azure.com"),
        ("resourceManagerEndpoint", "https://user@management.azure.com/"),
        ("storageAudience", "ftp://storage.azure.com/"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(run: Run, key: str, text: str):
    found = faults(run, minimal_config(**{key: text}))
    allowed = next(setting.kind.allowed for setting in SETTINGS if setting.key == key)
    assert found == {key: f"{key} is {text!r}; allowed: {allowed}"}


def test_all_faults_are_reported_together(run: Run):
    found = faults(run, {f"{PROJECT}:customVisionSku": "S1", f"{PROJECT}:minimumImagesPerTag": "3"})
    assert set(found) == {"customVisionSku", "minimumImagesPerTag", "azure-native:location"}
    assert "is not set" in found["azure-native:location"]


def test_nothing_is_registered_when_a_setting_is_wrong(run: Run):
    def program() -> None:
        with pytest.raises(SettingsError):
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    deployed = run(minimal_config(customVisionSku="S1"), program=program)
    assert deployed.resources == []


def test_a_mistyped_key_is_a_fault_that_names_the_right_one(run: Run):
    found = faults(run, minimal_config(pollIntervallSeconds="60"))
    assert list(found) == [f"{PROJECT}:pollIntervallSeconds"]
    assert "did you mean pollIntervalSeconds?" in found[f"{PROJECT}:pollIntervallSeconds"]


def test_keys_of_other_namespaces_are_left_to_their_owners(run: Run):
    load(run, {**minimal_config(), "azure-native:tenantId": "t", "other:key": "v"})


def test_export_platforms_need_a_compact_domain(run: Run):
    found = faults(run, minimal_config(targetExportPlatforms='["ONNX"]', domain="Food"))
    assert "General (compact)" in found["domain"]
    assert "Food (compact)" in found["domain"]
    loaded = load(run, minimal_config(targetExportPlatforms='["ONNX", "CoreML"]', domain="Food (compact)"))
    assert loaded.target_export_platforms == ("ONNX", "CoreML")
    assert loaded.domain_id == "8882951b-82cd-4c32-970b-d5f8cb8bf6d7"


def test_protected_data_is_never_purged(run: Run):
    with pytest.raises(SettingsError) as caught:
        run(minimal_config(purgeOnDestroy="true", protectData="true"))
    assert [str(fault) for fault in caught.value.faults] == [
        "purgeOnDestroy is 'true'; allowed: false, because protectData is true"
    ]


def test_an_advanced_training_needs_a_budget(run: Run):
    found = faults(run, minimal_config(trainingType="Advanced"))
    assert found == {
        "reservedBudgetHours": "reservedBudgetHours is '0'; allowed: 1 to 24, because trainingType is Advanced"
    }
    loaded = load(run, minimal_config(trainingType="Advanced", reservedBudgetHours="1"))
    assert loaded.retraining["reservedBudgetHours"] == 1


def test_a_wrong_secret_is_not_repeated(run: Run):
    found = faults(run, minimal_config(noticeWebhook="example.com/notices?code=abc"))
    assert found == {"noticeWebhook": "noticeWebhook is '[secret]'; allowed: an http or https URL"}


def test_no_more_trainings_a_day_than_iterations_are_kept(run: Run):
    found = faults(run, minimal_config(iterationsToKeep="9"))
    assert found == {
        "maximumTrainingsPerDay": "maximumTrainingsPerDay is '10'; allowed: 1 to 9, because iterationsToKeep is 9"
    }
    load(run, minimal_config(iterationsToKeep="10"))


@pytest.mark.parametrize("name", ["environment", "Environment"])
def test_the_environment_is_the_users_to_name(run: Run, name: str):
    loaded = load(run, minimal_config(environmentTags=json.dumps({name: "test bench", "team": "vision"})))
    assert loaded.tags("p", "s") == {
        "project": "p",
        "stack": "s",
        "purpose": "ml-automation",
        name: "test bench",
        "team": "vision",
    }


def test_no_domain_is_of_both_types():
    assert not {domain.id for domain in CLASSIFICATION_DOMAINS.values()} & DETECTION_DOMAIN_IDS


def test_a_region_that_the_table_does_not_list_needs_a_word(run: Run):
    config = {**minimal_config(), "azure-native:location": "westus"}
    told = faults(run, config)["azure-native:location"]
    assert "is 'westus'; allowed: australiaeast, " in told
    assert "allowUnlistedRegion" in told
    assert load(run, {**config, f"{PROJECT}:allowUnlistedRegion": "true"}).location == "westus"
