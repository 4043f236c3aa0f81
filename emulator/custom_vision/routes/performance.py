"""How good an iteration is, by its cross-validation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import Call, Reply
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.limits import TAGS_PER_BATCH
from emulator.custom_vision.model.evaluation import performance
from emulator.custom_vision.model.job import read_evaluation
from emulator.custom_vision.store.images import Image, Order, Selection
from emulator.custom_vision.store.iterations import COMPLETED, Iteration
from emulator.custom_vision.store.predictions import TagProbability
from emulator.custom_vision.store.tags import Tagging
from emulator.custom_vision.trainer import evaluation_name
from emulator.custom_vision.wire import image_json, performance_json, probabilities_json

DEFAULT_THRESHOLD = 0.5
"""What the portal begins with: https://learn.microsoft.com/azure/ai-services/custom-vision-service/whats-new"""


async def get_iteration_performance(backend: Backend, call: Call) -> Reply:
    """GetIterationPerformance at a probability threshold; the overlap threshold is for object detection."""
    threshold = call.query.share("threshold", DEFAULT_THRESHOLD)
    call.query.share("overlapThreshold", 0)
    iteration = completed_iteration(backend, call)
    evaluation = read_evaluation(_evaluation_path(backend, iteration))
    found = await asyncio.to_thread(performance, evaluation, threshold)
    return Reply(performance_json(found, backend.iterations.tags(iteration.id)))


async def get_image_performances(backend: Backend, call: Call) -> Reply:
    """GetImagePerformances: what was predicted of images while they were held out."""
    iteration = completed_iteration(backend, call)
    order = cast(Order, call.query.choice("orderBy", ("Newest", "Oldest"), "Newest"))
    take, skip = call.query.page()
    images = backend.images.select(_selection(call, iteration), order, take, skip)
    probabilities = read_evaluation(_evaluation_path(backend, iteration)).probabilities
    tags = backend.iterations.tags(iteration.id)
    names = {tag.id: tag.name for tag in tags}
    rows = backend.iterations.positions(iteration.id, [image.id for image in images])
    answer: list[dict[str, Any]] = []
    for image in images:
        position, own = rows[image.id]
        predicted = [
            TagProbability(float(value), tag.id, tag.name, tag.type)
            for value, tag in zip(probabilities[position], tags, strict=True)
        ]
        taggings = [Tagging(image.id, tag, names[tag], image.created) for tag in own]
        answer.append({"predictions": probabilities_json(predicted), **_image_json(backend, image, taggings)})
    return Reply(answer)


async def get_image_performance_count(backend: Backend, call: Call) -> Reply:
    """GetImagePerformanceCount."""
    return Reply(backend.images.count(_selection(call, completed_iteration(backend, call))))


def completed_iteration(backend: Backend, call: Call) -> Iteration:
    """Return the iteration of the call's address, or raise 400 BadRequestIterationIsNotTrained."""
    iteration = backend.iteration(backend.project(call), call.id_of("iterationId"))
    if iteration.status != COMPLETED:
        raise bad_request(
            "BadRequestIterationIsNotTrained",
            f"Iteration {iteration.id} is not trained: its status is {iteration.status}.",
        )
    return iteration


def _selection(call: Call, iteration: Iteration) -> Selection:
    return Selection(iteration.project, iteration.id, call.query.guids("tagIds", TAGS_PER_BATCH))


def _image_json(backend: Backend, image: Image, taggings: list[Tagging]) -> dict[str, Any]:
    body = image_json(image, taggings, [], backend.urls, backend.clock.now())
    address = body.pop("originalImageUri")
    del body["resizedImageUri"]
    body.pop("metadata", None)
    return {**body, "imageUri": address}


def _evaluation_path(backend: Backend, iteration: Iteration) -> Path:
    return backend.files.path(iteration.project, "models", evaluation_name(iteration.id))
