"""Custom Vision in a process of its own, without limits on calls, and a web server with pictures in another."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import multiprocessing
import socket
from collections.abc import Generator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import uvicorn

from emulator.arm.provider import Operation, Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import SystemClock
from emulator.custom_vision.limits import TIERS, CallRates
from emulator.custom_vision.service import CustomVision
from emulator.identity import Principal
from emulator.telemetry import NoMetrics

ACCOUNTS: Final = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts"
_MANY: Final = 1_000_000
_UNLIMITED: Final = CallRates(_MANY, _MANY, _MANY, _MANY)
_PATIENCE_SECONDS: Final = 600
"""A client may let its connection rest while something else is measured."""
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Served:
    """A running service: its process, its address, and the keys of the accounts ``train`` and ``predict``."""

    pid: int
    host: str
    port: int
    training_key: str
    prediction_key: str

    def resident_bytes(self) -> int:
        """Return how much memory the process holds now (Linux)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096


@contextlib.contextmanager
def served(folder: Path) -> Generator[Served]:
    """Run the service over a folder while the context lasts."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(folder, theirs), daemon=True)
    process.start()
    try:
        port, training_key, prediction_key = ours.recv()
        yield Served(process.pid or 0, "127.0.0.1", port, training_key, prediction_key)
    finally:
        process.kill()
        process.join()


@contextlib.contextmanager
def website(folder: Path) -> Generator[str]:
    """Serve the files of a folder; yield the address."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve_files, args=(folder, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def _serve(folder: Path, pipe: Connection) -> None:
    asyncio.run(_run(folder, pipe))


async def _run(folder: Path, pipe: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as emulator.server does
        port: int = listener.getsockname()[1]
        tiers = {name: replace(tier, rates=_UNLIMITED) for name, tier in TIERS.items()}
        service = CustomVision(folder, f"http://127.0.0.1:{port}", SystemClock(), NoMetrics(), tiers)
        await service.start()
        kinds = (("train", "Training"), ("predict", "Prediction"))
        keys = [await _account(service, name, kind) for name, kind in kinds]
        config = uvicorn.Config(
            service.app, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=_PATIENCE_SECONDS
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        pipe.send((port, *keys))
        await task


async def _account(service: CustomVision, name: str, kind: str) -> str:
    (provider,) = service.providers
    body: dict[str, Any] = {
        "location": "eastus",
        "kind": f"CustomVision.{kind}",
        "sku": {"name": "S0"},
        "properties": {"customSubDomainName": name},
    }
    resource = Resource(ResourceId.parse(f"{ACCOUNTS}/{name}"), body)
    await provider.put(resource, None)
    caller = Principal("11111111-0000-0000-0000-000000000000", "User", "bench")
    answer = await provider.operate(Operation("POST", resource, ("listKeys",), {}, None, caller, ""))
    return answer.body["key1"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def _serve_files(folder: Path, pipe: Connection) -> None:
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        pipe.send(server.server_port)
        server.serve_forever()
