"""What holds after a fault and at most two further runs."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.workflows.faults.cells import action_names
from tests.workflows.faults.situation import Situation
from tests.workflows.world import LOGIC

_HISTORY = {
    "contents": "content",
    "action_records": "summary || coalesce(inputs, '') || coalesce(outputs, '') || coalesce(traces, '')",
    "requests": "record",
    "iterations": "record",
}
"""Tables of the run history, and what of them can be read."""
_EXPLAINS: Final = re.compile(rf"\b({'|'.join(action_names())}) \(\w+\)|settings\.json is not")
"""What the error of a failed run has to name: an action and its code, or the file that a person has to mend."""


def broken_promises(situation: Situation) -> list[str]:
    """Return what does not hold; empty where all does."""
    return [
        *_lost_or_doubled(situation),
        *_trained_too_often(situation),
        *_not_answered(situation),
        *_unexplained(situation),
        *_told_secrets(situation),
        *_not_exported(situation),
    ]


def waits(situation: Situation) -> bool:
    """Tell whether something is left to be done by a further run."""
    return bool(situation.retraining.names("training") or _unpublished(situation) or _not_exported(situation))


def _lost_or_doubled(situation: Situation) -> list[str]:
    retraining = situation.retraining
    places = retraining.places()
    rejected = retraining.container("rejected").list_blobs(include=["metadata"])
    refused = {blob.name.split("/", 1)[1]: blob.metadata for blob in rejected}
    found = [
        f"{name} is in {places[name]} places"
        for name in situation.uploaded
        if not (name not in situation.deleted) <= places[name] <= 1 + (name in situation.replaced)
    ]
    found += [f"{name} waits still" for name in retraining.names("training")]
    found += [f"{name} was set aside without a reason" for name, told in refused.items() if not told.get("reason")]
    return found + _not_in_the_project(situation, _contents(retraining.names("processed")))


def _contents(processed: list[str]) -> Counter[str]:
    """Return how many images of different content lie below each label: the project has each once."""
    return Counter(label for label, _ in {tuple(name.split("/", 2)[:2]) for name in processed})


def _not_in_the_project(situation: Situation, processed: Counter[str]) -> list[str]:
    tags = {tag["name"]: tag["imageCount"] for tag in situation.retraining.project_api("GET", "tags")}
    expected = processed + Counter(situation.by_hand)
    # What was replaced or deleted after the service had it is still trained there.
    surplus = Counter(_label(name) for name in situation.replaced | situation.deleted)
    return [
        f"{label}: {expected[label]} images are processed, {tags.get(label, 0)} in the project"
        for label in sorted({*expected, *tags})
        if not expected[label] <= tags.get(label, 0) <= expected[label] + surplus[label]
    ]


def _label(name: str) -> str:
    return name.split("/", 1)[0]


def _trained_too_often(situation: Situation) -> list[str]:
    trained = [each for each in situation.retraining.project_api("GET", "iterations") if each["trainedAt"]]
    # Of old iterations only so many are kept, so it is names that count: the service numbers them.
    numbers = [int(each["name"].split()[-1]) for each in trained]
    most = max(numbers, default=0)
    return [] if most <= situation.trainings else [f"{most} trainings, {situation.trainings} sets of images"]


def _unpublished(situation: Situation) -> list[str]:
    published = situation.retraining.published()
    if "production" not in published:
        return ["nothing is in production"]
    recorded = {"iterationId": None}
    if "production.json" in situation.retraining.names("artifacts"):
        recorded = situation.retraining.artifact("production.json")
    if recorded["iterationId"] != published["production"]:
        return [f"production is {published['production']}, recorded is {recorded['iterationId']}"]
    return []


def _not_exported(situation: Situation) -> list[str]:
    retraining = situation.retraining
    if situation.workflow:
        # A rollback exports nothing: the next run of the retraining does.
        return []
    for each in retraining.project_api("GET", "iterations"):
        kept = f"models/{each['id']}/README.md" in retraining.names("artifacts")
        if each["publishName"] == "production" and each["exportable"] and not kept:
            return [f"{each['name']} is in production and was not exported"]
    return []


def _not_answered(situation: Situation) -> list[str]:
    return [*_unpublished(situation), *(f"production did not answer: {each}" for each in situation.unanswered[:2])]


def _unexplained(situation: Situation) -> list[str]:
    retraining, found = situation.retraining, list[str]()
    manifests = {name.split("/")[1] for name in retraining.names("artifacts") if name.endswith("/manifest.json")}
    for workflow in filter(None, (retraining.workflow, situation.workflow)):
        for run in retraining.world.arm.values(f"{workflow}/runs", LOGIC):
            properties: dict[str, Any] = run["properties"]
            status, message = properties["status"], str((properties.get("error") or {}).get("message"))
            if status == "Failed":
                if not _EXPLAINS.search(message):
                    found.append(f"{Path(workflow).name}: a failed run names no action: {message}")
            elif run["name"] not in manifests | situation.cancelled and (
                workflow == retraining.workflow or status != "Succeeded"
            ):
                found.append(f"{Path(workflow).name}: a run without a manifest is {status}: {message}")
    return found


def _told_secrets(situation: Situation) -> list[str]:
    world = situation.retraining.world
    secrets = {world.training_key, world.prediction_key, world.storage_key, "&sig="}
    runs = [
        run["name"]
        for workflow in filter(None, (situation.retraining.workflow, situation.workflow))
        for run in world.arm.values(f"{workflow}/runs", LOGIC)
    ]
    found = list[str]()
    with contextlib.closing(
        sqlite3.connect(f"file:{world.home.database / 'logic_apps' / 'runs.db'}?mode=ro", uri=True)
    ) as database:
        for table, text in _HISTORY.items():
            for run in runs:
                for path, content in database.execute(f"SELECT path, {text} FROM {table} WHERE run = ?", (run,)):
                    found += [f"{table} of {path} tells a secret" for secret in secrets if secret in content]
    return found
