"""What a preview knows of outputs: over the plugin's protocol, in a program, and as the SDK's types have it."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi import _types  # pyright: ignore[reportPrivateUsage]

from emulator.pulumi.azure_native import preview
from emulator.pulumi.azure_native.schema import Path
from emulator.pulumi.azure_native.types import SPECS
from emulator.pulumi.engine import StepStarted
from emulator.pulumi.wire import UNKNOWN, Properties
from tests.emulator.pulumi.sample import Project, StandIn, counts, sdk

WORKFLOW = SPECS["azure-native:logic:Workflow"]
ACCOUNT = SPECS["azure-native:cognitiveservices:Account"]
ACTIONS = SPECS["azure-native:monitor:ActionGroup"]

DEPLOYED_IDENTITY = {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}


def workflow(kind: str = "SystemAssigned", **more: Any) -> Properties:
    return {"workflowName": "w", "definition": {"triggers": {}}, "identity": {"type": kind}, **more}


def test_a_resource_to_be_made_knows_nothing_of_what_the_service_adds_to_its_objects() -> None:
    made = preview.of_creation(WORKFLOW, workflow())
    assert made["identity"] == {"type": "SystemAssigned", "principalId": UNKNOWN, "tenantId": UNKNOWN}
    account = preview.of_creation(ACCOUNT, {"accountName": "a", "properties": {"customSubDomainName": "a"}})
    assert account["properties"]["customSubDomainName"] == "a"
    assert account["properties"]["endpoint"] == UNKNOWN
    assert preview.of_creation(ACCOUNT, {"properties": UNKNOWN})["properties"] == UNKNOWN


def test_an_update_keeps_the_principal_of_an_identity_whose_type_stays() -> None:
    outputs = workflow(identity=DEPLOYED_IDENTITY, version="1")
    updated = preview.of_update(WORKFLOW, workflow(definition={"triggers": {"a": 1}}), workflow(), outputs)
    assert updated["identity"] == DEPLOYED_IDENTITY
    assert updated["definition"] == {"triggers": {"a": 1}}
    assert updated["version"] == "1"


@pytest.mark.parametrize("before", [{}, {"identity": {"type": "SystemAssigned"}}])
def test_an_identity_that_comes_or_changes_its_type_has_an_unknown_principal(before: Properties) -> None:
    outputs = {"identity": DEPLOYED_IDENTITY} if before else {}
    updated = preview.of_update(WORKFLOW, workflow("SystemAssigned, UserAssigned"), before, outputs)
    assert updated["identity"] == {
        "type": "SystemAssigned, UserAssigned",
        "principalId": UNKNOWN,
        "tenantId": UNKNOWN,
    }


def test_assigned_identities_that_stay_are_known_and_new_ones_are_not() -> None:
    def identity(*ids: str) -> Properties:
        return {"identity": {"type": "UserAssigned", "userAssignedIdentities": list(ids)}}

    known = {"clientId": "c", "principalId": "p"}
    outputs = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": known}}}
    updated = preview.of_update(WORKFLOW, identity("/a", "/b"), identity("/a"), outputs)
    assert updated["identity"]["userAssignedIdentities"] == {"/a": known, "/b": UNKNOWN}
    made = preview.of_creation(WORKFLOW, identity("/a", UNKNOWN))
    assert made["identity"]["userAssignedIdentities"] == UNKNOWN


def test_an_update_keeps_what_the_service_added_and_drops_what_the_program_took_away() -> None:
    before = {
        "tags": {"a": "1"},
        "properties": {"customSubDomainName": "a", "disableLocalAuth": False, "publicNetworkAccess": "Disabled"},
    }
    outputs = before | {
        "etag": "1",
        "properties": before["properties"] | {"endpoint": "https://a/", "networkAcls": {"defaultAction": "Allow"}},
    }
    now = {"properties": {"customSubDomainName": "a", "publicNetworkAccess": "Enabled"}}
    assert preview.of_update(ACCOUNT, now, before, outputs) == {
        "etag": "1",
        "properties": {
            "customSubDomainName": "a",
            "publicNetworkAccess": "Enabled",
            "endpoint": "https://a/",
            "networkAcls": {"defaultAction": "Allow"},
        },
    }


def test_only_the_items_of_a_list_that_stay_keep_what_the_service_added() -> None:
    def receivers(*names: str) -> Properties:
        return {"emailReceivers": [{"name": name, "emailAddress": f"{name}@example.org"} for name in names]}

    outputs = {"emailReceivers": [each | {"status": "Enabled"} for each in receivers("a", "b")["emailReceivers"]]}
    updated = preview.of_update(ACTIONS, receivers("a", "c", "d"), receivers("a", "b"), outputs)
    assert [each["status"] for each in updated["emailReceivers"]] == ["Enabled", UNKNOWN, UNKNOWN]


PROGRAM = """
import pulumi
from pulumi_azure_native import authorization, cognitiveservices, logic, resources

