"""What the linter tells: problems with their places in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.logic_apps.checker.rules import Rule, Severity


@dataclass(frozen=True)
class Finding:
    """A problem at its place.

    Attributes:
        file: the file, as it was named or found.
        line: from 1.
        column: from 1, in characters.
        length: characters that are marked in the line, at least 1.
        pointer: JSON Pointer in the file.
        severity: how bad it is, after the configuration.
        rule: the rule.
        message: what is wrong and what is allowed.
        text: the line of the file.
    """

    file: Path
    line: int
    column: int
    length: int
    pointer: str
    severity: Severity
    rule: Rule
    message: str
    text: str


@dataclass(frozen=True)
class Summary:
    """What was looked at: counts of workflows, of files with workflows, of files without, of what was left out."""

    workflows: int
    files: int
    skipped: int
    deferred: int


@dataclass(frozen=True)
class Report:
    """The findings, by file and place, and what was looked at."""

    findings: Sequence[Finding]
    summary: Summary

    def count(self, severity: Severity) -> int:
        """Return how many findings are so bad."""
        return sum(finding.severity is severity for finding in self.findings)
