"""For code scanning: the Static Analysis Results Interchange Format, version 2.1.0 (OASIS)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from emulator.logic_apps.checker.findings import Finding, Report
from emulator.logic_apps.checker.rules import RULES, Rule

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_NAME: Final = "workflowlint"


def render(report: Report) -> str:
    """Return the JSON text of a log with one run."""
    used = sorted({finding.rule.code for finding in report.findings})
    index = {code: number for number, code in enumerate(used)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": _NAME, "rules": [_rule(RULES[code]) for code in used]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule.code]) for finding in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": rule.code,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.reason},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.severity.value},
    }
    if rule.service is not None:
        found["properties"] = {"serviceCode": rule.service}
    return found


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(finding.file)},
            "region": {
                "startLine": finding.line,
                "startColumn": finding.column,
                "endColumn": finding.column + finding.length,
            },
        }
    }
    if finding.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.pointer, "kind": "member"}]
    return {
        "ruleId": finding.rule.code,
        "ruleIndex": rule_index,
        "level": finding.severity.value,
        "message": {"text": finding.message},
        "locations": [location],
    }


def _uri(file: Path) -> str:
    return file.as_uri() if file.is_absolute() else quote(file.as_posix())
