"""The emulator killed while a run goes, and two runs at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workflows.faults.cells import own_scenarios
from tests.workflows.faults.matrix import taken_up
from tests.workflows.faults.mortal import MortalWorld
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.promises import broken_promises
from tests.workflows.faults.scenarios import following, images
from tests.workflows.faults.situation import Situation
from tests.workflows.world import Retraining

KILLED_AT = ("Name_the_holder", "Add_the_images", "Copy_to_processed", "Start_training", "Publish_the_target", "Unlock")
"""One action of each phase that changes something; with RELIABILITY in the environment, every one of a first run."""
NOT_OF_A_FIRST_RUN = (
    "Ask_the_champion_about_it",
    "Champion_performance",
    "Publish_the_previous",
    "Look_at_the_previous",
    "List_a_page_of_trained",
    "Ask_the_challenger",
    "Ask_the_champion",
    "Sign_the_evaluation_container",
)


def killed_at() -> list[str]:
    """Return the actions at which the emulator is killed."""
    if "RELIABILITY" not in os.environ:
        return list(KILLED_AT)
    own = own_scenarios().items()
    reached = [action.name for action, scenario in own if scenario in ("first", "following")]
    return [name for name in reached if name not in (*NOT_OF_A_FIRST_RUN, "Tell_what_was_done")]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Generator[MortalWorld]:
    world = MortalWorld(Path(tmp_path_factory.mktemp("mortal")) / "home")
    world.start()
    yield world
    world.arm.close()
    world.stop()


@pytest.mark.parametrize("action", killed_at())
def test_a_run_goes_on_where_the_emulator_was_killed(mortal: MortalWorld, action: str):
    name = f"k-{action.lower().replace('_', '-')}"[:40].rstrip("-")
    retraining = Retraining(mortal, name)
    retraining.upload(images(0))
    mortal.kill_at(name, action)
    run = retraining.begin("manual")
    situation = Situation(retraining, images(0), 1, lambda: run)
    assert mortal.killed(), f"the run never called for {action}"
    taken_up(situation, retraining.end_of(run)["status"])
    assert broken_promises(situation) == []


def test_of_two_runs_at_once_one_retrains_and_the_other_says_who_does(pasts: Pasts):
    situation = following(pasts, "two")
    retraining = situation.retraining
    with situation.asked_after_every_change():
        runs = [retraining.begin("manual") for _ in range(2)]
        ended = [retraining.end_of(run) for run in runs]
    found = Counter((each["status"], (each.get("error") or {}).get("code")) for each in ended)
    assert found == {("Succeeded", None): 1, ("Cancelled", "AnotherRunHoldsTheLock"): 1}
    situation.cancelled.update(run for run, each in zip(runs, ended, strict=True) if each["status"] == "Cancelled")
    assert taken_up(situation, "Succeeded") == 0
    assert broken_promises(situation) == []
