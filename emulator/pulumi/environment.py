"""What a shell needs so that plain ``pulumi`` deploys on the emulator."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from pathlib import Path

from emulator.home import Home
from emulator.pulumi.installation import install


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
        "PATH": os.pathsep.join([str(home.plugins), str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        "PULUMI_HOME": str(home.root / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
