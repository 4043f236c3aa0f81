"""For people: one line a problem, the line of the file with a caret, and what to do about a warning."""

from __future__ import annotations

from typing import Final

from emulator.logic_apps.checker.findings import Finding, Report
from emulator.logic_apps.checker.rules import Severity
from emulator.logic_apps.checker.warnings.literals import masked

_WIDTH: Final = 160
"""Characters of a line that are shown around the place."""


def render(report: Report) -> str:
    """Return the text."""
    lines = [line for finding in report.findings for line in _lines(finding)]
    return "\n".join([*lines, _summary(report)]) + "\n"


def _lines(finding: Finding) -> list[str]:
    service = f" [{finding.rule.service}]" if finding.rule.service is not None else ""
    where = f"{finding.file}:{finding.line}:{finding.column}"
    lines = [f"{where}: {finding.severity} {finding.rule.code}: {_plain(finding.message)}{service}"]
    if finding.text.strip():
        lines += _excerpt(finding)
    if finding.severity is Severity.WARNING:
        lines.append(f"  fix: {finding.rule.fix}")
    return lines


def _excerpt(finding: Finding) -> list[str]:
    begin = max(0, finding.column - 1 - _WIDTH // 2)
    shown = _plain(masked(finding.text)[begin : begin + _WIDTH])
    indented = len(shown) - len(shown.lstrip())
    at = finding.column - 1 - begin
    cut = min(indented, at)
    length = max(1, min(finding.length, len(shown) - at))
    return [f"  {shown[cut:].rstrip()}", f"  {' ' * (at - cut)}{'^' * length}"]


def _plain(text: str) -> str:
    """Return the text with a space for each character that moves the cursor or colours a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _summary(report: Report) -> str:
    looked = report.summary
    parts = [
        _counted(report.count(Severity.ERROR), "error"),
        _counted(report.count(Severity.WARNING), "warning"),
        f"{_counted(looked.workflows, 'workflow')} in {_counted(looked.files, 'file')}",
    ]
    if looked.skipped:
        parts.append(f"{_counted(looked.skipped, 'file')} without a workflow skipped")
    if looked.deferred:
        parts.append(f"{_counted(looked.deferred, 'definition')} known only at deployment")
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
