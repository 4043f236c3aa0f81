"""Runs the fault matrix and writes its table: ``python -m tests.workflows.faults.reliability [CELLS] [SCENARIO ...]``.

CELLS of each scenario, all of them without it. It exits with 1 where a promise is broken.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.workflows.faults.cells import CALLS, FAULTS, HttpAction, cells, http_actions
from tests.workflows.faults.matrix import Outcome, outcomes
from tests.workflows.faults.scenarios import SCENARIOS, ImpatientClock, reached_by
from tests.workflows.world import World

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- begin matrix -->", "<!-- end matrix -->"


def table(found: Mapping[str, Sequence[Outcome]], reached: Mapping[str, set[HttpAction]]) -> str:
    """Return the section: a line for each action and scenario, the actions that only faults lead to, what broke."""
    ran = [each for outcomes in found.values() for each in outcomes]
    every = sum(len(actions) for actions in reached.values()) * len(FAULTS) * len(CALLS)
    held = sum(not each.broken for each in ran)
    lines = [
        f"{len(ran)} of {every} cells were run, {held} held.",
        "",
        "| scenario | action | cells | held | met by calls | run Succeeded / Failed | further runs, at most |",
        "|---|---|---|---|---|---|---|",
    ]
    grouped: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in ran:
        grouped[each.cell.scenario, f"{each.cell.action.workflow}: `{each.cell.action.name}`"].append(each)
    for (scenario, action), group in sorted(grouped.items()):
        succeeded = sum(each.status == "Succeeded" for each in group)
        lines.append(
            f"| {scenario} | {action} | {len(group)} | {sum(not each.broken for each in group)} | "
            f"{sum(each.met for each in group)} | {succeeded} / {len(group) - succeeded} | "
            f"{max(each.further_runs for each in group)} |"
        )
    missing = [
        f"{each.workflow}: `{each.name}`" for each in http_actions() if each not in set().union(*reached.values())
    ]
    lines += ["", f"No run of these scenarios reaches {len(missing)} actions: {', '.join(missing) or 'none'}."]
    broken = [f"- {each.cell}: {'; '.join(each.broken)}" for each in ran if each.broken]
    return "\n".join([*lines, "", *(["Not held:", "", *broken] if broken else ["Every promise held in every cell."])])


def write(text: str, document: Path = DOCUMENT) -> None:
    """Put the section between its marks in the document."""
    marked = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    written = document.read_text(encoding="utf-8")
    document.write_text(marked.sub(lambda _: f"{_BEGIN}\n{text}\n{_END}", written), encoding="utf-8")


def main() -> int:
    """Run, print as it goes, write."""
    given = sys.argv[1:]
    most = next((int(each) for each in given if each.isdigit()), None)
    chosen = [each for each in given if each in SCENARIOS] or list(SCENARIOS)
    found: dict[str, list[Outcome]] = {}
    reached: dict[str, set[HttpAction]] = {}
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "home", ImpatientClock())
        world.start()
        try:
            for scenario in chosen:
                reached[scenario] = reached_by(world, scenario)
                found[scenario] = []
                began = time.perf_counter()
                for each in outcomes(world, cells(scenario, reached[scenario])[:most]):
                    found[scenario].append(each)
                    seconds = time.perf_counter() - began
                    print(f"{seconds:.0f} s, {each.cell}: {'; '.join(each.broken) or 'held'}", flush=True)
        finally:
            world.arm.close()
            world.stop()
    write(table(found, reached))
    return int(any(each.broken for group in found.values() for each in group))


if __name__ == "__main__":
    sys.exit(main())
