"""Custom Vision accounts that let in their addresses alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.pulumi.engine import Deployment, DeploymentError
from tests.validation.stack import ROOT, ValidatedStack, validated_stack
from validation.__main__ import main


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValidatedStack]:
    here = '["127.0.0.1"]'
    folder = tmp_path_factory.mktemp("network")
    with validated_stack(folder, trainingAllowedAddresses=here, predictionAllowedAddresses=here) as made:
        yield made


def test_a_stack_works_where_its_own_addresses_are_let_in(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    assert main(stack.deployed()) == 0, capsys.readouterr().out


def test_an_account_that_turns_the_workflow_away_is_told_with_the_missing_address(
    stack: ValidatedStack, capsys: pytest.CaptureFixture[str]
):
    elsewhere = {
        **stack.arm.configuration.stack_settings(),
        "pollIntervalSeconds": "86400",
        "trainingAllowedAddresses": '["203.0.113.0/24"]',
    }
    with pytest.raises(DeploymentError) as caught:
        Deployment(stack.home, ROOT, "local", elsewhere).up()
    assert "trainingAllowedAddresses is 203.0.113.0/24; the Logic App calls from 127.0.0.1" in str(caught.value)
    assert main([*stack.deployed(), "--read-only"]) == 1
    assert "403" in capsys.readouterr().out
    stack.deployment.up()
    assert main([*stack.deployed(), "--read-only"]) == 0
