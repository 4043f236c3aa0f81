"""The workflows on mocked answers, for faults that a running service does not make on demand.

Without an answer of its own a run meets services that do what they are asked: an empty training container, a project
with two tags of 50 images, ``old`` in production as ``Iteration 1``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from components.orchestration import publish_names
from emulator.logic_apps.standalone.result import RunResult
from emulator.logic_apps.standalone.skeleton import skeleton
from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.world import DEPLOYED, PURPOSES

WORKFLOWS = Path(__file__).parents[2] / "workflows"
RECORDS = {"recordsEndpoint": "https://records.example", "recordsRule": "rule"}
BLOBS = "https://images.blob.example/"
ADDRESS = "https://notices.example/hook?code=a-secret-of-the-receiver"
NAMES = publish_names("production")
TAGS = [{"name": label, "id": f"tag-{label}", "imageCount": 50, "type": "Regular"} for label in ("red", "blue")]
OLD, NEW, OLDER = "old", "new", "earlier"
"""Ids of iterations, none of which is a part of another: in production, to be, before production."""
TIMED_OUT = {"status": "TimedOut"}
GONE, REFUSED, FORBIDDEN, CONFLICT = ({"statusCode": status} for status in (404, 400, 403, 409))
MADE, ACCEPTED = ({"statusCode": status} for status in (201, 202))
COPIED = {**ACCEPTED, "headers": {"x-ms-copy-status": "success"}}

Answers = Mapping[str, Any]


def json_of(body: Any, status: int = 200, **headers: str) -> dict[str, Any]:
    """Return an answer with a JSON body."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json", **headers}, "body": body}


def listing(*names: str, marker: str = "", size: int = 10, same: bool = False) -> dict[str, Any]:
    """Return a page of a container's listing, a name a day from 1 March; `same`: all blobs have the same content."""
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><Last-Modified>{_uploaded(day)}</Last-Modified><Etag>0x1</Etag>"
        f"<Content-MD5>{'same' if same else name}</Content-MD5>"
        f"<Content-Length>{size}</Content-Length></Properties></Blob>"
        for day, name in enumerate(names)
    )
    around = f"<Blobs>{blobs}</Blobs>" if names else "<Blobs />"
    body = f"<EnumerationResults>{around}<NextMarker>{marker}</NextMarker></EnumerationResults>"
    return {"statusCode": 200, "headers": {"Content-Type": "application/xml"}, "body": body}


def _uploaded(day: int) -> str:
    return format_datetime(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day), usegmt=True)


def iteration(id: str, publish_name: str | None = None, **members: Any) -> dict[str, Any]:
    """Return an iteration as the service lists it."""
    return {"id": id, "name": f"Iteration {id}", "publishName": publish_name, "status": "Completed", **members}


def added(name: str, status: str = "OK") -> dict[str, Any]:
    """Return what the service says of an image that is added by URL."""
    tags = [{"tagId": f"tag-{name.partition('/')[0]}"}]
    return {"sourceUrl": f"{BLOBS}training/{name}?sig=s", "status": status, "image": {"id": f"id-{name}", "tags": tags}}


def predicted(tag: str, probability: float = 1.0) -> dict[str, Any]:
    """Return the answer of an iteration that is asked about an image."""
    others = [{"tagName": each["name"], "probability": 0.0} for each in TAGS if each["name"] != tag]
    return json_of({"predictions": [{"tagName": tag, "probability": probability}, *others]})


def measured(precision: float) -> dict[str, Any]:
    """Return an iteration's performance."""
    tags = [{"name": each["name"], "recall": precision} for each in TAGS]
    return json_of({"averagePrecision": precision, "precision": precision, "perTagPerformance": tags})


