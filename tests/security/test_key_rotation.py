"""Keys of all accounts are regenerated, between two runs and in the middle of one: the next run goes on by itself."""

from __future__ import annotations

import itertools
import threading

import httpx
import pytest

from tests.security.program import ProgramRetraining, ProgramWorld, keys_of
from tests.workflows.world import COGNITIVE, STORAGE, picture, pictures

NUMBERS = itertools.count(5000, 20)
PHASES = {
    "Lock": "Name_the_holder",
    "Access": "List_the_training_keys",
    "Survey": "List_the_iterations_at_the_start",
    "Collect": "List_a_page",
    "Label": "Tags_before",
    "Ingest": "Add_the_images",
    "Archive": "Copy_to_processed",
    "Decide": "Tag_counts",
    "Train": "Start_training",
    "Wait": "Look_at_the_iteration",
    "Evaluate": "Performance",
    "Judge": "Ask_the_challenger",
    "Gate": "List_the_iterations_at_the_gate",
    "Publish": "Publish_the_target",
    "Record": "Write_the_manifest",
}
"""An action of each phase, before which the keys are regenerated."""


def rotate(world: ProgramWorld) -> None:
    """Regenerate both keys of the three accounts."""
    before = keys_of(world)
    for number in ("1", "2"):
        for account in (world.training, world.prediction):
            world.arm.post(f"{account}/regenerateKey", COGNITIVE, {"keyName": f"Key{number}"})
        world.arm.post(f"{world.storage}/regenerateKey", STORAGE, {"keyName": f"key{number}"})
    after = keys_of(world)
    assert len(before) == 6
    assert not set(before.values()) & set(after.values())


def settle(retraining: ProgramRetraining) -> str:
    """Run twice at most, and return the decision by which the newest model is in production."""
    run = retraining.run("manual")
    if retraining.names("training"):
        run = retraining.run("manual")
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    return run.manifest["decision"]


def upload(retraining: ProgramRetraining) -> list[str]:
    number = next(NUMBERS)
    files = {**pictures("red", 4, number), **pictures("blue", 4, number), f"red/{number}-empty.jpg": b""}
    retraining.upload(files)
    return sorted(files)


def test_after_a_rotation_between_runs_the_next_run_goes_on(program: ProgramWorld, retraining: ProgramRetraining):
    upload(retraining)
    settle(retraining)
    rotate(program)
    program.read_keys()
    uploaded = upload(retraining)
    assert settle(retraining) == "published"
    assert [name for name in uploaded if retraining.places()[name] != 1] == []
    assert retraining.predict(picture(True, "asked"))["predictions"]


@pytest.mark.parametrize("phase", PHASES)
def test_after_a_rotation_in_the_middle_of_a_run_the_next_one_goes_on_and_nothing_is_lost(
    program: ProgramWorld, retraining: ProgramRetraining, phase: str
):
    once, rotated = threading.Lock(), threading.Event()

    def intercept(request: httpx.Request) -> None:
        if request.headers.get("x-ms-workflow-operation-name") == PHASES[phase] and once.acquire(blocking=False):
            rotate(program)
            rotated.set()

    retraining.hold_out(pictures("red", 1, 500))
    uploaded = upload(retraining)
    program.transport.intercept = intercept
    run = retraining.begin("manual")
    # A test's own client has an old key as soon as the keys change; a run's history needs none of them.
    assert rotated.wait(60), f"the run did not come to {PHASES[phase]}"
    program.read_keys()
    first = retraining.finish(run)
    assert first.manifest is not None, first.error
    settle(retraining)
    assert retraining.names("training") == []
    assert [name for name in uploaded if retraining.places()[name] != 1] == []
    in_production = retraining.published()["production"]
    trained = max(retraining.project_api("GET", "iterations"), key=lambda each: each["created"])["id"]
    assert in_production == trained
    assert retraining.predict(picture(True, "asked"))["predictions"]
