import json
import tomllib
from typing import Any

import pytest

import workflows
from components import orchestration, roles
from components.network_rules import UnreachableError
from components.retraining_settings import RETRAINING_SETTINGS
from tests.unit.layers import orchestration_args, orchestration_layer
from tests.unit.recording import OUTGOING, ROOT, SUBSCRIPTION, TRAINING_KEY, Deployed, Run, minimal_config

WORKFLOW = "azure-native:logic:Workflow"
ROLE = "azure-native:authorization:RoleDefinition"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
CUSTOM = "11111111-2222-4333-8444-555555555555"


def parameters(deployed: Deployed) -> dict[str, Any]:
    return {
        name: each["value"]
        for name, each in deployed.one(WORKFLOW, "orchestration-retrain").plain["parameters"].items()
    }


def test_every_declared_parameter_is_passed_and_no_other(run: Run):
    declared: dict[str, Any] = workflows.load("retrain")["parameters"]
    required = {name for name, each in declared.items() if "defaultValue" not in each}
    passed = set(parameters(run(minimal_config(), orchestration_layer)))
    assert required <= passed <= set(declared)


def test_the_parameters_have_the_declared_types(run: Run):
    types: dict[str, Any] = {
        "String": str,
        "SecureString": str,
        "Bool": bool,
        "Object": dict,
        "Int": float,
        "Float": float,
    }
    passed = parameters(run(minimal_config(), orchestration_layer))
    for name, each in workflows.load("retrain")["parameters"].items():
        assert isinstance(passed[name], types[each["type"]]), name
        if each["type"] == "Int":
            assert passed[name].is_integer()


