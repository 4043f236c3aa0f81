"""What a change of each setting does to a deployed stack: what docs/configuration.md says, and nothing else.

A setting that is added to `SETTINGS` is in here by itself.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import pytest

from components.declared_settings import LOCATION, SETTINGS
from components.parts import Part
from components.setting import Setting
from emulator.pulumi.engine import StepStarted
from tests.lifecycle.another_value import another, holds_data, platform
from tests.lifecycle.rehearsal import Rehearsal

NEEDED: dict[str, dict[str, str]] = {
    "protectData": {"purgeOnDestroy": "false"},
    "targetExportPlatforms": {"domain": "General (compact)"},
    "trainingType": {"reservedBudgetHours": "1"},
    "maximumTrainingsPerDay": {"iterationsToKeep": "18"},
}
"""What has to be set as well where a setting's value is not allowed otherwise."""

MAY_REPLACE_DATA = tuple(setting for setting in SETTINGS if setting.key in ("adoptProjectId", "existingResourceGroup"))

Steps = Mapping[str, StepStarted]


@pytest.fixture(scope="module")
def deployed(stage: Rehearsal) -> Iterator[Rehearsal]:
    """A stack that is only previewed: it has to be the same in the end."""
    platform(stage)
    stage.deployment().up()
    state, exists = stage.state_text(), stage.everything()
    yield stage
    assert (stage.state_text(), stage.everything()) == (state, exists)


def effect(stage: Rehearsal, setting: Setting) -> Steps:
    """Return what a preview shows of a change of the setting, less what it shows without it."""
    needed = NEEDED.get(setting.key, {})
    before: Steps = {}
    if needed:
        stage.deployment(settings=needed).preview()
        before = stage.steps()
    stage.deployment(settings={**needed, setting.key: another(setting, stage)}).preview()
    return {
        name: step
        for name, step in stage.steps().items()
        if name not in before or (before[name].operation, before[name].changes) != (step.operation, step.changes)
    }


def having(steps: Steps, *operations: str) -> set[str]:
    return {name for name, step in steps.items() if step.operation in operations}


def members(stage: Rehearsal, *parts: Part | None) -> set[str]:
    """Return the names of the stack's resources that belong to the parts."""
    managed = [name for name, each in stage.state().items() if each.custom]
    found = {part: {name for name in managed if part.has(name)} for part in parts if part is not None}
    for part, names in found.items():
        assert names, f"nothing is {part.label}"
    return set().union(*found.values())


@pytest.mark.parametrize("setting", [LOCATION, *SETTINGS], ids=lambda setting: setting.key)
def test_a_change_does_what_is_documented(deployed: Rehearsal, setting: Setting) -> None:
    steps = effect(deployed, setting)
    assert having(steps, "replace") == members(deployed, setting.replaces)
    assert having(steps, "update") == members(deployed, *setting.updates)
    assert having(steps, "create", "delete") == members(deployed, setting.adds)
    if setting not in (LOCATION, *MAY_REPLACE_DATA):
        assert not {name for name in having(steps, "replace", "delete") if holds_data(name)}


def test_every_pattern_of_a_part_fits_a_resource(deployed: Rehearsal) -> None:
    for setting in SETTINGS:
        for part in filter(None, (*setting.updates, setting.replaces, setting.adds)):
            for pattern in (*part.names, *part.but):
                assert any(fnmatchcase(name, pattern) for name in deployed.state()), (part.label, pattern)
