"""Trains iterations one after the other, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path

from emulator.clock import Clock
from emulator.custom_vision.model.job import Job
from emulator.custom_vision.store.files import Files
from emulator.custom_vision.store.iterations import Iteration, Iterations

_log = logging.getLogger(__name__)

WORKER = "emulator.custom_vision.model.worker"
_ROOT = Path(__file__).parents[2]
Finished = Callable[[Iteration, float], None]
"""Told of each training that was completed, with its seconds."""


def model_name(iteration: str) -> str:
    """Return the name of an iteration's model file."""
    return f"{iteration}.onnx"


def evaluation_name(iteration: str) -> str:
    """Return the name of an iteration's evaluation file."""
    return f"{iteration}.npz"


class Trainer:
    """The queue of trainings. An iteration stays in status Training until its process has ended."""

    def __init__(self, iterations: Iterations, files: Files, clock: Clock, finished: Finished) -> None:
        self._iterations = iterations
        self._files = files
        self._clock = clock
        self._finished = finished
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to train; what was being trained when the service ended is trained from its beginning."""
        for iteration in self._iterations.in_training():
            self.enqueue(iteration.id)
        self._task = asyncio.create_task(self._work())

    def enqueue(self, iteration: str) -> None:
        """Have an iteration of status Training trained when its turn has come."""
        self._waiting.put_nowait(iteration)

    async def stop(self) -> None:
        """End the process that trains; its iteration goes on at the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _work(self) -> None:
        while True:
            id = await self._waiting.get()
            try:
                await self._train(id)
            except Exception:
                _log.exception("training of iteration %s", id)
                self._iterations.fail(id, self._clock.now())

    async def _train(self, id: str) -> None:
        iteration = self._iterations.find(id)
        if iteration is None:
            return  # its project was deleted meanwhile
        began = self._clock.now()
        self._iterations.begin(id, began)
        code, errors = await _run_worker(self._write_job(iteration))
        if self._iterations.find(id) is None:
            self._files.delete_project(iteration.project)
            return
        now = self._clock.now()
        if code != 0:
            _log.error("training of iteration %s ended with status %s: %s", id, code, errors)
            self._iterations.fail(id, now)
            return
        seconds = (now - began).total_seconds()
        self._iterations.complete(id, max(1, math.ceil(seconds / 60)), now)
        self._finished(iteration, seconds)

    def _write_job(self, iteration: Iteration) -> Path:
        tags = self._iterations.tags(iteration.id)
        column = {tag.id: position for position, tag in enumerate(tags)}
        images = self._iterations.images(iteration.id)
        job = Job(
            images=[str(self._files.path(iteration.project, "images", image.image)) for image in images],
            labels=[[column[tag] for tag in image.tags] for image in images],
            tags=[tag.name for tag in tags],
            exclusive=iteration.classification_type == "Multiclass",
            model=str(self._files.path(iteration.project, "models", model_name(iteration.id))),
            evaluation=str(self._files.path(iteration.project, "models", evaluation_name(iteration.id))),
        )
        path = self._files.path(iteration.project, "models", f"{iteration.id}.json")
        job.write(path)
        return path


async def _run_worker(job: Path) -> tuple[int, str]:
    """Return status and error output of the process; it ends with this task, and with this process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        WORKER,
        str(job),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        # Ctrl-C is for the service, which ends the worker itself.
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        errors = await process.stderr.read()
        return await process.wait(), errors.decode(errors="replace")
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
