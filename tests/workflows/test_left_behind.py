"""Images that a run decided on and could not move: the next run decides as it did, whatever changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows.faults.situation import fault
from tests.workflows.world import Finished, Retraining, merged, picture, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
REFUSED = {"kind": "status", "status": 403}
Make = Callable[..., Retraining]


def run_that_cannot(retraining: Retraining, action: str, **faulty: Any) -> Finished:
    """Run while an action is refused every time; the run fails for it."""
    with fault(retraining.world, retraining.workflow, action, {**REFUSED, **faulty}, None):
        run = retraining.run("manual")
    assert (run.status, run.statuses["Archive"]) == ("Failed", "Failed")
    return run


def champion(retraining: Retraining) -> None:
    retraining.upload(FIRST)
    assert retraining.run().status == "Succeeded"


def images_of(retraining: Retraining, label: str) -> int:
    return next(tag["imageCount"] for tag in retraining.project_api("GET", "tags") if tag["name"] == label)


def test_a_duplicate_that_could_not_be_deleted_is_one_in_the_next_run_too(retraining: Retraining):
    retraining.upload({**FIRST, "red/a copy.png": FIRST["red/003.png"]})
    first = run_that_cannot(retraining, "Delete_the_rejected")
    assert retraining.places()["red/a copy.png"] == 2
    second = retraining.run()
    assert second.status == "Succeeded"
    assert retraining.places() == dict.fromkeys([*FIRST, "red/a copy.png"], 1)
    assert retraining.reasons(first.id) == {"red/a copy.png": "Duplicate"}
    assert second.manifest is not None
    assert [(each["name"], each["reason"]) for each in second.manifest["rejected"]] == [("red/a copy.png", "Duplicate")]


def test_what_was_held_out_when_it_was_set_aside_stays_so(retraining: Retraining):
    retraining.upload(FIRST)
    retraining.hold_out({"red/any.png": FIRST["red/000.png"]})
    first = run_that_cannot(retraining, "Delete_the_rejected")
    retraining.container("evaluation").delete_blob("red/any.png")
    assert retraining.run().status == "Succeeded"
    assert retraining.reasons(first.id) == {"red/000.png": "HeldOut"}
    assert set(retraining.places().values()) == {1}


def test_what_is_held_for_review_keeps_the_suggestion(make_retraining: Make):
    retraining = make_retraining(championCheck="all", championCheckConfidence=0.6)
    champion(retraining)
    retraining.upload(pictures("red", 1, 100, red=False))
    first = run_that_cannot(retraining, "Delete_the_rejected")
    retraining.configure({"championCheck": "off"})
    assert retraining.run().status == "Succeeded"
    blob = retraining.container("rejected").get_blob_client(f"{first.id}/red/100.png").get_blob_properties()
    assert blob.metadata == {"reason": "ChampionDisagrees", "label": "red", "suggestion": "blue"}
    assert retraining.places()["red/100.png"] == 1


def test_whoever_uploads_it_anew_has_it_judged_anew(retraining: Retraining):
    retraining.upload({**FIRST, "red/mended.png": b""})
    first = run_that_cannot(retraining, "Delete_the_rejected")
    retraining.upload({"red/mended.png": picture(True, "mended")})
    assert retraining.run().status == "Succeeded"
    assert "red/mended.png" in retraining.processed()
    assert retraining.reasons(first.id) == {"red/mended.png": "Empty"}


@pytest.mark.parametrize("action", ["Copy_to_processed", "Delete_the_processed"])
@pytest.mark.parametrize("change", ["held out", "another label", "full tag", "champion"])
def test_what_the_project_has_is_not_set_aside_by_the_next_run(make_retraining: Make, change: str, action: str):
    retraining = make_retraining(championCheckConfidence=0.6)
    champion(retraining)
    wrong = pictures("red", 1, 100, red=False)
    ((name, content),) = wrong.items()
    retraining.upload(wrong)
    run_that_cannot(retraining, action)
    other: dict[str, bytes] = {}
    if change == "held out":
        retraining.hold_out({"red/judge.png": content})
    elif change == "another label":
        other = {"blue/same.png": content}
        retraining.upload(other)
    elif change == "full tag":
        retraining.configure({"maximumImagesPerTag": images_of(retraining, "red")})
    else:
        retraining.configure({"championCheck": "all"})
    second = retraining.run()
    assert second.status == "Succeeded", second.error
    assert retraining.reasons(second.id) == dict.fromkeys(other, "LabelConflict")
    assert retraining.processed() == sorted([*FIRST, name])
    assert images_of(retraining, "red") == 9


def test_it_is_known_though_runs_between_take_other_images(make_retraining: Make):
    retraining = make_retraining(maximumImagesPerRun=5, automaticTraining=False)
    late = pictures("red", 1, 900)
    retraining.upload(late)
    run_that_cannot(retraining, "Copy_to_processed")
    # These are listed before it, so two runs do not come to it.
    retraining.upload(pictures("blue", 10))
    for _ in range(2):
        assert retraining.run().status == "Succeeded"
    retraining.hold_out(late)
    last = retraining.run()
    assert retraining.reasons(last.id) == {}
    assert next(iter(late)) in retraining.processed()


def test_what_was_never_sent_is_held_out_as_ever(retraining: Retraining):
    retraining.upload(FIRST)
    with fault(retraining.world, retraining.workflow, "Tags_before", REFUSED, None):
        assert retraining.run().status == "Failed"
    retraining.hold_out({"red/judge.png": FIRST["red/000.png"]})
    run = retraining.run()
    assert retraining.reasons(run.id) == {"red/000.png": "HeldOut"}
