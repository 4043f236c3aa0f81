"""Checks a whole definition: the one place that says which rules are looked at, and in which order."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.checker import (
    operations,
    parameters,
    references,
    responses,
    structure,
    triggers,
    variables,
)
from emulator.logic_apps.checker.expressions import ExpressionReader
from emulator.logic_apps.checker.parts import CONSUMPTION, Parts, Surroundings
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.catalogue import Catalogue
from emulator.logic_apps.definitions.definition import read


def check(raw: Any, catalogue: Catalogue, surroundings: Surroundings = CONSUMPTION) -> tuple[Parts, Problems]:
    """Return the definition with all its expressions, and what is wrong with it in the order of the rules."""
    problems = Problems()
    definition = read(raw, catalogue, problems)
    expressions = ExpressionReader(problems, surroundings.functions)
    if structure.is_too_large(definition, problems):
        return Parts.read(definition, expressions, surroundings), problems
    structure.check(definition, problems)
    parameters.check(definition, expressions, problems)
    parts = Parts.read(definition, expressions, surroundings)
    variables.check(parts, problems)
    triggers.check(parts, problems)
    operations.check(parts, problems)
    responses.check(parts, problems)
    references.check(parts, problems)
    return parts, problems
