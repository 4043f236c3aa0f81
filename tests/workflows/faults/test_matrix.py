"""Whatever fails however: after at most two further runs nothing is lost, doubled, trained twice or unexplained."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.workflows.faults.cells import (
    CALLS,
    FAULTS,
    NOT_MET,
    WHILE,
    Cell,
    HttpAction,
    cells,
    first_round,
    http_actions,
)
from tests.workflows.faults.interruptions import INTERRUPTIONS
from tests.workflows.faults.matrix import Outcome, outcomes
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.results import Results
from tests.workflows.faults.scenarios import SCENARIOS
from tests.workflows.faults.table import actions_of, table, write

WAYS = [(fault, calls) for fault in FAULTS for calls in CALLS] + [(each, WHILE) for each in INTERRUPTIONS]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_promised_holds_after_a_fault(pasts: Pasts, scenario: str):
    found = list(outcomes(pasts, first_round(scenario)))
    assert found
    assert {each.cell.action for each in found if each.met == 0} <= NOT_MET.keys()
    assert {str(each.cell): each.broken for each in found if each.broken} == {}


def test_every_http_action_of_the_definitions_has_every_cell():
    expected = [(action, *way) for action in http_actions() for way in WAYS]
    assert Counter((cell.action, cell.fault, cell.calls) for cell in cells()) == Counter(expected)


def test_the_first_round_tries_every_action_once_and_every_fault_in_both_ways():
    found = [cell for scenario in SCENARIOS for cell in first_round(scenario)]
    assert Counter(cell.action for cell in found) == Counter(http_actions())
    assert {(cell.fault, cell.calls) for cell in found} == set(WAYS)


def test_the_table_has_a_line_for_every_http_action():
    assert Counter(actions_of()) == Counter(http_actions())


def test_the_table_says_what_was_tried_and_what_broke(tmp_path: Path):
    document = tmp_path / "reliability.md"
    document.write_text("before\n<!-- begin matrix -->\nold\n<!-- end matrix -->\nafter\n", encoding="utf-8")
    held, broken = cells()[0], cells()[1]
    write(
        table([Outcome(held, 1, "Succeeded", 0, [], 1.5), Outcome(broken, 5, "Failed", 2, ["a is lost"], 2)]), document
    )
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n<!-- begin matrix -->\n2 of {len(cells())} cells were run, 1 held.\n")
    assert f"`{held.action.name}` | 1 | 1 | 1 | 1 / 0 | 0 |" in text
    assert f"`{broken.action.name}` | 1 | 0 | 5 | 0 / 1 | 2 |" in text
    assert f"- {broken}: a is lost\n<!-- end matrix -->\nafter\n" in text
    assert set(actions_of(document)) == set(http_actions())


def test_outcomes_are_read_as_they_were_kept_and_the_last_of_a_cell_counts(tmp_path: Path):
    results = Results(tmp_path / "results.jsonl")
    assert results.read() == {}
    one, other = (Cell("first", HttpAction("retrain", name), "slow", "first call") for name in ("Tags", "Unlock"))
    kept = [
        Outcome(one, 1, "Failed", 2, ["a is lost"], 1.5),
        Outcome(other, 1, "Succeeded", 0, [], 1),
        Outcome(one, 1, "Succeeded", 0, [], 1),
    ]
    for each in kept:
        results.add(each)
    assert results.read() == {one: kept[2], other: kept[1]}
