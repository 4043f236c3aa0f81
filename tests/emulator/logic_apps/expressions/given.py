"""An environment made of plain values, and the vectors of the published engine where they are at hand."""

from __future__ import annotations

import json
import os
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.expressions.context import Context

SPECS = Path(os.environ.get("SHARED_SPECS", Path(__file__).parents[4] / "../shared/specs")) / "logic_apps"


class Given(Context):
    """A context in which time stands still and nothing is random."""

    def callback_url(self) -> str:
        return "http://127.0.0.1/callback"

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)

    def new_guid(self) -> uuid.UUID:
        return uuid.UUID("12345678-1234-4234-8234-1234567890ab")

    def random(self) -> random.Random:
        return random.Random(1)


def vectors(file: str) -> tuple[Given, list[dict[str, Any]]]:
    """Return environment and cases of a file of the published engine's answers; skip where it is not at hand."""
    path = SPECS / file
    if not path.is_file():
        pytest.skip(f"{path} is not at hand")
    read = json.loads(path.read_text(encoding="utf-8"))
    return Given.parse(read["environment"]), read["vectors"]
