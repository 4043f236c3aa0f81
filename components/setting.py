"""One key of the stack's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from components.setting_values import ValueKind


@dataclass(frozen=True)
class Setting:
    """One key of the stack's configuration.

    `default` is None where the setting may be left out and nothing stands in for it; else it is a value as Pulumi.yaml
    would hold it. `replaces` says what a change of the setting replaces; without it every change is made in place. The
    value of a `secret` one is never shown.
    """

    key: str
    kind: ValueKind
    default: Any
    description: str
    replaces: str = ""
    secret: bool = False

    @property
    def attribute(self) -> str:
        """The name of the field of `Settings`: the key in snake case."""
        return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", self.key)
