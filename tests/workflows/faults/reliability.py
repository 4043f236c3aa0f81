"""Runs the fault matrix and writes its table: ``python -m tests.workflows.faults.reliability [CELLS]``.

CELLS is how many of all, from the beginning; all of them without it. Outcomes are kept in reliability.jsonl: a matrix
that was interrupted goes on where it was, and cells in which a promise was broken are tried again. Two processes share
the work. It exits with 1 where a promise is broken.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.workflows.faults.cells import Cell, cells
from tests.workflows.faults.impatient import impatient_world
from tests.workflows.faults.matrix import AT_A_TIME, Outcome, outcome
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.results import Results
from tests.workflows.faults.table import table, write

RESULTS: Final = Path("reliability.jsonl")
_PROCESSES: Final = 2


def run(share: Sequence[Cell], results: Path) -> None:
    """Run cells in an emulator of this process, three at a time; add and print each outcome as it comes."""
    kept = Results(results)
    with tempfile.TemporaryDirectory() as folder, impatient_world(Path(folder) / "home") as world:
        pasts = Pasts(world)

        def keep(cell: Cell) -> None:
            try:
                found = outcome(pasts, cell)
            except Exception as error:
                # One cell that cannot be run stops no other one; it is told with the rest.
                traceback.print_exc()
                found = Outcome(cell, 0, "not run", 0, [f"the cell could not be run: {error!r}"], 0)
            kept.add(found)
            print(f"{found.seconds:.1f} s, {cell}: {'; '.join(found.broken) or 'held'}", flush=True)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(keep, share))


def main() -> int:
    """Run, print as it goes, write."""
    wanted = cells()[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    done = Results(RESULTS).read()
    left = [cell for cell in wanted if cell not in done or done[cell].broken]
    spawn = multiprocessing.get_context("spawn")
    shares = [left[number::_PROCESSES] for number in range(_PROCESSES)]
    processes = [spawn.Process(target=run, args=(share, RESULTS)) for share in shares if share]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = [each for cell, each in Results(RESULTS).read().items() if cell in set(wanted)]
    write(table(found))
    return int(len(found) < len(wanted) or any(each.broken for each in found))


if __name__ == "__main__":
    sys.exit(main())
