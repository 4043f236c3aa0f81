"""Runs a Pulumi program unmodified, as the CLI's language host for Python does.

A process of its own, run by path (`leash`): ``program.py SETTINGS`` with the settings as JSON: address, project,
stack, organization, root, main (the folder of ``__main__.py``), parallel, dry_run. The configuration comes in
PULUMI_CONFIG and PULUMI_CONFIG_SECRET_KEYS, where the SDK looks for it. Imports nothing of the emulator.
"""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pulumi.runtime

FAILED = 1
STOPPED_BY_ENGINE = 32
"""Exit status when the engine has ended the deployment, which has told the reason already."""


def run(settings: dict[str, Any]) -> int:
    """Run the program and return the exit status."""
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=settings["project"],
            stack=settings["stack"],
            monitor=settings["address"],
            engine=settings["address"],
            parallel=settings["parallel"],
            dry_run=settings["dry_run"],
            organization=settings["organization"],
            root_directory=settings["root"],
        )
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Every registration blocks a thread until the resource exists.
    loop.set_default_executor(ThreadPoolExecutor(settings["parallel"]))
    main = os.path.join(settings["main"], "__main__.py")
    try:
        loop.run_until_complete(
            pulumi.runtime.run_in_stack(lambda: _without_result(runpy.run_path(main, run_name="__main__")))
        )
    except pulumi.RunError as error:
        if "Resource monitor has terminated" in str(error):
            return STOPPED_BY_ENGINE
        print(error, file=sys.stderr)
        return FAILED
    except Exception as error:
        if _stopped(error):
            return STOPPED_BY_ENGINE
        traceback.print_exc()
        return FAILED
    return 0


def _without_result(_: dict[str, Any]) -> None:
    return None


def _stopped(error: BaseException | None) -> bool:
    while error is not None:
        if "Resource monitor has terminated" in str(error):
            return True
        error = error.__cause__
    return False


def main() -> None:
    """Run the program that the command line names."""
    settings = json.loads(sys.argv[1])
    sys.path[0] = settings["main"]
    sys.argv = [settings["main"]]
    status = run(settings)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that still wait for an engine that has stopped answering must not keep the process, and tasks that it
    # left unfinished are not to be complained of: so no orderly end.
    os._exit(status)


if __name__ == "__main__":
    main()
