"""What a run keeps for the alerts, on mocked answers: how long images wait, and how often the gate rejected."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.logic_apps.standalone.result import RunResult
from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import (
    CONFLICT,
    FORBIDDEN,
    GONE,
    MADE,
    NEW,
    OLD,
    OLDER,
    RECORDS,
    TIMED_OUT,
    TRAINED,
    Answers,
    added,
    iteration,
    json_of,
    listing,
    manifest,
    measured,
    published,
    retrain,
)

SENT = {"statusCode": 204}
WORSE: Answers = {**TRAINED, "Performance": measured(0.1), "Champion_performance": measured(0.9)}
INTENT = {"id": "done", "iterationId": OLD, "previousId": None}
CHANGED = {"statusCode": 412}


def recorded(workflow: LoadedWorkflow, answers: Answers, **given: Any) -> tuple[RunResult, dict[str, Any]]:
    """Run it; return the run and the row of its end."""
    sent = {"Send_the_beginning": SENT, "Send_the_records": SENT}
    found = retrain(workflow, {**sent, **answers}, parameters=RECORDS, **given)
    ((row,),) = [call.body for call in found.calls_of("Send_the_records") if "RetrainingRuns_CL" in call.url]
    return found, row


def counted(before: str, last: str = "another") -> dict[str, Any]:
    """Return the blob of the last publication, with so many rejections since."""
    answer = json_of(INTENT, ETag='"0x1"')
    answer["headers"] |= {"x-ms-meta-rejectedinarow": before, "x-ms-meta-rejectedlast": last}
    return answer


def test_what_no_run_took_is_recorded_with_the_age_of_the_oldest(loaded: LoadedWorkflow):
    answers = {
        "List_a_page": listing("red/a.jpg", "red/b.jpg", "red/c.jpg", "red/d.jpg"),
        "Add_the_images": json_of({"images": [added("red/a.jpg"), added("red/b.jpg", "ErrorSource")]}),
    }
    found, row = recorded(loaded, answers, settings={"maximumImagesPerRun": 2})
    assert (row["Waiting"], row["WaitingSince"]) == (3, "2026-03-02T00:00:00Z")
    assert manifest(found)["waitingSince"] == "2026-03-02T00:00:00Z"


def test_a_run_that_takes_all_leaves_nothing_that_waits(loaded: LoadedWorkflow):
    answers = {"List_a_page": listing("red/a.jpg"), "Add_the_images": json_of({"images": [added("red/a.jpg")]})}
    _, row = recorded(loaded, answers)
    assert (row["Waiting"], row["WaitingSince"]) == (0, None)


def test_a_run_that_could_not_list_does_not_say_that_nothing_waits(loaded: LoadedWorkflow):
    _, row = recorded(loaded, {"List_a_page": FORBIDDEN})
    assert (row["Waiting"], row["WaitingSince"]) == (None, None)


def test_a_run_that_fails_after_the_listing_leaves_all_of_it(loaded: LoadedWorkflow):
    _, row = recorded(loaded, {"List_a_page": listing("red/a.jpg", "red/b.jpg"), "Tags_before": FORBIDDEN})
    assert (row["Waiting"], row["WaitingSince"]) == (2, "2026-03-01T00:00:00Z")


@pytest.mark.parametrize(("intent", "expected"), [(json_of(INTENT, ETag='"0x1"'), 1), (counted("4"), 5)])
def test_a_rejection_is_counted_beside_those_before_it(loaded: LoadedWorkflow, intent: dict[str, Any], expected: int):
    found, row = recorded(loaded, {**WORSE, "Read_the_intent": intent})
    (call,) = found.calls_of("Count_the_rejection")
    assert (call.method, call.headers["if-match"]) == ("PUT", '"0x1"')
    assert (call.headers["x-ms-meta-rejectedinarow"], call.headers["x-ms-meta-rejectedlast"]) == (str(expected), NEW)
    assert row["RejectedInARow"] == manifest(found)["gate"]["rejectedInARow"] == expected


def test_an_iteration_that_is_judged_again_counts_once(loaded: LoadedWorkflow):
    _, row = recorded(loaded, {**WORSE, "Read_the_intent": counted("4", NEW)})
    assert row["RejectedInARow"] == 4


def test_a_publication_begins_anew_and_needs_no_call_for_it(loaded: LoadedWorkflow):
    found, row = recorded(loaded, {**TRAINED, "Read_the_intent": counted("4")})
    assert (row["Decision"], row["RejectedInARow"], found.calls_of("Count_the_rejection")) == ("published", 0, [])


def test_a_run_that_judges_nothing_tells_the_count_as_it_is(loaded: LoadedWorkflow):
    found, row = recorded(loaded, {"Read_the_intent": counted("4")})
    assert (row["RejectedInARow"], found.calls_of("Count_the_rejection")) == (4, [])


def test_a_run_that_could_not_look_knows_no_count(loaded: LoadedWorkflow):
    _, row = recorded(loaded, {"Read_the_intent": FORBIDDEN})
    assert row["RejectedInARow"] is None


def test_the_first_rejection_of_a_project_is_counted_in_the_blob_that_the_run_has_made(loaded: LoadedWorkflow):
    made = {"statusCode": 201, "headers": {"ETag": '"0x9"'}}
    found, row = recorded(loaded, {**WORSE, "Read_the_intent": GONE, "Create_the_publication_lock": made})
    (call,) = found.calls_of("Count_the_rejection")
    assert (row["RejectedInARow"], call.headers["if-match"]) == (1, '"0x9"')


def test_a_publication_that_the_run_repaired_begins_anew(loaded: LoadedWorkflow):
    held = [iteration(OLD, "production"), iteration(OLDER)]
    begun = {"id": "begun", "iterationId": OLD, "previousId": OLDER}
    answers = {
        **WORSE,
        "List_the_iterations_at_the_start": json_of(held),
        "Read_the_intent": {**counted("4"), "body": begun},
        **published(OLD, OLDER, "_in_the_repair"),
        "Write_the_intent_in_the_repair": {**MADE, "headers": {"ETag": '"0x7"'}},
    }
    found, row = recorded(loaded, answers)
    (call,) = found.calls_of("Count_the_rejection")
    assert (row["RejectedInARow"], call.headers["if-match"]) == (1, '"0x7"')


def test_a_rollback_that_came_in_between_wins(loaded: LoadedWorkflow):
    found, _ = recorded(loaded, {**WORSE, "Count_the_rejection": CHANGED})
    assert (found.status, manifest(found)["decision"]) == ("Succeeded", "rejected")


@pytest.mark.parametrize("answer", [FORBIDDEN, CONFLICT])
def test_a_rejection_that_could_not_be_counted_fails_the_run_by_its_name(loaded: LoadedWorkflow, answer: Any):
    found, _ = recorded(loaded, {**WORSE, "Count_the_rejection": answer})
    assert found.status == "Failed"
    assert found.error is not None
    assert "Count_the_rejection" in found.error["message"]
    assert len(found.calls_of("Unlock")) == 1


@pytest.mark.parametrize("answer", [FORBIDDEN, TIMED_OUT], ids=["refused", "time-out"])
def test_a_rejection_that_could_not_be_recorded_is_left_to_the_next_run(loaded: LoadedWorkflow, answer: Any):
    found, _ = recorded(loaded, {**WORSE, "Write_the_model": answer})
    assert found.error is not None
    assert "Write_the_model (" in found.error["message"]
    assert found.calls_of("Count_the_rejection") == []
