"""Another value for any setting, and what may not go with a change."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from components.setting import Setting
from emulator.pulumi.engine.configuration import load_configuration, load_project
from tests.lifecycle.cloud import key
from tests.lifecycle.rehearsal import PROJECT, ROOT, SETTINGS_OF_A_REHEARSAL, Rehearsal

_GROUP: Final = "/resourceGroups/rg-platform"
_WORKSPACE: Final = f"{_GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-platform"
_OTHERWISE: Final = {"resourceManagerAudience": "https://management.core.windows.net/"}
"""Values for settings of which no example is a way to the emulator."""
_KEEPS_DATA: Final = (
    "data-account",
    "data-*-images",
    "data-model-artifacts",
    "ml-training",
    "ml-prediction",
    "ml-project",
)


def platform(stage: Rehearsal) -> None:
    """Make what is there before a stack, for the settings that name such a thing."""
    for path, version, body in (
        (_GROUP, "2024-03-01", {"location": "westeurope"}),
        (_WORKSPACE, "2023-09-01", {"location": "eastus", "properties": {"sku": {"name": "PerGB2018"}}}),
    ):
        stage.arm.put(stage.arm.subscription + path, version, body)
        stage.empty |= {key(stage.arm.subscription + path)}


def another(setting: Setting, stage: Rehearsal) -> str:
    """Return an allowed value that the stack does not have."""
    if setting.key == "resourceManagerEndpoint":
        return stage.arm.configuration.url("arm").replace("127.0.0.1", "localhost") + "/"
    if setting.key == "existingWorkspaceId":
        return stage.arm.subscription + _WORKSPACE
    values = load_configuration(load_project(ROOT), "local", SETTINGS_OF_A_REHEARSAL).values
    has = values[setting.key if ":" in setting.key else f"{PROJECT}:{setting.key}"]
    candidates = (_OTHERWISE[setting.key],) if setting.key in _OTHERWISE else setting.kind.examples
    return next(each for each in candidates if not has or setting.kind.read(each) != setting.kind.read(has))


def holds_data(name: str) -> bool:
    """Tell whether the resource of this logical name holds images or models."""
    return any(fnmatchcase(name, pattern) for pattern in _KEEPS_DATA)
