"""Runs a module or a script so that it ends when the engine that started it is gone.

Run by its path, with the project's folder as the current one: ``leash.py ENGINE_PROCESS_ID MODULE_OR_SCRIPT
ARGUMENT...``. It imports nothing of the emulator, so what it runs sees the module search path that Pulumi's language
host would give it.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time


def watch(engine: int) -> None:
    """End this process once the process `engine` is not its parent any more."""

    def check() -> None:
        while os.getppid() == engine:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=check, daemon=True).start()


def main() -> None:
    """Run what the command line names."""
    engine, target, *arguments = sys.argv[1:]
    watch(int(engine))
    sys.path[0] = os.getcwd()
    sys.argv = [target, *arguments]
    if target.endswith(".py"):
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
