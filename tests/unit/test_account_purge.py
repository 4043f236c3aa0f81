"""The promise to purge an account, as Pulumi keeps it: in a process of its own, with a login of its own."""

import base64
import pickletools
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from components.account_purge import AccountPurgeProvider, PurgeError
from tests.unit.dynamic_provider import dynamic_provider
from tests.unit.layers import ml_layer
from tests.unit.recording import Deployed, Run, minimal_config, stack_config
from tests.unit.resource_manager_service import SUBSCRIPTION, ResourceManagerService, deleted_account

PURGE = "pulumi-python:dynamic/customvision:AccountPurge"
ACCOUNT = "azure-native:cognitiveservices:Account"
URN = f"urn:pulumi:dev::project::{PURGE}::ml-training-purge"
LOGIN = shlex.join([sys.executable, "-c", "import sys; print('token', 'for', sys.argv[1])", "{audience}"])
NAME = "cv-train-parts-abc123"


@pytest.fixture
def service() -> Iterator[ResourceManagerService]:
    service = ResourceManagerService(looks=2)
    yield service
    service.close()


@pytest.fixture
def inputs(service: ResourceManagerService) -> dict[str, Any]:
    return {
        "subscription_id": SUBSCRIPTION,
        "location": "eastus",
        "resource_group": "rg-parts",
        "account_name": NAME,
        "endpoint": service.endpoint,
        "audience": "https://management.example/",
    }


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.setenv("AZURE_TOKEN_COMMAND", LOGIN)
    waits: list[float] = []
    monkeypatch.setattr(AccountPurgeProvider, "sleep", staticmethod(waits.append))
    return waits


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def purging(run: Run) -> Deployed:
    return run(minimal_config(purgeOnDestroy="true"), ml_layer)


def test_each_account_depends_on_its_promise_so_that_it_is_deleted_first(run: Run):
    deployed = purging(run)
    promises = {each.plain["account_name"]: each.urn for each in deployed.all(PURGE)}
    accounts = {each.plain["accountName"]: each for each in deployed.all(ACCOUNT)}
    assert set(promises) == set(accounts)
    assert len(accounts) == 2
    for name, account in accounts.items():
        assert promises[name] in account.depends_on
    for promise in deployed.all(PURGE):
        assert (promise.plain["subscription_id"], promise.plain["location"]) == (SUBSCRIPTION, "eastus")


def test_no_account_is_purged_unless_it_is_asked_for(run: Run):
    assert run(minimal_config(), ml_layer).all(PURGE) == []


@pytest.mark.parametrize(("stack", "promises"), [("dev", 2), ("staging", 2), ("local", 2), ("prod", 0)])
def test_accounts_of_every_stack_but_production_are_purged(run: Run, stack: str, promises: int):
    assert len(run(stack_config(stack), stack_name=stack).all(PURGE)) == promises


def test_the_state_holds_a_reference_and_neither_code_nor_token(run: Run):
    promise = purging(run).all(PURGE)[0].plain
    pickled = base64.b64decode(promise.pop("__provider"))
    texts = {argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)}
    assert texts == {"components.account_purge", "AccountPurgeProvider"}
    assert "token" not in str(promise)


def test_from_the_promise_to_the_purge_in_a_process_of_its_own(
    run: Run, service: ResourceManagerService, inputs: dict[str, Any]
):
    service.looks = 0
    kept = {**inputs, "__provider": purging(run).all(PURGE)[0].plain["__provider"]}
    with dynamic_provider(AZURE_TOKEN_COMMAND=LOGIN) as stub:
        created = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(kept)))
        gone = deleted_account(NAME)
        assert created.id == gone["id"]
        service.add(gone)
        service.add(deleted_account("another"))
        stub.Delete(provider_pb2.DeleteRequest(id=created.id, urn=URN, properties=created.properties))
    assert [each["name"] for each in service.accounts.values()] == ["another"]
    assert service.tokens == {"Bearer token for https://management.example/"}


def test_it_waits_until_the_account_is_not_listed_any_more(
    service: ResourceManagerService, inputs: dict[str, Any], slept: list[float]
):
    service.add(deleted_account(NAME))
    AccountPurgeProvider().delete("id", inputs)
    assert service.accounts == {}
    assert slept == [5.0, 5.0]


def test_a_purge_that_does_not_end_is_an_error_that_says_how_it_is_done_by_hand(
    service: ResourceManagerService, inputs: dict[str, Any], slept: list[float]
):
    service.looks = 1_000_000
    service.add(deleted_account(NAME))
    with pytest.raises(PurgeError, match=f"az cognitiveservices account purge .* --name {NAME}"):
        AccountPurgeProvider().delete("id", inputs)
    assert sum(slept) == 900


def test_an_account_that_was_not_deleted_is_left_alone(
    service: ResourceManagerService, inputs: dict[str, Any], slept: list[float]
):
    AccountPurgeProvider().delete("id", inputs)
    assert [method for method, _ in service.requests] == ["GET"]
    assert slept == []


@pytest.mark.parametrize("lost", [(503, "ServerBusy"), (429, "TooManyRequests")])
def test_a_busy_control_plane_is_asked_again(
    service: ResourceManagerService, inputs: dict[str, Any], slept: list[float], lost: tuple[int, str]
):
    service.add(deleted_account(NAME))
    service.faults.append(lost)
    AccountPurgeProvider().delete("id", inputs)
    assert service.accounts == {}


def test_without_a_login_the_stack_is_not_deployed(inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_TOKEN_COMMAND", "no-such-command --for {audience}")
    with pytest.raises(PurgeError, match=r"purgeOnDestroy: no token .*no-such-command.*az login.*AZURE_TOKEN_COMMAND"):
        AccountPurgeProvider().create(inputs)


def test_another_account_is_another_promise_and_another_address_is_only_noted(inputs: dict[str, Any]):
    diff = AccountPurgeProvider().diff
    assert not diff("id", inputs, dict(inputs)).changes
    moved = diff("id", inputs, {**inputs, "endpoint": "https://other.example/"})
    assert (moved.changes, moved.replaces) == (True, [])
    for field in ("subscription_id", "location", "resource_group", "account_name"):
        other = diff("id", inputs, {**inputs, field: "another"})
        assert (other.replaces, other.delete_before_replace) == ([field], False)
