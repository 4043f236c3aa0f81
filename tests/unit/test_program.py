"""The whole program, for every stack that there is a file for."""

import pytest

from emulator.pulumi.azure_native.types import SPECS
from tests.unit.recording import PROJECT, ROOT, TRAINING_KEY, Deployed, Run, minimal_config, stack_config

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))

UNTAGGABLE = {
    "azure-native:authorization:RoleAssignment",
    "azure-native:authorization:RoleDefinition",
    "azure-native:monitor:DiagnosticSetting",
    "azure-native:operationalinsights:Table",
    "azure-native:storage:Blob",
    "azure-native:storage:BlobContainer",
    "azure-native:storage:ManagementPolicy",
}
PURGE = "pulumi-python:dynamic/customvision:AccountPurge"
HOLD_DATA = {
    "azure-native:cognitiveservices:Account",
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:BlobContainer",
    "azure-native:storage:StorageAccount",
    "pulumi-python:dynamic/customvision:Project",
}


def shape(deployed: Deployed) -> list[tuple[str, str]]:
    return sorted((each.type, each.name) for each in deployed.resources)


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_deploys_the_same_resources(run: Run, stack: str):
    deployed = run(stack_config(stack), stack_name=stack)
    promises = {"ml-training-purge", "ml-prediction-purge"} if stack != "prod" else set[str]()
    assert {name for type_, name in shape(deployed) if type_ == PURGE} == promises
    the_same = [each for each in shape(deployed) if each[0] != PURGE]
    assert len(the_same) == 70
    assert the_same == shape(run(minimal_config(), stack_name="another"))


@pytest.mark.parametrize("stack", STACKS)
def test_a_first_preview_shows_all_of_it(run: Run, stack: str):
    assert shape(run(stack_config(stack), stack_name=stack, preview=True)) == shape(
        run(stack_config(stack), stack_name=stack)
    )


def test_the_outputs_are_what_uploads_runs_and_predictions_need(run: Run):
    deployed = run(minimal_config(publishName="live model"))
    outputs = deployed.outputs
    predict = outputs["customVisionPredictionEndpoint"]
    assert outputs["predictionUrl"] == (
        f"{predict}customvision/v3.1/prediction/99999999-0000-4000-8000-000000000000"
        "/classify/iterations/live%20model/image"
    )
    assert set(outputs) == {
        "pulumiProject",
        "pulumiStack",
        "resourceGroupName",
        "resourceGroupOrigin",
        "storageAccountName",
        "blobEndpoint",
        "trainingImagesContainer",
        "processedImagesContainer",
        "rejectedImagesContainer",
        "modelArtifactsContainer",
        "evaluationImagesContainer",
        "customVisionTrainingAccount",
        "customVisionTrainingEndpoint",
        "customVisionPredictionAccount",
        "customVisionPredictionEndpoint",
        "customVisionProjectId",
        "publishName",
        "predictionUrl",
        "logicAppName",
        "logicAppId",
        "workflowOutgoingAddresses",
        "rollbackLogicAppName",
        "rollbackLogicAppId",
        "logAnalyticsWorkspaceName",
        "logAnalyticsWorkspaceId",
        "actionGroupId",
    }


def test_no_output_is_a_secret_or_holds_one(run: Run):
    deployed = run(minimal_config())
    assert not deployed.secret_outputs
    assert TRAINING_KEY not in str(deployed.outputs)


def test_everything_that_can_have_tags_has_them(run: Run):
    deployed = run(minimal_config(environmentTags='{"team": "vision"}'))
    for each in deployed.resources:
        if each.type.startswith("azure-native:") and each.type not in UNTAGGABLE:
            assert each.plain["tags"] == {
                "project": PROJECT,
                "stack": "test",
                "purpose": "ml-automation",
                "environment": "test",
                "team": "vision",
            }, each.name


def test_only_types_without_tags_have_none():
    assert not any("tags" in SPECS[type_].known_inputs for type_ in UNTAGGABLE)


def test_all_names_share_one_suffix_that_changes_with_the_region(run: Run):
    deployed = run(minimal_config())
    suffix = deployed.one("random:index/randomString:RandomString").plain
    assert suffix["keepers"] == {"location": "eastus"}
    assert (suffix["length"], suffix["upper"], suffix["special"]) == (6, False, False)
    for name in ("resourceGroupName", "storageAccountName", "logicAppName", "customVisionTrainingAccount"):
        assert deployed.outputs[name].endswith("abc123")


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_is_protected_where_it_is_asked_for(run: Run, protect: bool):
    deployed = run(minimal_config(protectData=str(protect).lower()))
    holders = [each for each in deployed.resources if each.type in HOLD_DATA]
    assert {each.type for each in holders} == HOLD_DATA
    assert all(each.protect is protect for each in holders)
    assert not any(each.protect for each in deployed.all("azure-native:logic:Workflow"))


def test_the_local_stack_asks_the_emulator_and_no_other_address_differs(run: Run):
    passed = {
        name: each["value"]
        for name, each in run(stack_config("local"))
        .one("azure-native:logic:Workflow", "orchestration-retrain")
        .plain["parameters"]
        .items()
    }
    assert passed["resourceManagerEndpoint"] == "http://127.0.0.1:10460/"
    assert passed["resourceManagerAudience"] == "https://management.azure.com/"
    assert passed["storageAudience"] == "https://storage.azure.com/"


def test_only_production_is_protected(run: Run):
    assert "prod" in STACKS
    for stack in STACKS:
        deployed = run(stack_config(stack), stack_name=stack)
        assert any(each.protect for each in deployed.resources) is (stack == "prod"), stack
