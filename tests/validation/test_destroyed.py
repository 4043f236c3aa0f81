"""A stack whose accounts are purged: what the engine and the emulator's listing of deleted accounts say of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.pulumi.engine import DeploymentError
from tests.validation.stack import ValidatedStack, validated_stack
from validation.__main__ import main

ACCOUNTS = "2025-06-01"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValidatedStack]:
    with validated_stack(tmp_path_factory.mktemp("purged")) as made:
        yield made


def deleted(stack: ValidatedStack) -> list[str]:
    path = f"{stack.arm.subscription}/providers/Microsoft.CognitiveServices/deletedAccounts"
    return sorted(each["name"] for each in stack.arm.values(path, ACCOUNTS))


def test_an_account_that_was_deleted_by_hand_stops_the_next_deployment_until_it_is_purged(stack: ValidatedStack):
    name = stack.outputs["customVisionPredictionAccount"]
    stack.arm.delete(f"{stack.group}/providers/Microsoft.CognitiveServices/accounts/{name}", ACCOUNTS)
    stack.deployment.refresh()
    assert deleted(stack) == [name]
    where = f"--location eastus --resource-group {stack.outputs['resourceGroupName']} --name {name}"
    for run in (stack.deployment.preview, stack.deployment.up):
        with pytest.raises(DeploymentError) as caught:
            run()
        assert f"az cognitiveservices account purge {where}" in str(caught.value)
    (account,) = stack.arm.values(
        f"{stack.arm.subscription}/providers/Microsoft.CognitiveServices/deletedAccounts", ACCOUNTS
    )
    stack.arm.delete(account["id"], ACCOUNTS)
    stack.deployment.up()
    stack.arm.get(f"{stack.group}/providers/Microsoft.CognitiveServices/accounts/{name}", ACCOUNTS)


def test_a_destroyed_stack_leaves_no_deleted_account(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    stack.deployment.destroy()
    assert deleted(stack) == []
    assert main(["--destroyed", *stack.deployed()]) == 0
    assert "none that can be restored" in capsys.readouterr().out
