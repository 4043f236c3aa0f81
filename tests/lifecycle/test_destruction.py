"""The end of a stack: nothing is left of it, but in production it does not come by accident."""

from __future__ import annotations

import pytest

from emulator.pulumi.engine import DeploymentError
from tests.lifecycle.cloud import COGNITIVE, training
from tests.lifecycle.model import new_project, published
from tests.lifecycle.rehearsal import STACKS, Rehearsal, counts

UNPROTECTED = {"protectData": "false"}
DELETED = "/deletedaccounts/"


def with_a_model(stage: Rehearsal, stack: str, **settings: str) -> str:
    """Deploy the stack, publish a model of its project, and return the project's id."""
    stage.deployment(stack, settings).up()
    state = stage.state(stack)
    published(stage.arm, state["ml-training"].id, state["ml-prediction"].id, state["ml-project"].id)
    return state["ml-project"].id


def left(stage: Rehearsal) -> set[str]:
    return set(stage.everything()) - stage.empty


@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack != "prod"])
def test_of_a_stack_with_a_published_model_nothing_is_left(stage: Rehearsal, stack: str) -> None:
    with_a_model(stage, stack)
    deployed = len(stage.state(stack))
    assert counts(stage.deployment(stack).destroy()) == {"deleted": deployed}
    assert left(stage) == set()
    assert stage.state(stack) == {}
    assert stage.deployment(stack).outputs() == {}


def test_production_is_only_destroyed_after_it_was_deployed_without_protection(stage: Rehearsal) -> None:
    project = with_a_model(stage, "prod")
    state, exists = stage.state_text("prod"), stage.everything()
    for settings in ({}, UNPROTECTED):  # a setting that is not deployed protects still
        with pytest.raises(DeploymentError, match="protected resources cannot be deleted") as refused:
            stage.deployment("prod", settings).destroy()
        for name in ("data-account", "data-processed-images", "ml-training", "ml-prediction", "ml-project"):
            assert f"::{name}" in refused.value.message
        assert (stage.state_text("prod"), stage.everything()) == (state, exists)

    released = counts(stage.deployment("prod", UNPROTECTED).up())
    assert released == {"unchanged": len(stage.state("prod"))}
    assert stage.everything()[project]["iterations"] == exists[project]["iterations"]
    stage.deployment("prod", UNPROTECTED).destroy()
    assert len(left(stage)) == 2, "both accounts can be restored for 48 hours"
    assert all(DELETED in each for each in left(stage))
    for identity in left(stage):
        stage.arm.delete(identity, COGNITIVE)


def test_an_adopted_project_stays_with_its_accounts_and_their_group(stage: Rehearsal) -> None:
    stage.deployment().up()
    state = stage.state()
    account, prediction = state["ml-training"].id, state["ml-prediction"].id
    model = published(stage.arm, account, prediction, new_project(stage.arm, account))
    before = stage.everything()[model.project]
    adopted = {"adoptProjectId": model.project, "customVisionProjectName": "adopted"}

    stage.deployment(settings=adopted).preview()
    steps = {name: step.operation for name, step in stage.steps().items()}
    assert steps.pop("ml-project") == "replace"
    assert set(steps.values()) == {"update"}
    stage.deployment(settings=adopted).up()
    assert stage.state()["ml-project"].id == model.project
    assert state["ml-project"].id not in stage.everything()
    assert stage.unmanaged() == (set(), set())
    after = stage.everything()[model.project]
    assert after["name"] == "adopted"
    assert (after["iterations"], after["images"]) == (before["iterations"], before["images"])
    assert set(counts(stage.deployment(settings=adopted).up())) == {"unchanged"}
    assert set(counts(stage.deployment(settings=adopted).refresh())) == {"unchanged"}

    stage.deployment(settings=adopted).destroy()
    assert stage.state() == {}
    kept = {state["resource-group"].id.lower(), account.lower(), prediction.lower(), model.project}
    assert left(stage) == kept
    assert stage.everything()[model.project] == after
    with training(stage.arm, account) as client:
        (iteration,) = client.get(f"projects/{model.project}/iterations").raise_for_status().json()
    assert (iteration["publishName"], iteration["id"]) == ("production", model.iteration)
    stage.arm.delete(state["resource-group"].id, "2024-03-01")
    for identity in left(stage):
        stage.arm.delete(identity, COGNITIVE)


def test_handing_the_stacks_own_project_over_replaces_nothing(stage: Rehearsal) -> None:
    project = with_a_model(stage, "dev")
    before = stage.everything()[project]
    adopted = {"adoptProjectId": project}
    stage.deployment("dev", adopted).up()
    assert {name: step.operation for name, step in stage.steps().items()} == {"ml-project": "update"}
    after = stage.everything()[project]
    assert (after["iterations"], after["images"]) == (before["iterations"], before["images"])
    assert stage.state("dev")["ml-training"].retain_on_delete
    stage.deployment("dev").preview()
    assert stage.steps()["ml-project"].operation == "replace"


def test_a_project_that_is_not_there_is_named_and_nothing_is_lost(stage: Rehearsal) -> None:
    wrong = "0f8fad5b-d9cb-469f-a165-70867728950e"
    stage.deployment("staging").up()
    project = stage.state("staging")["ml-project"].id
    with pytest.raises(DeploymentError, match=f"adopt_project_id {wrong} is no project of this account"):
        stage.deployment("staging", {"adoptProjectId": wrong}).up()
    assert project in stage.everything()
    assert stage.state("staging")["ml-project"].id == project
    stage.deployment("staging").up()
    assert set(counts(stage.deployment("staging").up())) == {"unchanged"}
