"""What retraining costs in actions of Logic Apps, against one call of the training API an image.

``python -m bench.retraining [COUNT ...]`` prints, ``--write`` also puts the figures into docs/benchmarks.md. Runs are
those of the real definition on the emulator; waiting is hurried, so the seconds are those of the work.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.report import Measure, command, section, write_section
from tests.workflows.world import Retraining, World, merged, pictures

_COUNTS: Final = (100, 1_000)
_ACTION_DOLLARS: Final = 0.000025
"""List price of a built-in action, see docs/cost.md."""
_ACTIONS_AN_IMAGE: Final = 6
"""One call an image: a loop's condition, read the blob, add it to the project, judge the answer, copy, delete."""


@dataclass(frozen=True)
class Cost:
    """What a run took: executed actions, calls of services, seconds."""

    images: int
    actions: int
    calls: int
    seconds: float

    @property
    def dollars(self) -> float:
        """List price of the actions of 1,000 images."""
        return self.actions * _ACTION_DOLLARS * 1_000 / self.images


def cost(world: World, images: int) -> Cost:
    """Upload so many images of two labels, run once, and count what was billed."""
    retraining = Retraining(world, f"images{images}", maximumImagesPerRun=max(images, 1_000))
    retraining.upload(merged([pictures("red", images // 2), pictures("blue", images - images // 2)]))
    began = time.perf_counter()
    run = retraining.begin("manual")
    while retraining.finish(run).status not in ("Succeeded", "Failed"):
        pass
    seconds = time.perf_counter() - began
    if len(retraining.names("processed")) != images:
        raise RuntimeError(f"{len(retraining.names('processed'))} of {images} images were processed")
    return Cost(images, *counted(world, run), seconds)


def counted(world: World, run: str) -> tuple[int, int]:
    """Return how many actions of a run were executed, so billed, and how many calls they made."""
    file = world.home.database / "logic_apps" / "runs.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        ((actions,),) = database.execute(
            "SELECT count(*) FROM action_records WHERE run = ? AND status <> 'Skipped'", (run,)
        )
        ((calls,),) = database.execute("SELECT count(*) FROM requests WHERE run = ?", (run,))
    return actions, calls


def measures(costs: list[Cost]) -> list[Measure]:
    """Return the lines of the section."""
    return [
        Measure(
            f"{each.images:,} images, one run that trains and publishes: billed actions",
            f"{each.actions:,} ({each.calls:,} calls, {each.seconds:.0f} s, ${each.dollars:.3f} a 1,000 images)",
            f"one call an image: {each.images * _ACTIONS_AN_IMAGE:,} actions",
            f"{each.actions / (each.images * _ACTIONS_AN_IMAGE):.2f}",
            "2,100 for 1,000" if each.images == 1_000 else "",
        )
        for each in costs
    ]


def main() -> None:
    """Measure and print."""
    parser = command("bench.retraining", __doc__)
    parser.add_argument("counts", nargs="*", type=int, default=list(_COUNTS), help="images of a run, each measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "home")
        world.start()
        try:
            found = measures([cost(world, each) for each in arguments.counts])
        finally:
            world.arm.close()
            world.stop()
    text = section(f"python -m bench.retraining {' '.join(map(str, arguments.counts))} --write", found)
    print(text)
    if arguments.write:
        write_section("retraining", text)


if __name__ == "__main__":
    main()
