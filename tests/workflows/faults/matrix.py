"""One cell of the matrix: a run that meets a fault, at most two further ones, and what must hold then."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from tests.workflows.faults.cells import CALLS, FAULTS, WHILE, Cell
from tests.workflows.faults.interruptions import interrupted
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.promises import broken_promises, waits
from tests.workflows.faults.scenarios import SCENARIOS, acted
from tests.workflows.faults.situation import Situation, fault

_NUMBERS: Final = itertools.count(1)
_FURTHER_RUNS: Final = 2
AT_A_TIME: Final = 3
"""Cells that run at once in an emulator, each with a project and containers of its own: they wait a lot."""


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes:
        cell: the cell.
        met: how many calls met the fault.
        status: how the run ended that met it.
        further_runs: how many runs followed.
        broken: what did not hold in the end.
        seconds: how long it took.
    """

    cell: Cell
    met: int
    status: str
    further_runs: int
    broken: Sequence[str]
    seconds: float


def outcomes(pasts: Pasts, cells: Sequence[Cell]) -> Iterator[Outcome]:
    """Run cells in an emulator, and yield their outcomes in the same order."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield from pool.map(lambda cell: outcome(pasts, cell), cells)


def outcome(pasts: Pasts, cell: Cell) -> Outcome:
    """Run a cell."""
    began = time.perf_counter()
    situation = SCENARIOS[cell.scenario](pasts, f"c{next(_NUMBERS)}")
    with situation.asked_after_every_change():
        with _met(situation, cell) as met:
            run = acted(situation)
            status = situation.retraining.end_of(run, situation.acting)["status"]
            calls = met()
        further = taken_up(situation, status)
    broken = broken_promises(situation)
    situation.retraining.remove_project()
    return Outcome(cell, calls, status, further, broken, round(time.perf_counter() - began, 2))


def _met(situation: Situation, cell: Cell) -> AbstractContextManager[Callable[[], int]]:
    if cell.calls == WHILE:
        return interrupted(situation, cell.action.name, cell.fault)
    world = situation.retraining.world
    return fault(world, situation.acting, cell.action.name, FAULTS[cell.fault], CALLS[cell.calls])


def taken_up(situation: Situation, status: str) -> int:
    """Run again after a run that ended so, twice at most, while something is left to be done; return how often."""
    further = 0
    while further < _FURTHER_RUNS and (status != "Succeeded" or waits(situation)):
        situation.later()
        status = situation.retraining.end_of(situation.retraining.begin("manual"))["status"]
        further += 1
    return further
