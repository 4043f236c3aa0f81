"""Custom Vision served alone by a process of its own: ``python -m emulator up --only custom-vision``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from emulator import process
from emulator.clock import SystemClock
from emulator.home import Home
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from tests.ports import free_port_base

_API: Final = "2025-06-01"


@dataclass(frozen=True)
class Resource:
    """An account as a user sees it in the portal: Keys and Endpoint, and its id."""

    id: str
    endpoint: str
    key: str


class Alone:
    """The emulator of a home, started and killed at will."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.home.create(free_port_base())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, options: Sequence[str] = ()) -> None:
        self._process = process.start(self.home, options=["--only", "custom-vision", *options])

    def kill(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        process.stop(self.home)
        if self._process is not None:
            self._process.wait()

    def arm(self) -> httpx.Client:
        configuration, secrets = self.home.load()
        issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
        token = issuer.issue(Principal(configuration.person_id, "User", "person"), ARM_AUDIENCES[0])
        return httpx.Client(
            base_url=f"{configuration.url('arm')}/subscriptions/{configuration.subscription_id}/",
            headers={"Authorization": f"Bearer {token}"},
            params={"api-version": _API},
        )

    def account(self, name: str, kind: str) -> Resource:
        with self.arm() as arm:
            arm.put("resourceGroups/rg", json={"location": "eastus"}, params={"api-version": "2024-03-01"})
            path = f"resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/{name}"
            body = {"location": "eastus", "kind": f"CustomVision.{kind}", "sku": {"name": "S0"}, "properties": {}}
            made = arm.put(path, json=body).raise_for_status().json()
            keys = arm.post(f"{path}/listKeys").raise_for_status().json()
        return Resource(made["id"], made["properties"]["endpoint"], keys["key1"])


@contextlib.contextmanager
def alone(home: Path, options: Sequence[str] = ()) -> Generator[Alone]:
    emulator = Alone(home)
    emulator.start(options)
    try:
        yield emulator
    finally:
        emulator.stop()
