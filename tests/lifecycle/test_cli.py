"""The same life with the real Pulumi CLI, where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.pulumi.environment import environment
from tests.lifecycle.rehearsal import PROJECT, ROOT, STACKS, Rehearsal

CLI = shutil.which("pulumi")
pytestmark = [pytest.mark.cli, pytest.mark.skipif(CLI is None, reason="the pulumi CLI is not on PATH")]

Pulumi = Callable[..., subprocess.CompletedProcess[str]]
SECONDS = 900


@pytest.fixture
def pulumi(stage: Rehearsal, tmp_path: Path) -> Pulumi:
    """Run the CLI in a copy of the project: it writes into the stacks' files."""
    assert CLI is not None
    executable = CLI
    folder = tmp_path / "project"
    folder.mkdir()
    for path in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(path, folder)
    for name in ("components", "workflows", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    variables = os.environ | environment(stage.home)

    def run(*arguments: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [executable, *arguments, "--non-interactive"],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (ended.returncode != 0) is fails, ended.stdout + ended.stderr
        return ended

    return run


def deployed(pulumi: Pulumi, stage: Rehearsal, stack: str) -> None:
    pulumi("stack", "init", stack)
    settings = {"resourceManagerEndpoint": f"{stage.arm.configuration.url('arm')}/", "pollIntervalSeconds": "86400"}
    for key, value in settings.items():
        pulumi("config", "set", "--stack", stack, f"{PROJECT}:{key}", value)
    before = stage.everything()
    pulumi("preview", "--stack", stack)
    assert stage.everything() == before
    pulumi("up", "--yes", "--skip-preview", "--stack", stack)


def exported(pulumi: Pulumi, stack: str) -> dict[str, str]:
    """Return the ids of the stack's resources by logical name."""
    found = json.loads(pulumi("stack", "export", "--stack", stack).stdout)["deployment"].get("resources", [])
    return {each["urn"].rsplit("::", 1)[-1]: each.get("id", "") for each in found}


@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack != "prod"])
def test_a_stack_is_deployed_once_repaired_and_destroyed(pulumi: Pulumi, stage: Rehearsal, stack: str) -> None:
    deployed(pulumi, stage, stack)
    pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", stack)
    pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", stack)
    resources = exported(pulumi, stack)
    stage.arm.delete(resources["data-lifecycle"], "2024-01-01")
    pulumi("refresh", "--yes", "--skip-preview", "--stack", stack)
    assert "data-lifecycle" not in exported(pulumi, stack)
    pulumi("up", "--yes", "--skip-preview", "--stack", stack)
    assert exported(pulumi, stack).keys() == resources.keys()
    pulumi("destroy", "--yes", "--skip-preview", "--stack", stack)
    assert set(stage.everything()) == stage.empty


def test_production_is_only_destroyed_after_it_was_deployed_without_protection(
    pulumi: Pulumi, stage: Rehearsal
) -> None:
    deployed(pulumi, stage, "prod")
    exists = stage.everything()
    refused = pulumi("destroy", "--yes", "--skip-preview", "--stack", "prod", fails=True)
    assert "protect" in refused.stdout + refused.stderr
    assert stage.everything().keys() >= {each for each in exists if "/microsoft.storage/" in each}
    moved = ("--config", "azure-native:location=westeurope")
    refused = pulumi("up", "--yes", "--skip-preview", "--stack", "prod", *moved, fails=True)
    assert "protect" in refused.stdout + refused.stderr
    pulumi("config", "set", "--stack", "prod", "azure-native:location", "eastus")
    pulumi("config", "set", "--stack", "prod", f"{PROJECT}:protectData", "false")
    pulumi("up", "--yes", "--skip-preview", "--stack", "prod")
    pulumi("destroy", "--yes", "--skip-preview", "--stack", "prod")
    assert all("/deletedaccounts/" in each for each in set(stage.everything()) - stage.empty)
