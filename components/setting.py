"""One key of the stack's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from components.parts import Part
from components.setting_values import ValueKind


@dataclass(frozen=True)
class Setting:
    """One key of the stack's configuration.

    Attributes:
        key: its name in Pulumi.yaml.
        kind: which values it has.
        default: a value as Pulumi.yaml would hold it; None where the setting may be left out and nothing stands in.
        description: what it is for, in sentences.
        secret: whether its value is never shown.
        updates: what a change of it updates in place.
        replaces: what a change of it replaces; None where it replaces nothing.
        unless: the end of a sentence: when it does not.
        adds: what comes or goes with its change.
    """

    key: str
    kind: ValueKind
    default: Any
    description: str
    secret: bool = False
    updates: tuple[Part, ...] = ()
    replaces: Part | None = None
    unless: str = ""
    adds: Part | None = None

    @property
    def attribute(self) -> str:
        """The name of the field of `Settings`: the key in snake case."""
        return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", self.key)

    def effect(self) -> str:
        """Say what a change does to the resources of a stack, as the end of a sentence."""
        done: list[str] = []
        if self.adds:
            done.append(f"adds or deletes {self.adds.label}")
        if self.replaces:
            done.append(f"replaces {self.replaces.label}" + (f", unless {self.unless}" if self.unless else ""))
        if self.updates:
            done.append("updates " + _listed([part.label for part in self.updates]))
        return "; ".join(done) or "nothing in Azure"


def _listed(labels: list[str]) -> str:
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
