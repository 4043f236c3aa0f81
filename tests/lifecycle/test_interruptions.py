"""A deployment that is cut short at any resource, in any way, is gone on with: nothing twice, nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from emulator.pulumi.engine import (
    Deployment,
    DeploymentCancelledError,
    DeploymentError,
    Event,
    StepFinished,
    StepStarted,
    Summary,
)
from tests.lifecycle.interruptions import Strike, interrupted
from tests.lifecycle.rehearsal import ROOT, Rehearsal, counts

WAYS = (Strike.BEFORE, Strike.AFTER, Strike.REFUSED)
MOST_ROUNDS = 200
CHANGED = {
    "environmentTags": '{"team": "vision"}',
    "gateTolerance": "0.3",
    "domain": "Food",
    "retentionDaysRejected": "7",
}
ONE_OF_A_KIND = (
    "data-account",
    "data-training-images",
    "ml-training",
    "ml-training-purge",
    "ml-project",
    "monitoring-records-rule",
    "orchestration-retrain",
    "orchestration-role",
    "orchestration-sign-images",
    "resource-group",
    "suffix",
)
"""Replacements delete one after the other, so there is one deployment for each of these and each way."""


@pytest.fixture
def empty(stage: Rehearsal) -> Iterator[Rehearsal]:
    """The stage with nothing on it, before the test and after it."""
    yield stage
    stage.deployment().destroy()
    assert set(stage.everything()) == stage.empty
    assert stage.state() == {}


def until_done(operation: Callable[[], Summary]) -> tuple[Summary, list[DeploymentError]]:
    """Repeat what fails; return what came of the last attempt, and how the others ended."""
    failures: list[DeploymentError] = []
    while len(failures) < MOST_ROUNDS:
        try:
            return operation(), failures
        except DeploymentError as error:
            failures.append(error)
    raise AssertionError(f"no end after {MOST_ROUNDS} attempts, the last one: {failures[-1]}")


def managed(stage: Rehearsal) -> set[str]:
    return {name for name, each in stage.state().items() if each.custom}


def assert_right(stage: Rehearsal, **settings: str) -> None:
    """All that is managed exists once, nothing else does, and nothing is left to do."""
    assert stage.unmanaged() == (set(), set())
    assert set(counts(stage.deployment(settings=settings).refresh())) == {"unchanged"}
    assert set(counts(stage.deployment(settings=settings).up())) == {"unchanged"}


def test_killed_or_refused_at_every_resource_it_is_deployed_and_destroyed_in_the_end(empty: Rehearsal) -> None:
    wanted = counts(empty.deployment().preview())["created"]
    with interrupted("create", *WAYS) as creations:
        _, failures = until_done(lambda: empty.deployment().up())
    resources = managed(empty)
    assert creations.missed(resources) == set()
    assert {failure.message.split(":")[0] for failure in failures} == {"the engine was killed", "409 Conflict"}
    assert len(empty.state()) == wanted
    assert_right(empty)
    with interrupted("delete", *WAYS) as deletions:
        until_done(lambda: empty.deployment().destroy())
    assert deletions.missed(resources) == set()


@pytest.mark.parametrize("kills", [2, 4, 6])
def test_what_was_killed_while_it_was_deployed_is_destroyed_without_a_rest(empty: Rehearsal, kills: int) -> None:
    with interrupted("create", Strike.AFTER):
        for _ in range(kills):
            with pytest.raises(DeploymentError, match="the engine was killed"):
                empty.deployment().up()
    begun, _ = empty.unmanaged()
    assert begun or kills < 3
    empty.deployment().destroy()
    assert set(empty.everything()) == empty.empty
    assert empty.state() == {}


def test_killed_or_refused_at_every_update_it_has_changed_everything_in_the_end(empty: Rehearsal) -> None:
    empty.deployment().up()
    before = {name: each.id for name, each in empty.state().items()}
    empty.deployment(settings=CHANGED).preview()
    changed = set(empty.steps())
    with interrupted("update", *WAYS) as updates:
        until_done(lambda: empty.deployment(settings=CHANGED).up())
    assert updates.missed(changed) == set()
    assert {name: each.id for name, each in empty.state().items()} == before
    assert_right(empty, **CHANGED)


def test_killed_while_it_moves_to_another_region_nothing_is_left_of_the_old_one(empty: Rehearsal) -> None:
    empty.deployment().up()
    old = set(empty.everything())
    moved = {"azure-native:location": "westeurope"}
    with (
        interrupted("create", Strike.AFTER) as creations,
        interrupted("delete", Strike.BEFORE, Strike.AFTER, names=ONE_OF_A_KIND) as deletions,
    ):
        until_done(lambda: empty.deployment(settings=moved).up())
    assert creations.missed(managed(empty) - {"orchestration-role-id"}) == set()
    assert deletions.missed(ONE_OF_A_KIND) == set()
    assert_right(empty, **moved)
    left = set(empty.everything()) & old - empty.empty
    assert all("/roledefinitions/" in each for each in left), left  # the role's GUID is the same in every region


def stopped_after_every_step(
    stage: Rehearsal, operation: Callable[[Deployment], Summary]
) -> tuple[Summary, list[DeploymentError], set[str]]:
    """Press Ctrl-C at the end of each resource's step, for each resource once."""
    ended: set[str] = set()
    names: dict[str, str] = {}
    running: list[Deployment] = []

    def hear(event: Event) -> None:
        if isinstance(event, StepStarted):
            names[event.urn] = event.name
        if isinstance(event, StepFinished) and event.operation != "same" and event.urn not in ended:
            ended.add(event.urn)
            running[-1].cancel()

    def attempt() -> Summary:
        running.append(stage.deployment(hear=hear))
        return operation(running[-1])

    summary, failures = until_done(attempt)
    return summary, failures, {names[each] for each in ended}


def test_stopped_with_ctrl_c_after_every_step_it_is_deployed_and_destroyed_in_the_end(empty: Rehearsal) -> None:
    _, stops, ended = stopped_after_every_step(empty, Deployment.up)
    resources = managed(empty)
    assert resources <= ended
    assert {type(stop) for stop in stops} == {DeploymentCancelledError}
    assert_right(empty)
    _, stops, ended = stopped_after_every_step(empty, Deployment.destroy)
    assert resources <= ended
    assert {type(stop) for stop in stops} == {DeploymentCancelledError}


def test_a_process_that_is_killed_again_and_again_is_gone_on_with(empty: Rehearsal) -> None:
    command = [sys.executable, "-m", "emulator", "deploy", "--home", str(empty.home.root)]
    settings = ["--config", "pollIntervalSeconds=86400"]
    for steps in (1, 3, 6, 12, 24):
        running = subprocess.Popen(
            [*command, *settings], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert running.stdout is not None
        created = 0
        with running.stdout as output:
            for line in output:
                created += line.startswith("create")
                if created == steps:
                    os.kill(running.pid, signal.SIGKILL)
                    break
        assert running.wait(30) == -signal.SIGKILL
    ended = subprocess.run([*command, *settings], cwd=ROOT, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert_right(empty)
