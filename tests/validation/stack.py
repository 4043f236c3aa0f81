"""The project's own program, deployed on an emulator in a process of its own."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulator import process
from emulator.home import Home
from emulator.pulumi.engine import Deployment
from emulator.resource_manager import ResourceManager
from tests.ports import free_port_base

ROOT = Path(__file__).parents[2]


@dataclass
class ValidatedStack:
    """A deployed stack, and the arguments with which the command finds it."""

    home: Home
    deployment: Deployment
    arm: ResourceManager
    outputs: dict[str, str]
    file: Path

    @property
    def group(self) -> str:
        return f"{self.arm.subscription}/resourceGroups/{self.outputs['resourceGroupName']}"

    def cloud(self, principal: str | None = None) -> list[str]:
        """Return the arguments that name the emulator as the cloud, and who asks."""
        token = [sys.executable, "-m", "emulator", "token", "--home", str(self.home.root), "--audience", "{audience}"]
        if principal is not None:
            token += ["--principal", principal]
        address = self.arm.configuration.url("arm")
        return ["--resource-manager", address, "--token-command", shlex.join(token)]

    def deployed(self) -> list[str]:
        return ["--outputs", str(self.file), *self.cloud()]


@contextmanager
def validated_stack(
    folder: Path, before: Callable[[ResourceManager], dict[str, str]] | None = None, **settings: str
) -> Generator[ValidatedStack]:
    """Deploy the local stack with further settings, and those that `before` returns, which is called first."""
    home = Home(folder / "home")
    home.create(free_port_base())
    server = process.start(home)
    assert server is not None
    try:
        with ResourceManager(home) as arm:
            own = {
                **arm.configuration.stack_settings(),
                # Only the validation has the trigger look.
                "pollIntervalSeconds": "86400",
            }
            deployment = Deployment(home, ROOT, "local", {**own, **settings, **(before(arm) if before else {})})
            deployment.up()
            outputs = {name: str(value) for name, value in deployment.outputs().items()}
            file = folder / "outputs.json"
            file.write_text(json.dumps(outputs), encoding="utf-8")
            yield ValidatedStack(home, deployment, arm, outputs, file)
    finally:
        process.stop(home)
        server.wait(30)