config = pulumi.Config()
group = resources.ResourceGroup("group", location="westeurope")
account = cognitiveservices.Account(
    "account",
    resource_group_name=group.name,
    account_name="a",
    kind="CustomVision.Training",
    properties={"custom_sub_domain_name": "a", "public_network_access": config.get("access") or "Enabled"},
)

def endpoint(properties):
    assert properties.endpoint, "a function ran on an account without an endpoint"
    return properties.endpoint + "train"

workflow = logic.Workflow(
    "workflow",
    resource_group_name=group.name,
    workflow_name="w",
    identity={"type": "SystemAssigned"},
    definition={"text": config.get("text") or "first", "url": account.properties.apply(endpoint)},
)
authorization.RoleAssignment(
    "role",
    scope=group.id,
    principal_id=workflow.identity.apply(lambda identity: identity.principal_id),
    principal_type="ServicePrincipal",
    role_definition_id="/providers/Microsoft.Authorization/roleDefinitions/r",
)
"""


def test_previewing_an_update_leaves_what_hangs_on_identity_and_endpoint(project: Project, arm: StandIn) -> None:
    arm.merge["w"] = {"identity": DEPLOYED_IDENTITY}
    arm.merge["a"] = {"properties": {"customSubDomainName": "a", "endpoint": "https://a.example/"}}
    project.program(PROGRAM)
    assert counts(project.deployment().preview()) == {"created": 5}
    assert arm.bodies == {}
    project.deployment().up()

    assert counts(project.deployment(text="second", access="Disabled").preview()) == {"updated": 2, "unchanged": 3}
    assert {each.name: each.operation for each in project.events if isinstance(each, StepStarted)}["role"] == "same"
    (change,) = [
        change.path
        for each in project.events
        if isinstance(each, StepStarted) and each.name == "workflow"
        for change in each.changes
    ]
    assert change == "definition.text"


@pytest.mark.parametrize("token", SPECS)
def test_what_the_service_adds_to_objects_is_what_only_the_sdks_results_have(token: str) -> None:
    resource, arguments = sdk(token)
    found: dict[Path, set[str]] = {}
    results = {
        name: _type_of(getattr(resource, python))
        for name, python in _types.resource_pulumi_to_py_names(resource).items()
    }
    for name, asked in _members(arguments).items():
        if name in results:
            for path, member in _only_in_results([results[name]], [asked], (name,)):
                found.setdefault(path, set()).add(member)
    assert {path: set(added.members) for path, added in SPECS[token].added.items()} == found


@pytest.mark.parametrize("token", [token for token, spec in SPECS.items() if spec.added])
def test_what_decides_over_the_additions_is_an_input(token: str) -> None:
    _, arguments = sdk(token)
    for path, added in SPECS[token].added.items():
        inputs = [arguments]
        for part in path:
            if part != "*":
                inputs = [
                    kind for each in inputs for _, kind in _classes(_members(each).get(part), _types.is_input_type)
                ]
        assert inputs
        assert added.follows is None or any(added.follows in _members(each) for each in inputs)


def _only_in_results(results: Sequence[Any], asked: Sequence[Any], path: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path of an object, member) for each member that the SDK's results have and its arguments lack."""
    objects: dict[Path, tuple[list[Any], list[Any]]] = {}
    for side, (hints, is_kind) in enumerate([(results, _types.is_output_type), (asked, _types.is_input_type)]):
        for annotation in hints:
            for below, kind in _classes(annotation, is_kind):
                objects.setdefault((*path, *below), ([], []))[side].append(kind)
    for where, (outer, inner) in objects.items():
        if inner:
            told, takes = _all_members(outer), _all_members(inner)
            for name, hints in told.items():
                if name not in takes:
                    yield where, name
                else:
                    yield from _only_in_results(hints, takes[name], (*where, name))


def _all_members(kinds: Sequence[Any]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for kind in kinds:
        for name, annotation in _members(kind).items():
            found.setdefault(name, []).append(annotation)
    return found


def _members(kind: Any) -> dict[str, Any]:
    return {name: _type_of(member) for _, name, member in _types._py_properties(kind)}  # pyright: ignore[reportPrivateUsage]


def _type_of(member: Any) -> Any:
    names = {"Output": pulumi.Output, "T": Any}
    return typing.get_type_hints(member.fget, localns=names).get("return")


def _classes(annotation: Any, is_kind: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the SDK's classes in a type; below a list or a map, their path is ``*``."""
    outer = typing.get_origin(annotation)
    if isinstance(annotation, type) and outer is None and is_kind(annotation):
        yield (), annotation
    below: Path = ("*",) if outer in (list, dict, Sequence, Mapping) else ()
    for argument in typing.get_args(annotation):
        for path, kind in _classes(argument, is_kind):
            yield (*below, *path), kind
