"""An emulator in a process of its own, which can be killed at a chosen moment and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx

from emulator import process
from emulator.clock import SystemClock
from emulator.faults.endpoint import PATH
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.resource_manager import ResourceManager, deploying_person
from tests.workflows.world import World

_TRIES = 600
_PAUSE_SECONDS = 0.1


class MortalWorld(World):
    """The services in a process; its clock is the machine's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SystemClock())
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        self._process = process.start(self.home)
        self.arm = ResourceManager(self.home, self.clock)

    def stop(self) -> None:
        process.stop(self.home)
        if self._process is not None:
            self._process.wait()

    def kill_at(self, workflow: str, action: str) -> None:
        """Kill it when a service has done what a workflow's action asks for, but has not answered; start it again.

        To be called while nothing runs; returns at once, and the thread that is returned ends with the new start.
        """
        rule = {
            "service": "*",
            "kind": "timeOut",
            "carriedOut": True,
            "workflow": workflow,
            "action": action,
            "count": 1,
        }
        self._faults("POST", rule).raise_for_status()

    def killed(self) -> bool:
        """Wait for the moment of `kill_at`, kill, start again; tell whether the moment came."""
        pause = threading.Event()
        for _ in range(_TRIES):
            if any(each["met"] for each in self._faults("GET").json()["value"]):
                assert self._process is not None
                os.kill(self._process.pid, signal.SIGKILL)
                self._process.wait()
                self._process = process.start(self.home)
                return True
            pause.wait(_PAUSE_SECONDS)
        return False

    def _faults(self, method: str, body: Any = None) -> httpx.Response:
        configuration, secrets = self.home.load()
        issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, self.clock)
        token = issuer.issue(deploying_person(configuration), ARM_AUDIENCES[0])
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{configuration.url('arm')}{PATH}", headers=headers, json=body, timeout=60)
