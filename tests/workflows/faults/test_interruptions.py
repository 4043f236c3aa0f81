"""A run that is cancelled in the middle, two runs at once, an upload while a run goes."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Generator

import httpx
import pytest

from emulator.faults.rule import OPERATION_HEADER, WORKFLOW_HEADER
from tests.workflows.faults.promises import broken_promises, waits
from tests.workflows.faults.scenarios import Situation, first, following, reached_by
from tests.workflows.world import LOGIC, Retraining, World, pictures

CANCELLED_AT = (
    "Name_the_holder",
    "Create_the_tag",
    "Add_the_images",
    "Copy_to_processed",
    "Start_training",
    "Publish_the_target",
    "Write_the_manifest",
    "Unlock",
)
"""One action of each phase that changes something; with FAULT_CELLS in the environment, every one that is reached."""
NUMBERS = itertools.count(1)


@pytest.fixture
def world(impatient: World) -> Generator[World]:
    yield impatient
    impatient.transport.intercept = lambda request: None


def at(world: World, retraining: Retraining, action: str, change: Callable[[str], None]) -> threading.Event:
    """Do something, with the run's id, when a run first calls a service in `action`; return what tells that it did."""
    done, lock = threading.Event(), threading.Lock()

    def intercept(request: httpx.Request) -> None:
        name = retraining.workflow.rsplit("/", 1)[-1]
        headers = request.headers
        if (headers.get(WORKFLOW_HEADER), headers.get(OPERATION_HEADER)) != (name, action):
            return
        with lock:
            if not done.is_set():
                change(headers["x-ms-workflow-run-id"])
                done.set()

    world.transport.intercept = intercept
    return done


def finish(situation: Situation) -> None:
    """Run again, twice at most."""
    for _ in range(2):
        if waits(situation):
            situation.later()
            situation.retraining.run("manual")


def cancel_at(world: World, action: str) -> None:
    """Cancel a first run when it calls for `action`, and see that the next ones take it up."""
    situation = first(world, f"cancelled{next(NUMBERS)}")
    path = f"{situation.retraining.workflow}/runs"
    cancelled = at(world, situation.retraining, action, lambda run: world.arm.post(f"{path}/{run}/cancel", LOGIC))
    run = situation.act()
    assert cancelled.is_set()
    assert world.arm.get(f"{path}/{run}", LOGIC)["properties"]["status"] == "Cancelled"
    situation.cancelled.add(run)
    finish(situation)
    assert broken_promises(situation) == []


@pytest.mark.parametrize("action", CANCELLED_AT)
def test_a_run_that_is_cancelled_is_taken_up_by_the_next_one(world: World, action: str):
    cancel_at(world, action)


@pytest.mark.skipif("FAULT_CELLS" not in os.environ, reason="FAULT_CELLS asks for every action")
def test_a_run_may_be_cancelled_at_every_action(world: World):
    for each in sorted(reached_by(world, "first"), key=lambda action: action.name):
        cancel_at(world, each.name)


def test_of_two_runs_at_once_one_retrains_and_the_other_says_who_does(world: World):
    situation = following(world, f"two{next(NUMBERS)}")
    retraining = situation.retraining
    with situation.asked_all_the_time():
        runs = [retraining.begin("manual") for _ in range(2)]
        ended = [retraining.finish(run) for run in runs]
        finish(situation)
    errors = [each.error["code"] for each in ended if each.status == "Cancelled" and each.error]
    assert (sorted(each.status for each in ended), errors) == (["Cancelled", "Succeeded"], ["AnotherRunHoldsTheLock"])
    situation.cancelled.update(each.id for each in ended if each.status == "Cancelled")
    assert broken_promises(situation) == []


@pytest.mark.parametrize("action", ["Tags_before", "Add_the_images", "Copy_to_processed", "Start_training", "Unlock"])
def test_what_is_uploaded_while_a_run_goes_is_taken_by_the_next_one(world: World, action: str):
    situation = first(world, f"while{next(NUMBERS)}")
    more = pictures("red", 2, 700)
    uploaded = at(world, situation.retraining, action, lambda run: situation.retraining.upload(more))
    situation.act()
    assert uploaded.is_set()
    situation.uploaded.update(more)
    situation.trainings += 1
    finish(situation)
    assert broken_promises(situation) == []
