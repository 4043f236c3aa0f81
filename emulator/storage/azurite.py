"""Azurite as a child process: it keeps the blobs, and checks shared keys and SAS tokens.

Azurite takes its accounts from the environment when it starts, so it is started anew when they change. Whoever asks it
does so within `Azurite.session`: a restart waits for the sessions under way, and sessions wait for a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Final

from emulator.node import node_executable

_SCRIPT: Final = Path(__file__).resolve().parents[2] / "node_modules/azurite/dist/src/blob/main.js"
_COMPILED: Final = _SCRIPT.parents[4] / ".cache/node"
"""Node keeps compiled scripts there, which halves the start."""
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 10
_DRAIN_SECONDS: Final = 10
"""How long a restart waits for requests under way; one that copies from itself would wait for the restart in turn."""
_LOCK_SECONDS: Final = 15
"""How long a folder's former Azurite may take to end; it notices a killed emulator in half a second."""

_LAUNCHER: Final = """
const parent = process.ppid;
setInterval(() => {
  if (process.ppid === parent) return;
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), 10000).unref();
}, 500).unref();
process.argv.splice(1, 1);
require(process.argv[1]);
"""
"""Ends Azurite when the emulator is gone without having said so (kill -9), after it has written what it holds."""


class AzuriteError(Exception):
    """Azurite is not installed or did not start; the message says what to do."""


class Azurite:
    """One Azurite over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._accounts: dict[str, tuple[str, str]] = {}
        self._changing = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._sessions = 0

    @property
    def process_id(self) -> int | None:
        """The id of the process that serves, None while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def serve(self, accounts: Mapping[str, tuple[str, str]]) -> None:
        """Serve the accounts: name -> its two keys. Nothing happens when they are served already.

        Raises:
            AzuriteError: it is not installed, does not answer, or another emulator holds the folder.
        """
        async with self._changing:
            if self._accounts == dict(accounts) and (self.process_id is not None or not accounts):
                return
            self._open.clear()
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._idle.wait(), _DRAIN_SECONDS)
                await self._end()
                self._accounts = dict(accounts)
                if accounts:
                    await self._begin()
            finally:
                self._open.set()

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncGenerator[str]:
        """Give Azurite's address, without a trailing slash, and keep it from being restarted meanwhile.

        Raises:
            AzuriteError: it had ended and cannot be started again, or no account is served.
        """
        await self._open.wait()
        if self.process_id is None:
            if not self._accounts:
                raise AzuriteError("There is no storage account.")
            await self.serve(self._accounts)
        self._sessions += 1
        self._idle.clear()
        try:
            yield f"http://127.0.0.1:{self._port}"
        finally:
            self._sessions -= 1
            if not self._sessions:
                self._idle.set()

    async def stop(self) -> None:
        """End Azurite and wait until it has written what it holds."""
        async with self._changing:
            await self._end()

    async def _begin(self) -> None:
        if not _SCRIPT.is_file():
            raise AzuriteError(f"{_SCRIPT} is missing; install Azurite with: make setup")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port = _free_port()
        listed = ";".join(f"{name}:{':'.join(keys)}" for name, keys in self._accounts.items())
        with await self._locked() as lock, (self._folder / "azurite.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(node_executable()), "-e", _LAUNCHER, "-", str(_SCRIPT),
                "--blobHost", "127.0.0.1", "--blobPort", str(self._port),
                "--location", str(self._folder), "--skipApiVersionCheck", "--disableTelemetry", "--silent",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(lock,),
                env={**os.environ, "AZURITE_ACCOUNTS": listed, "NODE_COMPILE_CACHE": str(_COMPILED)},
                start_new_session=True,
            )  # fmt: skip
        await self._until_it_answers()

    async def _locked(self) -> contextlib.AbstractContextManager[int]:
        """Return a lock on the folder; Azurite inherits it, so it is held for as long as Azurite lives."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(_LOCK_SECONDS * 10):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return _closing(descriptor)
            await asyncio.sleep(0.1)
        os.close(descriptor)
        raise AzuriteError(f"{self._folder} is in use by another emulator; end that one, or use another --home")

    async def _end(self) -> None:
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
            if self.process_id is None:
                raise AzuriteError(f"Azurite ended while it started; see {self._folder / 'azurite.log'}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)
        raise AzuriteError(f"Azurite did not answer in {_START_SECONDS} s; see {self._folder / 'azurite.log'}")


@contextlib.contextmanager
def _closing(descriptor: int) -> Generator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
