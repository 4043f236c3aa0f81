"""The rollback: the model before is back at once, whoever retrains meanwhile, and it is written down who wanted it."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import httpx
import pytest

from tests.workflows.test_publication import is_publication, iteration, train
from tests.workflows.world import Retraining, picture, pictures

BODY = {"who": "anna", "why": "reds are called blue"}


def test_a_rollback_swaps_and_a_second_one_swaps_back(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    workflow = retraining.deploy_rollback()
    response = retraining.roll_back(workflow, BODY)
    assert response.status_code == 200, response.text
    assert response.json()["decision"] == "rolled back"
    assert retraining.published() == {"production": first, "production-previous": second}
    assert retraining.predict(picture(True, "asked"))["iteration"] == first
    production = retraining.artifact("production.json")
    expected = {"iterationId": first, "previousIterationId": second, "kind": "rollback", **BODY}
    assert expected.items() <= production.items()
    assert production["publishedAt"]
    assert retraining.roll_back(workflow, {"who": "ben", "why": "it was the camera"}).status_code == 200
    assert retraining.published() == {"production": second, "production-previous": first}
    lines = retraining.container("artifacts").download_blob("production.jsonl").readall().splitlines()
    assert [json.loads(line)["who"] for line in lines] == ["", "", "anna", "ben"]


def test_the_next_training_is_compared_with_what_is_in_production_then(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    assert retraining.roll_back(retraining.deploy_rollback(), BODY).status_code == 200
    retraining.upload(pictures("red", 6, 300))
    run = retraining.run()
    third = iteration(run)
    assert run.manifest is not None
    assert run.manifest["gate"]["champion"]["id"] == first
    assert run.manifest["publication"]["drift"]["drifted"] is False
    assert retraining.published() == {"production": third, "production-previous": first}
    assert second not in retraining.published().values()


def held_at(retraining: Retraining, path: str) -> tuple[str, threading.Event]:
    """Begin a run that waits where it first reads an address like `path`; return it, and what lets it go on."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: httpx.Request) -> None:
        if request.method == "GET" and re.search(path, request.url.path) and not reached.is_set():
            reached.set()
            assert go_on.wait(60)

    retraining.world.transport.intercept = hold
    retraining.upload(pictures("red", 6, 300))
    run = retraining.begin()
    assert reached.wait(60)
    return run, go_on


def test_a_rollback_waits_for_no_training(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    workflow = retraining.deploy_rollback()
    run, go_on = held_at(retraining, "/iterations/[0-9a-f-]{36}$")
    assert retraining.roll_back(workflow, BODY).status_code == 200
    assert retraining.published() == {"production": first, "production-previous": second}
    go_on.set()
    finished = retraining.finish(run)
    assert finished.manifest is not None
    assert finished.manifest["gate"]["champion"]["id"] == first


def test_a_model_that_was_compared_with_another_one_is_not_published(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    workflow = retraining.deploy_rollback()
    run, go_on = held_at(retraining, f"/{second}/performance$")
    assert retraining.roll_back(workflow, BODY).status_code == 200
    go_on.set()
    finished = retraining.finish(run)
    assert finished.status == "Failed"
    assert finished.error is not None
    assert "Production_is_what_was_compared" in finished.error["message"]
    assert retraining.published() == {"production": first, "production-previous": second}
    third = retraining.run("manual")
    assert retraining.published() == {"production": iteration(third), "production-previous": first}


def test_with_nothing_to_go_back_to_nothing_is_changed(retraining: Retraining):
    first = train(retraining, 0)
    response = retraining.roll_back(retraining.deploy_rollback(), BODY)
    assert response.status_code == 409
    assert "no iteration is published as production-previous" in response.json()["reason"]
    assert retraining.published() == {"production": first}


@pytest.mark.parametrize("body", [{}, {"who": "anna"}, {"who": " ", "why": "x"}])
def test_who_and_why_have_to_be_said(retraining: Retraining, body: dict[str, Any]):
    first, second = train(retraining, 0), train(retraining, 1)
    response = retraining.roll_back(retraining.deploy_rollback(), body)
    assert response.status_code == 400
    assert retraining.published() == {"production": second, "production-previous": first}


def test_only_the_callers_that_are_named_may(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    elsewhere = {"triggers": {"allowedCallerIpAddresses": [{"addressRange": "203.0.113.0/24"}]}}
    workflow = retraining.deploy_rollback(access_control=elsewhere)
    assert retraining.roll_back(workflow, BODY).status_code in (401, 403)
    assert retraining.published() == {"production": second, "production-previous": first}
    here = {"triggers": {"allowedCallerIpAddresses": [{"addressRange": "127.0.0.1/32"}]}}
    assert retraining.roll_back(retraining.deploy_rollback("another", here), BODY).status_code == 200


def test_a_rollback_that_was_cut_off_is_finished_by_the_next_run(retraining: Retraining):
    first, second = train(retraining, 0), train(retraining, 1)
    workflow = retraining.deploy_rollback()
    refused = threading.Event()

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_publication(request, "production"):
            return None
        refused.set()
        return httpx.Response(403)

    retraining.world.transport.intercept = refuse
    assert retraining.roll_back(workflow, BODY).status_code == 500
    assert refused.is_set()
    assert retraining.published() == {"production": second}
    retraining.world.transport.intercept = lambda request: None
    assert retraining.run("manual").status == "Succeeded"
    assert retraining.published() == {"production": first, "production-previous": second}
    assert retraining.artifact("production.json")["who"] == "anna"


def test_a_rollback_finishes_what_a_training_left_and_goes_back_from_there(retraining: Retraining):
    first = train(retraining, 0)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if is_publication(request, "production-previous") else None

    retraining.world.transport.intercept = refuse
    retraining.upload(pictures("red", 6, 100))
    assert retraining.run().status == "Failed"
    second = retraining.published()["production"]
    assert retraining.published() == {"production": second}
    retraining.world.transport.intercept = lambda request: None
    assert retraining.roll_back(retraining.deploy_rollback(), BODY).status_code == 200
    assert retraining.published() == {"production": first, "production-previous": second}
