"""Where the plugins lie, and what a shell needs so that plain ``pulumi`` deploys on the emulator."""

from __future__ import annotations

import hashlib
import hmac
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

_ROOT: Final = Path(__file__).resolve().parents[2]


def install(home: Home) -> None:
    """Write the executables ``pulumi-resource-*`` into `home.plugins`; they run this Python and this checkout."""
    home.plugins.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, module in PLUGINS.items():
        script = home.plugins / f"pulumi-resource-{name}"
        draft = script.with_name(f".{script.name}.{os.getpid()}")
        draft.write_text(_script(home, module), encoding="utf-8")
        draft.chmod(0o700)
        os.replace(draft, script)


def environment(home: Home) -> dict[str, str]:
    """Return the variables for ``pulumi`` against this emulator: plugins, state in files, no service of Pulumi's.

    Of the variables that hold a secret there is one, PULUMI_CONFIG_PASSPHRASE, which protects the secrets in the
    state that the CLI keeps; it is derived from the home's own.
    """
    _, secrets = home.load()
    state = home.root / "pulumi-state"
    state.mkdir(mode=0o700, exist_ok=True)
    passphrase = hmac.new(secrets.state_encryption_key.encode(), b"pulumi passphrase", hashlib.sha256).hexdigest()
    return {
        "EMULATOR_HOME": str(home.root),
        "PATH": os.pathsep.join([str(home.plugins), str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        "PULUMI_HOME": str(home.root / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _script(home: Home, module: str) -> str:
    # -P keeps the program's folder, where Pulumi starts plugins, out of the module search path.
    return "\n".join(
        [
            "#!/bin/sh",
            f"PYTHONPATH={shlex.quote(str(_ROOT))}",
            f': "${{EMULATOR_HOME:={shlex.quote(str(home.root))}}}"',
            "export PYTHONPATH EMULATOR_HOME",
            f'exec {shlex.quote(sys.executable)} -P -m {module} "$@"',
            "",
        ]
    )
