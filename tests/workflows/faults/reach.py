"""Finds out which scenario's run reaches which action: ``python -m tests.workflows.faults.reach``.

It writes own_scenarios.json, which has to be made anew when the definitions have other Http actions.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import httpx

from emulator.faults.rule import OPERATION_HEADER
from tests.workflows.faults.cells import NOT_MET, OWN_SCENARIOS, HttpAction, http_actions
from tests.workflows.faults.impatient import impatient_world
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.scenarios import SCENARIOS, acted


def reached_by(pasts: Pasts, scenario: str) -> list[HttpAction]:
    """Return the Http actions that a run of a scenario reaches where nothing else fails, in the order of calls."""
    situation = SCENARIOS[scenario](pasts, f"reach-{scenario.replace('_', '-')}")
    found: dict[HttpAction, None] = {}

    def note(request: httpx.Request) -> None:
        workflow = "rollback" if situation.workflow else "retrain"
        found[HttpAction(workflow, request.headers[OPERATION_HEADER])] = None

    pasts.world.transport.answer(Path(situation.acting).name, note)
    situation.retraining.end_of(acted(situation), situation.acting)
    return list(found)


def main() -> int:
    """Write the file; tell of actions that no scenario reaches, and exit with 1 where there are some."""
    own: dict[HttpAction, str] = {}
    with tempfile.TemporaryDirectory() as folder, impatient_world(Path(folder) / "home") as world:
        pasts = Pasts(world)
        for scenario in SCENARIOS:
            for action in reached_by(pasts, scenario):
                own.setdefault(action, scenario)
    own |= NOT_MET
    written: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for action, scenario in own.items():
        written[scenario][action.workflow].append(action.name)
    OWN_SCENARIOS.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    missing = [f"{action.workflow}, {action.name}" for action in http_actions() if action not in own]
    for each in missing:
        print(f"No scenario reaches {each}.", file=sys.stderr)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
