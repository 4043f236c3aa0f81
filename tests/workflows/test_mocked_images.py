"""Images on mocked answers: what becomes of them where the service or the storage does not do what it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import (
    ACCEPTED,
    CONFLICT,
    COPIED,
    FORBIDDEN,
    GONE,
    REFUSED,
    TAGS,
    TIMED_OUT,
    added,
    json_of,
    listing,
    predicted,
    retrain,
)


def with_images(*names: str, **answers: Any) -> dict[str, Any]:
    """Return the answers to a run that takes images and moves them."""
    return {
        "List_a_page": listing(*names),
        "Add_the_images": json_of({"isBatchSuccessful": True, "images": [added(name) for name in names]}),
        "Copy_to_processed": COPIED,
        "Delete_the_processed": ACCEPTED,
        "Copy_to_rejected": COPIED,
        "Delete_the_rejected": ACCEPTED,
        **answers,
    }


def test_every_page_of_new_and_of_held_out_images_is_read(loaded: LoadedWorkflow):
    pages = [listing("red/1.png", "red/2.png", marker="m"), listing("blue/1.png")]
    held_out = [listing("red/2.png", marker="m"), listing("blue/1.png")]
    found = retrain(loaded, with_images("red/1.png", List_a_page=pages, List_a_page_of_held_out=held_out))
    assert found.status == "Succeeded"
    assert [call.body["images"][0]["tagIds"] for call in found.calls_of("Add_the_images")] == [["tag-red"]]
    rejected = {call.url.rpartition("/")[2]: call.headers for call in found.calls_of("Copy_to_rejected")}
    assert [headers["x-ms-meta-reason"] for headers in rejected.values()] == ["HeldOut", "HeldOut"]


def test_a_listing_that_breaks_off_moves_nothing(loaded: LoadedWorkflow):
    pages = [listing("red/1.png", marker="m"), FORBIDDEN]
    found = retrain(loaded, with_images("red/1.png", List_a_page=pages))
    assert found.error is not None
    assert found.error["message"].startswith("Collect failed: ")
    assert found.calls_of("Add_the_images") == found.calls_of("Copy_to_processed") == []


def test_a_new_label_becomes_a_tag_before_its_images_are_added(loaded: LoadedWorkflow):
    green = {"name": "green", "id": "tag-green", "imageCount": 0, "type": "Regular"}
    answers = with_images("green/1.png", Create_the_tag=json_of(green), Tags=json_of([*TAGS, green]))
    found = retrain(loaded, answers)
    assert [call.url.rpartition("?")[2] for call in found.calls_of("Create_the_tag")] == ["name=green"]
    assert [call.body["images"][0]["tagIds"] for call in found.calls_of("Add_the_images")] == [["tag-green"]]


def test_images_of_a_label_that_the_service_refuses_are_rejected(loaded: LoadedWorkflow):
    found = retrain(loaded, with_images("-/1.png", Create_the_tag=REFUSED))
    assert found.status == "Succeeded"
    (call,) = found.calls_of("Copy_to_rejected")
    assert call.headers["x-ms-meta-reason"] == "LabelRefused"
    assert found.calls_of("Add_the_images") == []


@pytest.mark.parametrize("answer", [FORBIDDEN, {"failure": "connectionDropped"}], ids=["refused", "dropped"])
def test_a_tag_that_is_not_made_moves_no_image(loaded: LoadedWorkflow, answer: Any):
    found = retrain(loaded, with_images("green/1.png", Create_the_tag=answer))
    assert found.error is not None
    codes = [f"{name} ({found.actions[name].code})" for name in ("Create_the_tag", "Every_tag_was_answered")]
    assert found.error["message"] == f"Label failed: {', '.join(codes)}"
    assert found.calls_of("Add_the_images") == found.calls_of("Copy_to_processed") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(predicted("blue"), "ChampionDisagrees"), (predicted("blue", 0.6), None), (predicted("red"), None)],
    ids=["sure", "unsure", "agrees"],
)
def test_what_the_champion_is_sure_to_be_another_is_held(loaded: LoadedWorkflow, answer: Any, reason: str | None):
    answers = with_images("red/1.png", Ask_the_champion_about_it=answer)
    found = retrain(loaded, answers, settings={"championCheck": "all"})
    assert [call.headers["x-ms-meta-reason"] for call in found.calls_of("Copy_to_rejected")] == (
        [reason] * bool(reason)
    )
    assert len(found.calls_of("Add_the_images")) == (0 if reason else 1)


def test_an_image_that_the_champion_cannot_read_is_left_to_the_service_s_judgement(loaded: LoadedWorkflow):
    refused = json_of({"images": [{**added("red/1.png", "ErrorImageFormat"), "image": None}]})
    answers = with_images("red/1.png", Ask_the_champion_about_it=REFUSED, Add_the_images=refused)
    found = retrain(loaded, answers, settings={"championCheck": "all"})
    assert found.actions["Ask_the_champion_about_it"].status == "Failed"
    (call,) = found.calls_of("Copy_to_rejected")
    assert (call.headers["x-ms-meta-reason"], found.status) == ("ErrorImageFormat", "Succeeded")


def test_without_a_champion_nobody_is_asked(loaded: LoadedWorkflow):
    answers = with_images("red/1.png", List_the_iterations_at_the_start=json_of([]), Read_production=GONE)
    found = retrain(loaded, answers, settings={"championCheck": "all"})
    assert found.calls_of("Ask_the_champion_about_it") == []
    assert len(found.calls_of("Add_the_images")) == 1


def test_where_no_image_is_new_nobody_is_asked(loaded: LoadedWorkflow):
    found = retrain(loaded, {}, settings={"championCheck": "all"})
    assert found.calls_of("Ask_the_champion_about_it") == []
    assert (found.actions["Screened"].status, found.status) == ("Succeeded", "Succeeded")


def test_a_lineage_that_cannot_be_read_is_not_begun_anew(loaded: LoadedWorkflow):
    found = retrain(loaded, with_images("red/1.png", Read_the_lineage=FORBIDDEN))
    assert found.status == "Failed"
    assert found.actions["Lineage_was_read"].status == "Failed"
    assert found.calls_of("Write_the_lineage") == found.calls_of("Add_the_images") == []


def test_what_was_sent_before_is_remembered_while_more_wait_but_not_without_end(loaded: LoadedWorkflow):
    before = [f"red/hash/{number}.png" for number in range(20_000)]
    answers = with_images("red/1.png", "red/2.png", Read_the_lineage=json_of({"runs": ["earlier"], "sent": before}))
    (more,) = retrain(loaded, answers, settings={"maximumImagesPerRun": 1}).calls_of("Write_the_lineage")
    assert more.body["sent"] == ["red/red_1.png/1.png", *before[:-1]]
    (last,) = retrain(loaded, answers).calls_of("Write_the_lineage")
    assert last.body["sent"] == ["red/red_1.png/1.png", "red/red_2.png/2.png"]


def test_a_run_is_in_the_lineage_before_it_adds_an_image(loaded: LoadedWorkflow):
    found = retrain(loaded, with_images("red/1.png", Read_the_lineage=json_of({"runs": ["earlier"]})))
    (call,) = found.calls_of("Write_the_lineage")
    assert (call.body["runs"][0], len(call.body["runs"])) == ("earlier", 2)
    assert call.body["sent"] == ["red/red_1.png/1.png"]
    order = [each.action for each in found.calls]
    assert order.index("Write_the_lineage") < order.index("Add_the_images")


@pytest.mark.parametrize("answer", [{"statusCode": 412}, GONE], ids=["replaced", "deleted"])
def test_an_image_that_is_another_or_gone_when_it_is_moved_is_no_fault(loaded: LoadedWorkflow, answer: Any):
    found = retrain(loaded, with_images("red/1.png", Copy_to_processed=answer))
    assert found.actions["For_each_accepted_image"].status == "Failed"
    assert found.status == "Succeeded"
    assert found.calls_of("Delete_the_processed") == []


@pytest.mark.parametrize(
    "answer",
    [CONFLICT, {**GONE, "headers": {"x-ms-error-code": "ContainerNotFound"}}],
    ids=["refused", "no container"],
)
def test_an_accepted_image_that_cannot_be_moved_fails_the_run_and_stays(loaded: LoadedWorkflow, answer: Any):
    found = retrain(loaded, with_images("red/1.png", Copy_to_processed=answer))
    assert found.error is not None
    assert found.error["message"].startswith("Archive failed: ")
    assert found.calls_of("Delete_the_processed") == found.calls_of("Start_training") == []


@pytest.mark.parametrize("answer", [{"statusCode": 412}, GONE], ids=["replaced", "deleted"])
def test_a_refused_image_that_is_another_or_gone_when_it_is_moved_is_no_fault(loaded: LoadedWorkflow, answer: Any):
    answers = with_images(List_a_page=listing("red/1.png", size=0), Copy_to_rejected=answer)
    found = retrain(loaded, answers)
    assert found.actions["For_each_rejected_image"].status == "Failed"
    assert found.status == "Succeeded"
    assert found.calls_of("Delete_the_rejected") == []


def test_the_same_content_twice_is_added_once_and_under_two_labels_never(loaded: LoadedWorkflow):
    twice = retrain(loaded, with_images("red/1.png", List_a_page=listing("red/1.png", "red/2.png", same=True)))
    assert [call.headers["x-ms-meta-reason"] for call in twice.calls_of("Copy_to_rejected")] == ["Duplicate"]
    contrary = retrain(loaded, with_images(List_a_page=listing("red/1.png", "blue/1.png", same=True)))
    reasons = [call.headers["x-ms-meta-reason"] for call in contrary.calls_of("Copy_to_rejected")]
    assert reasons == ["LabelConflict", "LabelConflict"]
    assert contrary.calls_of("Add_the_images") == []


def test_settings_that_come_too_late_change_nothing(loaded: LoadedWorkflow):
    found = retrain(loaded, with_images("red/1.png", Read_the_settings=TIMED_OUT))
    assert found.status == "Failed"
    assert found.calls_of("List_a_page") == found.calls_of("Add_the_images") == []
