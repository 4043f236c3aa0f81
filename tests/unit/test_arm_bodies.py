"""The ARM body of every resource of every stack, against Azure's published schemas of the same api-version.

The schemas are not part of the project: where the folder is absent these tests skip, and say so.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.azure_native.types import SPECS
from tests.unit.recording import EVERYTHING, ROOT, Registered, Run, minimal_config, stack_config

SCHEMAS = Path(os.environ.get("SHARED_SPECS", ROOT / "../shared/specs")) / "arm" / "schemas"
COMMON = "https://schema.management.azure.com/schemas/common/definitions.json"

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))

# Published at another version than the one that azure-native calls, with the same members.
SAME_AS = {
    "Microsoft.Authorization_2022-05-01-preview": "Microsoft.Authorization_2022-04-01",
    # The same version, in a file of its own.
    "Microsoft.Insights_2023-06-01": "Microsoft.Insights.Application_2023-06-01",
}
LOGIC_APP = "azure-native:logic:Workflow"
# Types that the published schemas leave out; and the blob, which is no ARM resource.
WITHOUT_SCHEMA = {"azure-native:resources:ResourceGroup", "azure-native:storage:Blob"}

pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason=f"the published ARM schemas are not at {SCHEMAS}")


def body_of(resource: Registered) -> tuple[ResourceSpec, str, dict[str, Any]]:
    """Return the spec, the ARM type and the body, as a template would hold it."""
    spec = SPECS[resource.type]
    inputs = resource.plain
    if spec.auto_name == "uuid":
        inputs.setdefault(spec.name, "11111111-2222-4333-8444-555555555555")
    names = re.findall(r"([\w.]+)/({\w+}|default)", spec.path.rsplit("/providers/", 1)[1].split("/", 1)[1])
    values = [inputs[value[1:-1]] if value.startswith("{") else value for _, value in names]
    namespace = spec.path.rsplit("/providers/", 1)[1].split("/", 1)[0]
    type_ = "/".join([namespace, *(name for name, _ in names)])
    body = {**_whole(spec.body(inputs)), "apiVersion": spec.api_version, "type": type_, "name": "/".join(values)}
    return spec, type_, body


def faults_of(resource: Registered) -> list[str]:
    schema, body = _logic_app(resource) if resource.type == LOGIC_APP else _published(resource)
    common = json.loads((SCHEMAS / "common" / "definitions.json").read_text(encoding="utf-8"))
    registry = Registry().with_resource(COMMON, Resource(contents=common, specification=DRAFT4))
    errors = Draft4Validator(_strict(schema), registry=registry).iter_errors(body)
    return [f"{resource.name}: {_told(best)}" for error in errors if (best := best_match([error])) is not None]


def _published(resource: Registered) -> tuple[dict[str, Any], dict[str, Any]]:
    spec, type_, body = body_of(resource)
    namespace, *members = type_.split("/")
    file = f"{namespace}_{spec.api_version}"
    schema = json.loads((SCHEMAS / f"{SAME_AS.get(file, file)}.json").read_text(encoding="utf-8"))
    body["apiVersion"] = SAME_AS.get(file, file).rsplit("_", 1)[1]
    if namespace == "Microsoft.OperationalInsights" and len(members) > 1:
        # The pattern of a table's name is that of its own name, without the workspace's.
        body["name"] = body["name"].rsplit("/", 1)[1]
    if "DataFlow" in schema["definitions"]:
        # Custom streams are allowed beside the known ones, which the schema alone lists.
        schema["definitions"]["DataFlow"]["properties"]["streams"] = {"type": "array", "items": {"type": "string"}}
    definitions = {
        key: each for kind in schema if kind.endswith("esourceDefinitions") for key, each in schema[kind].items()
    }
    return {**definitions["_".join(members)], "definitions": schema["definitions"]}, body


def _logic_app(resource: Registered) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only its properties: what is published of 2019-05-01 leaves the identity out, and calls any value an Object."""
    path = SCHEMAS.parent / "Microsoft.Logic_2019-05-01_logic.json"
    definitions = json.loads(path.read_text(encoding="utf-8"))["definitions"]
    return (
        {**definitions["WorkflowProperties"], "definitions": {**definitions, "Object": {}}},
        body_of(resource)[2]["properties"],
    )


def _told(error: ValidationError) -> str:
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message[-300:]}"


def _whole(value: Any) -> Any:
    """Pulumi's wire has floats only; in JSON a whole one is an integer."""
    if isinstance(value, dict):
        return {key: _whole(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_whole(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _strict(schema: Any) -> Any:
    """Refuse members that no schema names, and drop what refuses every polymorphic object."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(each) for key, each in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        polymorphic = any(key in schema for key in ("oneOf", "allOf", "anyOf"))
        if polymorphic:
            strict.pop("additionalProperties", None)
        else:
            strict.setdefault("additionalProperties", False)
    return strict


@pytest.mark.parametrize("stack", STACKS)
def test_every_body_is_valid(run: Run, stack: str):
    deployed = run({**stack_config(stack), "custom-vision-retraining:alertEmail": "a@example.com"}, stack_name=stack)
    azure = [each for each in deployed.resources if each.type.startswith("azure-native:")]
    checked = [each for each in azure if each.type not in WITHOUT_SCHEMA]
    assert len(checked) == 60
    assert [fault for each in checked for fault in faults_of(each)] == []


@pytest.mark.parametrize("without", ["none", "existingResourceGroup", "existingWorkspaceId"])
def test_every_body_is_valid_with_every_optional_setting(run: Run, without: str):
    settings = {key: value for key, value in EVERYTHING.items() if key != without}
    azure = [each for each in run(minimal_config(**settings)).resources if each.type.startswith("azure-native:")]
    assert [fault for each in azure if each.type not in WITHOUT_SCHEMA for fault in faults_of(each)] == []


@pytest.mark.parametrize(
    ("type_", "member", "value"),
    [
        ("azure-native:storage:StorageAccount", "minimumTlsVersion", "1.2"),
        ("azure-native:storage:StorageAccount", "accountName", "With-Hyphens"),
        ("azure-native:monitor:MetricAlert", "severity", "high"),
        ("azure-native:monitor:ActionGroup", "groupShortName", "longer than 12 characters"),
        ("azure-native:operationalinsights:Workspace", "workspaceName", "x"),
        ("azure-native:logic:Workflow", "state", "On"),
    ],
)
def test_the_check_sees_a_wrong_body(run: Run, type_: str, member: str, value: Any):
    resource = run(minimal_config()).all(type_)[0]
    assert faults_of(resource) == []
    resource.inputs[member] = value
    assert faults_of(resource) != []
