"""What people and other runs do while a run goes, at the moment in which it makes its first call for an action."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final

import httpx
from azure.core.exceptions import ResourceNotFoundError

from emulator.faults.rule import OPERATION_HEADER
from tests.workflows.faults.situation import Situation
from tests.workflows.world import LOGIC, pictures

Interruption = Callable[[Situation, str], None]
"""Is given the situation and the id of the run."""
_RUN_HEADER: Final = "x-ms-workflow-run-id"


def _cancel(situation: Situation, run: str) -> None:
    situation.cancelled.add(run)
    situation.retraining.world.arm.post(f"{situation.acting}/runs/{run}/cancel", LOGIC)


def _run_at_once(situation: Situation, run: str) -> None:
    situation.at_once.append(situation.retraining.begin("manual"))


def _upload(situation: Situation, run: str) -> None:
    more = pictures("red", 2, 700)
    situation.retraining.upload(more)
    situation.uploaded.update(more)
    situation.trainings += 1


def _replace(situation: Situation, run: str) -> None:
    name = _one_that_waits(situation)
    (content,) = pictures("red", 1, 800).values()
    situation.retraining.upload({name: content})
    situation.replaced.add(name)
    situation.uploaded[name] = content
    situation.trainings += 1


def _delete(situation: Situation, run: str) -> None:
    name = _one_that_waits(situation)
    with contextlib.suppress(ResourceNotFoundError):
        situation.retraining.container("training").delete_blob(name)
    situation.deleted.add(name)


def _one_that_waits(situation: Situation) -> str:
    """Return a good image of the newest upload; the run may have moved it already."""
    return max(name for name in situation.uploaded if name.startswith("red/") and name[4].isdigit())


INTERRUPTIONS: Mapping[str, Interruption] = {
    "the run is cancelled": _cancel,
    "another run begins": _run_at_once,
    "images are uploaded": _upload,
    "an image is replaced": _replace,
    "an image is deleted": _delete,
}


@contextlib.contextmanager
def interrupted(situation: Situation, action: str, interruption: str) -> Generator[Callable[[], int]]:
    """Do that when the run of the situation first calls for `action`; yields what tells whether it was done."""
    done, lock = threading.Event(), threading.Lock()
    transport, workflow = situation.retraining.world.transport, Path(situation.acting).name

    def interrupt(request: httpx.Request) -> None:
        if request.headers[OPERATION_HEADER] != action:
            return
        with lock:
            if not done.is_set():
                INTERRUPTIONS[interruption](situation, request.headers[_RUN_HEADER])
                done.set()

    transport.answer(workflow, interrupt)
    yield lambda: int(done.is_set())
    for run in situation.at_once:
        ended = situation.retraining.end_of(run)
        if (ended.get("error") or {}).get("code") == "AnotherRunHoldsTheLock":
            situation.cancelled.add(run)
