"""Situations in which runs meet faults; together they reach the Http actions of the workflows."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobLeaseClient

from emulator.faults.rule import OPERATION_HEADER, WORKFLOW_HEADER, parse
from tests.workflows.faults.cells import HttpAction
from tests.workflows.world import HURRY, LOGIC, HurriedClock, Retraining, World, merged, picture, pictures

COMPACT = "0732100f-1a38-4e49-a514-c9b44c697ab5"
"""General (compact), the domain whose models can be exported; see emulator/custom_vision/domains.py."""
_LONGEST_PAUSE_SECONDS = 100
"""Above the pauses between tries of a call, below the 120 s that one may take."""


class ImpatientClock(HurriedClock):
    """Goes like the hurried one, but pauses between tries are over in a tenth of that time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY / (10 if seconds < _LONGEST_PAUSE_SECONDS else 1))


@dataclass
class Situation:
    """A project before the fault: what was uploaded, how many trainings there may be in the end."""

    retraining: Retraining
    uploaded: dict[str, bytes]
    trainings: int
    act: Callable[[], str]
    """Makes the run that meets the fault; returns its id."""
    workflow: str = ""
    unanswered: list[str] = field(default_factory=list[str])
    cancelled: set[str] = field(default_factory=set[str])
    """Runs that were ended from outside, or by the lock: they explain themselves by that."""

    @contextlib.contextmanager
    def asked_all_the_time(self) -> Generator[None]:
        """Ask for predictions meanwhile, if there is a model in production; `unanswered` has what went wrong."""
        if "production" not in self.retraining.published():
            yield
            return
        over = threading.Event()

        def ask() -> None:
            while not over.wait(0.05):
                try:
                    self.retraining.predict(picture(True, "asked"))
                except httpx.HTTPError as error:
                    self.unanswered.append(str(error))

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()

    def later(self) -> None:
        """Let the minute of the lease of a publication pass, which goes by the blob service's own clock."""
        lock = self.retraining.container("artifacts").get_blob_client("locks/publication.json")
        with contextlib.suppress(HttpResponseError):
            BlobLeaseClient(lock).break_lease(0)


def _uploaded(retraining: Retraining, number: int) -> dict[str, bytes]:
    files = merged([pictures("red", 5, number * 100), pictures("blue", 5, number * 100)])
    if number == 0:
        files["red/empty.png"] = b""
    else:
        files[f"red/again{number}.png"] = next(iter(files.values()))
    retraining.upload(files)
    return files


def first(world: World, name: str) -> Situation:
    """Nothing was ever trained."""
    retraining = Retraining(world, name, notices=f"{world.arm.configuration.url('monitor')}/notices")
    return Situation(retraining, _uploaded(retraining, 0), 1, lambda: retraining.run("manual").id)


def following(world: World, name: str) -> Situation:
    """A model is in production, images are held out, new ones are asked about."""
    retraining = Retraining(world, name, championCheck="all", evaluationImagesPerRun=2)
    files = _uploaded(retraining, 0)
    retraining.run("manual")
    retraining.hold_out(merged([pictures("red", 1, 5000), pictures("blue", 1, 5000)]))
    files |= _uploaded(retraining, 1)
    return Situation(retraining, files, 2, lambda: retraining.run("manual").id)


def held_lock(world: World, name: str) -> Situation:
    """The run before could not free the lock."""
    retraining = Retraining(world, name)
    files = _uploaded(retraining, 0)
    with fault(world, retraining.workflow, "Unlock", {"kind": "status"}, None):
        retraining.run("manual")
    return Situation(retraining, files | _uploaded(retraining, 1), 2, lambda: retraining.run("manual").id)


def interrupted(world: World, name: str) -> Situation:
    """The run before could not finish its publication."""
    retraining = Retraining(world, name)
    files = _uploaded(retraining, 0)
    retraining.run("manual")
    files |= _uploaded(retraining, 1)
    with fault(world, retraining.workflow, "Point_to_production", {"kind": "status"}, None):
        retraining.run("manual")
    made = Situation(retraining, files, 2, lambda: retraining.run("manual").id)
    made.later()
    return made


def rejected(world: World, name: str) -> Situation:
    """The gate holds the challenger, which is published under a name of its own."""
    retraining = Retraining(world, name, publishChallenger=True)
    files = _uploaded(retraining, 0)
    retraining.run("manual")
    retraining.configure({"gateMinimumGain": 1})
    files |= _uploaded(retraining, 1)
    return Situation(retraining, files, 2, lambda: retraining.run("manual").id)


def compact(world: World, name: str) -> Situation:
    """The model can be exported."""
    retraining = Retraining(world, name)
    project = retraining.project_api("GET", "")
    url = f"{world.training_endpoint}customvision/v3.3/training/projects/{retraining.project}"
    body = {**project, "settings": {**project["settings"], "domainId": COMPACT}}
    httpx.patch(url, json=body, headers={"Training-Key": world.training_key}).raise_for_status()
    return Situation(retraining, _uploaded(retraining, 0), 1, lambda: retraining.run("manual").id)


def rollback(world: World, name: str) -> Situation:
    """Two models are published, and the one before is wanted back."""
    retraining = Retraining(world, name, notices=f"{world.arm.configuration.url('monitor')}/notices")
    files = _uploaded(retraining, 0)
    retraining.run("manual")
    files |= _uploaded(retraining, 1)
    retraining.run("manual")
    workflow = retraining.deploy_rollback(f"{name}-rollback")

    def act() -> str:
        retraining.roll_back(workflow, {"who": "anna", "why": "a test"})
        (run,) = world.arm.values(f"{workflow}/runs", LOGIC)
        return run["name"]

    made = Situation(retraining, files, 2, act, workflow)
    made.later()
    return made


SCENARIOS: dict[str, Callable[[World, str], Situation]] = {
    "first": first,
    "following": following,
    "rejected": rejected,
    "compact": compact,
    "held_lock": held_lock,
    "interrupted": interrupted,
    "rollback": rollback,
}


@contextlib.contextmanager
def fault(
    world: World, workflow: str, action: str, members: Mapping[str, Any], count: int | None
) -> Generator[Callable[[], int]]:
    """Let an action of a workflow meet a fault meanwhile; yields what tells how many calls met it."""
    name = Path(workflow).name
    rule = parse({"service": "*", "action": action, "workflow": name, "count": count, **members})
    id = world.faults.add(rule)
    try:
        yield lambda: world.faults.met(id)
    finally:
        world.faults.remove(id)


def reached_by(world: World, scenario: str) -> set[HttpAction]:
    """Return the Http actions that a run of a scenario reaches where nothing fails."""
    situation = SCENARIOS[scenario](world, f"dry-{scenario.replace('_', '-')}")
    calling = Path(situation.workflow or situation.retraining.workflow).name
    found = set[HttpAction]()

    def note(request: httpx.Request) -> httpx.Response | None:
        if request.headers.get(WORKFLOW_HEADER) == calling:
            found.add(HttpAction("rollback" if situation.workflow else "retrain", request.headers[OPERATION_HEADER]))
        return None

    world.transport.intercept = note
    situation.act()
    world.transport.intercept = lambda request: None
    return found
