"""An environment made of plain values, and the vectors of the published engine where they are at hand."""

from __future__ import annotations

import json
import os
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.expressions import ExpressionError
from emulator.logic_apps.expressions.values import find_key

SPECS = Path(os.environ.get("SHARED_SPECS", Path(__file__).parents[4] / "../shared/specs")) / "logic_apps"


@dataclass
class Given:
    """What expressions see; the names are those of the vectors' "environment"."""

    params: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)
    the_trigger: Any = None
    element: Any = None
    loops: dict[str, Any] = field(default_factory=dict)
    iters: dict[str, int] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    the_workflow: Any = None

    @classmethod
    def of_vectors(cls, environment: dict[str, Any]) -> Given:
        return cls(
            environment["params"],
            environment["variables"],
            environment["actions"],
            environment["trigger"],
            environment["item"],
            environment["items"],
            environment["iters"],
            environment["results"],
            environment["workflow"],
        )

    def parameter(self, name: str) -> Any:
        return _member(self.params, name)

    def variable(self, name: str) -> Any:
        return _member(self.variables, name)

    def action(self, name: str) -> Any:
        return _member(self.actions, name)

    def current_action(self) -> Any:
        return None

    def trigger(self) -> Any:
        return self.the_trigger

    def item(self) -> Any:
        return self.element

    def items(self, loop: str) -> Any:
        return _member(self.loops, loop)

    def iteration_index(self, loop: str) -> int:
        return _member(self.iters, loop)

    def result(self, scope: str) -> list[Any]:
        return _member(self.results, scope)

    def workflow(self) -> Any:
        return self.the_workflow

    def callback_url(self) -> str:
        return "http://127.0.0.1/callback"

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)

    def new_guid(self) -> uuid.UUID:
        return uuid.UUID("12345678-1234-4234-8234-1234567890ab")

    def random(self) -> random.Random:
        return random.Random(1)


def _member(mapping: dict[str, Any], name: str) -> Any:
    key = find_key(mapping, name)
    if key is None:
        raise ExpressionError(f"there is no {name}")
    return mapping[key]


def vectors(file: str) -> tuple[Given, list[dict[str, Any]]]:
    """Return environment and cases of a file of the published engine's answers; skip where it is not at hand."""
    path = SPECS / file
    if not path.is_file():
        pytest.skip(f"{path} is not at hand")
    read = json.loads(path.read_text(encoding="utf-8"))
    return Given.of_vectors(read["environment"]), read["vectors"]
