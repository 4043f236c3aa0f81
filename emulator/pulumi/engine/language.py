"""Starts a program in a process of its own, and hears what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from emulator.pulumi.engine.configuration import Project, StackConfiguration
from emulator.pulumi.engine.events import Diagnostic, Event
from emulator.pulumi.engine.monitor import ORGANIZATION, PARALLEL
from emulator.pulumi.engine.plugins import LEASH

_PROGRAM: Final = Path(__file__).with_name("program.py")
_END_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05


def program_settings(project: Project, stack: str, address: str, *, preview: bool) -> dict[str, Any]:
    """Return what the program's process is told of the deployment, as JSON in its first argument."""
    return {
        "address": address,
        "project": project.name,
        "stack": stack,
        "organization": ORGANIZATION,
        "root": str(project.folder),
        "main": str(project.main),
        "parallel": PARALLEL,
        "dry_run": preview,
    }


def program_environment(configuration: StackConfiguration) -> dict[str, str]:
    """Return the environment variables in which Pulumi's library finds the stack's configuration."""
    return {
        "PULUMI_CONFIG": json.dumps(dict(configuration.values)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(configuration.secret_keys)),
    }


class Program:
    """A running program."""

    def __init__(
        self,
        project: Project,
        stack: str,
        configuration: StackConfiguration,
        address: str,
        listener: Callable[[Event], None],
        *,
        preview: bool,
    ) -> None:
        settings = program_settings(project, stack, address, preview=preview)
        environment = os.environ | program_environment(configuration) | {"PYTHONUNBUFFERED": "1"}
        self._listener = listener
        self._process = subprocess.Popen(
            [sys.executable, str(LEASH), str(os.getpid()), str(_PROGRAM), json.dumps(settings)],
            cwd=project.main,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._follow, args=(self._process.stdout, None), daemon=True),
            threading.Thread(target=self._follow, args=(self._process.stderr, self._errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait(self, give_up: Callable[[], bool]) -> int | None:
        """Return the exit status, or None when `give_up` said so before the program ended.

        What a program that succeeded wrote to standard error is told as warnings; that of one that failed is `errors`.
        """
        while True:
            try:
                status = self._process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if give_up():
                    return None
                continue
            for reader in self._readers:
                reader.join()
            if status == 0:
                for line in self._errors:
                    self._listener(Diagnostic("warning", line.rstrip()))
            return status

    @property
    def errors(self) -> str:
        """What the program wrote to standard error."""
        return "".join(self._errors).strip()

    def end(self) -> None:
        """End the program where it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _follow(self, stream: IO[str], kept: list[str] | None) -> None:
        with stream:
            for line in stream:
                if kept is None:
                    self._listener(Diagnostic("info", line.rstrip()))
                else:
                    kept.append(line)