SURVEY: Answers = {
    "List_the_training_keys": json_of({"key1": "k"}),
    "List_the_iterations_at_the_start": json_of([iteration(OLD, "production")]),
    "Read_production": json_of({"iterationId": OLD, "publicationId": "done"}),
    "Read_the_intent": json_of({"id": "done", "iterationId": OLD, "previousId": None}, ETag='"0x1"'),
}
EMPTY: Answers = {
    **SURVEY,
    "Acquire_the_lease": MADE,
    "Read_the_settings": GONE,
    "Sign_the_training_container": json_of({"serviceSasToken": "sig=s"}),
    "Sign_the_evaluation_container": json_of({"serviceSasToken": "sig=s"}),
    "List_a_page_of_held_out": listing(),
    "List_a_page": listing(),
    "Tags_before": json_of(TAGS),
    "Tags": json_of(TAGS),
    "Read_the_lineage": GONE,
    "Tag_counts": json_of(TAGS),
    "Tags_of_the_newest": json_of(TAGS),
    "Read_the_month": GONE,
    "List_the_iterations": json_of([]),
    "Start_training": json_of({"code": "BadRequestTrainingNotNeeded"}, 400),
    "Read_the_record_of_the_newest": GONE,
    "Write_the_manifest": MADE,
    "Append_to_the_index": MADE,
}
TRAINED: Answers = {
    "Start_training": json_of({"id": NEW}),
    "Look_at_the_iteration": json_of({"status": "Completed", "name": "Iteration new"}),
    "Performance": measured(1.0),
    "Champion_performance": measured(1.0),
    "Look_for_the_model": GONE,
    "Tags_of_the_model": json_of(TAGS),
    "Read_the_record_of_the_model": GONE,
    "List_the_iterations_at_the_gate": json_of([iteration(OLD, "production")]),
    "List_a_page_of_performances": json_of([]),
}


def published(target: str, previous: str, suffix: str = "") -> Answers:
    """Return the answers to a publication of `target` in the place of `previous`."""
    answers = {
        "Acquire_the_publication_lock": MADE,
        "Look_at_the_names": json_of([iteration(target), iteration(previous, "production")]),
        "Write_the_intent": MADE,
        "Look_at_the_target": json_of(iteration(target, NAMES["production"])),
        "Look_at_the_previous": json_of(iteration(previous, NAMES["previous"])),
        "Append_to_the_history_of_production": MADE,
        "Point_to_production": MADE,
    }
    return {f"{name}{suffix}": answer for name, answer in answers.items()}


def retrain(
    workflow: LoadedWorkflow,
    answers: Answers,
    *,
    settings: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    notices: str = "",
    body: Any = None,
) -> RunResult:
    """Run the retraining workflow; `answers` come before those of the services that do what they are asked."""
    known = {**EMPTY, **published(NEW, OLD)}
    given = {"settings": {**DEPLOYED, **(settings or {})}, "trainingPollSeconds": 1, **(parameters or {})}
    return _run(workflow, {**known, **answers}, given, notices, body)


def train(workflow: LoadedWorkflow, answers: Answers, **settings: Any) -> RunResult:
    """Run it so that it trains ``new``, which is as good as the champion."""
    return retrain(workflow, {**TRAINED, **answers}, settings=settings)


def roll_back(
    workflow: LoadedWorkflow, answers: Answers, *, notices: str = "", parameters: Mapping[str, Any] | None = None
) -> RunResult:
    """Run the rollback workflow, with ``older`` to go back to."""
    start = json_of([iteration(OLD, "production"), iteration(OLDER, NAMES["previous"])])
    known = {**SURVEY, "List_the_iterations_at_the_start": start, **published(OLDER, OLD)}
    return _run(workflow, {**known, **answers}, parameters or {}, notices, {"who": "anna", "why": "worse at night"})


def manifest(found: RunResult) -> Any:
    """Return the manifest that a run of the retraining workflow wrote."""
    return found.calls_of("Write_the_manifest")[-1].body


def _run(
    workflow: LoadedWorkflow, answers: Answers, parameters: Mapping[str, Any], notices: str, body: Any
) -> RunResult:
    mocks = copy.deepcopy(skeleton(workflow.source))
    mocks["actions"] |= answers
    mocks["parameters"] |= {
        **parameters,
        "blobEndpoint": BLOBS,
        "portalEndpoint": "https://portal.azure.com/",
        "publishNames": NAMES,
        "containers": {purpose: purpose for purpose in PURPOSES},
        "noticeIsWanted": notices != "",
        "noticeWebhook": notices,
    }
    return workflow.run(body, mocks=mocks, trigger="manual")
