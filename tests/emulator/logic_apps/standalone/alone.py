"""Workflows on their own, as tests write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.logic_apps.standalone.mocks import parse_mocks
from emulator.logic_apps.standalone.result import RunResult
from emulator.logic_apps.standalone.running import Options, Ran, prepared_for, run
from emulator.logic_apps.standalone.sources import Source

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
GET_INPUTS: dict[str, Any] = {"method": "GET", "uri": "https://example.com/things"}
GET: dict[str, Any] = {"type": "Http", "inputs": GET_INPUTS}


def definition(actions: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "triggers": {"manual": {"type": "Request", "kind": "Http"}},
        "actions": actions,
        **members,
    }


def source(actions: dict[str, Any], **members: Any) -> Source:
    return Source(Path("tests.json"), "tests", definition(actions, **members))


def fire(written: Source, mocks: dict[str, Any] | None = None, **options: Any) -> Ran:
    read, chosen = parse_mocks(mocks or {}), Options(**options)
    return run(prepared_for(written, read, chosen), read, chosen)


def result(actions: dict[str, Any], mocks: dict[str, Any] | None = None, **members: Any) -> RunResult:
    """Run actions once."""
    (found,) = fire(source(actions, **members), mocks).runs
    return found


def after(*names: str, status: str = "Succeeded") -> dict[str, list[str]]:
    return {name: [status] for name in names}
