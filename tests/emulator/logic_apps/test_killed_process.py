"""A real emulator process, killed with SIGKILL in the middle of a run, several times."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections import Counter
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from emulator import process
from emulator.home import Home
from emulator.resource_manager import RESOURCES_API_VERSION, ResourceManager
from tests.emulator.logic_apps.running import SCHEMA
from tests.ports import free_port_base

API = "2019-05-01"
SECONDS = 60
"""How long a test waits for a call before it fails; it comes at once."""


class Backend(BaseHTTPRequestHandler):
    """Tells of each call, and answers when the test says so."""

    calls: ClassVar[queue.Queue[str]] = queue.Queue()
    may_answer: ClassVar[threading.Semaphore] = threading.Semaphore(0)

    def do_GET(self) -> None:
        self.calls.put(self.path)
        if self.may_answer.acquire(timeout=SECONDS):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def backend() -> Generator[str]:
    Backend.calls, Backend.may_answer = queue.Queue(), threading.Semaphore(0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    for _ in range(100):
        Backend.may_answer.release()
    server.shutdown()
    server.server_close()


def definition(backend: str) -> dict[str, Any]:
    def call(path: str, *after: str) -> dict[str, Any]:
        inputs = {"method": "GET", "uri": f"{backend}/{path}"}
        return {"type": "Http", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}

    loop = {
        "type": "Foreach",
        "foreach": ["a", "b"],
        "operationOptions": "Sequential",
        "actions": {"Each": call("@{item()}")},
        "runAfter": {"First": ["Succeeded"]},
    }
    scope = {"type": "Scope", "actions": {"First": call("first"), "Loop": loop}}
    return {
        "$schema": SCHEMA,
        "triggers": {"manual": {"type": "Request", "kind": "Http"}},
        "actions": {"Scope": scope, "Last": call("last", "Scope")},
    }


def test_killed_in_the_middle_of_each_call_the_run_goes_on(tmp_path: Path, backend: str):
    home = Home(tmp_path / "home")
    home.create(free_port_base())
    options = ["--only", "logic-apps"]
    emulator = process.start(home, options=options)
    assert emulator is not None
    try:
        with ResourceManager(home) as arm:
            group = f"{arm.subscription}/resourcegroups/rg"
            arm.put(group, RESOURCES_API_VERSION, {"location": "eastus"})
            workflow = f"{group}/providers/Microsoft.Logic/workflows/w"
            arm.put(workflow, API, {"location": "eastus", "properties": {"definition": definition(backend)}})
            arm.post(f"{workflow}/triggers/manual/run", API)
            calls: list[str] = []
            for expected in ("/first", "/a", "/b", "/last"):
                calls.append(Backend.calls.get(timeout=SECONDS))
                assert calls[-1] == expected
                if expected != "/last":
                    os.kill(emulator.pid, signal.SIGKILL)
                    emulator.wait()
                    emulator = process.start(home, options=options)
                    assert emulator is not None
                    calls.append(Backend.calls.get(timeout=SECONDS))
                    Backend.may_answer.release()  # of the call whose caller was killed
                Backend.may_answer.release()
            status = ""
            waited = threading.Event()
            for _ in range(SECONDS * 20):
                (run,) = arm.values(f"{workflow}/runs", API)
                status = run["properties"]["status"]
                if status != "Running":
                    break
                waited.wait(0.05)
        assert status == "Succeeded"
        assert Counter(calls) == {"/first": 2, "/a": 2, "/b": 2, "/last": 1}
        assert Backend.calls.empty(), "what was finished was done again"
    finally:
        process.stop(home)
        if emulator is not None:
            emulator.wait()
