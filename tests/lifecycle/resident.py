"""The engine's processes kept from one deployment to the next: what takes most of a deployment's time is their start.

Programs and plugins are the real ones and run in processes of their own, as ever; `resident` only has the engine find
them running already.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from emulator.pulumi.engine import Diagnostic, Event, deployment, plugins
from emulator.pulumi.engine.configuration import Project, StackConfiguration
from emulator.pulumi.engine.language import program_environment, program_settings

_SERVER = Path(__file__).with_name("program_server.py")
_STARTED = plugins.PluginProcess


@contextmanager
def resident(patch: pytest.MonkeyPatch) -> Generator[None]:
    """Keep programs' server and plugins while the context lasts."""
    server = _Server()
    kept: dict[str, Any] = {}

    class Plugin:
        def __init__(
            self,
            package: str,
            command: Sequence[str],
            environment: Mapping[str, str],
            folder: Path,
            listener: Callable[[Event], None],
        ) -> None:
            key = json.dumps([package, environment["EMULATOR_HOME"], environment["PULUMI_STACK"], str(folder)])
            if key not in kept:
                kept[key] = _STARTED(package, command, environment, folder, listener)
            self.stub = kept[key].stub
            self.cancel = kept[key].cancel

        def end(self) -> None:
            return None

        def close(self) -> None:
            return None

    def program(*arguments: Any, **options: Any) -> _Program:
        return _Program(server, *arguments, **options)

    patch.setattr(deployment, "Program", program)
    patch.setattr(plugins, "PluginProcess", Plugin)
    try:
        yield
    finally:
        for plugin in kept.values():
            plugin.end()
        for plugin in kept.values():
            plugin.close()
        server.close()


class _Server:
    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, settings: Mapping[str, Any], environment: Mapping[str, str], output: Path, errors: Path) -> None:
        asked = {"settings": settings, "environment": environment, "output": str(output), "errors": str(errors)}
        stream = _open(self._process.stdin)
        stream.write(json.dumps(asked) + "\n")
        stream.flush()

    def hear(self) -> int:
        return int(_open(self._process.stdout).readline())

    def close(self) -> None:
        _open(self._process.stdin).close()
        self._process.wait(30)
        _open(self._process.stdout).close()
        self.folder.cleanup()


class _Program:
    """What `emulator.pulumi.engine.language.Program` is, in a fork of the server."""

    def __init__(
        self,
        server: _Server,
        project: Project,
        stack: str,
        configuration: StackConfiguration,
        address: str,
        listener: Callable[[Event], None],
        *,
        preview: bool,
    ) -> None:
        self._listener = listener
        self._output, self._errors = (Path(server.folder.name, name) for name in ("output", "errors"))
        settings = program_settings(project, stack, address, preview=preview)
        environment = program_environment(configuration)
        server.ask(settings, environment, self._output, self._errors)
        self._id = server.hear()
        self._status: int | None = None
        self._waiting = threading.Thread(target=self._wait, args=(server,), daemon=True)
        self._waiting.start()

    def wait(self, give_up: Callable[[], bool]) -> int | None:
        while self._waiting.is_alive():
            self._waiting.join(0.05)
            if self._waiting.is_alive() and give_up():
                return None
        for line in self._output.read_text(encoding="utf-8").splitlines():
            self._listener(Diagnostic("info", line))
        return self._status

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8").strip()

    def end(self) -> None:
        if self._waiting.is_alive():
            os.kill(self._id, signal.SIGTERM)
        self._waiting.join()

    def _wait(self, server: _Server) -> None:
        self._status = server.hear()


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
