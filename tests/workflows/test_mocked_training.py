"""The lock, the decision, the training, the gate and the export on mocked answers."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import (
    ACCEPTED,
    CONFLICT,
    FORBIDDEN,
    GONE,
    MADE,
    NAMES,
    NEW,
    OLD,
    REFUSED,
    TAGS,
    TIMED_OUT,
    TRAINED,
    iteration,
    json_of,
    listing,
    manifest,
    measured,
    predicted,
    published,
    retrain,
    train,
)

HOLDER = json_of({"run": "another", "since": "2026-01-01T00:00:00Z"}, ETag='"0x1"')
WORSE = {"Performance": measured(0.1), "Champion_performance": measured(0.9)}


def held(status: dict[str, Any]) -> dict[str, Any]:
    """Return the answers to a run that finds the lock held by one of this status."""
    return {"Acquire_the_lease": CONFLICT, "Read_the_holder": HOLDER, "Ask_for_the_holder": status}


def test_the_very_first_run_makes_the_lock_and_goes_by_the_file_of_settings(loaded: LoadedWorkflow):
    settings = json_of({"minimumImagesPerTag": 60})
    answers = {"Acquire_the_lease": GONE, "Create_the_lock": MADE, "Read_the_settings": settings}
    found = train(loaded, answers)
    assert len(found.calls_of("Acquire_the_new_lease")) == 1
    assert "red has 50 of 60 images" in manifest(found)["reason"]


def test_a_run_ends_at_once_while_another_holds_the_lock(loaded: LoadedWorkflow):
    found = retrain(loaded, held(json_of({"properties": {"status": "Running"}})))
    assert (found.status, found.error and found.error["code"]) == ("Cancelled", "AnotherRunHoldsTheLock")
    assert found.calls_of("Break_the_lease") == found.calls_of("Name_the_holder") == []


@pytest.mark.parametrize("status", [GONE, json_of({"properties": {"status": "Failed"}})], ids=["forgotten", "failed"])
def test_the_lock_of_a_run_that_is_over_is_taken(loaded: LoadedWorkflow, status: dict[str, Any]):
    found = retrain(loaded, held(status))
    assert found.status == "Succeeded"
    (call,) = found.calls_of("Break_the_lease")
    assert {name.lower(): value for name, value in call.headers.items()}["if-match"] == '"0x1"'
    assert len(found.calls_of("Acquire_the_broken_lease")) == 1


def test_the_lock_is_left_to_a_run_that_had_taken_it_but_not_yet_named_itself(loaded: LoadedWorkflow):
    taken = {**held(json_of({"properties": {"status": "Failed"}})), "Break_the_lease": {"statusCode": 412}}
    found = retrain(loaded, taken)
    assert (found.status, found.error and found.error["code"]) == ("Cancelled", "AnotherRunHoldsTheLock")
    assert found.calls_of("Acquire_the_broken_lease") == found.calls_of("Name_the_holder") == []


def test_the_lock_is_not_taken_while_nobody_can_say_whether_its_holder_runs(loaded: LoadedWorkflow):
    found = retrain(loaded, held(FORBIDDEN))
    assert found.status == "Failed"
    assert found.actions["Holder_state"].status == "Failed"
    assert found.calls_of("Break_the_lease") == found.calls_of("Name_the_holder") == []


def test_a_lease_that_is_refused_otherwise_lets_the_run_take_nothing(loaded: LoadedWorkflow):
    found = retrain(loaded, {"Acquire_the_lease": FORBIDDEN, "Name_the_holder": {"statusCode": 412}})
    assert (found.status, found.branches["Switch_on_the_lease"]) == ("Failed", "default")
    assert found.calls_of("List_a_page") == []


@pytest.mark.parametrize("answer", [ACCEPTED, FORBIDDEN], ids=["deleted", "refused"])
def test_a_tag_without_images_is_deleted_before_a_training(loaded: LoadedWorkflow, answer: Any):
    empty = {"name": "grey", "id": "tag-grey", "imageCount": 0, "type": "Regular"}
    found = train(loaded, {"Tag_counts": json_of([*TAGS, empty]), "Delete_the_empty_tag": answer})
    assert [call.url.rpartition("/")[2] for call in found.calls_of("Delete_the_empty_tag")] == ["tag-grey"]
    assert len(found.calls_of("Start_training")) == (1 if answer is ACCEPTED else 0)
    assert found.status == ("Succeeded" if answer is ACCEPTED else "Failed")


def test_a_month_s_index_that_cannot_be_read_starts_no_training(loaded: LoadedWorkflow):
    found = train(loaded, {"Read_the_month": FORBIDDEN})
    assert found.error is not None
    assert found.error["message"].startswith("Decide failed: ")
    assert found.calls_of("Start_training") == []


def test_too_few_images_of_a_tag_start_no_training(loaded: LoadedWorkflow):
    few = [{**TAGS[0], "imageCount": 2}, TAGS[1]]
    found = train(loaded, {"Tag_counts": json_of(few)})
    assert found.branches["If_no_rule_is_broken"] == "else"
    assert manifest(found)["decision"] == "not trained"
    assert "red has 2 of 5 images" in manifest(found)["reason"]


def crowded(count: int) -> dict[str, Any]:
    """Return the answer that lists iterations, the last one of them the youngest."""
    return json_of(
        [
            iteration(f"i{number:02}", trainedAt=f"2025-01-01T00:{number:02}:00Z", created="2025-01-01T00:00:00Z")
            for number in range(count)
        ]
    )


@pytest.mark.parametrize("answer", [{"statusCode": 204}, GONE], ids=["deleted", "gone already"])
def test_the_oldest_iteration_makes_room_for_the_new_one(loaded: LoadedWorkflow, answer: Any):
    judged = {"Read_the_record_of_the_newest": json_of({}), "List_the_iterations": crowded(5)}
    found = train(loaded, {**judged, "Delete_the_iteration": answer}, iterationsToKeep=5, maximumTrainingsPerDay=5)
    assert found.status == "Succeeded"
    assert [call.url.rpartition("/")[2] for call in found.calls_of("Delete_the_iteration")] == ["i00"]
    assert [each["id"] for each in manifest(found)["publication"]["pruned"]] == ["i00"]


def test_where_there_is_no_room_no_training_is_started(loaded: LoadedWorkflow):
    answers = {"List_the_iterations": crowded(5), "Delete_the_iteration": FORBIDDEN}
    found = train(loaded, answers, iterationsToKeep=5, maximumTrainingsPerDay=5)
    assert found.error is not None
    assert found.error["message"].startswith("Prune failed: ")
    assert found.calls_of("Start_training") == []


def test_a_training_that_somebody_else_started_is_waited_for_and_judged(loaded: LoadedWorkflow):
    running = [iteration(OLD, "production"), iteration(NEW, status="Training")]
    answers = {
        "Start_training": json_of({"code": "BadRequestTrainingAlreadyInProgress"}, 400),
        "List_the_running_iterations": json_of(running),
        "Look_at_the_iteration": [
            json_of({"status": "Training"}),
            json_of({"status": "Completed", "name": "Iteration new"}),
        ],
    }
    found = train(loaded, answers)
    assert len(found.calls_of("Look_at_the_iteration")) == 2
    assert manifest(found)["decision"] == "published"


def test_a_training_that_is_refused_otherwise_fails_the_run(loaded: LoadedWorkflow):
    found = train(loaded, {"Start_training": json_of({"code": "BadRequestQuotaExceeded"}, 400)})
    assert found.error is not None
    assert found.error["message"].startswith("Train failed: ")
    assert found.calls_of("Look_at_the_iteration") == []


def test_what_was_judged_before_is_not_judged_again_and_without_an_answer_nothing_is(loaded: LoadedWorkflow):
    newest = json_of([iteration(NEW, trainedAt="2025-01-01T00:00:00Z", created="2025-01-01T00:00:00Z")])
    nothing_new = {**TRAINED, "List_the_iterations": newest}
    del nothing_new["Start_training"]
    judged = retrain(loaded, {**nothing_new, "Read_the_record_of_the_newest": json_of({})})
    assert judged.branches["If_there_is_a_challenger"] == "else"
    assert manifest(judged)["decision"] == "nothing changed"
    left = retrain(loaded, nothing_new)
    assert manifest(left)["decision"] == "published"
    unknown = retrain(loaded, {**nothing_new, "Read_the_record_of_the_newest": FORBIDDEN})
    assert unknown.error is not None
    assert unknown.error["message"].startswith("Choose failed: ")


def test_suspects_are_looked_for_on_every_page(loaded: LoadedWorkflow):
    def page(count: int, start: int) -> dict[str, Any]:
        tags = [{"tagId": "tag-red", "tagName": "red"}]
        others = [{"tagId": "tag-blue", "tagName": "blue", "probability": 0.99}]
        return json_of([{"id": f"{start + each}", "tags": tags, "predictions": others} for each in range(count)])

    found = train(loaded, {"List_a_page_of_performances": [page(256, 0), page(3, 256)]})
    assert [
        call.url.partition("skip=")[2].partition("&")[0] for call in found.calls_of("List_a_page_of_performances")
    ] == [
        "0",
        "256",
    ]
    (call,) = found.calls_of("Write_the_suspects")
    assert [each["imageId"] for each in call.body["suspects"]] == [str(number) for number in range(259)]


def test_held_out_images_that_were_trained_before_judge_nobody(loaded: LoadedWorkflow):
    answers = {
        "List_a_page_of_held_out": listing("red/1.png", "blue/1.png"),
        "List_a_page_of_trained": [listing("red/1.png", marker="m"), listing("blue/1.png")],
    }
    found = train(loaded, answers)
    assert found.calls_of("Ask_the_challenger") == []
    (gate,) = found.calls_of("Write_the_gate")
    assert sorted(gate.body["leftOutAsTrained"]) == ["blue/1.png", "red/1.png"]
    assert gate.body["comparison"]["by"].startswith("the service's own metrics")


JUDGED = {
    "List_a_page_of_held_out": listing("red/1.png"),
    "List_a_page_of_trained": listing(),
    "Ask_the_challenger": predicted("red"),
    "Ask_the_champion": predicted("red"),
}


@pytest.mark.parametrize("action", ["Ask_the_challenger", "Ask_the_champion"])
def test_an_image_that_one_of_both_cannot_read_is_judged_for_neither(loaded: LoadedWorkflow, action: str):
    found = train(loaded, {**JUDGED, action: REFUSED})
    assert len(found.calls_of("Ask_the_champion")) == 1
    assert manifest(found)["gate"]["comparison"]["judged"] == 0
    assert manifest(found)["decision"] == "published"


@pytest.mark.parametrize("action", ["Ask_the_challenger", "Ask_the_champion"])
def test_a_judgement_that_breaks_off_publishes_nothing(loaded: LoadedWorkflow, action: str):
    found = train(loaded, {**JUDGED, action: FORBIDDEN})
    assert found.error is not None
    assert found.error["message"].startswith("Judge failed: ")
    assert found.calls_of("Publish_the_target") == []


def test_held_out_images_decide_where_they_are_judged_by_both(loaded: LoadedWorkflow):
    found = train(loaded, {**JUDGED, "Ask_the_challenger": predicted("blue")})
    assert manifest(found)["decision"] == "rejected"
    assert manifest(found)["gate"]["comparison"]["onlyChampionRight"] == 1
    assert found.calls_of("Publish_the_target") == []


def test_a_rejected_challenger_is_recorded_and_answers_under_no_name(loaded: LoadedWorkflow):
    found = train(loaded, WORSE)
    assert (found.status, manifest(found)["decision"]) == ("Succeeded", "rejected")
    assert found.branches["If_challengers_are_published"] == "else"
    (model,) = found.calls_of("Write_the_model")
    assert model.body["decision"] == "rejected"
    assert found.calls_of("Publish_the_challenger") == []


@pytest.mark.parametrize(
    ("answer", "name", "status"),
    [
        (REFUSED, NAMES["challenger"], "Succeeded"),
        ({"statusCode": 200}, NAMES["challenger"], "Succeeded"),
        (REFUSED, None, "Failed"),
    ],
    ids=["published already", "published", "refused"],
)
def test_a_rejected_challenger_that_is_offered_answers_under_a_name_of_its_own(
    loaded: LoadedWorkflow, answer: Any, name: str | None, status: str
):
    looked = json_of(iteration(NEW, name))
    answers = {**WORSE, "Publish_the_challenger": answer, "Look_at_the_challenger": looked}
    found = train(loaded, answers, publishChallenger=True)
    assert found.status == status
    (call,) = found.calls_of("Publish_the_challenger")
    assert "publishName=challenger&" in call.url


COMPACT = json_of({"status": "Completed", "name": "Iteration new", "exportable": True})
"""A training that ends with a model that can be exported."""


def exports(status: str) -> dict[str, Any]:
    """Return the answer that lists exports."""
    return json_of([{"platform": "ONNX", "status": status, "downloadUri": "https://exports.example/model.zip?sig=s"}])


def test_an_export_that_was_asked_for_before_is_waited_for_and_kept(loaded: LoadedWorkflow):
    answers = {
        "Look_at_the_iteration": COMPACT,
        "Start_the_export": REFUSED,
        "List_the_exports": [exports("Exporting"), exports("Done")],
    }
    found = train(loaded, answers)
    assert found.status == "Succeeded"
    assert [call.url for call in found.calls_of("Download_the_model")] == ["https://exports.example/model.zip?sig=s"]
    (call,) = found.calls_of("Keep_the_model")
    assert call.url == "https://images.blob.example/artifacts/models/new/model.zip"
    assert len(found.calls_of("Keep_the_labels")) == len(found.calls_of("Keep_the_readme")) == 1


def test_an_export_is_taken_as_soon_as_it_is_done(loaded: LoadedWorkflow):
    found = train(loaded, {"Look_at_the_iteration": COMPACT, "List_the_exports": exports("Done")})
    assert len(found.calls_of("List_the_exports")) == len(found.calls_of("Keep_the_model")) == 1


def test_a_download_that_is_refused_fails_no_run_and_takes_nothing_back(loaded: LoadedWorkflow):
    answers = {"Look_at_the_iteration": COMPACT, "List_the_exports": exports("Done"), "Download_the_model": FORBIDDEN}
    found = train(loaded, answers)
    assert (found.status, manifest(found)["decision"]) == ("Succeeded", "published")
    assert manifest(found)["reason"] == (
        "Iteration new is published as production; "
        "Iteration new could not be exported: Download_the_model (Forbidden); the next run makes up for it"
    )
    assert manifest(found)["export"] == {"iterationId": NEW, "status": "failed"}
    assert "sig=s" not in str([call.body for call in found.calls])
    assert found.actions["Publish"].status == "Succeeded"
    assert found.calls_of("Keep_the_model") == found.calls_of("Keep_the_readme") == []


EXPORTABLE = {
    "List_the_iterations_at_the_start": json_of([iteration(OLD, "production", exportable=True)]),
    "List_the_exports": exports("Done"),
    "Tags_of_the_model": json_of(TAGS),
}


@pytest.mark.parametrize(
    "record", [GONE, json_of({"serviceMetrics": {"averagePrecision": 0.9}, "comparison": {"a": 1}})]
)
def test_a_model_in_production_that_was_not_exported_is_made_up_for(loaded: LoadedWorkflow, record: dict[str, Any]):
    found = retrain(loaded, {**EXPORTABLE, "Look_for_the_model": GONE, "Read_the_record_of_the_model": record})
    assert (found.status, manifest(found)["decision"]) == ("Succeeded", "nothing changed")
    assert manifest(found)["export"] == {"iterationId": OLD, "status": "exported"}
    (metrics,) = found.calls_of("Keep_the_metrics")
    known = record.get("body", {"serviceMetrics": None, "comparison": None})
    assert metrics.body == {"tags": None, **known}
    (labels,) = found.calls_of("Keep_the_labels")
    assert labels.body == "red\nblue\n"
    assert [each.action for each in found.calls if each.action.startswith("Keep")][-1] == "Keep_the_readme"


@pytest.mark.parametrize(
    "answer", [FORBIDDEN, {"failure": "connectionDropped"}, TIMED_OUT], ids=["refused", "dropped", "time-out"]
)
@pytest.mark.parametrize("action", ["Look_for_the_model", "Read_the_record_of_the_model"])
def test_nothing_is_exported_on_a_guess(loaded: LoadedWorkflow, action: str, answer: Any):
    found = retrain(loaded, {**EXPORTABLE, "Look_for_the_model": GONE, action: answer})
    assert (found.status, manifest(found)["export"]["status"]) == ("Succeeded", "failed")
    assert f"{action} (" in manifest(found)["reason"]
    assert found.calls_of("Keep_the_readme") == found.calls_of("Keep_the_metrics") == []


def test_a_model_that_is_kept_costs_one_look_and_one_that_cannot_leave_none(loaded: LoadedWorkflow):
    kept = retrain(loaded, {**EXPORTABLE, "Look_for_the_model": {"statusCode": 200}})
    assert (len(kept.calls_of("Look_for_the_model")), kept.calls_of("List_the_exports")) == (1, [])
    assert manifest(kept)["export"] == {"iterationId": OLD, "status": None}
    other = retrain(loaded, {})
    assert other.calls_of("Look_for_the_model") == []
    assert manifest(other)["export"] == {"iterationId": None, "status": None}


def test_a_publication_that_is_finished_has_its_model_exported(loaded: LoadedWorkflow):
    iterations = [iteration(NEW, exportable=True), iteration(OLD, "production")]
    answers = {
        **EXPORTABLE,
        "List_the_iterations_at_the_start": json_of(iterations),
        "Read_the_intent": json_of(
            {"id": "meant", "iterationId": NEW, "iterationName": "Iteration new", "previousId": OLD}
        ),
        **published(NEW, OLD, "_in_the_repair"),
        "Look_for_the_model": GONE,
        "Read_the_record_of_the_model": GONE,
    }
    found = retrain(loaded, answers)
    assert manifest(found)["export"] == {"iterationId": NEW, "status": "exported"}, manifest(found)["reason"]
    (readme,) = found.calls_of("Keep_the_readme")
    assert "# Iteration new" in readme.body


def test_a_first_model_has_nobody_to_be_compared_with(loaded: LoadedWorkflow):
    first = {
        **published(NEW, OLD),
        "List_the_iterations_at_the_gate": json_of([]),
        "List_the_iterations_at_the_start": json_of([]),
        "Look_at_the_names": json_of([iteration(NEW)]),
        "Read_production": GONE,
        "Read_the_intent": GONE,
        "Create_the_publication_lock": MADE,
    }
    found = train(loaded, first)
    assert found.branches["If_there_was_another"] == "else"
    assert manifest(found)["gate"]["comparison"]["championAccuracy"] is None


def test_a_key_that_is_refused_while_the_training_lasts_ends_the_wait(loaded: LoadedWorkflow):
    looks = [json_of({"status": "Training"}), {"statusCode": 401}]
    found = train(loaded, {"Look_at_the_iteration": looks})
    assert (found.status, len(found.calls_of("Look_at_the_iteration"))) == ("Failed", 2)
    assert found.error is not None
    assert found.error["message"].startswith("Wait failed: ")
