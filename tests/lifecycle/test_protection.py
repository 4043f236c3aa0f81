"""What holds images and models is kept: through every change in place, by protection, and without it by retention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.declared_settings import LOCATION, SETTINGS
from emulator.pulumi.engine import DeploymentError
from emulator.pulumi.engine.state import Snapshot, StateFile
from tests.lifecycle.another_value import another, holds_data, platform
from tests.lifecycle.cloud import COGNITIVE
from tests.lifecycle.rehearsal import PROJECT, Rehearsal, counts

PROTECTED = {"protectData": "true", "purgeOnDestroy": "false"}
RESOURCES = "2024-03-01"


@pytest.fixture
def deployed(stage: Rehearsal) -> Iterator[Rehearsal]:
    """The stack as its file says, and nothing of it afterwards."""
    platform(stage)
    stage.deployment().up()
    yield stage
    stage.deployment(settings={"protectData": "false"}).up()
    stage.deployment().destroy()
    assert set(stage.everything()) == stage.empty


def test_all_that_can_change_in_place_changes_at_once_and_is_kept(deployed: Rehearsal) -> None:
    changed = {
        setting.key: another(setting, deployed)
        for setting in SETTINGS
        if setting.replaces is None and setting.adds is None and setting.key != "protectData"
    }
    changed |= {"domain": "General (compact)", "iterationsToKeep": "18"}
    before = {name: each.id for name, each in deployed.state().items()}
    assert set(counts(deployed.deployment(settings=changed).up())) == {"updated", "unchanged"}
    assert set(counts(deployed.deployment(settings=changed).up())) == {"unchanged"}
    assert {name: each.id for name, each in deployed.state().items()} == before
    assert deployed.unmanaged() == (set(), set())


@pytest.mark.parametrize(
    ("key", "path", "at"),
    [
        (LOCATION.key, "keepers.location", "suffix"),
        ("existingResourceGroup", "keepers.resourceGroup", "suffix"),
        ("adoptProjectId", "adopt_project_id", "ml-project"),
    ],
)
def test_a_change_that_would_replace_what_is_protected_is_refused(
    deployed: Rehearsal, key: str, path: str, at: str
) -> None:
    deployed.deployment(settings=PROTECTED).up()
    state, exists = deployed.state_text(), deployed.everything()
    setting = next(each for each in (LOCATION, *SETTINGS) if each.key == key)
    change = {**PROTECTED, key: another(setting, deployed)}
    for attempt in ("preview", "up"):
        with pytest.raises(DeploymentError, match=f"it is protected, and the change of .*{path}") as refused:
            getattr(deployed.deployment(settings=change), attempt)()
        assert refused.value.urn.endswith(f"::{at}")
        assert deployed.everything() == exists
    assert deployed.state_text() == state


def unprotect(stage: Rehearsal) -> None:
    """Do to the state what `pulumi state unprotect --all` does."""
    file = StateFile(stage.home, PROJECT, "local")
    snapshot = file.load()
    file.save(Snapshot(tuple(replace(each, protect=False) for each in snapshot.resources), snapshot.creating))


def test_without_the_protection_of_the_state_it_stays_in_azure(stage: Rehearsal) -> None:
    stage.deployment(settings=PROTECTED).up()
    state = stage.state()
    exists = stage.everything()
    unprotect(stage)
    stage.deployment(settings=PROTECTED).destroy()
    assert stage.state() == {}
    kept = {state[name].id.lower() for name in state if holds_data(name) or name == "resource-group"}
    left = stage.everything()
    with_account = {f"{state['data-model-artifacts'].id.lower()}/blobs/project-config.json"}
    assert set(left) - stage.empty - with_account == kept
    assert left[state["ml-project"].id] == exists[state["ml-project"].id]
    stage.arm.delete(state["resource-group"].id, RESOURCES)
    for identity in set(stage.everything()) - stage.empty:
        stage.arm.delete(identity, COGNITIVE)
