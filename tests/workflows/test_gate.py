"""The gate: challenger and champion before the same held-out images, and each of its rules on both of its sides."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Mapping
from typing import Any

import httpx
import pytest

from tests.workflows.world import Finished, Retraining, World, merged, picture, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
MORE = merged([pictures("red", 2, 100), pictures("blue", 2, 100)])
HELD_OUT = merged([pictures("red", 5, 500), pictures("blue", 5, 500)])
WRONG = {**pictures("red", 30, 600, red=False), **pictures("blue", 30, 600, red=True)}
Make = Callable[..., Retraining]
NUMBERS = itertools.count(1000)


def manifest(run: Finished, decision: str) -> dict[str, Any]:
    assert run.status == "Succeeded", run.error
    assert run.manifest is not None
    assert run.manifest["decision"] == decision, run.manifest["reason"]
    return run.manifest


def broken(found: Mapping[str, Any]) -> list[str]:
    return [rule["rule"] for rule in found["gate"]["rules"] if rule["broken"]]


def with_champion(retraining: Retraining) -> str:
    """Train and publish a first model; return its id."""
    retraining.upload(FIRST)
    return manifest(retraining.run(), "published")["iteration"]["id"]


def answer(label: str, probability: float) -> dict[str, Any]:
    """What a quick test answers: this tag with this probability, the other one with the rest."""
    other = "blue" if label == "red" else "red"
    rest = [{"tagName": other, "probability": 1 - probability}, {"tagName": label, "probability": probability}]
    return {"predictions": rest if probability > 0.5 else rest[::-1]}


def scripted(
    retraining: Retraining, champion: str, right: Mapping[str, int], confidence: Mapping[str, float] | None = None
) -> list[tuple[str, str]]:
    """Let quick tests be answered as a test wants: so many held-out images right, the others wrong.

    Returns what was asked: the model, and the image's name.
    """
    asked: list[tuple[str, str]] = []
    order = sorted(HELD_OUT)

    def judge(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/quicktest/url"):
            return None
        assert request.url.params["store"] == "false"
        model = "champion" if request.url.params["iterationId"] == champion else "challenger"
        name = next(name for name in order if f"/{name}?" in request.content.decode())
        asked.append((model, name))
        label = name.split("/")[0]
        if order.index(name) >= right[model]:
            label = "blue" if label == "red" else "red"
        return httpx.Response(200, json=answer(label, (confidence or {}).get(model, 0.9)))

    retraining.world.transport.intercept = judge
    return asked


@pytest.fixture(scope="module")
def with_a_champion(world: World) -> Retraining:
    """A project with a model in production, for tests of which each trains one more."""
    retraining = Retraining(world, "gate", maximumTrainingsPerDay=18, iterationsToKeep=18, gateTagFloor=0.2)
    with_champion(retraining)
    retraining.hold_out(HELD_OUT)
    return retraining


@pytest.fixture(autouse=True)
def no_script_is_left(world: World) -> Generator[None]:
    yield
    world.transport.intercept = lambda request: None


def test_a_model_that_is_as_good_is_published_and_the_gate_says_why(retraining: Retraining):
    retraining.hold_out(HELD_OUT)
    champion = with_champion(retraining)
    retraining.upload(MORE)
    run = retraining.run()
    found = manifest(run, "published")
    gate = retraining.artifact(f"runs/{run.id}/gate.json")
    assert gate["champion"]["id"] == champion
    assert gate["challenger"]["id"] == found["iteration"]["id"]
    assert (gate["comparison"]["by"], gate["comparison"]["judged"]) == ("held-out images", 10)
    assert (gate["comparison"]["challengerAccuracy"], gate["comparison"]["championAccuracy"]) == (1.0, 1.0)
    assert 0.5 < gate["comparison"]["challengerConfidence"] <= 1
    assert {tag["tag"]: (tag["images"], tag["accuracy"]) for tag in gate["tags"]} == {"red": (5, 1.0), "blue": (5, 1.0)}
    assert {image["name"] for image in gate["images"]} == set(HELD_OUT)
    assert broken(found) == []
    stored = httpx.post(
        f"{retraining.world.training_endpoint}customvision/v3.3/training/projects/{retraining.project}/predictions/query",
        json={"orderBy": "Newest"},
        headers={"Training-Key": retraining.world.training_key},
    )
    assert stored.json()["results"] == []


def test_a_worse_model_is_rejected_and_the_champion_stays(retraining: Retraining):
    retraining.hold_out(HELD_OUT)
    champion = with_champion(retraining)
    retraining.upload(WRONG)
    run = retraining.run()
    found = manifest(run, "rejected")
    assert "gateTolerance" in broken(found)
    assert "below the champion's 1.000" in found["reason"]
    assert found["iteration"]["id"] != champion
    assert retraining.published() == {"production": champion}
    assert retraining.artifact("production.json")["iterationId"] == champion
    assert retraining.names("training") == []


def test_a_rejected_model_is_not_judged_again_until_a_person_forces_it(retraining: Retraining):
    retraining.hold_out(HELD_OUT)
    champion = with_champion(retraining)
    retraining.upload(WRONG)
    rejected = manifest(retraining.run(), "rejected")["iteration"]["id"]
    manifest(retraining.run("manual"), "nothing changed")
    assert retraining.published() == {"production": champion}
    found = manifest(retraining.ask({"force": True, "who": "anna", "why": "the labels were wrong before"}), "published")
    assert found["request"] == {
        "manual": True,
        "force": True,
        "who": "anna",
        "why": "the labels were wrong before",
    }
    assert found["gate"]["verdict"]["forced"] is True
    assert "over the gate" in found["reason"]
    assert retraining.published() == {"production": rejected, "production-previous": champion}
    production = retraining.artifact("production.json")
    assert (production["who"], production["why"]) == ("anna", "the labels were wrong before")


@pytest.mark.parametrize(
    ("settings", "champion", "challenger", "confidence", "expected"),
    [
        ({"gateTolerance": 0.2}, 10, 8, {}, []),
        ({"gateTolerance": 0.1}, 10, 8, {}, ["gateTolerance"]),
        ({"gateTolerance": 1, "gateTagFloor": 0}, 10, 5, {}, []),
        ({"gateTolerance": 1, "gateTagFloor": 0}, 10, 4, {}, ["significance"]),
        ({"gateMinimumGain": 0.5}, 4, 9, {}, ["gateMinimumGain"]),
        ({"gateMinimumGain": 0.5}, 4, 10, {}, []),
        ({"gateMinimumGain": 0.7}, 4, 10, {}, ["gateMinimumGain"]),
        ({"gateTagFloor": 0.6}, 7, 8, {}, []),
        ({"gateTagFloor": 0.61}, 7, 8, {}, ["gateTagFloor"]),
        ({"gateConfidenceDrop": 0.3}, 10, 10, {"champion": 0.95, "challenger": 0.65}, []),
        ({"gateConfidenceDrop": 0.2}, 10, 10, {"champion": 0.95, "challenger": 0.65}, ["gateConfidenceDrop"]),
    ],
)
def test_each_rule_holds_up_to_its_figure(
    with_a_champion: Retraining,
    settings: dict[str, Any],
    champion: int,
    challenger: int,
    confidence: dict[str, float],
    expected: list[str],
):
    retraining = with_a_champion
    in_production = retraining.published()["production"]
    retraining.configure(settings)
    scripted(retraining, in_production, {"champion": champion, "challenger": challenger}, confidence)
    retraining.upload(pictures("red", 1, next(NUMBERS)))
    found = manifest(retraining.run(), "rejected" if expected else "published")
    assert broken(found) == expected
    assert (retraining.published()["production"] == in_production) == bool(expected)
    comparison = found["gate"]["comparison"]
    assert comparison["championAccuracy"] == pytest.approx(champion / 10)
    assert comparison["challengerAccuracy"] == pytest.approx(challenger / 10)


@pytest.mark.parametrize(("floor", "expected"), [(0.5, []), (0.51, ["gateFirstModelFloor"])])
def test_a_first_model_needs_its_floor(make_retraining: Make, floor: float, expected: list[str]):
    retraining = make_retraining(gateFirstModelFloor=floor, gateTagFloor=0)
    retraining.hold_out(HELD_OUT)
    scripted(retraining, "none", {"challenger": 5})
    retraining.upload(FIRST)
    found = manifest(retraining.run(), "rejected" if expected else "published")
    assert broken(found) == expected
    assert found["gate"]["champion"] is None
    assert found["gate"]["comparison"]["championAccuracy"] is None
    assert bool(retraining.published()) == (not expected)


def test_both_are_asked_for_the_same_few_images_every_time(make_retraining: Make):
    retraining = make_retraining(evaluationImagesPerRun=4)
    first = with_champion(retraining)
    retraining.hold_out(HELD_OUT)
    asked = scripted(retraining, first, {"champion": 0, "challenger": 10})
    retraining.upload(MORE)
    second = manifest(retraining.run(), "published")["iteration"]["id"]
    of_challenger, of_champion = (
        {name for model, name in asked if model == each} for each in ("challenger", "champion")
    )
    assert len(asked) == 8
    assert of_challenger == of_champion
    again = scripted(retraining, second, {"champion": 10, "challenger": 10})
    retraining.upload(pictures("red", 2, 200))
    manifest(retraining.run(), "published")
    assert {name for _, name in again} == of_challenger


def test_an_image_is_either_trained_or_held_out(retraining: Retraining):
    trained = "red/000.png"
    champion = with_champion(retraining)
    uploaded = picture(True, "held out and uploaded")
    retraining.hold_out({**HELD_OUT, "red/trained.png": FIRST[trained], "red/both.png": uploaded})
    retraining.upload({**MORE, "red/other name.png": uploaded})
    run = retraining.run()
    found = manifest(run, "published")
    assert retraining.reasons(run.id) == {"red/other name.png": "HeldOut"}
    assert found["gate"]["leftOutAsTrained"] == ["red/trained.png"]
    assert found["gate"]["comparison"]["judged"] == len(HELD_OUT) + 1
    assert found["gate"]["champion"]["id"] == champion


def test_a_held_out_file_that_is_no_image_is_not_judged(retraining: Retraining):
    retraining.hold_out({**HELD_OUT, "red/notes.jpg": b"not an image", "root.png": picture(True, "root")})
    retraining.upload(FIRST)
    run = retraining.run()
    found = manifest(run, "published")
    assert found["gate"]["comparison"]["judged"] == len(HELD_OUT)
    images = {image["name"]: image for image in retraining.artifact(f"runs/{run.id}/gate.json")["images"]}
    assert images["red/notes.jpg"]["challengerStatus"] == 400
    assert images["red/notes.jpg"]["challenger"] is None
    assert "root.png" not in images


def test_a_judging_that_breaks_fails_the_run_and_the_next_one_judges_the_same_model(retraining: Retraining):
    retraining.hold_out(HELD_OUT)

    def refused(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.url.path.endswith("/quicktest/url") else None

    retraining.world.transport.intercept = refused
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert run.error["message"].startswith("Judge failed: Ask_the_challenger (Forbidden), ")
    assert retraining.published() == {}
    retraining.world.transport.intercept = lambda request: None
    found = manifest(retraining.run("manual"), "published")
    trained = [each for each in retraining.project_api("GET", "iterations") if each["status"] == "Completed"]
    assert [each["id"] for each in trained] == [found["iteration"]["id"]]


@pytest.mark.parametrize(("champion", "challenger", "expected"), [(0.9, 0.9, []), (0.9, 0.7, ["gateTolerance"])])
def test_without_held_out_images_the_services_own_metrics_decide(
    retraining: Retraining, champion: float, challenger: float, expected: list[str]
):
    first = with_champion(retraining)

    def measured(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/performance"):
            return None
        figure = champion if first in request.url.path else challenger
        tags = [{"id": "t", "name": "red", "precision": figure, "recall": figure, "averagePrecision": figure}]
        return httpx.Response(
            200, json={"perTagPerformance": tags, "precision": figure, "recall": figure, "averagePrecision": figure}
        )

    retraining.world.transport.intercept = measured
    retraining.upload(MORE)
    found = manifest(retraining.run(), "rejected" if expected else "published")
    assert broken(found) == expected
    assert "weaker" in found["gate"]["comparison"]["by"]
    assert found["gate"]["comparison"]["championAccuracy"] == champion
    assert found["gate"]["comparison"]["challengerAccuracy"] == challenger


@pytest.mark.parametrize("offered", [True, False])
def test_a_rejected_challenger_answers_under_its_own_name_if_wanted(make_retraining: Make, offered: bool):
    retraining = make_retraining(publishChallenger=offered)
    champion = with_champion(retraining)
    retraining.hold_out(HELD_OUT)
    scripted(retraining, champion, {"champion": 10, "challenger": 2})
    retraining.upload(MORE)
    rejected = manifest(retraining.run(), "rejected")["iteration"]["id"]
    expected = {"production": champion, "challenger": rejected} if offered else {"production": champion}
    assert retraining.published() == expected


def test_a_challenger_that_has_a_name_can_be_forced(make_retraining: Make):
    retraining = make_retraining(publishChallenger=True)
    champion = with_champion(retraining)
    retraining.hold_out(HELD_OUT)
    scripted(retraining, champion, {"champion": 10, "challenger": 2})
    retraining.upload(MORE)
    rejected = manifest(retraining.run(), "rejected")["iteration"]["id"]
    manifest(retraining.ask({"force": True, "who": "anna", "why": "a try"}), "published")
    assert retraining.published() == {"production": rejected, "production-previous": champion}


def test_rejections_are_counted_until_a_rollback_or_a_publication(retraining: Retraining):
    def rejections(number: int, decision: str = "rejected") -> int:
        retraining.upload(merged([pictures("red", 2, number), pictures("blue", 2, number)]))
        return manifest(retraining.run(), decision)["gate"]["rejectedInARow"]

    with_champion(retraining)
    assert rejections(100, "published") == 0
    retraining.configure({"gateMinimumGain": 1})
    assert [rejections(200), rejections(300)] == [1, 2]
    assert retraining.artifact("locks/publication.json")["kind"] == "training"
    assert manifest(retraining.run("manual"), "nothing changed")["gate"]["rejectedInARow"] == 2
    answer = retraining.roll_back(retraining.deploy_rollback(), {"who": "anna", "why": "reds are called blue"})
    assert answer.status_code == 200, answer.text
    assert rejections(400) == 1
    retraining.configure({})
    assert rejections(500, "published") == 0
