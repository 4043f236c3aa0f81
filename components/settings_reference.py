"""Where the settings are declared for Pulumi, described for people and checked by the workflow.

All of it is rendered from `SETTINGS`: ``python -m components.settings_reference`` writes the ``config`` section of
Pulumi.yaml, docs/configuration.md and the JSON Schema of settings.json anew; a test fails where one of them is not what
is rendered here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from components.declared_settings import LOCATION, SETTINGS
from components.retraining_settings import RETRAINING_SETTINGS, settings_schema
from components.setting import Setting

ROOT: Final = Path(__file__).parents[1]
PROJECT_FILE: Final = ROOT / "Pulumi.yaml"
CONFIGURATION_PAGE: Final = ROOT / "docs" / "configuration.md"
SETTINGS_SCHEMA: Final = ROOT / "workflows" / "retrain" / "settings.schema.json"

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
together, each with key, value and what is allowed. `Pulumi.local.yaml` is for the emulator, `Pulumi.dev.yaml`,
`Pulumi.staging.yaml` and `Pulumi.prod.yaml` are for subscriptions; what holds data in prod cannot be deleted or
replaced before `protectData` is set to false and deployed. The last column says what `pulumi preview` shows of a
change; everything else stays as it is ([lifecycle.md](lifecycle.md)).

| Key | Type | Default | Allowed | Meaning | A change of it |
|---|---|---|---|---|---|
"""

_SETTINGS_FILE: Final = """
## Without a deployment

`model-artifacts/settings.json` sets these anew for every run that begins after it was uploaded: {keys}.
A member that it leaves out, and all of them while there is no such blob, are as deployed. Its JSON Schema is
`workflows/retrain/settings.schema.json`. A run that finds a fault in it ends Failed before any image is moved, and says
which member is wrong and why. Example:

    {{"minimumNewImages": 50, "minimumHoursBetweenTrainings": 12}}
"""


def project_file() -> str:
    """Return the whole of Pulumi.yaml."""
    return _HEAD + "".join(_declaration(setting) for setting in SETTINGS)


def configuration_page() -> str:
    """Return the whole of docs/configuration.md."""
    rows = "".join(_row(setting) for setting in (LOCATION, *SETTINGS))
    return _PAGE_HEAD + rows + _SETTINGS_FILE.format(keys=", ".join(f"`{each.key}`" for each in RETRAINING_SETTINGS))


def schema_text() -> str:
    """Return the whole of workflows/retrain/settings.schema.json."""
    return json.dumps(settings_schema(), indent=2) + "\n"


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
    what = (setting.kind.pulumi_type, default, setting.kind.allowed, setting.description, setting.effect())
    cells = (f"`{setting.key}`", *what)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shown(setting: Setting) -> str:
    return setting.default if isinstance(setting.default, str) else json.dumps(setting.default)


if __name__ == "__main__":
    PROJECT_FILE.write_text(project_file(), encoding="utf-8")
    CONFIGURATION_PAGE.write_text(configuration_page(), encoding="utf-8")
    SETTINGS_SCHEMA.write_text(schema_text(), encoding="utf-8")
