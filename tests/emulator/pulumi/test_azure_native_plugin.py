"""The azure-native stand-in over its own protocol, as an engine sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from emulator.clock import SystemClock
from emulator.home import Home
from emulator.identity import ARM_AUDIENCES, STORAGE_AUDIENCES, TokenIssuer
from emulator.pulumi import protocol
from emulator.pulumi.azure_native.servicer import AzureNative
from emulator.pulumi.protocol import Message, provider
from emulator.pulumi.wire import UNKNOWN, Properties, decode, encode, secret
from tests.emulator.pulumi.sample import StandIn

GROUP = "azure-native:resources:ResourceGroup"
ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"
ROLE = "azure-native:authorization:RoleAssignment"
SEED = b"0123456789abcdef0123456789abcdef"


class Plugin:
    """Calls the plugin; every method takes and gives plain dicts."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub

    def urn(self, kind: str, name: str = "thing") -> str:
        return f"urn:pulumi:local::sample::{kind}::{name}"

    def check(self, kind: str, news: Properties, olds: Properties | None = None, **more: Any) -> Message:
        request = provider.CheckRequest(
            urn=self.urn(kind), news=encode(news), olds=encode(olds or {}), randomSeed=SEED, **more
        )
        return self.stub.Check(request)

    def inputs(self, kind: str, news: Properties) -> Properties:
        answer = self.check(kind, news)
        assert not answer.failures, answer.failures
        return decode(answer.inputs)

    def diff(self, kind: str, old: Properties, new: Properties, ignore: tuple[str, ...] = ()) -> Message:
        return self.stub.Diff(
            provider.DiffRequest(
                id="x", urn=self.urn(kind), old_inputs=encode(old), news=encode(new), ignoreChanges=ignore
            )
        )

    def create(self, kind: str, inputs: Properties, *, preview: bool = False, adopt: bool = False) -> Message:
        request = provider.CreateRequest(urn=self.urn(kind), properties=encode(inputs), preview=preview)
        metadata = (("emulator-adopt-existing", "true"),) if adopt else ()
        return self.stub.Create(request, metadata=metadata)

    def failures(self, answer: Message) -> dict[str, str]:
        return {each.property: each.reason for each in answer.failures}


@pytest.fixture
def plugin(home: Home, arm: StandIn) -> Iterator[Plugin]:
    implementation = AzureNative(home)
    server = protocol.Server(4)
    server.add("ResourceProvider", implementation)
    server.start()
    stub, close = protocol.provider_client(server.address)
    stub.Configure(provider.ConfigureRequest(args=encode({})))
    yield Plugin(stub)
    close()
    server.stop()
    implementation.close()


def account(**more: Any) -> Properties:
    return {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "resourceGroupName": "g",
        "location": "westeurope",
        **more,
    }


def test_it_says_which_version_it_stands_in_for_and_what_it_understands(plugin: Plugin) -> None:
    assert plugin.stub.GetPluginInfo(protocol.empty()).version == "3.29.0"
    answer = plugin.stub.Configure(provider.ConfigureRequest(args=encode({})))
    assert answer.acceptSecrets
    assert answer.supportsPreview
    assert not answer.acceptResources
    plugin.stub.Attach(protocol.plugin.PluginAttach(address="127.0.0.1:1"))
    plugin.stub.Cancel(protocol.empty())


def test_settings_that_do_not_exist_or_name_another_subscription_are_refused(plugin: Plugin) -> None:
    def judge(settings: Properties) -> dict[str, str]:
        return plugin.failures(plugin.stub.CheckConfig(provider.CheckRequest(news=encode(settings))))

    assert judge({"location": "westeurope", "version": "3.29.0", "__internal": {}}) == {}
    assert "allowed: auxiliaryTenantIds" in judge({"region": "x"})["region"]
    assert "has only the subscription" in judge({"subscriptionId": "another"})["subscriptionId"]


