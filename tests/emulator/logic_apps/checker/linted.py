"""Files with definitions, and what the linter tells of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emulator.logic_apps.checker.configuration import find_configuration, read_configuration
from emulator.logic_apps.checker.findings import Finding, Report
from emulator.logic_apps.checker.linting import Target, lint
from emulator.logic_apps.checker.rules import Severity
from tests.emulator.logic_apps.running import SCHEMA


def linted(path: Path, target: Target = Target.AZURE) -> Report:
    return lint([(path, read_configuration(find_configuration(path)))], target)


def completed(text: str) -> str:
    """Return the text of an example with the $schema of its definition, which examples leave out."""
    if '"$schema"' in text or not any(f'"{name}"' in text for name in ("actions", "triggers", "parameters")):
        return text
    begin = '"definition": {' if '"definition"' in text else "{"
    return text.replace(begin, f'{begin}"$schema": "{SCHEMA}", ', 1)


def findings(folder: Path, definition: dict[str, Any] | str) -> list[Finding]:
    """Return what is told of a definition; a text is written as it is."""
    text = definition if isinstance(definition, str) else json.dumps({"$schema": SCHEMA, **definition}, indent=2)
    path = folder / "definition.json"
    path.write_text(text, encoding="utf-8")
    return list(linted(path).findings)


def codes(folder: Path, definition: dict[str, Any] | str, severity: Severity | None = None) -> list[str]:
    return [each.rule.code for each in findings(folder, definition) if severity in (None, each.severity)]
