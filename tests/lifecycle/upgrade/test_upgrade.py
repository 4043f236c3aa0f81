"""A stack of the first commit whose demo deployed the program, updated by today's: what people have in it stays."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.pulumi.wire import SECRET, SIGNATURE, signature, walk
from tests.lifecycle.cloud import everything
from tests.lifecycle.model import published
from tests.lifecycle.rehearsal import Rehearsal, counts
from tests.lifecycle.upgrade.export import EXPORTED, HIDDEN, PROVIDER
from tests.lifecycle.upgrade.restored import exported, restore

HOLD_DATA = (
    "resource-group",
    "data-account",
    "data-training-images",
    "data-processed-images",
    "data-rejected-images",
    "data-model-artifacts",
    "data-evaluation-images",
    "ml-training",
    "ml-prediction",
    "ml-project",
    "monitoring-workspace",
)
IN_PLACE = (*HOLD_DATA, "orchestration-retrain", "orchestration-role", "monitoring-action-group", "suffix")
NAMES = ("resourceGroupName", "storageAccountName", "customVisionProjectId", "predictionUrl", "logicAppName")


@pytest.fixture(scope="module")
def old(stage: Rehearsal) -> Rehearsal:
    restore(stage, exported(EXPORTED))
    return stage


def test_the_exported_state_holds_no_secret() -> None:
    hidden = 0
    for resource in exported(EXPORTED):
        for bag in (resource.inputs, resource.outputs):
            for value in walk({name: each for name, each in bag.items() if name != PROVIDER}):
                if signature(value) == SECRET:
                    assert value == HIDDEN
                    hidden += 1
    assert hidden == 2  # the project's training key, in and out
    text = EXPORTED.read_text(encoding="utf-8")
    assert text.count(SIGNATURE) >= hidden
    for word in ("sig=", "AccountKey", "Bearer", "/root/", "/tmp/"):
        assert word not in text


def test_what_is_restored_is_what_was_exported(old: Rehearsal) -> None:
    assert old.unmanaged() == (set(), set())
    assert set(counts(old.deployment().refresh())) == {"unchanged"}


def test_images_model_names_and_project_are_kept(old: Rehearsal) -> None:
    state, outputs = old.state(), old.deployment().outputs()
    model = published(old.arm, state["ml-training"].id, state["ml-prediction"].id, state["ml-project"].id)
    before = everything(old.arm)[model.project]

    assert set(counts(old.deployment().preview())) <= {"created", "updated", "unchanged"}
    steps = {name: step.operation for name, step in old.steps().items()}
    assert not {name for name in IN_PLACE if steps.get(name) not in (None, "update")}
    assert old.deployment().up()
    assert {name: step.operation for name, step in old.steps().items()} == steps

    now: dict[str, Any] = old.state()
    assert {name: now[name].id for name in IN_PLACE} == {name: state[name].id for name in IN_PLACE}
    after = everything(old.arm)[model.project]
    assert (after["images"], after["iterations"]) == (before["images"], before["iterations"])
    assert [each["publishName"] for each in after["iterations"]] == ["production"]
    today = old.deployment().outputs()
    assert {name: today[name] for name in NAMES} == {name: outputs[name] for name in NAMES}
    assert old.unmanaged() == (set(), set())
    assert set(counts(old.deployment().up())) == {"unchanged"}
    assert set(counts(old.deployment().refresh())) == {"unchanged"}


def test_it_is_destroyed_like_any_other(old: Rehearsal) -> None:
    old.deployment().destroy()
    assert set(old.everything()) == old.empty
