"""Looks for everything that is accepted and all the same likely to do harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.checker.warnings import calls, cost, failures, literals, loops, secrets, sizes, skipped

_CHECKS: Final[tuple[Callable[[Parts, Problems], None], ...]] = (
    secrets.check,
    literals.check,
    loops.check,
    failures.check,
    skipped.check,
    calls.check,
    cost.check,
    sizes.check,
)


def advise(parts: Parts) -> Problems:
    """Return every warning of a definition."""
    problems = Problems()
    for check in _CHECKS:
        check(parts, problems)
    return problems
