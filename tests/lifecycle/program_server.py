"""Runs programs in forks of a process that has imported everything already: a second less each.

A process of its own, run by path: ``program_server.py``. Each line of standard input asks for one program, as JSON:
settings (those of the engine's `program`), environment, output and errors (files). The answers are the process id, and
the exit status once it has ended.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "pulumi_azure_native.applicationinsights",
    "pulumi_azure_native.authorization",
    "pulumi_azure_native.cognitiveservices",
    "pulumi_azure_native.logic",
    "pulumi_azure_native.monitor",
    "pulumi_azure_native.operationalinsights",
    "pulumi_azure_native.resources",
    "pulumi_azure_native.storage",
    "pulumi_random",
    "components.orchestration",
    "components.outputs",
)

_POLL_SECONDS = 0.01


def main() -> None:
    sys.path[0] = str(ROOT)
    for module in IMPORTED:
        hasattr(importlib.import_module(module), "Args")  # the SDK loads a module when it is first looked into
    program = importlib.import_module("emulator.pulumi.engine.program")
    engine = os.getppid()
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        process = os.fork()
        if process == 0:
            run(program.run, asked)
        tell(process)
        tell(wait(process, engine))


def run(program: Any, asked: dict[str, Any]) -> None:
    for number, name in ((1, asked["output"]), (2, asked["errors"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.update(asked["environment"])
    os.chdir(asked["settings"]["main"])
    sys.path[0] = asked["settings"]["main"]
    sys.argv = [asked["settings"]["main"]]
    status = program(asked["settings"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def wait(process: int, engine: int) -> int:
    """Return the program's exit status; it ends with this process when the engine was killed."""
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != engine:
            os.kill(process, signal.SIGKILL)
            sys.exit(1)
        time.sleep(_POLL_SECONDS)


def tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
