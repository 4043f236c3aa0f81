"""A deployment whose roles count only minutes later, as on Azure: it waits and says so, and after the time it fails."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from emulator.server_options import ServerOptions
from tests.security.program import ProgramRetraining, ProgramWorld
from tests.workflows.world import LOGIC, pictures

MINUTES = 7
FIRST = {**pictures("red", 8), **pictures("blue", 8)}
TRIGGER = "When_a_blob_is_added_or_modified"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[ProgramWorld]:
    options = ServerOptions(role_delay=MINUTES * 60)
    made = ProgramWorld(tmp_path_factory.mktemp("delay") / "home", options=options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_the_deployment_needs_none_of_its_roles_and_its_first_run_waits_for_them(world: ProgramWorld):
    retraining = ProgramRetraining(world)
    assert retraining.names("artifacts") == ["project-config.json"]
    assert retraining.project_api("GET", "tags") == []
    retraining.upload(FIRST)
    world.arm.post(f"{retraining.workflow}/triggers/{TRIGGER}/run", LOGIC)
    looks = [
        each["properties"] for each in world.arm.values(f"{retraining.workflow}/triggers/{TRIGGER}/histories", LOGIC)
    ]
    assert {(look["status"], look["fired"]) for look in looks} == {("Failed", False)}
    run = retraining.run_through_waits()
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    waited = run.manifest["roles"]["minutesWaited"]
    assert 1 <= waited <= MINUTES
    assert f"; {waited} minutes were spent waiting until the roles of a new deployment count" in run.manifest["reason"]
    assert len(retraining.names("processed")) == len(FIRST)
    again = retraining.run_through_waits()
    assert again.manifest is not None
    assert (again.status, again.manifest["roles"]["minutesWaited"]) == ("Succeeded", 0)


def test_a_role_that_still_does_not_count_after_the_documented_time_is_an_error(world: ProgramWorld):
    retraining = ProgramRetraining(world)
    retraining.container("artifacts").delete_blob("locks/retrain.json")
    (signing,) = [each for each in world.assignments() if each.scope == world.storage]
    world.remove(signing)
    uploaded = pictures("red", 4, 100)
    retraining.upload(uploaded)
    run = retraining.run_through_waits()
    assert (run.status, run.error and run.error["code"]) == ("Failed", "RetrainingFailed")
    assert run.error is not None
    assert f"lacks {signing.role} on {world.outputs['storageAccountName']}; 11 minutes" in run.error["message"]
    assert retraining.names("training") == sorted(uploaded)
    world.put_back(signing)
    later = retraining.run_through_waits()
    assert later.status == "Succeeded", later.error
    assert retraining.names("training") == []
