"""The definition of a workflow that is to be saved, read and checked."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.checker.definitions import check
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.checker.rules import Severity
from emulator.logic_apps.definitions.catalogue import EMULATED
from emulator.logic_apps.definitions.components import Definition, invalid
from emulator.logic_apps.definitions.definition import read


def parse_stored(raw: Any) -> Definition:
    """Return a definition that was checked when it was saved."""
    return read(raw, EMULATED, Problems())


def parse_checked(raw: Any) -> Definition:
    """Return the definition, read and checked.

    Raises:
        DefinitionError: 400 InvalidTemplate; the first thing that is wrong, or that the emulator does not run.
    """
    parts, problems = check(raw, EMULATED)
    for problem in problems:
        if problem.rule.severity is Severity.ERROR:
            raise invalid(problem.message, *problem.path, rule=problem.rule.code)
    return parts.definition
