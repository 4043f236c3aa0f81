"""The retraining workflow as it is deployed, executed on the emulator with real images."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.storage.blob import ContentSettings

from tests.workflows.world import Retraining, World, merged, picture, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])


def test_images_become_a_published_model(retraining: Retraining):
    retraining.upload(FIRST)
    run = retraining.run()
    assert (run.status, run.manifest and run.manifest["decision"]) == ("Succeeded", "published"), run.error
    assert run.manifest is not None
    assert {tag["name"]: tag["imageCount"] for tag in retraining.project_api("GET", "tags")} == {"red": 8, "blue": 8}
    answer = retraining.predict(picture(True, "another"))
    assert max(answer["predictions"], key=lambda each: each["probability"])["tagName"] == "red"
    assert answer["iteration"] == run.manifest["iteration"]["id"]


def test_a_run_records_what_it_did(retraining: Retraining):
    retraining.upload(FIRST)
    run = retraining.run()
    manifest = run.manifest
    assert manifest is not None
    assert manifest["run"] == run.id
    assert manifest["trigger"] == "When_a_blob_is_added_or_modified"
    assert manifest["counts"] == {"listed": 16, "accepted": 16, "rejected": 0, "left": 0}
    assert {image["name"]: image["status"] for image in manifest["images"]} == dict.fromkeys(FIRST, "OK")
    assert {image["label"] for image in manifest["images"]} == {"red", "blue"}
    assert all(image["imageId"] and image["md5"] for image in manifest["images"])
    performance = retraining.artifact(f"runs/{run.id}/performance.json")
    assert manifest["metrics"]["precision"] == performance["precision"]
    assert manifest["metrics"]["threshold"] == 0.5
    assert {tag["name"] for tag in performance["perTagPerformance"]} == {"red", "blue"}
    production = retraining.artifact("production.json")
    assert production["iterationId"] == manifest["iteration"]["id"]
    assert production["predictionUrl"].endswith("/classify/iterations/production/image")


def test_accepted_images_are_moved_and_none_is_left(retraining: Retraining):
    retraining.upload(FIRST)
    retraining.run()
    assert retraining.names("training") == []
    assert retraining.processed() == sorted(FIRST)
    assert retraining.names("rejected") == []


def test_useless_uploads_are_rejected_with_their_reason_and_the_rest_is_trained(retraining: Retraining):
    bad = {
        "red/empty.jpg": b"",
        "red/notes.jpg": b"not an image",
        "root.png": picture(True, "root"),
        "blue/large.png": picture(False, "large") + bytes(6 * 1024 * 1024),
    }
    retraining.upload({**FIRST, **bad})
    run = retraining.run()
    assert run.status == "Succeeded"
    assert retraining.reasons(run.id) == {
        "red/empty.jpg": "Empty",
        "red/notes.jpg": "ErrorImageFormat",
        "root.png": "NoLabel",
        "blue/large.png": "TooLarge",
    }
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    assert run.manifest["counts"] == {"listed": 20, "accepted": 16, "rejected": 4, "left": 0}
    assert retraining.names("training") == []


def test_odd_names_survive_the_way(retraining: Retraining):
    odd = {
        f"red/{name}": picture(True, name)
        for name in ("a b.png", "a+b.png", "50%.png", "#1.png", "é ü 日本.png", "x&y;z='q'.png", "deep/er/x.png")
    }
    retraining.upload({**odd, **pictures("blue", 7)})
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["counts"]["accepted"] == 14
    assert retraining.processed() == sorted([*odd, *pictures("blue", 7)])
    assert retraining.names("training") == []


def test_the_longest_names_are_archived_under_shorter_ones(retraining: Retraining):
    long = [f"red/{'x' * 1000}{number}.png" for number in range(2)]
    bad = f"red/{'y' * 1000}.jpg"
    images = {name: picture(True, name) for name in long}
    retraining.upload({**FIRST, **images, bad: b"not an image"})
    run = retraining.run()
    assert run.status == "Succeeded"
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    assert retraining.names("training") == []
    archived = {image["name"]: image["archive"] for image in run.manifest["images"]}
    assert re.fullmatch(r"red/[\w-]{22}/000\.png", archived["red/000.png"])
    for name in long:
        assert retraining.container("processed").download_blob(archived[name]).readall() == images[name]
    assert list(retraining.reasons(run.id).values()) == ["ErrorImageFormat"]


def test_odd_labels_become_tags(retraining: Retraining):
    labels = ['red "quoted"', "blau & grün; 100%"]
    retraining.upload(merged(pictures(label, 6) for label in labels))
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    assert {tag["name"] for tag in retraining.project_api("GET", "tags")} == set(labels)


def test_a_second_round_moves_the_publish_name(retraining: Retraining):
    retraining.upload(FIRST)
    first = retraining.run()
    retraining.upload(merged([pictures("red", 6, 100), pictures("blue", 6, 100)]))
    second = retraining.run()
    assert first.manifest is not None
    assert second.manifest is not None
    assert second.manifest["decision"] == "published"
    assert second.manifest["iteration"]["id"] != first.manifest["iteration"]["id"]
    published = {each["id"]: each["publishName"] for each in retraining.project_api("GET", "iterations")}
    assert published[second.manifest["iteration"]["id"]] == "production"
    assert published[first.manifest["iteration"]["id"]] == "production-previous"


def test_the_same_images_again_are_no_failure_and_no_training(retraining: Retraining):
    retraining.upload(FIRST)
    first = retraining.run()
    retraining.upload(FIRST)
    again = retraining.run()
    assert again.status == "Succeeded"
    assert again.manifest is not None
    assert again.manifest["decision"] == "nothing changed"
    assert {image["status"] for image in again.manifest["images"]} == {"OKDuplicate"}
    assert retraining.names("training") == []
    assert first.manifest is not None
    assert retraining.artifact("production.json")["iterationId"] == first.manifest["iteration"]["id"]


def test_nothing_is_trained_before_every_tag_has_enough_images(make_retraining: Callable[..., Retraining]):
    retraining = make_retraining(minimumImagesPerTag=10)
    retraining.upload(merged([pictures("red", 10), pictures("blue", 6)]))
    early = retraining.run()
    assert early.status == "Succeeded"
    assert early.manifest is not None
    assert (early.manifest["decision"], early.manifest["reason"]) == ("not trained", "blue has 6 of 10 images")
    assert "Start_training" not in early.statuses or early.statuses["Start_training"] == "Skipped"
    retraining.upload(pictures("blue", 4, 50))
    later = retraining.run()
    assert later.manifest is not None
    assert later.manifest["decision"] == "published"


def test_one_tag_makes_no_model(retraining: Retraining):
    retraining.upload(pictures("red", 8))
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["reason"] == "a model needs images of two tags at least"


def test_a_label_whose_images_are_all_bad_does_not_block_the_training(retraining: Retraining):
    retraining.upload({**FIRST, "green/notes.jpg": b"not an image"})
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    assert {tag["name"] for tag in retraining.project_api("GET", "tags")} == {"red", "blue"}


def test_an_image_that_is_replaced_meanwhile_is_not_lost(retraining: Retraining):
    new = picture(True, "the replacement")
    name = "red/000.png"

    def replace(request: httpx.Request) -> None:
        if request.method == "PUT" and request.headers.get("x-ms-copy-source", "").endswith(name):
            retraining.world.transport.intercept = lambda request: None
            retraining.upload({name: new})

    retraining.world.transport.intercept = replace
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Succeeded"
    assert retraining.names("training") == [name]
    assert name not in retraining.processed()
    second = retraining.run()
    assert retraining.names("training") == []
    assert second.manifest is not None
    (image,) = second.manifest["images"]
    assert retraining.container("processed").download_blob(image["archive"]).readall() == new


def test_an_image_that_is_replaced_after_its_copy_is_not_deleted(retraining: Retraining):
    new = picture(True, "the replacement")
    name = "red/000.png"

    def replace(request: httpx.Request) -> None:
        if request.method == "DELETE" and request.url.path.endswith(name):
            retraining.world.transport.intercept = lambda request: None
            retraining.upload({name: new})

    retraining.world.transport.intercept = replace
    retraining.upload(FIRST)
    assert retraining.run().status == "Succeeded"
    assert retraining.container("training").download_blob(name).readall() == new


def test_an_image_that_is_deleted_meanwhile_is_no_failure(retraining: Retraining):
    name = "red/000.png"

    def delete(request: httpx.Request) -> None:
        if request.method == "PUT" and request.headers.get("x-ms-copy-source", "").endswith(name):
            retraining.world.transport.intercept = lambda request: None
            retraining.container("training").delete_blob(name)

    retraining.world.transport.intercept = delete
    retraining.upload(FIRST)
    assert retraining.run().status == "Succeeded"


def test_a_copy_that_is_still_pending_keeps_the_image(retraining: Retraining):
    name = "red/000.png"

    def pending(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT" and request.headers.get("x-ms-copy-source", "").endswith(name):
            return httpx.Response(202, headers={"x-ms-copy-status": "pending"})
        return None

    retraining.world.transport.intercept = pending
    retraining.upload(FIRST)
    assert retraining.run().status == "Succeeded"
    assert retraining.names("training") == [name]


def test_a_service_that_cannot_fetch_an_image_leaves_it_for_the_next_run(retraining: Retraining):
    name = "red/000.png"

    def unreachable(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/images/urls"):
            request.stream = httpx.ByteStream(request.content.replace(b"red/000.png", b"red/xxx.png"))
        return None

    retraining.world.transport.intercept = unreachable
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Succeeded"
    assert run.manifest is not None
    assert run.manifest["counts"]["left"] == 1
    assert retraining.names("training") == [name]


def test_every_page_of_the_listing_is_taken(retraining: Retraining):
    pages: list[httpx.URL] = []

    def small_pages(request: httpx.Request) -> None:
        is_training = request.url.path.endswith(f"/{retraining.containers['training']}")
        if is_training and request.url.params.get("maxresults") == "5000":
            request.url = request.url.copy_set_param("maxresults", "5")
            pages.append(request.url)

    retraining.world.transport.intercept = small_pages
    retraining.upload(FIRST)
    run = retraining.run()
    assert len(pages) == 4
    assert run.manifest is not None
    assert run.manifest["counts"]["listed"] == 16


def test_a_training_that_fails_fails_the_run_and_publishes_nothing(retraining: Retraining):
    def failed(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and "/iterations/" in request.url.path:
            return httpx.Response(200, json={"status": "Failed", "name": "Iteration 1"})
        return None

    retraining.world.transport.intercept = failed
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert run.error["code"] == "RetrainingFailed"
    assert run.manifest is not None
    assert run.manifest["decision"] == "failed"
    assert run.manifest["reason"].startswith("Wait failed: The_training_completed")
    assert "production.json" not in retraining.names("artifacts")


def test_a_training_that_never_ends_fails_the_run(retraining: Retraining):
    def for_ever(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and "/iterations/" in request.url.path:
            return httpx.Response(200, json={"status": "Training", "name": "Iteration 1"})
        return None

    definition = json.loads(json.dumps(retraining.world.arm.get(retraining.workflow, "2019-05-01")))
    loop = definition["properties"]["definition"]["actions"]["If_there_is_a_challenger"]["actions"]["Wait"]["actions"]
    loop["For_as_long_as_it_trains"]["limit"]["count"] = 3
    retraining.world.put(retraining.workflow, "2019-05-01", definition)
    retraining.world.transport.intercept = for_ever
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert run.statuses["For_as_long_as_it_trains"] == "Failed"


def test_a_training_that_runs_already_is_waited_for(retraining: Retraining):
    started: list[Any] = []

    def start_before(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/train"):
            started.append(retraining.project_api("POST", "train"))
        return None

    retraining.world.transport.intercept = start_before
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"
    assert run.manifest["iteration"]["id"] == started[0]["id"]


def test_a_lost_answer_to_the_publication_is_no_failure(retraining: Retraining):
    lost: list[str] = []

    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/publish") and not lost:
            lost.append(request.url.path)
            httpx.post(str(request.url), headers={"Training-Key": request.headers["Training-Key"]}).raise_for_status()
            return httpx.Response(503)
        return None

    retraining.world.transport.intercept = lose
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"


@pytest.mark.parametrize(
    ("purpose", "phase", "action"),
    [("processed", "Archive", "Every_image_was_moved"), ("training", "Collect", "List_a_page")],
)
def test_a_missing_role_fails_its_phase_with_a_reason(retraining: Retraining, purpose: str, phase: str, action: str):
    # The first run of a deployment would wait for the role.
    retraining.run("manual")
    retraining.upload(FIRST)
    retraining.world.arm.delete(retraining.blob_roles[purpose], "2022-04-01")
    run = retraining.run("manual")
    assert run.status == "Failed"
    assert run.manifest is not None
    assert run.manifest["reason"].startswith(f"{phase} failed: ")
    assert action in run.manifest["reason"]
    assert retraining.names("training") == sorted(FIRST)
    assert {each["phase"]: each["status"] for each in run.manifest["phases"]}["Train"] == "Skipped"


def test_a_failed_run_fires_the_alert(retraining: Retraining):
    world = retraining.world
    criterion = {
        "name": "RunsFailed",
        "metricName": "RunsFailed",
        "operator": "GreaterThan",
        "threshold": 0,
        "timeAggregation": "Total",
        "criterionType": "StaticThresholdCriterion",
    }
    odata = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
    rule = retraining.workflow.replace("Microsoft.Logic/workflows", "Microsoft.Insights/metricAlerts")
    properties = {
        "enabled": True,
        "severity": 1,
        "scopes": [retraining.workflow],
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "criteria": {"odata.type": odata, "allOf": [criterion]},
    }
    world.put(rule, "2018-03-01", {"location": "global", "properties": properties})

    def fired() -> list[Any]:
        path = f"{world.arm.subscription}/providers/Microsoft.AlertsManagement/alerts"
        alerts = [alert["properties"]["essentials"] for alert in world.arm.values(path, "2019-03-01")]
        return [alert for alert in alerts if alert["alertRule"].lower() == rule.lower()]

    assert fired() == []
    retraining.configure("not JSON")
    retraining.upload(FIRST)
    assert retraining.run().status == "Failed"
    pause = threading.Event()
    for _ in range(600):
        if fired():
            break
        pause.wait(0.05)
    (alert,) = fired()
    assert (alert["severity"], alert["monitorCondition"]) == ("Sev1", "Fired")


def held_at_its_training(retraining: Retraining) -> tuple[str, threading.Event]:
    """Begin a run that waits before it starts a training; return it, and what lets it go on."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/train"):
            reached.set()
            assert go_on.wait(30)

    retraining.world.transport.intercept = hold
    retraining.upload(FIRST)
    first = retraining.begin()
    assert reached.wait(30)
    return first, go_on


