"""Publication: what has which name, what a crash leaves behind, and what somebody published by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.storage.blob import BlobLeaseClient

from tests.workflows.world import Finished, Retraining, merged, picture, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
Make = Callable[..., Retraining]


def iteration(run: Finished) -> str:
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    assert run.manifest["decision"] == "published", run.manifest["reason"]
    return run.manifest["iteration"]["id"]


def train(retraining: Retraining, number: int) -> str:
    """Upload a few images that nobody uploaded before, run, and return the published iteration."""
    retraining.upload(merged([pictures("red", 6, number * 100), pictures("blue", 6, number * 100)]))
    return iteration(retraining.run())


def is_publication(request: httpx.Request, name: str) -> bool:
    return (
        request.method == "POST"
        and request.url.path.endswith("/publish")
        and request.url.params.get("publishName") == name
    )


def killed_at(retraining: Retraining, name: str, *, done: bool) -> str:
    """Upload, and cancel the run when it publishes something as `name`, before or after the service did it."""
    retraining.upload(merged([pictures("red", 6, 900), pictures("blue", 6, 900)]))
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: httpx.Request) -> httpx.Response | None:
        if not is_publication(request, name):
            return None
        if done:
            httpx.post(str(request.url), headers={"Training-Key": request.headers["Training-Key"]}).raise_for_status()
        reached.set()
        assert go_on.wait(60)
        return httpx.Response(503)

    retraining.world.transport.intercept = hold
    run = retraining.begin()
    assert reached.wait(60)
    retraining.world.arm.post(f"{retraining.workflow}/runs/{run}/cancel", "2019-05-01")
    go_on.set()
    assert retraining.finish(run).status == "Cancelled"
    # A minute later, as a lease goes by the blob service's own clock.
    BlobLeaseClient(retraining.container("artifacts").get_blob_client("locks/publication.json")).break_lease(0)
    retraining.world.transport.intercept = lambda request: None
    (challenger,) = [
        each["id"] for each in retraining.project_api("GET", "iterations")[:1] if each["status"] == "Completed"
    ]
    return challenger


def test_the_model_before_stays_published_and_the_one_before_that_does_not(retraining: Retraining):
    first, second, third = (train(retraining, number) for number in range(3))
    assert retraining.published() == {"production": third, "production-previous": second}
    assert first in {each["id"] for each in retraining.project_api("GET", "iterations")}
    production = retraining.artifact("production.json")
    assert (production["iterationId"], production["previousIterationId"]) == (third, second)
    assert production["unansweredForAMoment"] is False
    lines = retraining.container("artifacts").download_blob("production.jsonl").readall().splitlines()
    assert [json.loads(line)["iterationId"] for line in lines] == [first, second, third]


def test_production_answers_all_the_time(retraining: Retraining):
    train(retraining, 0)
    over, answers = threading.Event(), list[str]()

    def ask() -> None:
        while not over.is_set():
            answers.append(retraining.predict(picture(True, "asked"))["iteration"])

    asking = threading.Thread(target=ask)
    asking.start()
    second = train(retraining, 1)
    over.set()
    asking.join()
    assert answers[-1] == second
    assert len(set(answers)) == 2


@pytest.mark.parametrize(
    ("name", "done"), [("production", False), ("production", True), ("production-previous", False)]
)
def test_a_publication_that_was_cut_off_is_finished_by_the_next_run(retraining: Retraining, name: str, done: bool):
    first = train(retraining, 0)
    challenger = killed_at(retraining, name, done=done)
    assert retraining.artifact("production.json")["iterationId"] == first
    run = retraining.run("manual")
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    assert run.manifest["publication"]["drift"] == {
        "drifted": False,
        "recorded": first,
        "published": challenger if done or name != "production" else first,
        "interrupted": True,
    }
    assert retraining.published() == {"production": challenger, "production-previous": first}
    assert retraining.artifact("production.json")["iterationId"] == challenger
    after = retraining.run("manual")
    assert after.manifest is not None
    assert after.manifest["publication"]["drift"]["interrupted"] is False
    assert after.statuses["Repair"] == "Skipped"


def test_where_the_service_refuses_to_overwrite_the_name_is_taken_and_given_at_once(retraining: Retraining):
    first = train(retraining, 0)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        """Answer as a service would that does not know overwrite."""
        if not request.url.path.endswith("/publish") or request.method != "POST":
            return None
        if request.url.params["publishName"] not in retraining.published():
            return None
        return httpx.Response(400, json={"code": "BadRequestInvalidPublishName", "message": "in use"})

    retraining.world.transport.intercept = refuse
    second = train(retraining, 1)
    third = train(retraining, 2)
    assert retraining.published() == {"production": third, "production-previous": second}
    assert first != second
    assert retraining.artifact("production.json")["unansweredForAMoment"] is True


@pytest.mark.parametrize("status", [403, 429])
def test_a_publication_that_fails_otherwise_never_takes_production_away(retraining: Retraining, status: int):
    first = train(retraining, 0)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status, headers={"Retry-After": "0"}) if is_publication(request, "production") else None

    retraining.world.transport.intercept = refuse
    retraining.upload(pictures("red", 6, 100))
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert run.error["message"].startswith("Publish failed: Publish_the_target (")
    assert "The_target_is_in_production" in run.error["message"]
    assert retraining.published() == {"production": first}


def test_what_somebody_published_by_hand_is_reported_and_is_the_champion(retraining: Retraining):
    first = train(retraining, 0)
    second = train(retraining, 1)
    retraining.project_api("DELETE", f"iterations/{first}/publish")
    publish = f"publish?publishName=production&predictionId={retraining.world.prediction}&overwrite=true"
    retraining.project_api("POST", f"iterations/{first}/{publish}")
    retraining.upload(pictures("red", 6, 500))
    run = retraining.run()
    third = iteration(run)
    assert run.manifest is not None
    assert run.manifest["publication"]["drift"] == {
        "drifted": True,
        "recorded": second,
        "published": first,
        "interrupted": False,
    }
    assert run.manifest["gate"]["champion"]["id"] == first
    assert retraining.published() == {"production": third, "production-previous": first}


def test_old_iterations_are_deleted_but_for_published_ones_and_the_newest(make_retraining: Make):
    retraining = make_retraining(iterationsToKeep=3, maximumTrainingsPerDay=3)

    def of_last_week(request: httpx.Request) -> httpx.Response | None:
        """Iterations were trained so long ago that the day's limit is not reached."""
        if request.method != "GET" or not request.url.path.endswith("/iterations"):
            return None
        found: list[dict[str, Any]] = httpx.get(str(request.url), headers=dict(request.headers)).json()
        return httpx.Response(200, json=[_older(each) for each in found])

    retraining.world.transport.intercept = of_last_week
    trained = [train(retraining, number) for number in range(3)]
    publish = f"publish?publishName=by-hand&predictionId={retraining.world.prediction}"
    retraining.project_api("POST", f"iterations/{trained[0]}/{publish}")
    trained += [train(retraining, number) for number in range(3, 5)]
    kept = {each["id"] for each in retraining.project_api("GET", "iterations")}
    assert kept == {trained[0], *trained[-3:]}


def _older(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "trainedAt": found["trainedAt"].replace("20", "19", 1)} if "trainedAt" in found else found
