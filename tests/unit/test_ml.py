from typing import Any

import pytest
from pulumi.output import Unknown

from tests.unit.layers import ml_layer
from tests.unit.recording import SECRET_SIGNATURE, TRAINING_KEY, Deployed, Run, minimal_config, unwrap

ACCOUNT = "azure-native:cognitiveservices:Account"
PROJECT = "pulumi-python:dynamic/customvision:Project"


def accounts(deployed: Deployed) -> dict[str, dict[str, Any]]:
    return {each.plain["kind"]: each.plain for each in deployed.all(ACCOUNT)}


def test_there_is_one_account_for_training_and_one_for_prediction(run: Run):
    found = accounts(run(minimal_config(), ml_layer))
    assert set(found) == {"CustomVision.Training", "CustomVision.Prediction"}
    for account in found.values():
        assert account["sku"] == {"name": "S0"}
        assert account["location"] == "eastus"
        assert account["tags"] == {"environment": "test"}
        assert account["properties"] == {
            "customSubDomainName": account["accountName"],
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []},
            "disableLocalAuth": False,
        }


def test_each_account_lets_in_its_own_addresses_alone(run: Run):
    config = minimal_config(trainingAllowedAddresses='["203.0.113.7"]', predictionAllowedAddresses='["8.8.0.0/16"]')
    found = accounts(run(config, ml_layer))
    rules = {kind: account["properties"]["networkAcls"] for kind, account in found.items()}
    assert {kind: each["defaultAction"] for kind, each in rules.items()} == dict.fromkeys(found, "Deny")
    assert rules["CustomVision.Training"]["ipRules"] == [{"value": "203.0.113.7"}]
    assert rules["CustomVision.Prediction"]["ipRules"] == [{"value": "8.8.0.0/16"}]


def test_the_free_tier_is_a_setting(run: Run):
    found = accounts(run(minimal_config(customVisionSku="F0"), ml_layer))
    assert [account["sku"] for account in found.values()] == [{"name": "F0"}, {"name": "F0"}]


def test_the_project_is_what_the_settings_say(run: Run):
    config = minimal_config(
        customVisionProjectName="parts",
        domain="General (compact)",
        classificationType="Multilabel",
        targetExportPlatforms='["ONNX"]',
    )
    deployed = run(config, ml_layer)
    project = deployed.one(PROJECT).plain
    training = accounts(deployed)["CustomVision.Training"]["accountName"]
    project.pop("__provider")
    assert project == {
        "account_id": project["account_id"],
        "endpoint": f"https://{training}.cognitiveservices.azure.com/",
        "training_key": TRAINING_KEY,
        "resource_manager_endpoint": "https://management.azure.com/",
        "resource_manager_audience": "https://management.azure.com/",
        "name": "parts",
        "description": "Retrained by a Logic App whenever new images are uploaded.",
        "domain_id": "0732100f-1a38-4e49-a514-c9b44c697ab5",
        "classification_type": "Multilabel",
        "target_export_platforms": ["ONNX"],
        "owner": "custom-vision-retraining/test/ml-project",
    }
    assert project["account_id"].endswith(f"/providers/Microsoft.CognitiveServices/accounts/{training}")


def test_an_existing_project_is_adopted_by_its_id(run: Run):
    project = "0f8fad5b-d9cb-469f-a165-70867728950e"
    deployed = run(minimal_config(adoptProjectId=project), ml_layer)
    assert deployed.one(PROJECT).plain["adopt_project_id"] == project


def test_the_key_is_a_secret_on_the_wire_and_in_the_state(run: Run):
    deployed = run(minimal_config(), ml_layer)
    project = deployed.one(PROJECT)
    assert SECRET_SIGNATURE in project.inputs["training_key"]
    assert unwrap(project.inputs["training_key"]) == TRAINING_KEY
    assert "training_key" in project.secret_outputs
    for each in deployed.resources:
        public = {key: value for key, value in each.inputs.items() if SECRET_SIGNATURE not in str(value)}
        assert TRAINING_KEY not in str(public)


@pytest.mark.parametrize("preview", [True, False])
def test_the_layer_can_be_previewed_before_the_account_has_keys(run: Run, preview: bool):
    deployed = run(minimal_config(), ml_layer, preview=preview)
    layer = deployed.one("custom-vision-retraining:index:MLLayer")
    children = [each for each in deployed.resources if each is not layer]
    assert len(children) == 3
    endpoint = deployed.one(PROJECT).inputs["endpoint"]
    assert isinstance(endpoint, Unknown) is preview
    assert all(each.parent == layer.urn for each in children)


def test_the_project_goes_before_the_account_that_its_iterations_are_published_to(run: Run):
    deployed = run(minimal_config(), ml_layer)
    (prediction,) = [each for each in deployed.all(ACCOUNT) if each.plain["kind"] == "CustomVision.Prediction"]
    assert prediction.urn in deployed.one(PROJECT).depends_on
