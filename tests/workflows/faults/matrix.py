"""One cell of the matrix: a run that meets a fault, at most two further ones, and what must hold then."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tests.workflows.faults.cells import CALLS, FAULTS, Cell
from tests.workflows.faults.promises import broken_promises, waits
from tests.workflows.faults.scenarios import SCENARIOS, fault
from tests.workflows.world import LOGIC, World

_NUMBERS: Final = itertools.count(1)
_FURTHER_RUNS: Final = 2
_AT_A_TIME: Final = 3
"""Cells that run at once in an emulator, each with a project and containers of its own: they wait a lot."""


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: how the run that met the fault ended, how many runs followed, what did not hold."""

    cell: Cell
    met: int
    status: str
    further_runs: int
    broken: Sequence[str]


def outcomes(world: World, cells: Sequence[Cell]) -> Iterator[Outcome]:
    """Run cells in an emulator, and yield their outcomes in the same order."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield from pool.map(lambda cell: outcome(world, cell), cells)


def outcome(world: World, cell: Cell) -> Outcome:
    """Run a cell."""
    situation = SCENARIOS[cell.scenario](world, f"c{next(_NUMBERS)}")
    workflow = situation.workflow or situation.retraining.workflow
    with situation.asked_all_the_time():
        with fault(world, workflow, cell.action.name, FAULTS[cell.fault], CALLS[cell.calls]) as met:
            run = situation.act()
            calls = met()
        status = last = world.arm.get(f"{workflow}/runs/{run}", LOGIC)["properties"]["status"]
        further = 0
        while further < _FURTHER_RUNS and (last != "Succeeded" or waits(situation)):
            situation.later()
            last = situation.retraining.run("manual").status
            further += 1
    return Outcome(cell, calls, status, further, broken_promises(situation))
