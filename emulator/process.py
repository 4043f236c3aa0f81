"""The emulator as a background process: started, found and ended through its home folder."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

from emulator.home import Home, HomeError

_START_SECONDS = 60
_STOP_SECONDS = 20


class EmulatorProcessError(Exception):
    """The emulator did not start or did not end; the message says where to look."""


def running_pid(home: Home) -> int | None:
    """Return the process id of this home's running emulator, or None."""
    recorded = _recorded(home)
    if recorded is None:
        return None
    pid, services = recorded
    return pid if _alive(pid) and _answers(home, services) else None


def running_services(home: Home) -> list[str]:
    """Return the names of the services that this home's running emulator serves; none when it is not running."""
    recorded = _recorded(home)
    return [] if recorded is None or running_pid(home) is None else recorded[1]


def record(home: Home, services: Iterable[str]) -> None:
    """Note that this process is the home's emulator, and which services it serves."""
    home.pid.write_text(f"{os.getpid()}\n{' '.join(services)}\n", encoding="utf-8")


def _recorded(home: Home) -> tuple[int, list[str]] | None:
    try:
        pid, services = home.pid.read_text(encoding="utf-8").splitlines()
        return int(pid), services.split()
    except (FileNotFoundError, ValueError):
        return None


def start(home: Home, port_base: int | None = None, options: Sequence[str] = ()) -> subprocess.Popen[bytes] | None:
    """Start the emulator of `home` and return once every service answers; None when it was running already.

    `options` are those of the command ``serve``.

    Raises:
        EmulatorProcessError: it ended or did not answer in time; the message has the end of its log.
        HomeError: the home folder cannot be used.
    """
    home.create(port_base)
    if running_pid(home) is not None:
        return None
    with home.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve", "--home", str(home.root), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    try:
        while running_pid(home) is None:
            if process.poll() is not None:
                raise EmulatorProcessError(f"the emulator ended while it started:\n{_log_end(home)}")
            if time.monotonic() > deadline:
                raise EmulatorProcessError(f"the emulator did not answer in {_START_SECONDS} s; see {home.log}")
            time.sleep(0.05)
    except BaseException:
        _end(process.pid)
        process.wait()
        raise
    return process


def stop(home: Home) -> bool:
    """End this home's emulator and wait for it; tell whether one was running."""
    pid = running_pid(home)
    if pid is None:
        return False
    _end(pid)
    return True


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _alive(pid):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    # A child that has ended stays in the process table until it is waited for, and would pass for alive.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _answers(home: Home, services: Iterable[str]) -> bool:
    try:
        configuration, _ = home.load()
    except HomeError:
        return False
    for service in services:
        try:
            socket.create_connection(("127.0.0.1", configuration.ports[service]), timeout=1).close()
        except (OSError, KeyError):
            return False
    return True


def _log_end(home: Home, lines: int = 20) -> str:
    return "\n".join(home.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
