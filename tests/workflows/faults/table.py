"""The section of docs/reliability.md that says what was tried and what held."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tests.workflows.faults.cells import HttpAction, cells, own_scenarios
from tests.workflows.faults.matrix import Outcome

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- begin matrix -->", "<!-- end matrix -->"
_LINE: Final = re.compile(r"^\| \w+ \| (\w+): `(\w+)` \|", re.MULTILINE)


def table(outcomes: Collection[Outcome]) -> str:
    """Return the section: a line for each action in its scenario, tried or not, then what broke."""
    grouped: defaultdict[HttpAction, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        grouped[each.cell.action].append(each)
    held = sum(not each.broken for each in outcomes)
    lines = [
        f"{len(outcomes)} of {len(cells())} cells were run, {held} held.",
        "",
        "| scenario | action | cells | held | calls met | run Succeeded / Failed | further runs, at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for action, scenario in own_scenarios().items():
        group = grouped[action]
        succeeded = sum(each.status == "Succeeded" for each in group)
        lines.append(
            f"| {scenario} | {action.workflow}: `{action.name}` | {len(group)} | "
            f"{sum(not each.broken for each in group)} | {sum(each.met for each in group)} | "
            f"{succeeded} / {len(group) - succeeded} | {max((each.further_runs for each in group), default=0)} |"
        )
    broken = sorted(f"- {each.cell}: {'; '.join(each.broken)}" for each in outcomes if each.broken)
    return "\n".join(
        [*lines, "", *(["Not held:", "", *broken] if broken else ["Every promise held in every cell run."])]
    )


def write(text: str, document: Path = DOCUMENT) -> None:
    """Put the section between its marks in the document."""
    marked = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    written = document.read_text(encoding="utf-8")
    document.write_text(marked.sub(lambda _: f"{_BEGIN}\n{text}\n{_END}", written), encoding="utf-8")


def actions_of(document: Path = DOCUMENT) -> list[HttpAction]:
    """Return the actions that the section has a line for."""
    return [HttpAction(*each.groups()) for each in _LINE.finditer(document.read_text(encoding="utf-8"))]
