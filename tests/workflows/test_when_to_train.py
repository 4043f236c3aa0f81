"""Each rule of when to train, on both of its sides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.workflows.world import Finished, Retraining, merged, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
Make = Callable[..., Retraining]


def decided(run: Finished) -> tuple[str, str]:
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    return run.manifest["decision"], run.manifest["reason"]


def broken(run: Finished) -> list[str]:
    assert run.manifest is not None
    return [rule["rule"] for rule in run.manifest["training"]["rules"] if rule["broken"]]


def trained_tags(retraining: Retraining, run: Finished) -> dict[str, int]:
    """Images that the run's iteration was trained with, by tag."""
    assert run.manifest is not None
    tags = retraining.project_api("GET", f"tags?iterationId={run.manifest['iteration']['id']}")
    return {tag["name"]: tag["imageCount"] for tag in tags}


def trained_once(make: Make, **settings: Any) -> Retraining:
    retraining = make(**settings)
    retraining.upload(FIRST)
    assert decided(retraining.run())[0] == "published"
    return retraining


def test_with_automatic_training_off_images_are_taken_and_a_person_trains(make_retraining: Make):
    retraining = make_retraining(automaticTraining=False)
    retraining.upload(FIRST)
    run = retraining.run()
    assert decided(run) == ("not trained", "automatic training is off")
    assert retraining.names("training") == []
    assert decided(retraining.run("manual"))[0] == "published"


def test_too_few_new_images_are_trained_with_the_next_ones(make_retraining: Make):
    retraining = trained_once(make_retraining, minimumNewImages=10)
    retraining.upload(pictures("red", 9, 100))
    early = retraining.run()
    assert decided(early) == ("not trained", "9 of 10 new images")
    assert broken(early) == ["minimumNewImages"]
    retraining.upload(pictures("blue", 1, 100))
    later = retraining.run()
    assert decided(later)[0] == "published"
    assert trained_tags(retraining, later) == {"red": 17, "blue": 9}


def test_too_few_new_images_of_a_tag_are_named(make_retraining: Make):
    retraining = trained_once(make_retraining, minimumNewImagesPerTag=4)
    retraining.upload(merged([pictures("red", 4, 100), pictures("blue", 3, 100)]))
    early = retraining.run()
    assert decided(early) == ("not trained", "3 of 4 new images for blue")
    assert broken(early) == ["minimumNewImagesPerTag"]
    retraining.upload(pictures("blue", 1, 200))
    assert decided(retraining.run())[0] == "published"


def test_a_training_waits_for_its_hours_but_a_person_does_not(make_retraining: Make):
    retraining = trained_once(make_retraining, minimumHoursBetweenTrainings=5)
    retraining.upload(pictures("red", 6, 100))
    run = retraining.run()
    assert decided(run)[1].endswith("of 5 hours since the last training")
    assert broken(run) == ["minimumHoursBetweenTrainings"]
    retraining.configure({"minimumHoursBetweenTrainings": 0.0001})
    retraining.upload(pictures("red", 1, 200))
    assert decided(retraining.run())[0] == "published"
    retraining.configure({})
    retraining.upload(pictures("red", 1, 300))
    assert decided(retraining.run("manual"))[0] == "published"


def test_trainings_of_a_day_are_counted_for_persons_too(make_retraining: Make):
    retraining = trained_once(make_retraining, maximumTrainingsPerDay=2)
    retraining.upload(pictures("red", 6, 100))
    assert decided(retraining.run())[0] == "published"
    retraining.upload(pictures("red", 6, 200))
    run = retraining.run("manual")
    assert decided(run) == ("not trained", "2 of 2 trainings of the last 24 hours are used")
    assert broken(run) == ["maximumTrainingsPerDay"]


def test_the_hours_of_a_month_are_counted_from_its_index(make_retraining: Make):
    retraining = trained_once(make_retraining)
    month = retraining.world.clock.now().strftime("%Y-%m")
    index = retraining.container("artifacts").get_blob_client(f"runs/{month}.jsonl")
    (line,) = [json.loads(line) for line in index.download_blob().readall().splitlines()]
    assert line["trainingMinutes"] >= 1
    repeated = json.dumps({"run": "an append whose answer was lost", "trainingMinutes": 59 - line["trainingMinutes"]})
    index.append_block(f"{repeated}\n{repeated}\n".encode())
    retraining.configure({"maximumTrainingHoursPerMonth": 1})
    retraining.upload(pictures("red", 6, 100))
    assert decided(retraining.run())[0] == "published"
    retraining.upload(pictures("red", 6, 200))
    run = retraining.run("manual")
    assert decided(run)[1].endswith(" of 1 training hours of this month are used")
    assert broken(run) == ["maximumTrainingHoursPerMonth"]


def test_an_index_that_cannot_be_read_starts_no_training(retraining: Retraining):
    def unavailable(request: httpx.Request) -> httpx.Response | None:
        is_index = request.method == "GET" and request.url.path.endswith(".jsonl")
        return httpx.Response(403) if is_index else None

    retraining.world.transport.intercept = unavailable
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert "Month_was_read" in run.error["message"]
    assert retraining.project_api("GET", "iterations") == []


def test_what_a_cap_leaves_over_is_taken_by_the_next_run_and_trained_once(make_retraining: Make):
    retraining = make_retraining(maximumImagesPerRun=10)
    retraining.upload(FIRST)
    first = retraining.run()
    assert decided(first)[1].startswith("more images wait; the next run takes them")
    assert broken(first)[0] == "maximumImagesPerRun"
    assert first.manifest is not None
    assert (first.manifest["counts"]["accepted"], first.manifest["moreWait"]) == (10, True)
    assert len(retraining.names("training")) == 6
    # Nothing was uploaded since: the trigger fires for what is there.
    second = retraining.run()
    assert decided(second)[0] == "published"
    assert second.manifest is not None
    assert (second.manifest["counts"]["accepted"], second.manifest["moreWait"]) == (6, False)
    assert trained_tags(retraining, second) == {"red": 8, "blue": 8}


def test_uploads_that_never_cease_do_not_keep_it_from_training(make_retraining: Make):
    retraining = make_retraining(maximumImagesPerRun=3)
    retraining.upload(FIRST)
    decisions: list[tuple[str, bool]] = []
    for _ in range(5):
        run = retraining.run()
        assert run.manifest is not None
        decisions.append((decided(run)[0], run.manifest["moreWait"]))
    assert decisions == [*[("not trained", True)] * 4, ("published", True)]


@pytest.mark.parametrize(("training_type", "hours", "asked"), [("Regular", 3, "0"), ("Advanced", 2, "2")])
def test_type_and_budget_go_to_the_service(make_retraining: Make, training_type: str, hours: int, asked: str):
    retraining = make_retraining(trainingType=training_type, reservedBudgetHours=hours)
    retraining.upload(FIRST)
    assert decided(retraining.run())[0] == "published"
    (iteration,) = [each for each in retraining.project_api("GET", "iterations") if each["status"] == "Completed"]
    assert (iteration["trainingType"], str(iteration["reservedBudgetInHours"])) == (training_type, asked)
