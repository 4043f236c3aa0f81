"""Microsoft's own parser and binder of KQL, in Node."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.node import node_executable

_PACKAGE = Path(__file__).parents[4] / "node_modules/@kusto/language-service-next"


@dataclass(frozen=True)
class Bound:
    """What the binder says of a query: its faults, and its columns as ``name:type``."""

    errors: list[str]
    columns: list[str]


def bind(tables: Mapping[str, str], queries: Sequence[str]) -> list[Bound]:
    """Bind queries against tables, ``(name:type, ...)`` each; skips the test where the package is not installed."""
    if not _PACKAGE.is_dir():
        pytest.skip("@kusto/language-service-next is not installed: python -m emulator.node npm ci")
    script = Path(__file__).with_name("kusto.js")
    done = subprocess.run(
        [node_executable(), script, _PACKAGE],
        input=json.dumps({"tables": tables, "queries": list(queries)}),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Bound(**each) for each in json.loads(done.stdout)]