def test_the_parameters_carry_the_deployment(run: Run):
    config = minimal_config(
        minimumImagesPerTag="20", probabilityThreshold="0.6", trainingPollSeconds="9", publishName="live"
    )
    deployed = run(config, orchestration_layer)
    group = f"{SUBSCRIPTION}/resourceGroups/rg-test/providers"
    storage = deployed.one("azure-native:storage:StorageAccount").plain["accountName"]
    training, prediction = (
        each.plain["accountName"] for each in deployed.all("azure-native:cognitiveservices:Account")
    )
    if training.startswith("cv-predict"):
        training, prediction = prediction, training
    passed = parameters(deployed)
    settings = passed.pop("settings")
    assert (
        passed.pop("versions")["program"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )
    assert {key: settings[key] for key in ("minimumImagesPerTag", "probabilityThreshold", "automaticTraining")} == {
        "minimumImagesPerTag": 20,
        "probabilityThreshold": 0.6,
        "automaticTraining": True,
    }
    assert set(settings) == {setting.key for setting in RETRAINING_SETTINGS}
    records = {name: passed.pop(name) for name in ("recordsEndpoint", "recordsRule", "monitorAudience")}
    assert records == {
        "recordsEndpoint": "https://records-endpoint.eastus-1.ingest.monitor.azure.com",
        "recordsRule": "dcr-00000000000000000000000000000000",
        "monitorAudience": "https://monitor.azure.com/",
    }
    assert passed == {
        "deployedAt": "2026-09-10T08:00:00.0000000Z",
        "blobEndpoint": f"https://{storage}.blob.core.windows.net/",
        "storageAccountId": f"{group}/Microsoft.Storage/storageAccounts/{storage}",
        "storageAudience": "https://storage.azure.com/",
        "resourceManagerEndpoint": "https://management.azure.com/",
        "resourceManagerAudience": "https://management.azure.com/",
        "portalEndpoint": "https://portal.azure.com/",
        "trainingEndpoint": f"https://{training}.cognitiveservices.azure.com/",
        "trainingAccountId": f"{group}/Microsoft.CognitiveServices/accounts/{training}",
        "predictionEndpoint": f"https://{prediction}.cognitiveservices.azure.com/",
        "predictionAccountId": f"{group}/Microsoft.CognitiveServices/accounts/{prediction}",
        "projectId": "99999999-0000-4000-8000-000000000000",
        "publishNames": {"production": "live", "previous": "live-previous", "challenger": "challenger"},
        "containers": {
            "training": "training-images",
            "processed": "processed-images",
            "rejected": "rejected-images",
            "artifacts": "model-artifacts",
            "evaluation": "evaluation-images",
        },
        "trainingPollSeconds": 9,
        "noticeIsWanted": False,
        "noticeWebhook": "",
        "customRole": "Custom Vision retraining (custom-vision-retraining/test/abc123)",
    }


def test_the_definition_is_deployed_as_it_is_but_for_the_polling_interval(run: Run):
    workflow = (
        run(minimal_config(pollIntervalSeconds="60"), orchestration_layer).one(WORKFLOW, "orchestration-retrain").plain
    )
    expected = workflows.load("retrain")
    expected["triggers"]["When_a_blob_is_added_or_modified"]["recurrence"] = {"frequency": "Second", "interval": 60}
    assert workflow["definition"] == expected
    assert workflow["state"] == "Enabled"
    assert workflow["identity"] == {"type": "SystemAssigned"}


def test_the_rollback_is_given_what_its_definition_declares(run: Run):
    deployed = run(minimal_config(), orchestration_layer)
    rollback = deployed.one(WORKFLOW, "orchestration-rollback").plain
    assert rollback["definition"] == workflows.load("rollback")
    assert set(rollback["parameters"]) == set(workflows.load("rollback")["parameters"])
    retraining = parameters(deployed)
    assert all(each["value"] == retraining[name] for name, each in rollback["parameters"].items())


@pytest.mark.parametrize("ranges", [[], ["203.0.113.0/24", "198.51.100.7/32"]])
def test_the_manual_triggers_take_calls_from_the_named_addresses_only(run: Run, ranges: list[str]):
    deployed = run(minimal_config(manualCallers=json.dumps(ranges)), orchestration_layer)
    for workflow in deployed.all(WORKFLOW):
        allowed = workflow.plain["accessControl"]["triggers"]["allowedCallerIpAddresses"]
        assert [each["addressRange"] for each in allowed] == ranges


def test_setting_the_interval_leaves_the_loaded_definition_alone():
    definition = workflows.load("retrain")
    before = json.dumps(definition)
    orchestration.with_polling_interval(definition, 77)
    assert json.dumps(definition) == before


def test_a_definition_without_the_polling_trigger_cannot_be_deployed():
    with pytest.raises(KeyError, match="When_a_blob_is_added_or_modified"):
        orchestration.with_polling_interval({"triggers": {"manual": {}}}, 60)


def test_the_custom_role_has_just_the_actions_that_the_definition_needs(run: Run):
    role = run(minimal_config(), orchestration_layer).one(ROLE).plain
    assert role["permissions"] == [
        {
            "actions": [
                "Microsoft.Storage/storageAccounts/listServiceSas/action",
                "Microsoft.CognitiveServices/accounts/listKeys/action",
                "Microsoft.Logic/workflows/runs/read",
            ],
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        }
    ]
    assert role["assignableScopes"] == [f"{SUBSCRIPTION}/resourceGroups/rg-test"]
    assert role["scope"] == f"{SUBSCRIPTION}/resourceGroups/rg-test"
    assert role["roleName"] == "Custom Vision retraining (custom-vision-retraining/test/abc123)"
    assert role["roleType"] == "CustomRole"
    assert role["roleDefinitionId"] == CUSTOM


@pytest.mark.parametrize(
    ("kind", "own", "containers"),
    [
        (
            "retrain",
            ["storageAccountId", "trainingAccountId", "workflow"],
            {
                "training-images": roles.STORAGE_BLOB_DATA_CONTRIBUTOR,
                "processed-images": roles.STORAGE_BLOB_DATA_CONTRIBUTOR,
                "rejected-images": roles.STORAGE_BLOB_DATA_CONTRIBUTOR,
                "model-artifacts": roles.STORAGE_BLOB_DATA_CONTRIBUTOR,
                "evaluation-images": roles.STORAGE_BLOB_DATA_READER,
            },
        ),
        ("rollback", ["trainingAccountId"], {"model-artifacts": roles.STORAGE_BLOB_DATA_CONTRIBUTOR}),
    ],
)
def test_each_identity_gets_each_right_on_the_one_resource_that_needs_it(
    run: Run, kind: str, own: list[str], containers: dict[str, str]
):
    deployed = run(minimal_config(), orchestration_layer)
    passed = parameters(deployed)
    workflow = deployed.one(WORKFLOW, f"orchestration-{kind}").plain["workflowName"]
    ids = {
        **passed,
        "workflow": f"{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.Logic/workflows/{workflow}",
    }
    definitions = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
    assignments = [
        each.plain for each in deployed.all(ASSIGNMENT) if ("-rollback-" in each.name) == (kind == "rollback")
    ]
    found = {(each["scope"], each["roleDefinitionId"].removeprefix(f"{definitions}/")) for each in assignments}
    blobs = f"{passed['storageAccountId']}/blobServices/default/containers"
    assert found == {(ids[name], CUSTOM) for name in own} | {
        (f"{blobs}/{container}", role) for container, role in containers.items()
    }
    assert len(assignments) == len(own) + len(containers)
    assert all(
        each["principalId"] == f"the-identity-of-{workflow}" and each["principalType"] == "ServicePrincipal"
        for each in assignments
    )


def test_the_custom_role_is_there_before_it_is_assigned(run: Run):
    deployed = run(minimal_config(), orchestration_layer)
    role = deployed.one(ROLE)
    custom = [each for each in deployed.all(ASSIGNMENT) if CUSTOM in each.plain["roleDefinitionId"]]
    assert len(custom) == 4
    assert all(role.urn in each.depends_on for each in custom)


def test_a_role_id_is_that_of_the_subscription_whatever_the_scope():
    scope = "/subscriptions/s1/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
    assert roles.definition_id(scope, "r") == "/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/r"
    with pytest.raises(ValueError, match="'/providers/x' is no ARM id below a subscription"):
        roles.definition_id("/providers/x", "r")


def test_the_project_config_names_the_project_and_holds_no_key(run: Run):
    deployed = run(minimal_config(), orchestration_layer)
    blob = deployed.one("azure-native:storage:Blob").plain
    assert blob["blobName"] == "project-config.json"
    assert blob["containerName"] == "model-artifacts"
    assert blob["contentType"] == "application/json"
    assert json.loads(blob["source"].text) == {
        "projectId": "99999999-0000-4000-8000-000000000000",
        "endpoint": parameters(deployed)["trainingEndpoint"],
    }


def test_no_key_gets_into_the_workflow_or_beside_it(run: Run):
    deployed = run(minimal_config(), orchestration_layer)
    for each in deployed.resources:
        if each.type != "pulumi-python:dynamic/customvision:Project":
            text = each.plain["source"].text if each.type == "azure-native:storage:Blob" else str(each.plain)
            assert TRAINING_KEY not in text


def test_every_resource_is_a_child_of_the_layer(run: Run):
    deployed = run(minimal_config(), orchestration_layer)
    layer = deployed.one("custom-vision-retraining:index:OrchestrationLayer")
    assert len([each for each in deployed.resources if each.parent == layer.urn]) == 15


def test_a_first_preview_registers_all_of_it(run: Run):
    preview = run(minimal_config(), orchestration_layer, preview=True)
    real = run(minimal_config(), orchestration_layer)
    assert sorted(each.urn for each in preview.resources) == sorted(each.urn for each in real.resources)


def test_the_parameters_are_those_of_the_public_function(run: Run):
    names: list[str] = []
    run(
        minimal_config(),
        lambda: names.extend(orchestration.workflow_parameters(orchestration_args(), workflows.load("retrain"))),
    )
    assert sorted(names) == sorted(workflows.load("retrain")["parameters"])


def test_a_training_account_that_would_turn_the_workflow_away_is_not_deployed_silently(run: Run):
    with pytest.raises(UnreachableError) as caught:
        run(minimal_config(trainingAllowedAddresses='["198.51.100.0/24"]'))
    assert "the Logic App calls from 198.51.100.10, 203.0.113.20, and could not train. Add: 203.0.113.20" in str(
        caught.value
    )


def test_the_workflows_own_addresses_are_told_and_let_it_in(run: Run):
    deployed = run(minimal_config(trainingAllowedAddresses=json.dumps(OUTGOING)))
    assert deployed.outputs["workflowOutgoingAddresses"] == list(OUTGOING)