def test_two_runs_at_once_are_one(retraining: Retraining):
    """The second ends at once and names the first, whichever trigger started it."""
    first, go_on = held_at_its_training(retraining)
    held = retraining.run("manual")
    go_on.set()
    assert held.status == "Cancelled"
    assert held.error is not None
    assert held.error["code"] == "AnotherRunHoldsTheLock"
    assert first in held.error["message"]
    assert retraining.finish(first).status == "Succeeded"


def test_the_lock_of_a_dead_run_is_taken_over(retraining: Retraining):
    first, go_on = held_at_its_training(retraining)
    retraining.world.arm.post(f"{retraining.workflow}/runs/{first}/cancel", "2019-05-01")
    go_on.set()
    assert retraining.finish(first).status == "Cancelled"
    retraining.world.transport.intercept = lambda request: None
    second = retraining.run("manual")
    assert second.status == "Succeeded"
    assert second.manifest is not None
    assert second.manifest["decision"] == "published"


def test_the_lock_is_not_taken_from_a_run_that_cannot_be_asked_for(retraining: Retraining):
    lock = retraining.container("artifacts").get_blob_client("locks/retrain.json")
    json_content = ContentSettings(content_type="application/json")
    lock.upload_blob(b'{"run": "08580000000000000000"}', content_settings=json_content)
    lease = lock.acquire_lease()

    def unavailable(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if "/runs/08580000000000000000" in request.url.path else None

    retraining.world.transport.intercept = unavailable
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert retraining.names("training") == sorted(FIRST)
    lease.release()


def test_an_empty_container_starts_no_run(retraining: Retraining):
    retraining.world.arm.post(f"{retraining.workflow}/triggers/When_a_blob_is_added_or_modified/run", "2019-05-01")
    assert list(retraining.world.arm.values(f"{retraining.workflow}/runs", "2019-05-01")) == []


def test_no_secret_is_in_any_history_or_blob(world: World, retraining: Retraining):
    tokens: set[str] = set()

    def collect(request: httpx.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            tokens.add(token)
        if request.url.path.endswith("/images/urls"):
            tokens.update(url["url"].rpartition("sig=")[2] for url in json.loads(request.content)["images"])

    world.transport.intercept = collect
    retraining.upload({**FIRST, "red/notes.jpg": b"not an image"})
    run = retraining.run()
    assert run.status == "Succeeded"
    assert len(tokens) >= 3
    keys = {world.training_key, world.prediction_key, world.storage_key}
    keys |= set(world.arm.post(f"{world.training}/listKeys", "2025-06-01").values())
    history = b"".join(path.read_bytes() for path in sorted((world.home.database / "logic_apps").iterdir()))
    for action in world.arm.values(f"{retraining.workflow}/runs/{run.id}/actions", "2019-05-01", **{"$top": "250"}):
        for link in ("inputsLink", "outputsLink"):
            if link in action["properties"]:
                history += httpx.get(action["properties"][link]["uri"]).content
    for name in retraining.names("artifacts"):
        history += retraining.container("artifacts").download_blob(name).readall()
    found = [secret[:8] for secret in keys | tokens if secret.encode() in history]
    assert found == []


@pytest.mark.parametrize(("purpose", "refused"), [("processed", "red/000.png"), ("rejected", "red/empty.png")])
def test_an_image_whose_deletion_is_refused_lies_in_one_place_after_the_next_run(
    retraining: Retraining, purpose: str, refused: str
):
    def keep(request: httpx.Request) -> httpx.Response | None:
        is_deletion = request.method == "DELETE" and request.url.path.endswith(refused)
        return httpx.Response(403) if is_deletion and retraining.containers["training"] in request.url.path else None

    retraining.world.transport.intercept = keep
    retraining.upload({**FIRST, "red/empty.png": b""})
    first = retraining.run()
    assert (first.status, retraining.names("training")) == ("Failed", [refused])
    places = retraining.names(purpose)
    retraining.world.transport.intercept = lambda request: None
    assert retraining.run().status == "Succeeded"
    assert (retraining.names("training"), retraining.names(purpose)) == ([], places)
    assert retraining.reasons(first.id) == {"red/empty.png": "Empty"}


def test_what_a_person_reviewed_is_known_when_its_move_is_repeated(retraining: Retraining):
    """The mark that says where a rejected image lies later replaces its metadata."""
    name = "red/empty.png"
    retraining.upload(FIRST)
    retraining.container("training").upload_blob(name, b"", metadata={"reviewedby": "anna"})

    def keep(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.method == "DELETE" and request.url.path.endswith(name) else None

    retraining.world.transport.intercept = keep
    retraining.run()
    retraining.world.transport.intercept = lambda request: None
    run = retraining.run()
    assert run.manifest is not None
    assert [(each["name"], each["reviewedBy"]) for each in run.manifest["rejected"]] == [(name, "anna")]
