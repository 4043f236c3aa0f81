"""What a shell needs so that plain ``pulumi`` deploys on the emulator."""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
import sys
from pathlib import Path
from typing import Final

from emulator.home import Home
from emulator.pulumi.installation import ROOT, install

TOKEN_VARIABLE: Final = "AZURE_TOKEN_COMMAND"
"""Where programs look for a command that prints a bearer token, instead of the Azure CLI's."""


def environment(home: Home) -> dict[str, str]:
    """Put the plugins in place and return the variables for ``pulumi`` against this emulator.

    They name the plugins, keep state in files, and turn to no service of Pulumi's.

    Of the variables that hold a secret there is one, PULUMI_CONFIG_PASSPHRASE, which protects the secrets in the
    state that the CLI keeps; it is derived from the home's own.
    """
    _, secrets = home.load()
    install(home)
    state = home.root / "pulumi-state"
    state.mkdir(mode=0o700, exist_ok=True)
    passphrase = hmac.new(secrets.state_encryption_key.encode(), b"pulumi passphrase", hashlib.sha256).hexdigest()
    return {
        "EMULATOR_HOME": str(home.root),
        TOKEN_VARIABLE: token_command(home),
        "PATH": os.pathsep.join([str(home.plugins), str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        "PULUMI_HOME": str(home.root / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def token_command(home: Home) -> str:
    """Return the command that prints a token of the person who deploys for ``{audience}``."""
    python = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-P"]
    return shlex.join([*python, "-m", "emulator", "token", "--home", str(home.root), "--audience", "{audience}"])
