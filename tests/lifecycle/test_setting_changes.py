"""What a change of each setting does to a deployed stack: what docs/configuration.md says, and nothing else.

A setting that is added to `SETTINGS` is in here by itself.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest

from components.parts import Part
from components.setting import Setting
from components.settings import LOCATION, SETTINGS
from emulator.pulumi.engine import DeploymentError, StepStarted
from emulator.pulumi.engine.configuration import load_configuration, load_project
from tests.lifecycle.cloud import key
from tests.lifecycle.rehearsal import PROJECT, ROOT, Rehearsal, counts

NEEDED: dict[str, dict[str, str]] = {
    "protectData": {"purgeOnDestroy": "false"},
    "targetExportPlatforms": {"domain": "General (compact)"},
    "trainingType": {"reservedBudgetHours": "1"},
    "maximumTrainingsPerDay": {"iterationsToKeep": "18"},
}
"""What has to be set as well where a setting's value is not allowed otherwise."""
OTHERWISE = {"resourceManagerAudience": "https://management.core.windows.net/"}
"""Values for settings of which no other one is a way to the emulator."""
GROUP = "/resourceGroups/rg-platform"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-platform"
"""What is there before the stack, for the settings that name such a thing."""
KEEPS_DATA = ("data-account", "data-*-images", "data-model-artifacts", "ml-training", "ml-prediction", "ml-project")

MAY_REPLACE_DATA = tuple(setting for setting in SETTINGS if setting.key in ("adoptProjectId", "existingResourceGroup"))

PROTECTS = {
    LOCATION.key: "keepers.location",
    "existingResourceGroup": "keepers.resourceGroup",
    "adoptProjectId": "adopt_project_id",
}
"""Settings whose change would replace what is protected, and the property that says so."""

Steps = Mapping[str, StepStarted]


@pytest.fixture(scope="module")
def deployed(stage: Rehearsal) -> Rehearsal:
    existing = {
        stage.arm.subscription + path: (version, body)
        for path, version, body in (
            (GROUP, "2024-03-01", {"location": "westeurope"}),
            (WORKSPACE, "2023-09-01", {"location": "eastus", "properties": {"sku": {"name": "PerGB2018"}}}),
        )
    }
    for id, (version, body) in existing.items():
        stage.arm.put(id, version, body)
    stage.empty |= {key(id) for id in existing}
    stage.deployment().up()
    return stage


def another(setting: Setting, stage: Rehearsal) -> str:
    """Return an allowed value that the stack does not have."""
    if setting.key == "resourceManagerEndpoint":
        return stage.arm.configuration.url("arm").replace("127.0.0.1", "localhost") + "/"
    if setting.key == "existingWorkspaceId":
        return stage.arm.subscription + WORKSPACE
    overrides = {"pollIntervalSeconds": "86400"}
    values = load_configuration(load_project(ROOT), "local", overrides).values
    has = values[setting.key if ":" in setting.key else f"{PROJECT}:{setting.key}"]
    candidates = (OTHERWISE[setting.key],) if setting.key in OTHERWISE else setting.kind.examples
    return next(each for each in candidates if not has or setting.kind.read(each) != setting.kind.read(has))


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


def holds_data(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in KEEPS_DATA)


@pytest.mark.parametrize("setting", [LOCATION, *SETTINGS], ids=lambda setting: setting.key)
def test_a_change_does_what_is_documented(deployed: Rehearsal, setting: Setting) -> None:
    state, exists = deployed.state_text(), deployed.everything()
    steps = effect(deployed, setting)
    assert having(steps, "replace") == members(deployed, setting.replaces)
    assert having(steps, "update") == members(deployed, *setting.updates)
    assert having(steps, "create", "delete") == members(deployed, setting.adds)
    if setting not in (LOCATION, *MAY_REPLACE_DATA):
        assert not {name for name in having(steps, "replace", "delete") if holds_data(name)}
    assert (deployed.state_text(), deployed.everything()) == (state, exists)


def test_every_pattern_of_a_part_fits_a_resource(deployed: Rehearsal) -> None:
    for setting in SETTINGS:
        for part in filter(None, (*setting.updates, setting.replaces, setting.adds)):
            for pattern in (*part.names, *part.but):
                assert any(fnmatchcase(name, pattern) for name in deployed.state()), (part.label, pattern)


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
    deployed.deployment().up()


@pytest.mark.parametrize("key", PROTECTS)
def test_where_data_is_protected_nothing_that_holds_it_is_replaced(deployed: Rehearsal, key: str) -> None:
    protected = {"protectData": "true", "purgeOnDestroy": "false"}
    deployed.deployment(settings=protected).up()
    state, exists = deployed.state_text(), deployed.everything()
    setting = next(each for each in (LOCATION, *SETTINGS) if each.key == key)
    change = {**protected, key: another(setting, deployed)}
    for attempt in ("preview", "up"):
        with pytest.raises(DeploymentError, match="protected") as refused:
            getattr(deployed.deployment(settings=change), attempt)()
        assert refused.value.urn.endswith(("::suffix", "::ml-project"))
        assert PROTECTS[key] in refused.value.message
        assert deployed.everything() == exists
    assert deployed.state_text() == state
    deployed.deployment().up()


def test_what_holds_data_stays_in_azure_even_without_protection_of_the_state(deployed: Rehearsal) -> None:
    """What `pulumi state unprotect` leaves: the state says retained, and not protected."""
    protected = {"protectData": "true", "purgeOnDestroy": "false"}
    deployed.deployment(settings=protected).up()
    retained = {name for name, each in deployed.state().items() if each.retain_on_delete}
    assert {name for name in deployed.state() if holds_data(name)} | {"resource-group"} == retained
    deployed.deployment().up()
    assert not any(each.protect or each.retain_on_delete for each in deployed.state().values())
