"""The project's own program on an emulator of its own, from the first deployment to the last."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from emulator import process
from emulator.home import Home
from emulator.pulumi.engine import Deployment, Diagnostic, Event, StepStarted, Summary
from emulator.pulumi.engine.state import ResourceState, StateFile
from emulator.resource_manager import ResourceManager
from tests.lifecycle.cloud import everything, key
from tests.lifecycle.resident import resident
from tests.ports import free_port_base

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = "custom-vision-retraining"
SETTINGS_OF_A_REHEARSAL: Final = {"pollIntervalSeconds": "86400"}
"""Over those of the stack's file: the trigger does not look for images."""
STACKS: Final = tuple(sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")))


@dataclass
class Rehearsal:
    """An emulator, the stacks on it, and what was heard of their last deployment.

    `empty` is what exists on an emulator before anything is deployed.
    """

    home: Home
    arm: ResourceManager
    empty: frozenset[str]
    events: list[Event] = field(default_factory=list[Event])

    def deployment(
        self,
        stack: str = "local",
        settings: Mapping[str, str] | None = None,
        hear: Callable[[Event], None] | None = None,
        project: Path = ROOT,
    ) -> Deployment:
        """Return the stack with these settings over those of a rehearsal."""
        self.events.clear()

        def listen(event: Event) -> None:
            self.events.append(event)
            if hear is not None:
                hear(event)

        overrides = {**SETTINGS_OF_A_REHEARSAL, **self.arm.configuration.stack_settings(), **(settings or {})}
        return Deployment(self.home, project, stack, overrides, listen)

    def steps(self) -> dict[str, StepStarted]:
        """Return what the last deployment did, or would do, to which resource, where it was something."""
        started = [each for each in self.events if isinstance(each, StepStarted) and not each.replacing]
        return {each.name: each for each in started if each.operation not in ("same", "read", "refresh")}

    def warnings(self) -> list[str]:
        return [each.message for each in self.events if isinstance(each, Diagnostic) and each.severity == "warning"]

    def state(self, stack: str = "local") -> dict[str, ResourceState]:
        """Return what the stack's state holds by logical name, without what is replaced and not deleted yet."""
        found = StateFile(self.home, PROJECT, stack).load().resources
        resources = [each for each in found if not each.condemned]
        assert len({each.urn for each in resources}) == len(resources), "a resource is in the state twice"
        return {each.urn.rsplit("::", 1)[-1]: each for each in resources}

    def state_text(self, stack: str = "local") -> str:
        return (self.home.stacks / PROJECT / f"{stack}.json").read_text(encoding="utf-8")

    def everything(self) -> dict[str, Any]:
        return everything(self.arm)

    def unmanaged(self) -> tuple[set[str], set[str]]:
        """Return the ids of what exists and is in no stack's state, and of what is in one and does not exist."""
        stacks = [path.stem for path in (self.home.stacks / PROJECT).glob("*.json")]
        managed = {
            key(each.id)
            for stack in stacks
            for each in self.state(stack).values()
            if each.custom and not each.type.startswith("random:") and not each.type.endswith(":AccountPurge")
        }
        exists = set(self.everything()) - self.empty
        return exists - managed, managed - exists


def counts(summary: Summary) -> dict[str, int]:
    found = {name: getattr(summary, name) for name in ("created", "updated", "replaced", "deleted", "unchanged")}
    return {name: count for name, count in found.items() if count}


@contextmanager
def rehearsal(folder: Path) -> Generator[Rehearsal]:
    """Start an emulator in `folder`, and end it."""
    home = Home(folder / "home")
    home.create(free_port_base())
    server = process.start(home)
    assert server is not None
    try:
        with pytest.MonkeyPatch.context() as patch, resident(patch), ResourceManager(home) as arm:
            yield Rehearsal(home, arm, frozenset(everything(arm)))
    finally:
        process.stop(home)
        server.wait(30)
