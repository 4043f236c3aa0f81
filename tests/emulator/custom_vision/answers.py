"""A plugin of pytest: in every test of the suite, what Custom Vision answers within this process is checked."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.emulator.custom_vision.openapi import OpenApi, load

_GATEWAY = "emulator.custom_vision.gateway"


@functools.cache
def _openapi() -> OpenApi | None:
    return load()


@pytest.fixture(autouse=True)
def custom_vision_answers_as_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test after which Custom Vision has answered what its OpenAPI does not have."""
    openapi = _openapi()
    # Tests that have not imported the service do not ask it, and need not wait for its import.
    if openapi is None or _GATEWAY not in sys.modules:
        yield
        return
    gateway: Any = sys.modules[_GATEWAY].Gateway
    original = gateway.__call__
    faults: list[str] = []

    async def checked(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        answer: MutableMapping[str, Any] = {"status": 0, "body": b""}

        async def keep(message: Message) -> None:
            answer["status"] = message.get("status", answer["status"])
            answer["body"] += message.get("body", b"")
            await send(message)

        await original(self, scope, receive, keep)
        fault = fault_of(openapi, scope, answer["status"], answer["body"])
        if fault is not None:
            faults.append(fault)

    monkeypatch.setattr(gateway, "__call__", checked)
    yield
    assert not faults, faults


def fault_of(openapi: OpenApi, scope: Scope, status: int, body: bytes) -> str | None:
    """Return what is wrong with an answer, None for a documented one."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if not status or b"/_blobs/" in path or len(path.strip(b"/").split(b"/")) < 2:
        return None
    response = httpx.Response(status, content=body)
    response.request = httpx.Request(scope["method"], f"http://emulator{path.decode('latin-1').split('?')[0]}")
    try:
        openapi.check(response)
    except Exception as error:
        return f"{scope['method']} {path!r} {status}: {error}"
    return None
