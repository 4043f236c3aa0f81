"""Keys that were regenerated since the last deployment: whatever comes next goes on, and the old one is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lifecycle.cloud import COGNITIVE, STORAGE, training
from tests.lifecycle.rehearsal import Rehearsal, counts


@pytest.fixture
def rotated(stage: Rehearsal) -> str:
    """A deployment whose keys were regenerated since, both of each account; the training key of before."""
    stage.deployment().up()
    state = stage.state()
    before = str(stage.arm.post(f"{state['ml-training'].id}/listKeys", COGNITIVE)["key1"])
    for number in ("1", "2"):
        for account in ("ml-training", "ml-prediction"):
            stage.arm.post(f"{state[account].id}/regenerateKey", COGNITIVE, {"keyName": f"Key{number}"})
        stage.arm.post(f"{state['data-account'].id}/regenerateKey", STORAGE, {"keyName": f"key{number}"})
    assert stage.arm.post(f"{state['ml-training'].id}/listKeys", COGNITIVE)["key1"] != before
    return before


def key_in_the_state(stage: Rehearsal) -> str:
    return str(stage.state()["ml-project"].outputs["training_key"])


def up(stage: Rehearsal) -> dict[str, int]:
    return counts(stage.deployment().up())


def refresh(stage: Rehearsal) -> dict[str, int]:
    return counts(stage.deployment().refresh())


@pytest.mark.parametrize("steps", [(up,), (refresh, up), (up, refresh)], ids=["up", "refresh, up", "up, refresh"])
def test_the_new_key_takes_the_place_of_the_old_one_and_nothing_else_changes(
    stage: Rehearsal, rotated: str, steps: tuple[Callable[[Rehearsal], dict[str, int]], ...]
) -> None:
    project = stage.state()["ml-project"].id
    for step in steps:
        done = step(stage)
        assert set(done) <= {"updated", "unchanged"}, done
        assert done.get("updated", 0) <= 1, done
    assert rotated not in key_in_the_state(stage)
    assert stage.state()["ml-project"].id == project
    assert set(up(stage)) == set(refresh(stage)) == {"unchanged"}


def test_a_renamed_project_is_renamed_back_with_the_new_key(stage: Rehearsal, rotated: str) -> None:
    stage.deployment(settings={"customVisionProjectName": "another name"}).up()
    state = stage.state()
    with training(stage.arm, state["ml-training"].id) as client:
        found = client.get(f"projects/{state['ml-project'].id}").raise_for_status().json()
    assert (found["name"], rotated in key_in_the_state(stage)) == ("another name", False)


def test_the_stack_is_destroyed_though_its_keys_are_new(stage: Rehearsal, rotated: str) -> None:
    assert rotated
    stage.deployment().destroy()
    assert stage.state() == {}
