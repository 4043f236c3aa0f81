"""What somebody changes beside Pulumi: a refresh sees it, the next deployment repairs it; what is not ours stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from emulator.pulumi.engine import DeploymentError
from tests.lifecycle.cloud import AUTHORIZATION, COGNITIVE, LOGIC, STORAGE, training
from tests.lifecycle.model import publish, trained, unpublish
from tests.lifecycle.rehearsal import Rehearsal, counts

METRIC_ALERTS = "2018-03-01"
RESOURCES = "2024-03-01"


@pytest.fixture(scope="module")
def deployed(stage: Rehearsal) -> Rehearsal:
    stage.deployment().up()
    return stage


def project(stage: Rehearsal) -> str:
    return stage.state()["ml-project"].id


def delete_project(stage: Rehearsal) -> None:
    with training(stage.arm, stage.state()["ml-training"].id) as client:
        client.delete(f"projects/{project(stage)}").raise_for_status()


def rename_project(stage: Rehearsal) -> None:
    with training(stage.arm, stage.state()["ml-training"].id) as client:
        found = client.get(f"projects/{project(stage)}").raise_for_status().json()
        body = {"name": "by hand", "description": found["description"], "settings": found["settings"]}
        client.patch(f"projects/{project(stage)}", json=body).raise_for_status()


def delete(name: str, api_version: str) -> Callable[[Rehearsal], None]:
    return lambda stage: stage.arm.delete(stage.state()[name].id, api_version)


def disable_alert(stage: Rehearsal) -> None:
    identity = stage.state()["monitoring-runs-failed"].id
    body = stage.arm.get(identity, METRIC_ALERTS)
    body["properties"]["enabled"] = False
    stage.arm.put(identity, METRIC_ALERTS, body)


def edit_workflow(stage: Rehearsal) -> None:
    identity = stage.state()["orchestration-retrain"].id
    body = stage.arm.get(identity, LOGIC)
    body["properties"]["state"] = "Disabled"
    body["properties"]["parameters"]["trainingPollSeconds"]["value"] = 7
    body["properties"]["definition"]["triggers"]["When_a_blob_is_added_or_modified"]["recurrence"]["interval"] = 77
    stage.arm.put(identity, LOGIC, body)


@dataclass(frozen=True)
class Change:
    """A change by hand: what is done, what a refresh counts, and what the next deployment does to which resources."""

    do: Callable[[Rehearsal], None]
    refreshed: str
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()


AFTER_THE_PROJECT = ("orchestration-retrain", "orchestration-rollback", "orchestration-project-config")
CHANGES = {
    "project deleted": Change(delete_project, "deleted", created=("ml-project",), updated=AFTER_THE_PROJECT),
    "project renamed": Change(rename_project, "updated", updated=("ml-project",)),
    "container deleted": Change(
        delete("data-evaluation-images", STORAGE),
        "deleted",
        created=("data-evaluation-images", "orchestration-evaluation-blobs"),  # the role on it goes with it
    ),
    "rules of deletion deleted": Change(delete("data-lifecycle", STORAGE), "deleted", created=("data-lifecycle",)),
    "role removed": Change(
        delete("orchestration-sign-images", AUTHORIZATION), "deleted", created=("orchestration-sign-images",)
    ),
    "alert disabled": Change(disable_alert, "updated", updated=("monitoring-runs-failed",)),
    "alert deleted": Change(
        delete("monitoring-runs-failed", METRIC_ALERTS), "deleted", created=("monitoring-runs-failed",)
    ),
    "workflow edited": Change(edit_workflow, "updated", updated=("orchestration-retrain",)),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_refresh_sees_it_and_the_next_deployment_repairs_it(deployed: Rehearsal, name: str) -> None:
    change = CHANGES[name]
    before = {each: state.inputs for each, state in deployed.state().items()}
    change.do(deployed)
    assert counts(deployed.deployment().up()) == {"unchanged": len(before)}, "without a refresh nothing is looked at"
    assert counts(deployed.deployment().refresh())[change.refreshed] == max(len(change.created), 1)
    deployed.deployment().up()
    done = {each: step.operation for each, step in deployed.steps().items()}
    assert {each for each, operation in done.items() if operation == "create"} == set(change.created)
    assert {each for each, operation in done.items() if operation == "update"} >= set(change.updated)
    assert set(done) == {*change.created, *change.updated}
    assert set(deployed.state()) == set(before)
    kept = set(before) - set(done)
    assert {each: deployed.state()[each].inputs for each in kept} == {each: before[each] for each in kept}
    assert deployed.unmanaged() == (set(), set())
    assert set(counts(deployed.deployment().refresh())) == {"unchanged"}
    assert set(counts(deployed.deployment().up())) == {"unchanged"}


def test_what_is_published_is_not_the_programs(deployed: Rehearsal) -> None:
    state = deployed.state()
    account, prediction = state["ml-training"].id, state["ml-prediction"].id
    model = trained(deployed.arm, account, project(deployed))
    with training(deployed.arm, account) as client:
        for published in (True, False, True):
            if published:
                publish(client, model.project, model.iteration, prediction)
            else:
                unpublish(client, model.project, model.iteration)
            found = deployed.everything()[model.project]
            assert bool(found["iterations"][0]["publishName"]) is published
            assert set(counts(deployed.deployment().refresh())) == {"unchanged"}
            assert set(counts(deployed.deployment().up())) == {"unchanged"}
            assert deployed.everything()[model.project] == found


def test_a_deleted_resource_group_comes_back_once_its_accounts_are_purged(deployed: Rehearsal) -> None:
    state = deployed.state()
    with_accounts = [state["ml-training"], state["ml-prediction"]]
    deployed.arm.delete(state["resource-group"].id, RESOURCES)
    left = set(deployed.everything()) - deployed.empty
    assert len(left) == 2, left
    assert all("/deletedaccounts/" in each for each in left)
    deployed.deployment().refresh()
    gone = set(state) - set(deployed.state())
    assert {"resource-group", "data-account", "ml-training", "ml-prediction", "ml-project"} <= gone
    for attempt in ("preview", "up"):
        with pytest.raises(DeploymentError, match="az cognitiveservices account purge") as refused:
            getattr(deployed.deployment(), attempt)()
        assert all(each.id.rsplit("/", 1)[-1] in refused.value.message for each in with_accounts)
    for identity in left:
        deployed.arm.delete(identity, COGNITIVE)
    deployed.deployment().up()
    assert set(deployed.state()) == set(state)
    assert deployed.state()["data-account"].id == state["data-account"].id
    assert deployed.unmanaged() == (set(), set())
    assert set(counts(deployed.deployment().up())) == {"unchanged"}
