from collections.abc import Iterator

import pytest

from components import deleted_accounts, naming
from components.deleted_accounts import DeletedAccountError
from components.naming import DeploymentName
from components.resource_manager import ResourceManager, ResourceManagerError
from tests.unit.recording import PROJECT, Deployed, Run, minimal_config, stack_config
from tests.unit.resource_manager_service import SUBSCRIPTION, ResourceManagerService, deleted_account

DEPLOYMENT = DeploymentName(PROJECT, "test", "abc123")
TRAINING = naming.training_account(DEPLOYMENT)
PREDICTION = naming.prediction_account(DEPLOYMENT)


@pytest.fixture
def service() -> Iterator[ResourceManagerService]:
    service = ResourceManagerService()
    yield service
    service.close()


@pytest.fixture
def arm(service: ResourceManagerService) -> ResourceManager:
    return ResourceManager(service.endpoint, lambda: "the-token")


@pytest.mark.parametrize(("name", "resource"), [(TRAINING, "ml-training"), (PREDICTION, "ml-prediction")])
def test_a_deleted_account_of_the_stacks_name_stops_the_deployment_with_what_to_do(run: Run, name: str, resource: str):
    with pytest.raises(DeletedAccountError) as caught:
        run(minimal_config(), deleted_accounts=[deleted_account(name)])
    message = str(caught.value)
    where = f"--location eastus --resource-group rg-parts --name {name}"
    assert f"az cognitiveservices account purge {where}" in message
    assert f"az cognitiveservices account recover {where}" in message
    account = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-parts/providers/Microsoft.CognitiveServices"
    assert f"pulumi import azure-native:cognitiveservices:Account {resource} {account}/accounts/{name}" in message
    assert "2026-01-03T00:00:00.000Z" in message


def test_nothing_of_azure_was_made_when_it_stopped(run: Run):
    made = Deployed()
    with pytest.raises(DeletedAccountError):
        run(minimal_config(), deleted_accounts=[deleted_account(TRAINING)], into=made)
    assert made.all("random:index/randomString:RandomString")
    assert [each.name for each in made.resources if each.type.startswith("azure-native:")] == []


def test_deleted_accounts_of_other_names_are_no_matter(run: Run):
    other = naming.training_account(DeploymentName(PROJECT, "test", "zzz999"))
    assert run(minimal_config(), deleted_accounts=[deleted_account(other)]).resources


def test_a_first_preview_knows_no_names_and_asks_for_none(run: Run):
    deployed = run(stack_config("prod"), preview=True, deleted_accounts=[deleted_account(TRAINING)])
    assert deployed.resources


def test_all_pages_of_the_list_are_read_with_the_token(arm: ResourceManager, service: ResourceManagerService):
    for name in ("one", "two", "three"):
        service.add(deleted_account(name, group="rg-of-" + name))
    found = deleted_accounts.listing(arm, SUBSCRIPTION, pytest.fail)
    assert [(each.name, each.resource_group) for each in found] == [
        ("one", "rg-of-one"),
        ("two", "rg-of-two"),
        ("three", "rg-of-three"),
    ]
    assert service.tokens == {"Bearer the-token"}


def test_who_may_not_list_them_is_warned_and_deploys(arm: ResourceManager, service: ResourceManagerService):
    service.faults.append((403, "AuthorizationFailed"))
    warnings: list[str] = []
    assert deleted_accounts.listing(arm, SUBSCRIPTION, warnings.append) == []
    assert "AuthorizationFailed" in warnings[0]


def test_another_refusal_is_an_error(arm: ResourceManager, service: ResourceManagerService):
    service.faults.append((401, "InvalidAuthenticationToken"))
    with pytest.raises(ResourceManagerError, match="InvalidAuthenticationToken"):
        deleted_accounts.listing(arm, SUBSCRIPTION, pytest.fail)
