"""An emulator for very many runs: pauses between tries are short, and a process that trains is there already."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import traceback
from collections import defaultdict
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from emulator.custom_vision.model.job import Job
from emulator.custom_vision.model.worker import run
from tests.workflows.world import HURRY, HurriedClock, World

_LONGEST_PAUSE_SECONDS = 100
"""Above the pauses between tries of a call, below the 120 s that one may take."""


class ImpatientClock(HurriedClock):
    """Goes like the hurried one, but pauses between tries are over in a tenth of that time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY / (10 if seconds < _LONGEST_PAUSE_SECONDS else 1))


class ImpatientWorld(World):
    """Trains as the emulator does, one after the other, but in a process that has its libraries loaded."""

    def __init__(self, folder: Path, pool: ProcessPoolExecutor) -> None:
        super().__init__(folder, ImpatientClock())
        self._pool = pool
        self._held: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def hold_trainings(self, project: str) -> None:
        """Let no training of a project end until `release_trainings`."""
        self._held[project].clear()

    def release_trainings(self, project: str) -> None:
        """Let the trainings of a project go on."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._held[project].set)

    async def train(self, job: Path) -> tuple[int, str]:
        """Take the place of the emulator's own process."""
        for project, released in list(self._held.items()):
            if project in job.parts:
                await released.wait()
        error = await asyncio.get_running_loop().run_in_executor(self._pool, _train, str(job))
        return int(error != ""), error


def _train(job: str) -> str:
    try:
        run(Job.read(Path(job)))
    except Exception:
        return traceback.format_exc()
    return ""


@contextlib.contextmanager
def impatient_world(folder: Path) -> Generator[ImpatientWorld]:
    """Serve one while the context lasts; several processes may have one at once."""
    with (
        pytest.MonkeyPatch.context() as patch,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        world = ImpatientWorld(folder, pool)
        patch.setattr("emulator.custom_vision.trainer._run_worker", world.train)
        world.start()
        try:
            yield world
        finally:
            world.arm.close()
            world.stop()
