"""Definitions that others published run to their end on mock files; what they end with is theirs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.standalone.mocks import parse_mocks
from emulator.logic_apps.standalone.running import Options, prepared_for, run
from emulator.logic_apps.standalone.skeleton import skeleton
from emulator.logic_apps.standalone.sources import load

SPECS = Path(os.environ.get("SHARED_SPECS", Path(__file__).parents[4] / "../shared/specs")) / "logic_apps/definitions"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("real_definitions.json").read_text(encoding="utf-8")
)
"""By the beginning of the file's name: a mock file, begun with its skeleton and completed by hand, and the status."""
ENDED = {"Succeeded", "Failed", "Cancelled"}


def file_of(name: str) -> Path:
    found = next(iter(SPECS.glob(f"{name}-*.json")), None) if SPECS.is_dir() else None
    if found is None:
        pytest.skip(f"{SPECS}/{name}-*.json is not at hand")
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_it_ends_as_its_own_logic_says(name: str):
    written, mocks, options = load(file_of(name)), parse_mocks(EXPECTED[name]["mocks"], name), Options()
    ran = run(prepared_for(written, mocks, options), mocks, options)
    (found,) = ran.runs
    assert (found.status, found.fault) == (EXPECTED[name]["status"], None)
    assert found.code != "InternalServerError"


def test_each_runs_on_its_skeleton_whatever_types_it_has():
    files = [file for file in sorted(SPECS.glob("*.json")) if file.name != "index.json"]
    if not files:
        pytest.skip(f"{SPECS} is not at hand")
    for file in files:
        written, options = load(file), Options()
        mocks = parse_mocks(skeleton(written), file.name)
        ran = run(prepared_for(written, mocks, options), mocks, options)
        assert ran.runs, (file.name, ran.trigger_message)
        for found in ran.runs:
            assert (found.status in ENDED, found.fault) == (True, None), file.name
            assert found.code != "InternalServerError", file.name
