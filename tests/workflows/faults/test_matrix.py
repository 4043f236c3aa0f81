"""Whatever fails however: after at most two further runs nothing is lost, doubled, trained twice or unexplained."""

from __future__ import annotations

import os

import pytest

from tests.workflows.faults.cells import cells, http_actions
from tests.workflows.faults.matrix import outcomes
from tests.workflows.faults.scenarios import SCENARIOS, reached_by
from tests.workflows.world import World

CELLS = int(os.environ.get("FAULT_CELLS", "3"))
"""Of a scenario; `make reliability` runs all of them."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_promised_holds_after_a_fault(impatient: World, scenario: str):
    if scenario != "first" and "FAULT_CELLS" not in os.environ:
        pytest.skip("only the scenario 'first' is tried without FAULT_CELLS")
    reached = reached_by(impatient, scenario)
    assert reached
    assert reached <= set(http_actions())
    found = list(outcomes(impatient, cells(scenario, reached)[:CELLS]))
    assert [str(each.cell) for each in found if each.met == 0] == []
    assert {str(each.cell): each.broken for each in found if each.broken} == {}
