"""Writes what an old commit of the program leaves in a stack's state, for the tests of the upgrade.

``python -m tests.lifecycle.upgrade.export COMMIT`` deploys that commit with its own emulator and engine, and writes
`EXPORTED`: every resource with its inputs and outputs, and no secret.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from emulator.home import Home
from emulator.pulumi.engine.state import ResourceState, StateFile
from emulator.pulumi.wire import SECRET, SIGNATURE, Value, rewrite, signature

ROOT: Final = Path(__file__).parents[3]
EXPORTED: Final = Path(__file__).with_name("first_demo.json")
PROJECT: Final = "custom-vision-retraining"
STACK: Final = "local"
HIDDEN: Final = {SIGNATURE: SECRET, "value": "[secret]"}
PROVIDER: Final = "__provider"
"""The name of a class, though Pulumi keeps it as a secret."""


def main() -> None:
    (commit,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        tree, home = Path(folder, "tree"), Path(folder, "home")
        run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], ROOT)
        try:
            resources = deployed(tree, home)
        finally:
            run(["git", "worktree", "remove", "--force", str(tree)], ROOT)
    lines = ",\n".join(json.dumps(plain(each), sort_keys=True) for each in resources)
    EXPORTED.write_text(f'{{"commit": "{commit}", "resources": [\n{lines}\n]}}\n', encoding="utf-8")


def deployed(tree: Path, home: Path) -> Sequence[ResourceState]:
    (tree / "node_modules").symlink_to(ROOT / "node_modules")
    emulator = [sys.executable, "-m", "emulator"]
    run([*emulator, "up", "--home", str(home)], tree)
    try:
        run([*emulator, "deploy", "--stack", STACK, "--home", str(home)], tree)
        return StateFile(Home(home), PROJECT, STACK).load().resources
    finally:
        run([*emulator, "down", "--home", str(home)], tree)


def run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True)


def plain(resource: ResourceState) -> dict[str, Any]:
    return asdict(resource) | {"inputs": without_secrets(resource.inputs), "outputs": without_secrets(resource.outputs)}


def without_secrets(properties: dict[str, Any]) -> dict[str, Any]:
    def hide(item: Value) -> Value:
        return HIDDEN if signature(item) == SECRET else item

    return {name: value if name == PROVIDER else rewrite(value, hide) for name, value in properties.items()}


if __name__ == "__main__":
    main()
