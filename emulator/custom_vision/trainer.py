"""Trains iterations one after the other, each in a process of its own, in the time that trainings are to take."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from emulator.clock import Clock
from emulator.custom_vision.model.job import Job
from emulator.custom_vision.store.files import Files
from emulator.custom_vision.store.iterations import Iteration, Iterations
from emulator.custom_vision.training_time import service_time

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
    """The queue of trainings. An iteration stays in status Training until its model is there and its time is over.

    `time_scale` is the share of the service's time that a training takes at least: 1 for as long as on Azure, 0 for no
    longer than it has to. The minutes that are told are then the service's.
    """

    def __init__(
        self, iterations: Iterations, files: Files, clock: Clock, finished: Finished, time_scale: float = 0
    ) -> None:
        self._iterations = iterations
        self._files = files
        self._clock = clock
        self._finished = finished
        self._time_scale = time_scale
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to train; what was being trained when the service ended goes on.

        It is trained from its beginning where its model was not there yet.
        """
        for iteration in self._iterations.in_training():
            self.enqueue(iteration.id)
        self._tasks.add(asyncio.create_task(self._work()))

    def enqueue(self, iteration: str) -> None:
        """Have an iteration of status Training trained when its turn has come."""
        self._waiting.put_nowait(iteration)

    async def stop(self) -> None:
        """End the process that trains; its iteration goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

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
        began = self._iterations.begin(id, self._clock.now())
        if not self._files.path(iteration.project, "models", model_name(id)).exists():
            code, errors = await _run_worker(self._write_job(iteration))
            if self._iterations.find(id) is None:
                self._files.delete_project(iteration.project)
                return
            if code != 0:
                _log.error("training of iteration %s ended with status %s: %s", id, code, errors)
                self._iterations.fail(id, self._clock.now())
                return
        due = began + self._time_scale * service_time(iteration, len(self._iterations.images(id)))
        if due <= self._clock.now():
            self._complete(iteration, began)
            return
        # The next training need not wait for the time of this one to pass.
        task = asyncio.create_task(self._complete_later(iteration, began, due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _complete_later(self, iteration: Iteration, began: datetime, due: datetime) -> None:
        while (left := due - self._clock.now()) > timedelta():
            await self._clock.sleep(left.total_seconds())
        self._complete(iteration, began)

    def _complete(self, iteration: Iteration, began: datetime) -> None:
        if self._iterations.find(iteration.id) is None:
            return
        now = self._clock.now()
        seconds = (now - began).total_seconds() / (self._time_scale or 1)
        self._iterations.complete(iteration.id, max(1, math.ceil(seconds / 60)), now)
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
