"""Where the settings are declared for Pulumi and described for people: both are rendered from `SETTINGS`.

``python -m components.settings_reference`` writes the ``config`` section of Pulumi.yaml and docs/configuration.md anew;
a test fails where either is not what is rendered here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from components.settings import LOCATION, SETTINGS, Setting

ROOT: Final = Path(__file__).parents[1]
PROJECT_FILE: Final = ROOT / "Pulumi.yaml"
CONFIGURATION_PAGE: Final = ROOT / "docs" / "configuration.md"

_HEAD: Final = """\
name: custom-vision-retraining
description: A Custom Vision model that retrains itself when images are uploaded.
runtime:
  name: python
  options:
    virtualenv: .venv
# From here on written by `python -m components.settings_reference`.
config:
"""

_PAGE_HEAD: Final = """\
# Configuration

<!-- Written by `python -m components.settings_reference`; a test fails when it is out of date. -->

Every setting is declared in `Pulumi.yaml`, set with `pulumi config set KEY VALUE` (lists and objects:
`pulumi config set --path 'KEY[0]' VALUE`), and checked before the first resource is made: all faults are reported
together, each with key, value and what is allowed. `Pulumi.local.yaml` is for the emulator, `Pulumi.dev.yaml` for a
subscription.

| Key | Type | Default | Allowed | Meaning | A change |
|---|---|---|---|---|---|
"""


def project_file() -> str:
    """Return the whole of Pulumi.yaml."""
    return _HEAD + "".join(_declaration(setting) for setting in SETTINGS)


def configuration_page() -> str:
    """Return the whole of docs/configuration.md."""
    return _PAGE_HEAD + "".join(_row(setting) for setting in (LOCATION, *SETTINGS))


def _declaration(setting: Setting) -> str:
    lines = [f"  {setting.key}:", f"    type: {setting.kind.pulumi_type}"]
    if setting.kind.pulumi_type == "array":
        lines.append("    items: {type: string}")
    lines.append(f"    description: {json.dumps(f'{setting.description} Allowed: {setting.kind.allowed}.')}")
    if setting.default is not None:
        lines.append(f"    default: {json.dumps(setting.default)}")
    else:
        # Pulumi holds a key without a default for required.
        lines.append('    default: ""')
    return "\n".join(lines) + "\n"


def _row(setting: Setting) -> str:
    default = "required" if setting is LOCATION else "none" if setting.default is None else f"`{_shown(setting)}`"
    change = f"replaces {setting.replaces}" if setting.replaces else "in place"
    cells = (f"`{setting.key}`", setting.kind.pulumi_type, default, setting.kind.allowed, setting.description, change)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shown(setting: Setting) -> str:
    return setting.default if isinstance(setting.default, str) else json.dumps(setting.default)


if __name__ == "__main__":
    PROJECT_FILE.write_text(project_file(), encoding="utf-8")
    CONFIGURATION_PAGE.write_text(configuration_page(), encoding="utf-8")