def test_a_missing_name_is_made_of_the_logical_one_and_stays(plugin: Plugin) -> None:
    made = plugin.inputs(GROUP, {"location": "westeurope"})
    name = made["resourceGroupName"]
    assert name.startswith("thing")
    assert len(name) == len("thing") + 8
    again = decode(plugin.check(GROUP, {"location": "westeurope"}, olds=made).inputs)
    assert again == made
    assert (
        len(plugin.inputs(ROLE, {"principalId": "p", "roleDefinitionId": "r", "scope": "/x"})["roleAssignmentName"])
        == 36
    )


def test_the_stacks_rule_for_names_is_followed(plugin: Plugin) -> None:
    options = provider.CheckRequest.AutonamingOptions
    proposed = options(proposed_name="thing-local", mode=options.Mode.Value("PROPOSE"))
    answer = plugin.check(GROUP, {"location": "x"}, autonaming=proposed)
    assert decode(answer.inputs)["resourceGroupName"] == "thing-local"
    disabled = options(mode=options.Mode.Value("DISABLE"))
    failures = plugin.failures(plugin.check(GROUP, {"location": "x"}, autonaming=disabled))
    assert "autonaming is disabled" in failures["resourceGroupName"]


def test_a_missing_location_is_the_configured_one_or_the_groups(plugin: Plugin, arm: StandIn) -> None:
    without = {name: value for name, value in account(accountName="a").items() if name != "location"}
    assert "location" not in plugin.inputs(ACCOUNT, without)
    plugin.create(GROUP, {"resourceGroupName": "g", "location": "northeurope"})
    assert plugin.inputs(ACCOUNT, without)["location"] == "northeurope"
    assert "location" not in plugin.inputs(ACCOUNT, without | {"resourceGroupName": UNKNOWN})
    plugin.stub.Configure(provider.ConfigureRequest(args=encode({"location": "westus"})))
    assert plugin.inputs(ACCOUNT, without)["location"] == "westus"


@pytest.mark.parametrize(
    ("kind", "old", "new", "replaced"),
    [
        (ACCOUNT, account(accountName="a"), account(accountName="b"), ["accountName"]),
        (ACCOUNT, account(accountName="a"), account(accountName="a", location="northeurope"), ["location"]),
        (ACCOUNT, account(accountName="a"), account(accountName="a", isHnsEnabled=True), ["isHnsEnabled"]),
        (ACCOUNT, account(accountName="a"), account(accountName="a", sku={"name": "Standard_ZRS"}), []),
        (ROLE, {"scope": "/a", "principalId": "p"}, {"scope": "/a", "principalId": "q"}, ["principalId"]),
        (ROLE, {"scope": "/a", "description": "p"}, {"scope": "/a", "description": "q"}, []),
        (
            "azure-native:cognitiveservices:Account",
            {"accountName": "a", "properties": {"customSubDomainName": "x"}},
            {"accountName": "a", "properties": {"customSubDomainName": "y", "publicNetworkAccess": "Disabled"}},
            ["properties.customSubDomainName"],
        ),
    ],
)
def test_the_change_that_replaces_is_named(
    plugin: Plugin, kind: str, old: Properties, new: Properties, replaced: list[str]
) -> None:
    answer = plugin.diff(kind, old, new)
    assert answer.changes == provider.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaced
    assert answer.deleteBeforeReplace == bool(replaced)
    kinds = {path: provider.PropertyDiff.Kind.Name(each.kind) for path, each in answer.detailedDiff.items()}
    assert {path for path, kind in kinds.items() if kind.endswith("_REPLACE")} == set(replaced)


def test_spellings_of_one_region_or_one_scope_are_no_change(plugin: Plugin) -> None:
    same = plugin.diff(ACCOUNT, account(location="West Europe"), account(location="westeurope"))
    assert same.changes == provider.DiffResponse.DIFF_NONE
    same = plugin.diff(
        ROLE, {"scope": "/subscriptions/S/resourceGroups/G"}, {"scope": "/subscriptions/s/resourcegroups/g/"}
    )
    assert same.changes == provider.DiffResponse.DIFF_NONE
    ignored = plugin.diff(ACCOUNT, account(tags={"a": "1"}), account(tags={"a": "2"}), ignore=("tags",))
    assert ignored.changes == provider.DiffResponse.DIFF_NONE


