"""How runs end on mocked answers: what is recorded and told, and what becomes of the run where that is not possible."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import (
    ADDRESS,
    CONFLICT,
    FORBIDDEN,
    GONE,
    MADE,
    NAMES,
    OLD,
    OLDER,
    RECORDS,
    TIMED_OUT,
    TRAINED,
    iteration,
    json_of,
    manifest,
    measured,
    retrain,
    roll_back,
    train,
)

FAULTS = pytest.mark.parametrize("answer", [FORBIDDEN, TIMED_OUT], ids=["refused", "late"])
SENT = {"statusCode": 204}


def test_an_index_that_another_run_began_a_moment_before_is_appended_to(loaded: LoadedWorkflow):
    answers = {"Append_to_the_index": GONE, "Create_the_index": CONFLICT, "Begin_the_index": MADE}
    found = retrain(loaded, answers)
    assert found.status == found.actions["Record"].status == "Succeeded"
    assert [call.body for call in found.calls_of("Begin_the_index")] == [
        call.body for call in found.calls_of("Append_to_the_index")
    ]


def test_a_line_that_the_index_does_not_take_fails_the_run_and_costs_neither_manifest_nor_lock(loaded: LoadedWorkflow):
    answers = {"Append_to_the_index": GONE, "Create_the_index": MADE, "Begin_the_index": FORBIDDEN}
    found = retrain(loaded, answers)
    assert (found.status, found.actions["Record"].status) == ("Failed", "Failed")
    assert found.error is not None
    assert found.error["message"].startswith("The run could not be recorded: ")
    assert found.error["message"].endswith(", Begin_the_index (Forbidden)")
    assert manifest(found)["decision"] == "nothing changed"
    assert len(found.calls_of("Unlock")) == 1


@FAULTS
def test_a_lock_that_is_not_released_keeps_no_notice_back(loaded: LoadedWorkflow, answer: Any):
    found = retrain(loaded, {**TRAINED, "Unlock": answer}, notices=ADDRESS)
    assert [call.body["decision"] for call in found.calls_of("Tell_what_was_done")] == ["published"]
    assert found.status == "Succeeded"


@FAULTS
def test_a_run_that_nobody_could_be_told_of_ends_as_it_went(loaded: LoadedWorkflow, answer: Any):
    unheard = {"Tell_what_was_done": answer}
    assert retrain(loaded, {**TRAINED, **unheard}, notices=ADDRESS).status == "Succeeded"
    failed = retrain(loaded, {"Tags_before": FORBIDDEN, **unheard}, notices=ADDRESS)
    assert (failed.status, failed.error and failed.error["code"]) == ("Failed", "RetrainingFailed")


def test_nobody_is_told_of_a_run_that_changed_nothing(loaded: LoadedWorkflow):
    found = retrain(loaded, {}, notices=ADDRESS)
    assert (found.status, found.calls_of("Tell_what_was_done")) == ("Succeeded", [])


def test_the_beginning_and_the_end_of_a_run_are_sent_to_the_tables(loaded: LoadedWorkflow):
    sent = {**TRAINED, "Send_the_beginning": SENT, "Send_the_records": SENT}
    found = retrain(loaded, sent, parameters=RECORDS)
    (begun,) = found.calls_of("Send_the_beginning")
    assert [row["Event"] for row in begun.body] == ["started"]
    streams = [
        call.url.partition("Custom-Retraining")[2].partition("_CL")[0] for call in found.calls_of("Send_the_records")
    ]
    assert sorted(streams) == ["Decisions", "Images", "Metrics", "Runs"]
    (ended,) = [call.body for call in found.calls_of("Send_the_records") if "Custom-RetrainingRuns_CL" in call.url]
    assert [(row["Event"], row["Decision"]) for row in ended] == [("finished", "published")]


@FAULTS
@pytest.mark.parametrize("action", ["Send_the_beginning", "Send_the_records"])
def test_records_that_are_not_taken_fail_no_run(loaded: LoadedWorkflow, action: str, answer: Any):
    sent = {"Send_the_beginning": SENT, "Send_the_records": SENT, action: answer}
    found = retrain(loaded, {**TRAINED, **sent}, parameters=RECORDS)
    assert found.actions["Announce" if action == "Send_the_beginning" else "Report"].status != "Succeeded"
    assert (found.status, manifest(found)["decision"]) == ("Succeeded", "published")
    assert len(found.calls_of("Unlock")) == 1


def test_a_run_without_the_lock_announces_nothing_and_fails(loaded: LoadedWorkflow):
    found = retrain(loaded, {"Name_the_holder": {"statusCode": 412}}, parameters=RECORDS)
    assert found.calls_of("Send_the_beginning") == []
    assert (found.actions["Announced"].status, found.status) == ("Succeeded", "Failed")


@FAULTS
def test_what_cannot_be_measured_is_not_judged_and_the_run_says_so(loaded: LoadedWorkflow, answer: Any):
    found = train(loaded, {"Performance": answer})
    assert found.actions["If_there_is_a_challenger"].status == ("Failed" if answer is FORBIDDEN else "TimedOut")
    assert manifest(found)["reason"].startswith("Evaluate failed: Performance (")
    assert found.calls_of("Publish_the_target") == found.calls_of("Write_the_model") == []


def test_a_person_who_forces_it_publishes_over_the_gate_and_is_named(loaded: LoadedWorkflow):
    worse = {**TRAINED, "Performance": measured(0.1), "Champion_performance": measured(0.9)}
    found = retrain(loaded, worse, body={"force": True, "who": "anna", "why": "the old one sees ghosts"})
    assert manifest(found)["gate"]["verdict"]["forced"] is True
    (call,) = found.calls_of("Point_to_production")
    assert (call.body["who"], call.body["why"]) == ("anna", "the old one sees ghosts")


def test_a_rollback_is_told_with_who_did_it_and_why(rollback: LoadedWorkflow):
    found = roll_back(rollback, {}, notices=ADDRESS)
    (call,) = found.calls_of("Tell_what_was_done")
    assert call.body["text"].startswith("production: rolled back by anna (worse at night). ")
    assert found.status == "Succeeded"


@FAULTS
def test_a_rollback_that_nobody_could_be_told_of_ends_as_it_went(rollback: LoadedWorkflow, answer: Any):
    assert roll_back(rollback, {"Tell_what_was_done": answer}, notices=ADDRESS).status == "Succeeded"
    failed = roll_back(rollback, {"Tell_what_was_done": answer, "Point_to_production": FORBIDDEN}, notices=ADDRESS)
    assert (failed.status, failed.error and failed.error["code"]) == ("Failed", "RollbackFailed")


def test_a_rollback_is_told_though_its_caller_waits_no_longer(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"Respond": {"status": "Failed", "code": "ActionResponseTimedOut"}}, notices=ADDRESS)
    assert len(found.calls_of("Tell_what_was_done")) == 1
    assert found.actions["Publish"].status == found.status == "Succeeded"


def test_a_rollback_without_an_outcome_is_told_as_failed_and_fails(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"Outcome": {"status": "Failed"}}, notices=ADDRESS)
    assert [call.body["decision"] for call in found.calls_of("Tell_what_was_done")] == ["failed"]
    assert (found.status, found.error and found.error["code"]) == ("Failed", "RollbackFailed")
    assert found.error is not None
    assert "Outcome" in found.error["message"]


def test_a_rollback_that_is_cut_off_by_time_is_answered_as_failed(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"Who_and_why_are_given": TIMED_OUT})
    assert found.actions["Swap"].status == "TimedOut"
    assert found.response is not None
    assert (found.response["statusCode"], found.status) == (500, "Failed")
    assert found.calls_of("Publish_the_target") == []


def test_a_rollback_with_nothing_to_go_back_to_is_refused(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"List_the_iterations_at_the_start": json_of([iteration(OLD, "production")])})
    assert found.response is not None
    assert found.response["statusCode"] == 409
    assert found.calls_of("Publish_the_target") == []


def test_a_rollback_that_cannot_finish_what_was_begun_goes_back_to_nothing(rollback: LoadedWorkflow):
    held = [iteration(OLD, "production"), iteration(OLDER, NAMES["previous"])]
    answers = {
        "List_the_iterations_at_the_start": json_of(held),
        "Read_the_intent": json_of({"id": "begun", "iterationId": OLD, "previousId": OLDER}),
        "Acquire_the_publication_lock_in_the_repair": CONFLICT,
    }
    found = roll_back(rollback, answers)
    assert found.actions["Swap"].status == "Skipped"
    assert found.response is not None
    assert (found.response["statusCode"], found.status) == (500, "Failed")
    assert found.calls_of("Publish_the_target") == []


def test_a_rollback_is_recorded_with_who_and_why_and_a_link_to_its_run(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"Send_the_rollback": SENT}, parameters=RECORDS)
    assert found.status == "Succeeded"
    (call,) = found.calls_of("Send_the_rollback")
    assert call.url.startswith("https://records.example/dataCollectionRules/rule/streams/Custom-RetrainingRuns_CL?")
    (row,) = call.body
    assert (row["Event"], row["Decision"], row["RowId"]) == ("rolled back", "rolled back", f"{row['Run']}/rolled back")
    assert row["Reason"] == "Iteration earlier is in production again: anna (worse at night)"
    start, _, run = row["Link"].partition("/runid/")
    assert start == "https://portal.azure.com/#view/Microsoft_Azure_EMA/LogicAppsMonitorBlade"
    assert unquote(run).endswith(f"/runs/{row['Run']}")


@pytest.mark.parametrize("answer", [FORBIDDEN, TIMED_OUT], ids=["refused", "too late"])
def test_a_rollback_that_cannot_be_recorded_is_done_all_the_same(rollback: LoadedWorkflow, answer: Any):
    found = roll_back(rollback, {"Send_the_rollback": answer}, parameters=RECORDS)
    assert (found.status, found.actions["Report"].status != "Succeeded") == ("Succeeded", True)
    missing = "Monitoring Metrics Publisher on the data collection rule" if answer is FORBIDDEN else None
    assert found.actions["Reported"].outputs["missingRole"] == missing
    assert found.response is not None
    assert found.response["statusCode"] == 200


def test_a_rollback_that_failed_is_not_recorded_as_done(rollback: LoadedWorkflow):
    found = roll_back(rollback, {"Publish_the_target": FORBIDDEN, "Look_at_the_target": FORBIDDEN}, parameters=RECORDS)
    assert found.status == "Failed"
    assert found.calls_of("Send_the_rollback") == []
