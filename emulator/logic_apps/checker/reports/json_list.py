"""For programs: a list of objects, one a problem."""

from __future__ import annotations

import json

from emulator.logic_apps.checker.findings import Report


def render(report: Report) -> str:
    """Return the JSON text; characters beyond ASCII are escaped, so that any encoding carries it."""
    found = [
        {
            "file": str(each.file),
            "line": each.line,
            "column": each.column,
            "pointer": each.pointer,
            "severity": each.severity.value,
            "code": each.rule.code,
            "message": each.message,
        }
        for each in report.findings
    ]
    return json.dumps(found, indent=2) + "\n"
