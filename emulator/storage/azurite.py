"""Azurite as a child process: it keeps the blobs, and checks shared keys and SAS tokens.

Azurite takes its accounts from the environment when it starts, so it is started anew when they change.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from emulator.node import node_executable

_SCRIPT: Final = Path(__file__).resolve().parents[2] / "node_modules/azurite/dist/src/blob/main.js"
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 10

_LAUNCHER: Final = """
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.exit(1); }, 500).unref();
process.argv.splice(1, 1);
require(process.argv[1]);
"""
"""Ends Azurite when the emulator is gone without having said so (kill -9)."""


class AzuriteError(Exception):
    """Azurite is not installed or did not start; the message says what to do."""


class Azurite:
    """One Azurite over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address of the blob service, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """Whether Azurite serves."""
        return self._process is not None and self._process.returncode is None

    async def start(self, accounts: Mapping[str, tuple[str, str]]) -> None:
        """Serve the accounts: name -> its two keys; an Azurite that runs already is started anew.

        Raises:
            AzuriteError: it is not installed, or does not answer.
        """
        await self.stop()
        if not accounts:
            return
        if not _SCRIPT.is_file():
            raise AzuriteError(f"{_SCRIPT} is missing; install Azurite with: make setup")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port = _free_port()
        listed = ";".join(f"{name}:{':'.join(keys)}" for name, keys in accounts.items())
        with (self._folder / "azurite.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(node_executable()), "-e", _LAUNCHER, "-", str(_SCRIPT),
                "--blobHost", "127.0.0.1", "--blobPort", str(self._port),
                "--location", str(self._folder), "--skipApiVersionCheck", "--disableTelemetry", "--silent",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "AZURITE_ACCOUNTS": listed}, start_new_session=True,
            )  # fmt: skip
        await self._until_it_answers()

    async def stop(self) -> None:
        """End Azurite and wait until it has written what it holds."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _until_it_answers(self) -> None:
        for _ in range(_START_SECONDS * 50):
            if self._process is None or self._process.returncode is not None:
                raise AzuriteError(f"Azurite ended while it started; see {self._folder / 'azurite.log'}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)
        raise AzuriteError(f"Azurite did not answer in {_START_SECONDS} s; see {self._folder / 'azurite.log'}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
