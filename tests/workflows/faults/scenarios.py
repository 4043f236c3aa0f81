"""Situations in which runs meet faults; together they reach every Http action of the workflows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from emulator.faults.rule import OPERATION_HEADER
from tests.workflows.faults.pasts import Pasts
from tests.workflows.faults.situation import Situation, fault
from tests.workflows.record_tables import RecordTables
from tests.workflows.world import LOGIC, PUBLISHER, Retraining, merged, pictures

COMPACT = "0732100f-1a38-4e49-a514-c9b44c697ab5"
"""General (compact), the domain whose models can be exported; see emulator/custom_vision/domains.py."""
_NO_TRAINING: Any = {"maximumTrainingsPerDay": 1}
"""Where nothing new was uploaded: the service would train a copied project once more, as it compares with nothing."""
_NOT_ANSWERED = {"kind": "status"}
_REFUSED = {"kind": "status", "status": 400, "count": 1}
Scenario = Callable[[Pasts, str], Situation]
"""Makes a situation under a name of its own."""


def images(number: int) -> dict[str, bytes]:
    """Return the images of an upload: two labels, and one that is not to be trained.

    There is a red one more than has to be, as an interruption deletes one.
    """
    files = merged([pictures("red", 6, number * 100), pictures("blue", 5, number * 100)])
    if number == 0:
        files["red/empty.png"] = b""
    else:
        files[f"red/again{number}.png"] = next(iter(files.values()))
    return files


def _uploads(count: int) -> dict[str, bytes]:
    return merged([images(number) for number in range(count)])


def _run(retraining: Retraining) -> str:
    run = retraining.begin("manual")
    retraining.end_of(run)
    return run


def _uploaded_and_run(retraining: Retraining, number: int, decision: str = "published") -> None:
    retraining.upload(images(number))
    run = retraining.run("manual")
    assert run.manifest is not None, run.error
    assert run.manifest["decision"] == decision, run.manifest["reason"]


def _interrupted_at(retraining: Retraining, number: int, action: str) -> None:
    retraining.upload(images(number))
    with fault(retraining.world, retraining.workflow, action, _NOT_ANSWERED, None):
        assert retraining.run("manual").status == "Failed"


# Pasts


def one_model(retraining: Retraining) -> None:
    _uploaded_and_run(retraining, 0)


def two_models(retraining: Retraining) -> None:
    one_model(retraining)
    _uploaded_and_run(retraining, 1)


def three_models(retraining: Retraining) -> None:
    two_models(retraining)
    _uploaded_and_run(retraining, 2)


def offered_challenger(retraining: Retraining) -> None:
    one_model(retraining)
    retraining.configure({"publishChallenger": True, "gateMinimumGain": 1})
    _uploaded_and_run(retraining, 1, "rejected")


def first_publication_not_recorded(retraining: Retraining) -> None:
    _interrupted_at(retraining, 0, "Append_to_the_history_of_production")


def publication_not_recorded(retraining: Retraining) -> None:
    one_model(retraining)
    _interrupted_at(retraining, 1, "Point_to_production")


def publication_only_meant(retraining: Retraining) -> None:
    two_models(retraining)
    _interrupted_at(retraining, 2, "Publish_the_target")


def rollback_only_meant(retraining: Retraining) -> None:
    two_models(retraining)
    workflow = retraining.deploy_rollback()
    with fault(retraining.world, workflow, "Take_the_other_name_away", _NOT_ANSWERED, None):
        retraining.roll_back(workflow, {"who": "anna", "why": "a test"})


# Scenarios of the retraining


def _following(retraining: Retraining, uploads: int, **more: Any) -> Situation:
    """Return the situation with the next upload: one more training, at most."""
    retraining.upload(images(uploads))
    made = Situation(retraining, _uploads(uploads + 1), uploads + 1, lambda: _run(retraining), **more)
    made.later()
    return made


def first(pasts: Pasts, name: str) -> Situation:
    """Nothing was ever trained."""
    return _following(pasts.none(name, notices=f"{pasts.world.arm.configuration.url('monitor')}/notices"), 0)


def following(pasts: Pasts, name: str) -> Situation:
    """A model is in production, images are held out, new ones are asked about."""
    retraining = pasts.after(one_model, name, championCheck="all", evaluationImagesPerRun=2)
    retraining.hold_out(merged([pictures("red", 1, 5000), pictures("blue", 1, 5000)]))
    return _following(retraining, 1)


def rejected(pasts: Pasts, name: str) -> Situation:
    """The gate holds the challenger, which is published under a name of its own."""
    return _following(pasts.after(one_model, name, publishChallenger=True, gateMinimumGain=1), 1)


def forced(pasts: Pasts, name: str) -> Situation:
    """A challenger that was rejected is published by a person over the gate."""
    retraining = pasts.after(offered_challenger, name)
    retraining.configure({"publishChallenger": True, "gateMinimumGain": 1, **_NO_TRAINING})
    request = {"force": True, "who": "anna", "why": "a test"}
    return Situation(retraining, _uploads(2), 2, lambda: retraining.ask(request).id)


def compact(pasts: Pasts, name: str) -> Situation:
    """The model can be exported."""
    retraining = pasts.none(name)
    project = retraining.project_api("GET", "")
    retraining.project_api("PATCH", "", {**project, "settings": {**project["settings"], "domainId": COMPACT}})
    return _following(retraining, 0)


def recorded(pasts: Pasts, name: str) -> Situation:
    """Records of the run are sent to tables."""
    tables = RecordTables(pasts.world, name)
    retraining = pasts.none(name, records=tables.parameters)
    pasts.world.assign(retraining.principal, PUBLISHER, tables.rule)
    return _following(retraining, 0)


def held_lock(pasts: Pasts, name: str) -> Situation:
    """The run before could not free the lock."""
    retraining = pasts.after(one_model, name)
    with fault(pasts.world, retraining.workflow, "Unlock", _NOT_ANSWERED, None):
        _run(retraining)
    made = _following(retraining, 1)
    # That run trained a copied project once more; see _NO_TRAINING.
    made.trainings += 1
    return made


def pruned(pasts: Pasts, name: str) -> Situation:
    """There is an iteration too many."""
    retraining = pasts.after(three_models, name, iterationsToKeep=3, maximumTrainingsPerDay=3)

    def of_long_ago(request: httpx.Request) -> httpx.Response | None:
        if request.method != "GET" or not request.url.path.endswith("/iterations"):
            return None
        found: list[dict[str, Any]] = httpx.get(str(request.url), headers=dict(request.headers)).json()
        older = [{**each, "trainedAt": (each.get("trainedAt") or "").replace("20", "19", 1)} for each in found]
        return httpx.Response(200, json=older)

    # Else the trainings of the day were used up, which may be no more than the iterations kept.
    pasts.world.transport.answer(Path(retraining.workflow).name, of_long_ago)
    return _following(retraining, 3)


def empty_tag(pasts: Pasts, name: str) -> Situation:
    """Somebody made a tag and gave it no image."""
    retraining = pasts.after(one_model, name)
    retraining.project_api("POST", "tags?name=green")
    return _following(retraining, 1)


def training_already(pasts: Pasts, name: str) -> Situation:
    """Somebody started a training by hand, which lasts until the run has seen it."""
    retraining = pasts.after(one_model, name)
    by_hand = pictures("red", 2, 900)
    tags = {tag["name"]: tag["id"] for tag in retraining.project_api("GET", "tags")}
    for content in by_hand.values():
        retraining.project_api("POST", f"images?tagIds={tags['red']}", content)
    pasts.world.hold_trainings(retraining.project)
    retraining.project_api("POST", "train")
    made = _following(retraining, 1)

    def act() -> str:
        def seen(request: httpx.Request) -> None:
            if request.headers[OPERATION_HEADER] == "List_the_running_iterations":
                pasts.world.release_trainings(retraining.project)

        pasts.world.transport.observe(Path(retraining.workflow).name, seen)
        try:
            return _run(retraining)
        finally:
            pasts.world.release_trainings(retraining.project)

    made.act, made.trainings = act, 3
    made.by_hand = {"red": len(by_hand)}
    return made


# A publication was interrupted


def interrupted(pasts: Pasts, name: str) -> Situation:
    """The run before published, but could not record it."""
    return _following(pasts.after(publication_not_recorded, name), 2)


def first_interrupted(pasts: Pasts, name: str) -> Situation:
    """The very first publication could not be recorded."""
    return _following(pasts.after(first_publication_not_recorded, name), 1)


def rollback_interrupted(pasts: Pasts, name: str) -> Situation:
    """A rollback set out to publish, and did not; the retraining does it."""
    return _following(pasts.after(rollback_only_meant, name), 2)


# The service does not move a publish name


def refused(pasts: Pasts, name: str) -> Situation:
    """Production and production-previous have to be taken from their holders."""
    return _following(pasts.after(two_models, name), 2, faults=_refusals(""), may_be_unanswered=True)


def refused_in_the_repair(pasts: Pasts, name: str) -> Situation:
    """The same in an interrupted publication that is finished."""
    retraining = pasts.after(publication_only_meant, name)
    return _following(retraining, 3, faults=_refusals("_in_the_repair"), may_be_unanswered=True)


def _refusals(suffix: str) -> Sequence[dict[str, Any]]:
    return [{"action": f"{action}{suffix}", **_REFUSED} for action in ("Publish_the_target", "Publish_the_previous")]


# Scenarios of the rollback


def _rolling_back(retraining: Retraining, **more: Any) -> Situation:
    workflow = retraining.deploy_rollback()

    def act() -> str:
        retraining.roll_back(workflow, {"who": "anna", "why": "a test"})
        (run,) = retraining.world.arm.values(f"{workflow}/runs", LOGIC)
        return run["name"]

    made = Situation(retraining, _uploads(2), 2, act, workflow, **more)
    made.later()
    return made


def rollback(pasts: Pasts, name: str) -> Situation:
    """Two models are published, and the one before is wanted back."""
    notices = f"{pasts.world.arm.configuration.url('monitor')}/notices"
    tables = RecordTables(pasts.world, name)
    told = {"notices": notices, "records": tables.parameters, "records_rule": tables.rule}
    return _rolling_back(pasts.after(two_models, name, **told, **_NO_TRAINING))


def rollback_without_records(pasts: Pasts, name: str) -> Situation:
    """Somebody deleted what the publications before had recorded."""
    return _rolling_back(
        _without(pasts.after(two_models, name, **_NO_TRAINING), "production.jsonl", "locks/publication.json")
    )


def rollback_again(pasts: Pasts, name: str) -> Situation:
    """The rollback before set out to publish, and did not; its history of production is gone, too."""
    return _rolling_back(_without(pasts.after(rollback_only_meant, name, **_NO_TRAINING), "production.jsonl"))


def rollback_refused(pasts: Pasts, name: str) -> Situation:
    """The names have to be taken from their holders."""
    return _rolling_back(pasts.after(two_models, name, **_NO_TRAINING), faults=_refusals(""), may_be_unanswered=True)


def rollback_refused_in_the_repair(pasts: Pasts, name: str) -> Situation:
    """The same in an interrupted rollback that is finished."""
    retraining = pasts.after(rollback_only_meant, name, **_NO_TRAINING)
    return _rolling_back(retraining, faults=_refusals("_in_the_repair"), may_be_unanswered=True)


def _without(retraining: Retraining, *names: str) -> Retraining:
    for name in names:
        retraining.container("artifacts").delete_blob(name)
    return retraining


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        following,
        first,
        rejected,
        forced,
        compact,
        recorded,
        held_lock,
        pruned,
        empty_tag,
        training_already,
        interrupted,
        first_interrupted,
        rollback_interrupted,
        refused,
        refused_in_the_repair,
        rollback,
        rollback_without_records,
        rollback_again,
        rollback_refused,
        rollback_refused_in_the_repair,
    )
}
"""An action's own scenario is the first one whose run reaches it."""


def acted(situation: Situation) -> str:
    """Make the run that may meet a fault, in all that goes wrong anyway; return its id."""
    world = situation.retraining.world
    with contextlib.ExitStack() as stack:
        for each in situation.faults:
            rest = {name: value for name, value in each.items() if name not in ("action", "count")}
            stack.enter_context(fault(world, situation.acting, each["action"], rest, each.get("count")))
        return situation.act()
