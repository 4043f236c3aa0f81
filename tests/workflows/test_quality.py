"""What is trained and what is set aside: each rule, and the way back in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.workflows.world import Finished, Retraining, merged, picture, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
Make = Callable[..., Retraining]


def manifest(run: Finished, decision: str) -> dict[str, Any]:
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    assert run.manifest["decision"] == decision, run.manifest["reason"]
    return run.manifest


def with_champion(retraining: Retraining) -> Retraining:
    retraining.upload(FIRST)
    manifest(retraining.run(), "published")
    return retraining


def test_what_is_no_image_by_name_and_type_is_not_even_sent(retraining: Retraining):
    retraining.upload({**FIRST, "red/notes.txt": b"text", "red/thumbs.db": b"db"})
    run = retraining.run()
    manifest(run, "published")
    assert retraining.reasons(run.id) == {"red/notes.txt": "UnsupportedType", "red/thumbs.db": "UnsupportedType"}


def test_the_same_image_again_is_set_aside_and_the_first_one_trained(retraining: Retraining):
    retraining.upload({**FIRST, "red/a copy.png": FIRST["red/003.png"]})
    run = retraining.run()
    found = manifest(run, "published")
    assert retraining.reasons(run.id) == {"red/a copy.png": "Duplicate"}
    assert found["counts"]["accepted"] == len(FIRST)


def test_the_same_image_under_two_labels_is_trained_under_none(retraining: Retraining):
    both = picture(True, "in two folders")
    retraining.upload({**FIRST, "red/both.png": both, "blue/both.png": both, "blue/again.png": both})
    run = retraining.run()
    found = manifest(run, "published")
    assert retraining.reasons(run.id) == dict.fromkeys(
        ["red/both.png", "blue/both.png", "blue/again.png"], "LabelConflict"
    )
    assert found["counts"]["accepted"] == len(FIRST)
    quality = retraining.artifact(f"runs/{run.id}/quality.json")
    assert quality["rejectedByRule"] == [{"rule": "LabelConflict", "images": 3}]
    assert sorted(quality["rejectedByLabel"], key=lambda each: each["label"]) == [
        {"label": "blue", "images": 2},
        {"label": "red", "images": 1},
    ]


def test_an_image_that_was_trained_under_another_label_is_set_aside_later(retraining: Retraining):
    with_champion(retraining)
    retraining.upload({"blue/once red.png": FIRST["red/000.png"], "red/again.png": FIRST["red/001.png"]})
    run = retraining.run()
    manifest(run, "nothing changed")
    assert retraining.reasons(run.id) == {"blue/once red.png": "LabelConflict"}
    assert retraining.processed() == sorted([*FIRST, "red/again.png"])
    assert retraining.artifact(f"runs/{run.id}/quality.json")["alreadyInTheProject"] == 1


def test_a_reviewed_copy_is_let_in_and_the_manifest_says_by_whom(retraining: Retraining):
    both = picture(True, "in two folders")
    retraining.upload({**FIRST, "blue/both.png": both})
    retraining.container("training").upload_blob("red/both.png", both, metadata={"reviewedby": "anna"})
    run = retraining.run()
    found = manifest(run, "published")
    assert retraining.reasons(run.id) == {"blue/both.png": "LabelConflict"}
    reviewed = {image["name"]: image["reviewedBy"] for image in found["images"] if image["reviewedBy"]}
    assert reviewed == {"red/both.png": "anna"}


def test_a_mended_image_is_accepted_under_its_old_name(retraining: Retraining):
    retraining.upload({**FIRST, "red/mended.png": b""})
    first = retraining.run()
    assert retraining.reasons(first.id) == {"red/mended.png": "Empty"}
    retraining.upload({"red/mended.png": picture(True, "mended")})
    second = retraining.run()
    manifest(second, "published")
    assert retraining.processed() == sorted([*FIRST, "red/mended.png"])


@pytest.mark.parametrize("cap", [8, 9])
def test_a_full_tag_gets_no_more(make_retraining: Make, cap: int):
    retraining = with_champion(make_retraining(maximumImagesPerTag=cap))
    retraining.upload(pictures("red", 2, 100))
    run = retraining.run()
    full = dict.fromkeys(pictures("red", 2, 100), "TagIsFull")
    assert retraining.reasons(run.id) == (full if cap == 8 else {})


@pytest.mark.parametrize(("ratio", "warned"), [(2, False), (1.9, True)])
def test_one_tag_far_larger_than_another_is_a_warning(make_retraining: Make, ratio: float, warned: bool):
    retraining = make_retraining(largestTagRatio=ratio)
    retraining.upload(merged([pictures("red", 12), pictures("blue", 6)]))
    found = manifest(retraining.run(), "published")
    assert bool(found["warnings"]) == warned
    assert not warned or found["warnings"] == [
        "the largest tag has 12 images, the smallest 6: more than 1.9 times as many"
    ]


@pytest.mark.parametrize("check", ["off", "sample", "all"])
def test_what_the_champion_contradicts_is_held_for_review(make_retraining: Make, check: str):
    retraining = with_champion(make_retraining(championCheck=check, championCheckImages=1, championCheckConfidence=0.6))
    wrong = pictures("red", 3, 100, red=False)
    retraining.upload({**wrong, **pictures("green", 2, red=True)})
    run = retraining.run()
    held = {"off": 0, "sample": 1, "all": 3}[check]
    reasons = retraining.reasons(run.id)
    # The champion knows no green, so it contradicts none; a sample of one may be a green one.
    assert set(reasons.values()) <= {"ChampionDisagrees"}
    assert len(reasons) == held or (check == "sample" and len(reasons) <= 1)
    assert set(reasons) <= set(wrong)
    for name in reasons:
        metadata = retraining.container("rejected").get_blob_client(f"{run.id}/{name}").get_blob_properties().metadata
        assert metadata == {"reason": "ChampionDisagrees", "label": "red", "suggestion": "blue"}


def test_a_held_image_is_let_in_by_a_person(make_retraining: Make):
    retraining = with_champion(make_retraining(championCheck="all", championCheckConfidence=0.6))
    wrong = pictures("red", 1, 100, red=False)
    retraining.upload(wrong)
    assert list(retraining.reasons(retraining.run().id).values()) == ["ChampionDisagrees"]
    ((name, content),) = wrong.items()
    retraining.container("training").upload_blob(name, content, metadata={"reviewedby": "ben"})
    run = retraining.run()
    assert retraining.reasons(run.id) == {}
    assert run.manifest is not None
    assert [(image["name"], image["reviewedBy"]) for image in run.manifest["images"]] == [(name, "ben")]


def test_a_screening_that_breaks_fails_the_run_and_moves_nothing(make_retraining: Make):
    retraining = with_champion(make_retraining(championCheck="all"))

    def refused(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.url.path.endswith("/quicktest/url") else None

    retraining.world.transport.intercept = refused
    retraining.upload(pictures("red", 2, 100))
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert "Every_image_was_screened" in run.error["message"]
    assert len(retraining.names("training")) == 2


def test_training_images_that_the_new_model_contradicts_are_named(make_retraining: Make):
    retraining = make_retraining(championCheckConfidence=0.6, gateFirstModelFloor=0, gateTagFloor=0)
    retraining.upload(merged([pictures("red", 20), pictures("blue", 20), pictures("blue", 1, 500, red=True)]))
    run = retraining.run()
    found = manifest(run, "published")
    suspects = retraining.artifact(f"runs/{run.id}/suspects.json")["suspects"]
    wrong = next(image["imageId"] for image in found["images"] if image["name"] == "blue/500.png")
    assert [(each["imageId"], each["tag"], each["suggestion"]) for each in suspects] == [(wrong, "blue", "red")]
