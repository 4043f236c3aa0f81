"""The tables of the azure-native stand-in, compared with the SDK that programs use and with Azure's own schemas."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pulumi import _types  # pyright: ignore[reportPrivateUsage]

from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.azure_native.servicer import CONFIGURATION
from emulator.pulumi.azure_native.types import SPECS
from tests.emulator.pulumi.sample import sdk

ROOT = Path(__file__).parents[3]
SHARED = (ROOT / os.environ.get("SHARED_SPECS", "../shared/specs")).resolve() / "arm" / "schemas"


@pytest.mark.parametrize("token", SPECS)
def test_every_input_of_the_sdk_is_known_and_no_other(token: str) -> None:
    _, arguments = sdk(token)
    assert set(_types.input_type_py_to_pulumi_names(arguments).values()) == SPECS[token].known_inputs


@pytest.mark.parametrize("token", SPECS)
def test_the_required_inputs_are_those_of_the_sdk(token: str) -> None:
    resource, arguments = sdk(token)
    names = _types.input_type_py_to_pulumi_names(arguments)
    source = inspect.getsource(resource._internal_init)
    required = {names[name] for name in re.findall(r"Missing required property '(\w+)'", source)}
    assert SPECS[token].required == required


@pytest.mark.parametrize("token", SPECS)
def test_every_output_of_the_sdk_is_filled_and_no_other(token: str) -> None:
    resource, _ = sdk(token)
    spec = SPECS[token]
    ours = (set(spec.inputs) | set(spec.outputs) | {"azureApiVersion"}) - set(spec.write_only)
    if spec.data_plane:
        ours -= {"azureApiVersion"}
    assert set(_types.resource_pulumi_to_py_names(resource)) == ours


@pytest.mark.parametrize("token", [token for token, spec in SPECS.items() if not spec.api_version.startswith("{")])
def test_the_api_version_is_the_one_that_the_sdk_names(token: str) -> None:
    resource, _ = sdk(token)
    text = inspect.getsource(resource)
    assert f"API version {SPECS[token].api_version}" in text or SPECS[token].data_plane


def test_the_settings_of_the_provider_are_those_of_the_sdk() -> None:
    provider = importlib.import_module("pulumi_azure_native").ProviderArgs
    assert set(_types.input_type_py_to_pulumi_names(provider).values()) == CONFIGURATION


SAMPLES: dict[str, dict[str, Any]] = {
    "azure-native:storage:StorageAccount": {
        "kind": "StorageV2",
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "networkRuleSet": {
            "defaultAction": "Deny",
            "bypass": "AzureServices",
            "ipRules": [{"iPAddressOrRange": "10.0.0.1", "action": "Allow"}],
            "virtualNetworkRules": [{"virtualNetworkResourceId": "/subscriptions/s/subnets/x"}],
        },
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/s/identity"]},
    },
    "azure-native:cognitiveservices:Account": {
        "kind": "CustomVision.Training",
        "location": "westeurope",
        "sku": {"name": "S0"},
        "properties": {"customSubDomainName": "abc", "publicNetworkAccess": "Enabled"},
    },
    "azure-native:monitor:MetricAlert": {
        "location": "global",
        "enabled": True,
        "severity": 2,
        "evaluationFrequency": "PT5M",
        "windowSize": "PT15M",
        "scopes": ["/subscriptions/s"],
        "criteria": {
            "odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            "allOf": [
                {
                    "criterionType": "StaticThresholdCriterion",
                    "name": "failed",
                    "metricName": "RunsFailed",
                    "operator": "GreaterThan",
                    "threshold": 0,
                    "timeAggregation": "Total",
                }
            ],
        },
        "actions": [{"actionGroupId": "/subscriptions/s/group"}],
    },
    "azure-native:monitor:ActionGroup": {
        "location": "Global",
        "enabled": True,
        "groupShortName": "retrain",
        "emailReceivers": [{"name": "team", "emailAddress": "team@example.org", "useCommonAlertSchema": True}],
    },
    "azure-native:operationalinsights:Workspace": {
        "location": "westeurope",
        "sku": {"name": "PerGB2018"},
        "retentionInDays": 30,
    },
    "azure-native:authorization:RoleAssignment": {
        "principalId": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r",
    },
}

SCHEMAS = {
    "azure-native:storage:StorageAccount": ("Microsoft.Storage_2024-01-01", "storageAccounts"),
    "azure-native:cognitiveservices:Account": ("Microsoft.CognitiveServices_2025-06-01", "accounts"),
    "azure-native:monitor:MetricAlert": ("Microsoft.Insights_2018-03-01", "metricAlerts"),
    "azure-native:monitor:ActionGroup": ("Microsoft.Insights_2024-10-01-preview", "actionGroups"),
    "azure-native:operationalinsights:Workspace": ("Microsoft.OperationalInsights_2023-09-01", "workspaces"),
    "azure-native:authorization:RoleAssignment": ("Microsoft.Authorization_2022-04-01", "roleAssignments"),
}


@pytest.mark.parametrize("token", SAMPLES)
def test_bodies_are_valid_under_azures_own_schemas(token: str) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"Azure's schemas are not in {SHARED}")
    file, name = SCHEMAS[token]
    document = json.loads((SHARED / f"{file}.json").read_text(encoding="utf-8"))
    members = {
        key: value
        for section in ("resourceDefinitions", "extension_resourceDefinitions", "unknown_resourceDefinitions")
        for key, value in document.get(section, {}).items()
    }
    schema = {
        key: value for key, value in members[name]["properties"].items() if key not in ("name", "type", "apiVersion")
    }
    body = SPECS[token].body(SAMPLES[token])
    assert set(body) <= set(schema)
    for member, value in body.items():
        target = document | {"$schema": "http://json-schema.org/draft-04/schema#"} | schema[member]
        target = {key: item for key, item in target.items() if key not in ("id", "$id", "title")}
        errors = [error.message for error in jsonschema.Draft4Validator(_local(target)).iter_errors(value)]
        assert errors == [], f"{member}: {errors}"


@pytest.mark.parametrize("token", SAMPLES)
def test_what_is_written_reads_back_as_the_same_inputs(token: str) -> None:
    spec, inputs = SPECS[token], SAMPLES[token]
    state = spec.state(spec.body(inputs), inputs)
    assert {name: state[name] for name in inputs if name != "identity"} == {
        name: value for name, value in inputs.items() if name != "identity"
    }


def test_flattened_and_renamed_properties_lie_where_arm_wants_them() -> None:
    body = SPECS["azure-native:storage:StorageAccount"].body(SAMPLES["azure-native:storage:StorageAccount"])
    assert body["properties"]["supportsHttpsTrafficOnly"] is True
    assert body["properties"]["networkAcls"]["ipRules"] == [{"value": "10.0.0.1", "action": "Allow"}]
    assert body["properties"]["networkAcls"]["virtualNetworkRules"] == [{"id": "/subscriptions/s/subnets/x"}]
    assert body["identity"]["userAssignedIdentities"] == {"/subscriptions/s/identity": {}}
    alert = SPECS["azure-native:monitor:MetricAlert"].body(SAMPLES["azure-native:monitor:MetricAlert"])
    assert "odata.type" in alert["properties"]["criteria"]
    assert "odataType" not in alert["properties"]["criteria"]


def test_ids_of_every_form_are_made_and_taken_apart() -> None:
    subscription = "11111111-1111-1111-1111-111111111111"
    scope = f"/subscriptions/{subscription}/resourceGroups/g"
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("azure-native:resources:ResourceGroup", {"resourceGroupName": "g"}, scope),
        (
            "azure-native:authorization:RoleAssignment",
            {"scope": scope, "roleAssignmentName": "r"},
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/r",
        ),
        (
            "azure-native:monitor:DiagnosticSetting",
            {"resourceUri": f"{scope}/providers/Microsoft.Logic/workflows/w", "name": "d"},
            f"{scope}/providers/Microsoft.Logic/workflows/w/providers/Microsoft.Insights/diagnosticSettings/d",
        ),
        (
            "azure-native:storage:BlobContainer",
            {"resourceGroupName": "g", "accountName": "a", "containerName": "c"},
            f"{scope}/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
        ),
    ]
    for token, inputs, expected in cases:
        spec: ResourceSpec = SPECS[token]
        assert spec.resource_id(inputs, subscription) == expected
        assert spec.inputs_of(expected, {}) == inputs
        with pytest.raises(ValueError, match=re.escape(f"is not an id of {token}")):
            spec.inputs_of("/subscriptions/s/somewhere", {})


def test_a_generic_resource_names_its_own_type_and_version() -> None:
    spec = SPECS["azure-native:resources:Resource"]
    inputs = {
        "resourceGroupName": "g",
        "resourceProviderNamespace": "Microsoft.Web",
        "parentResourcePath": "",
        "resourceType": "connections",
        "resourceName": "c",
        "apiVersion": "2016-06-01",
    }
    assert spec.resource_id(inputs, "s").endswith("/resourceGroups/g/providers/Microsoft.Web/connections/c")
    assert spec.version(inputs) == "2016-06-01"


def _local(schema: Any) -> Any:
    """Take references into other documents, which are to template expressions, for what no body here is."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str) and not schema["$ref"].startswith("#"):
            return {"not": {}}
        # Some generated definitions say what every member is beside the alternatives that say it rightly.
        flawed = "oneOf" in schema and schema.get("properties") == {}
        return {key: _local(value) for key, value in schema.items() if not (flawed and key == "additionalProperties")}
    if isinstance(schema, list):
        return [_local(item) for item in schema]
    return schema
