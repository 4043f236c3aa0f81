from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import textwrap
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.home import Home
from emulator.identity import ARM_AUDIENCES, TokenIssuer, bearer_token
from emulator.pulumi.engine import Deployment, Event, Summary


@dataclass
class StandIn:
    """Keeps what is PUT, and what was asked: (method, path). What is in `keep` cannot be deleted."""

    issuer: TokenIssuer
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refuse: dict[str, str] = field(default_factory=dict[str, str])
    keep: set[str] = field(default_factory=set[str])
    merge: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    key: str = "made-up-key"
    stop: Callable[[], None] = lambda: None
    hold: dict[str, threading.Event] = field(default_factory=dict[str, threading.Event])

    async def answer(self, request: Request) -> Response:
        self.issuer.verify(bearer_token(request.headers.get("authorization")) or "", ARM_AUDIENCES)
        assert request.query_params["api-version"]
        path = request.url.path
        key = path.lower()
        self.calls.append((request.method, path))
        name = path.rsplit("/", 1)[-1]
        if request.method == "PUT" and name in self.refuse:
            return JSONResponse({"error": {"code": "BadRequest", "message": self.refuse[name]}}, 400)
        if request.method == "PUT":
            body = await request.json()
            known = {"id": path, "name": name, "type": path.split("/providers/")[-1].split("/")[0]}
            self.bodies[key] = body | known | self.merge.get(name, {})
            held = self.hold.get(name) or self.hold.get("*")
            if held is not None:
                await _wait(held)
            return JSONResponse(self.bodies[key], 201)
        if request.method == "POST" and name.lower() == "listkeys":
            return JSONResponse({"keys": [{"keyName": "key1", "value": self.key}]})
        if request.method == "DELETE" and name in self.keep:
            return JSONResponse({"error": {"code": "ScopeLocked", "message": f"{name} is locked"}}, 409)
        if request.method == "DELETE":
            gone = [each for each in self.bodies if each == key or each.startswith(key + "/")]
            for each in gone:
                del self.bodies[each]
            return Response(status_code=200 if gone else 204)
        if key not in self.bodies:
            return JSONResponse({"error": {"code": "ResourceNotFound", "message": f"no {path}"}}, 404)
        return JSONResponse(self.bodies[key])

    def made(self, method: str, part: str) -> list[str]:
        return [path for verb, path in self.calls if verb == method and part in path]


async def _wait(event: threading.Event) -> None:
    await asyncio.to_thread(event.wait, 30)


@contextlib.contextmanager
def serving(app: Any, listener: socket.socket) -> Generator[Callable[[], None]]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listener.close()

    try:
        yield stop
    finally:
        stop()


class Project:
    """A Pulumi project in a folder, whose program a test writes and rewrites."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self.home = home
        self.events: list[Event] = []
        folder.mkdir()
        self.write("Pulumi.yaml", "name: sample\nruntime: python\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def program(self, text: str) -> None:
        self.write("__main__.py", text)

    def deployment(self, **overrides: str) -> Deployment:
        self.events.clear()
        return Deployment(self.home, self.folder, "local", overrides, self.events.append)

    @property
    def state(self) -> Path:
        return self.home.stacks / "sample" / "local.json"


def counts(summary: Summary) -> dict[str, int]:
    found = {name: getattr(summary, name) for name in ("created", "updated", "replaced", "deleted", "unchanged")}
    return {name: count for name, count in found.items() if count}


def sdk(token: str) -> tuple[Any, Any]:
    """Return the classes of the installed azure-native SDK for a resource type and for its arguments."""
    _, module, kind = token.split(":")
    found = importlib.import_module(f"pulumi_azure_native.{module}")
    return getattr(found, kind), getattr(found, f"{kind}InitArgs", None) or getattr(found, f"{kind}Args")
