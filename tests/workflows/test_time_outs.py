"""The retraining workflow on mocked answers: faults that a running service does not make on demand."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from emulator.logic_apps.standalone.result import RunResult
from emulator.logic_apps.standalone.skeleton import skeleton
from emulator.testing.workflow_runs import LoadedWorkflow, WorkflowLoader
from tests.workflows.mocked import GONE, MADE, TAGS, TIMED_OUT, WORKFLOWS, json_of, listing
from tests.workflows.world import DEPLOYED


@pytest.fixture
def retrain(workflow: WorkflowLoader) -> LoadedWorkflow:
    return workflow.load(WORKFLOWS / "retrain")


def run(retrain: LoadedWorkflow, **answers: Any) -> RunResult:
    """Run on answers of an empty container but for those given."""
    mocks = copy.deepcopy(skeleton(retrain.source))
    mocks["parameters"]["settings"] = DEPLOYED
    mocks["actions"] |= {
        "Read_the_settings": GONE,
        "List_the_iterations_at_the_start": json_of([]),
        "Read_production": GONE,
        "Read_the_intent": GONE,
        "List_a_page_of_held_out": listing(),
        "Read_the_lineage": GONE,
        "Tags_of_the_newest": json_of(TAGS),
        "Read_the_record_of_the_newest": GONE,
        "List_the_iterations_at_the_gate": json_of([]),
        "Write_the_manifest": MADE,
        "Append_to_the_index": MADE,
        "List_a_page": listing(),
        "Tags_before": json_of(TAGS),
        "Tags": json_of(TAGS),
        "Tag_counts": json_of(TAGS),
        **answers,
    }
    return retrain.run(mocks=mocks, trigger="manual")


def test_settings_that_cannot_be_read_in_time_fail_the_run(retrain: LoadedWorkflow):
    found = run(retrain, Read_the_settings=TIMED_OUT)
    assert (found.status, found.actions["Configure"].status) == ("Failed", "Failed")
    assert found.actions["Collect"].status == "Skipped"
    assert found.actions["Unlock"].status == "Succeeded"


def test_the_first_run_of_two_that_make_the_lock_takes_it(retrain: LoadedWorkflow):
    found = run(retrain, Acquire_the_lease={"statusCode": 404}, Create_the_lock={"statusCode": 409})
    assert found.actions["Acquire_the_new_lease"].status == "Succeeded"
    assert found.branches["Switch_on_the_lease"] == "The_lock_is_new"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [(TIMED_OUT, "TimedOut"), ({"statusCode": 403}, "Forbidden"), ({"failure": "connectionDropped"}, "ActionRequest")],
)
def test_a_manifest_that_is_not_written_fails_the_run_and_keeps_no_lock(
    retrain: LoadedWorkflow, fault: dict[str, Any], cause: str
):
    found = run(retrain, Write_the_manifest=fault)
    assert found.actions["Record"].status in ("Failed", "TimedOut")
    assert found.actions["Unlock"].status == "Succeeded"
    assert found.status == "Failed"
    assert found.error is not None
    assert "could not be recorded: Write_the_manifest (" in found.error["message"]
    assert cause in found.error["message"]


def test_a_manifest_that_the_service_answered_for_but_did_not_make_fails_the_run(retrain: LoadedWorkflow):
    found = run(retrain, Write_the_manifest={"statusCode": 200})
    assert found.status == "Failed"
    assert found.error is not None
    assert found.error["message"] == "The run could not be recorded: Write_the_manifest (200)"


def test_a_run_whose_phase_failed_fails_though_its_lock_is_not_freed_in_time(retrain: LoadedWorkflow):
    found = run(retrain, Tags_before=TIMED_OUT, Unlock=TIMED_OUT)
    assert (found.actions["Unlock"].status, found.status) == ("TimedOut", "Failed")
    assert found.error is not None
    assert found.error["code"] == "RetrainingFailed"


def test_a_tag_that_is_not_made_fails_the_run_before_an_image_is_added(retrain: LoadedWorkflow):
    found = run(retrain, List_a_page=listing("green/1.png"), Create_the_tag={"failure": "connectionDropped"})
    assert found.actions["For_each_new_label"].status == "Failed"
    assert found.actions["Every_tag_was_answered"].status == "Failed"
    assert found.actions["Add_the_images"].status == "NotRun"


def test_a_refused_image_that_cannot_be_moved_fails_the_run(retrain: LoadedWorkflow):
    found = run(retrain, List_a_page=listing("red/1.png", size=0), Copy_to_rejected={"statusCode": 403})
    assert found.actions["For_each_rejected_image"].status == "Failed"
    assert found.actions["Unmoved"].status == "Succeeded"
    assert found.actions["Every_image_was_moved"].status == "Failed"


def test_measures_that_do_not_come_in_time_fail_the_run_and_are_recorded(retrain: LoadedWorkflow):
    found = run(
        retrain,
        List_the_iterations=json_of([]),
        Read_the_month={"statusCode": 404},
        Start_training=json_of({"id": "iteration"}),
        Look_at_the_iteration=[
            json_of({"status": "Training"}),
            json_of({"status": "Completed", "name": "Iteration 1"}),
        ],
        Performance=TIMED_OUT,
    )
    assert found.actions["If_there_is_a_challenger"].status == "TimedOut"
    assert found.actions["Write_the_manifest"].status == "Succeeded"
    assert found.actions["Publish_the_target"].status == "Skipped"
    assert found.status == "Failed"
