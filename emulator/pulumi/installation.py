"""Puts the plugins where the real CLI and the engine find them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Final

from emulator.home import Home

PLUGINS: Final = {
    "azure-native": "emulator.pulumi.azure_native",
    "random": "emulator.pulumi.random",
}
"""Module of each plugin's process, by the plugin's name."""

ROOT: Final = Path(__file__).resolve().parents[2]
"""This checkout, from which the emulator's modules come whatever folder a process begins in."""


def install(home: Home) -> None:
    """Write the executables ``pulumi-resource-*`` into `home.plugins`; they run this Python and this checkout."""
    home.plugins.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, module in PLUGINS.items():
        script = home.plugins / f"pulumi-resource-{name}"
        draft = script.with_name(f".{script.name}.{os.getpid()}")
        draft.write_text(_script(home, module), encoding="utf-8")
        draft.chmod(0o700)
        os.replace(draft, script)


def _script(home: Home, module: str) -> str:
    # -P keeps the program's folder, where Pulumi starts plugins, out of the module search path.
    return "\n".join(
        [
            "#!/bin/sh",
            f"PYTHONPATH={shlex.quote(str(ROOT))}",
            f': "${{EMULATOR_HOME:={shlex.quote(str(home.root))}}}"',
            "export PYTHONPATH EMULATOR_HOME",
            f'exec {shlex.quote(sys.executable)} -P -m {module} "$@"',
            "",
        ]
    )