def test_an_autonamed_resource_need_not_go_before_its_replacement(plugin: Plugin) -> None:
    made = plugin.inputs(ACCOUNT, account())
    answer = plugin.diff(ACCOUNT, made, made | {"location": "northeurope"})
    assert list(answer.replaces) == ["location"]
    assert not answer.deleteBeforeReplace


def test_a_preview_knows_the_inputs_and_the_name_and_nothing_else(plugin: Plugin, arm: StandIn) -> None:
    answer = plugin.create(ACCOUNT, account(accountName="a", tags={"x": UNKNOWN}), preview=True)
    outputs = decode(answer.properties)
    assert answer.id == ""
    assert outputs["name"] == "a"
    assert outputs["tags"] == {"x": UNKNOWN}
    assert outputs["primaryEndpoints"] == UNKNOWN
    assert arm.calls == []


def test_created_resources_have_flattened_outputs_and_keep_secrets_marked(plugin: Plugin, arm: StandIn) -> None:
    tags = {"word": secret("hush")}
    answer = plugin.create(ACCOUNT, account(accountName="a", enableHttpsTrafficOnly=True, tags=tags))
    outputs = decode(answer.properties)
    assert answer.id.endswith("/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")
    assert outputs["enableHttpsTrafficOnly"] is True
    assert outputs["azureApiVersion"] == "2024-01-01"
    assert outputs["tags"] == secret({"word": "hush"})
    (body,) = arm.bodies.values()
    assert body["tags"] == {"word": "hush"}


def test_what_exists_is_refused_unless_it_is_the_rest_of_an_interrupted_creation(plugin: Plugin, arm: StandIn) -> None:
    plugin.create(ACCOUNT, account(accountName="a"))
    with pytest.raises(grpc.RpcError) as caught:
        plugin.create(ACCOUNT, account(accountName="a"))
    assert "cannot create already existing resource" in _details(caught)
    assert plugin.create(ACCOUNT, account(accountName="a"), adopt=True).id
    assert len(arm.made("PUT", "")) == 2


def test_a_resource_whose_provisioning_fails_is_reported_as_made_and_broken(plugin: Plugin, arm: StandIn) -> None:
    arm.merge["a"] = {"properties": {"provisioningState": "Failed"}}
    with pytest.raises(grpc.RpcError) as caught:
        plugin.create(ACCOUNT, account(accountName="a"))
    failed = protocol.init_failed(caught.value)
    assert failed is not None
    assert failed.id.endswith("/a")
    assert "provisioning ended as Failed" in failed.reasons[0]
    assert decode(failed.properties)["provisioningState"] == "Failed"


def test_reading_tells_what_is_gone_and_imports_what_is_there(plugin: Plugin, arm: StandIn) -> None:
    made = plugin.create(ACCOUNT, account(accountName="a", tags={"x": "1"}))
    read = plugin.stub.Read(provider.ReadRequest(id=made.id, urn=plugin.urn(ACCOUNT)))
    assert decode(read.inputs) == account(accountName="a", tags={"x": "1"})
    gone = plugin.stub.Read(provider.ReadRequest(id=made.id + "b", urn=plugin.urn(ACCOUNT)))
    assert gone.id == ""
    with pytest.raises(grpc.RpcError) as caught:
        plugin.stub.Read(provider.ReadRequest(id=made.id, urn=plugin.urn(CONTAINER)))
    assert f"is not an id of {CONTAINER}" in _details(caught)


def test_a_refresh_moves_into_the_inputs_only_what_somebody_changed(plugin: Plugin, arm: StandIn) -> None:
    inputs = account(accountName="a", location="West Europe", accessTier="Hot", tags={"word": secret("hush")})
    made = plugin.create(ACCOUNT, inputs)
    (body,) = arm.bodies.values()
    body["location"] = "westeurope"
    body["properties"] |= {"accessTier": "Cool", "creationTime": "2026-01-01"}
    body["kind"] = "StorageV2"
    request = provider.ReadRequest(
        id=made.id, urn=plugin.urn(ACCOUNT), inputs=encode(inputs), properties=made.properties
    )
    read = plugin.stub.Read(request)
    assert decode(read.inputs) == inputs | {"accessTier": "Cool"}
    assert decode(read.properties)["creationTime"] == "2026-01-01"


