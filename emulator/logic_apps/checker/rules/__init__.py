"""The catalogue of rules, read from the TOML files beside this module.

A rule's table is named by its code and has: ``severity``, ``summary``, ``reason`` (with the source where the service's
documentation says it), ``fix``, ``example`` and ``fixed`` (definitions that break and keep the rule, as JSON, their
``$schema`` left out; none where they would be long), and for errors ``service``: the code with which the service
refuses.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final


class Severity(StrEnum):
    """How bad it is to break a rule."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Rule:
    """One rule; `topic` is the file that has it, for the other members see the module."""

    code: str
    topic: str
    severity: Severity
    summary: str
    reason: str
    fix: str
    example: str = ""
    fixed: str = ""
    service: str | None = None


def _read() -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda each: each.name):
        topic, _, suffix = file.name.rpartition(".")
        if suffix != "toml":
            continue
        tables: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
        for code, table in tables.items():
            if code in found:
                raise ValueError(f"{file.name}: the rule {code} is also in {found[code].topic}.toml")
            found[code] = Rule(code=code, topic=topic, **{**table, "severity": Severity(table["severity"])})
    return found


RULES: Final = _read()
"""By code."""
