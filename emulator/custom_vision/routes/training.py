"""Training, and the iterations that it makes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import Final

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply, guid
from emulator.custom_vision.errors import CustomVisionError, bad_request, not_found
from emulator.custom_vision.limits import TAGS_TO_TRAIN
from emulator.custom_vision.store.iterations import FAILED, TRAINING, TrainingImage, TrainingRequest
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.trainer import evaluation_name, model_name
from emulator.custom_vision.wire import iteration_json

TRAINING_MINUTES: Final = "training minutes"
"""The monthly counter of the account's training time."""

_TYPES: Final = ("Regular", "Advanced")
_LONGEST_BUDGET: Final = 24
"""Hours; https://learn.microsoft.com/azure/ai-services/custom-vision-service/getting-started-build-a-classifier"""


async def train_project(backend: Backend, call: Call) -> Reply:
    """TrainProject: begins to train and answers at once."""
    training_type = call.query.choice("trainingType", _TYPES, "Regular")
    budget = call.query.integer("reservedBudgetInHours", 0, 0, _LONGEST_BUDGET)
    force = call.query.boolean("forceTrain", False)
    selected = await _selected_tags(call)
    # No await from here on: nobody changes the project meanwhile.
    project = backend.project(call)
    if training_type == "Advanced" and budget == 0:
        raise bad_request(
            "BadRequestReservedBudgetInHoursNotEnoughForAdvancedTraining",
            "Reserved budget in hours is not enough for advanced training: 'reservedBudgetInHours' must be 1 at least.",
        )
    iterations = backend.iterations.of_project(project.id)
    if any(iteration.status == TRAINING for iteration in iterations):
        raise bad_request("BadRequestTrainingAlreadyInProgress", "Training is already in progress")
    request = _request(backend, project, training_type, budget, selected)
    last = next((iteration for iteration in iterations if iteration.status != FAILED), None)
    if not force and last is not None and last.signature == request.signature:
        raise bad_request("BadRequestTrainingNotNeeded", "Nothing changed since last training")
    limits = backend.limits(call.account)
    _check_enough(project, request, limits.images_per_tag)
    if len(iterations) >= limits.iterations_per_project:
        raise bad_request(
            "BadRequestExceedIterationPerProjectLimit",
            f"The project has {len(iterations)} iterations, as many as it may have; delete one first.",
        )
    now = backend.clock.now()
    minutes = limits.training_minutes_per_month
    if minutes is not None and backend.accounts.used(call.account, TRAINING_MINUTES, now) >= minutes:
        raise bad_request(
            "BadRequestExceededQuota", f"The account's {minutes} training minutes of this month are used."
        )
    with backend.database.transaction():
        iteration = backend.iterations.create(project, request, now)
        backend.projects.open_workspace(project.id, now)
    backend.trainer.enqueue(iteration.id)
    return Reply(iteration_json(iteration))


async def get_iterations(backend: Backend, call: Call) -> Reply:
    """GetIterations: newest first."""
    iterations = backend.iterations.of_project(backend.project(call).id)
    return Reply([iteration_json(iteration) for iteration in iterations])


async def get_iteration(backend: Backend, call: Call) -> Reply:
    """GetIteration."""
    return Reply(iteration_json(backend.iteration(backend.project(call), call.id_of("iterationId"))))


async def update_iteration(backend: Backend, call: Call) -> Reply:
    """UpdateIteration: its name."""
    body = await call.json(bodies.ITERATION, "BadRequestIterationName", "The iteration is not valid.")
    project = backend.project(call)
    iteration = backend.iteration(project, call.id_of("iterationId"))
    name: str = body["name"]
    if not name.strip():
        raise bad_request("BadRequestIterationName", "The iteration's 'name' is empty.")
    for other in backend.iterations.of_project(project.id):
        if other.id != iteration.id and other.name == name:
            raise bad_request("BadRequestIterationNameNotUnique", f"The project has an iteration '{name}' already.")
    backend.iterations.rename(iteration.id, name, backend.clock.now())
    return Reply(iteration_json(backend.iteration(project, iteration.id)))


async def delete_iteration(backend: Backend, call: Call) -> Reply:
    """DeleteIteration: refused while it is published or being trained."""
    project = backend.project(call)
    iteration = backend.iteration(project, call.id_of("iterationId"))
    if iteration.publish_name is not None:
        raise bad_request(
            "BadRequestIterationIsPublished", f"Iteration is already published as: {iteration.publish_name}"
        )
    if iteration.status == TRAINING:
        raise bad_request("BadRequestWorkspaceNotDeletable", "An iteration that is being trained cannot be deleted.")
    exports = backend.exports.of_iteration(iteration.id)
    with backend.database.transaction():
        backend.iterations.delete(iteration.id)
        forgotten = backend.images.forget_unused(project.id)
    backend.files.delete(project.id, "images", forgotten)
    models = [model_name(iteration.id), evaluation_name(iteration.id), f"{iteration.id}.json"]
    backend.files.delete(project.id, "models", models)
    backend.files.delete(project.id, "exports", [export.file_name(iteration.id) for export in exports])
    return NO_CONTENT


async def _selected_tags(call: Call) -> set[str] | None:
    """Return the ids of the tags that the body selects, None for all; an absent body selects all."""
    if not call.has_body:
        return None
    body = await call.json(bodies.TRAINING, "BadRequestInvalid", "The training parameters are not valid.")
    ids = (body or {}).get("selectedTags")
    if not ids:
        return None
    return {guid(id, "selectedTags") for id in ids}


def _request(
    backend: Backend, project: Project, training_type: str, budget: int, selected: set[str] | None
) -> TrainingRequest:
    tags = [tag for tag in backend.tags.of_project(project.id) if selected is None or tag.id in selected]
    chosen = {tag.id for tag in tags}
    for id in sorted((selected or set()) - chosen):
        raise not_found("Tag", id)
    images = [
        TrainingImage(image.image, kept)
        for image in backend.iterations.workspace_images(project.id)
        if (kept := [tag for tag in image.tags if tag in chosen])
    ]
    counts = Counter(tag for image in images for tag in image.tags)
    content = {
        "domain": project.domain_id,
        "classification": project.classification_type,
        "augmentation": dict(project.augmentation),
        "training": training_type,
        "tags": [[tag.id, tag.name, tag.type] for tag in tags],
        "images": [[image.image, list(image.tags)] for image in images],
    }
    signature = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    counted = [replace(tag, images=counts[tag.id]) for tag in tags]
    return TrainingRequest(training_type, budget, counted, images, signature)


def _check_enough(project: Project, request: TrainingRequest, least: int) -> None:
    if len(request.tags) < TAGS_TO_TRAIN:
        raise _invalid(project, "Not enough images for training")
    if any(tag.images < least for tag in request.tags):
        raise _invalid(project, "Not enough images per tag for training")
    if project.exclusive and any(len(image.tags) > 1 for image in request.images):
        raise _invalid(project, "An image has several tags; in a Multiclass project it has one")


def _invalid(project: Project, message: str) -> CustomVisionError:
    kind = "MultiClass" if project.exclusive else "MultiLabel"
    return bad_request(f"BadRequest{kind}ClassificationTrainingValidationFailed", message)