def test_deleting_what_is_gone_is_done(plugin: Plugin, arm: StandIn) -> None:
    made = plugin.create(ACCOUNT, account(accountName="a"))
    request = provider.DeleteRequest(id=made.id, urn=plugin.urn(ACCOUNT), old_inputs=encode(account(accountName="a")))
    plugin.stub.Delete(request)
    assert arm.bodies == {}
    plugin.stub.Delete(request)


def test_what_comes_with_its_parent_is_taken_over_and_set_back(plugin: Plugin, arm: StandIn) -> None:
    kind = "azure-native:storage:BlobServiceProperties"
    inputs = plugin.inputs(kind, {"accountName": "a", "resourceGroupName": "g", "isVersioningEnabled": True})
    assert inputs["blobServicesName"] == "default"
    made = plugin.create(kind, inputs)
    assert plugin.create(kind, inputs).id == made.id
    plugin.stub.Delete(provider.DeleteRequest(id=made.id, urn=plugin.urn(kind), old_inputs=encode(inputs)))
    (body,) = arm.bodies.values()
    assert body["properties"] == {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}}


def test_refusals_of_the_control_plane_come_through_in_its_words(plugin: Plugin, arm: StandIn) -> None:
    arm.refuse["a"] = "sku.name: 'X' is not allowed; allowed: Standard_LRS"
    with pytest.raises(grpc.RpcError) as caught:
        plugin.create(ACCOUNT, account(accountName="a"))
    assert _details(caught) == "400 BadRequest: sku.name: 'X' is not allowed; allowed: Standard_LRS"


def test_functions_answer_and_unknown_ones_are_named(plugin: Plugin, home: Home, arm: StandIn) -> None:
    def call(token: str, arguments: Properties) -> Message:
        return plugin.stub.Invoke(provider.InvokeRequest(tok=f"azure-native:{token}", args=encode(arguments)))

    configuration, secrets = home.load()
    who = decode(getattr(call("authorization:getClientConfig", {}), "return"))
    assert who["objectId"] == configuration.person_id
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    for arguments, audience in (({}, ARM_AUDIENCES[0]), ({"endpoint": STORAGE_AUDIENCES[0]}, STORAGE_AUDIENCES[0])):
        token = decode(getattr(call("authorization:getClientToken", arguments), "return"))["token"]
        assert issuer.verify(token, [audience]).object_id == configuration.person_id
    keys = call("storage:listStorageAccountKeys", {"resourceGroupName": "g", "accountName": "a"})
    assert decode(getattr(keys, "return"))["keys"][0]["value"] == "made-up-key"
    plugin.create(ACCOUNT, account(accountName="a"))
    found = call("storage:getStorageAccount", {"resourceGroupName": "g", "accountName": "a"})
    assert decode(getattr(found, "return"))["kind"] == "StorageV2"
    missing = call("storage:getStorageAccount", {"resourceGroupName": "g", "accountName": "b"})
    assert "there is no resource" in plugin.failures(missing)["accountName"]
    extra = call("storage:listStorageAccountKeys", {"resourceGroupName": "g", "accountName": "a", "size": 1})
    assert "no such argument" in plugin.failures(extra)["size"]
    with pytest.raises(grpc.RpcError) as caught:
        call("web:listWebAppHostKeys", {})
    assert "azure-native:web:listWebAppHostKeys is not implemented; those that are" in _details(caught)


def test_without_an_emulator_it_says_how_to_start_one(plugin: Plugin, home: Home, arm: StandIn) -> None:
    arm.stop()
    with pytest.raises(grpc.RpcError) as caught:
        plugin.create(ACCOUNT, account(accountName="a"))
    assert "does not answer" in _details(caught)
    assert "start it with: python -m emulator up" in _details(caught)


def _details(caught: pytest.ExceptionInfo[Any]) -> str:
    return caught.value.details()
