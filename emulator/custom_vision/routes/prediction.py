"""Asking models: the prediction API by publish name, and quick tests of the training API by iteration."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import Call, Reply
from emulator.custom_vision.classification import uncertainty
from emulator.custom_vision.download import DownloadError, TooLargeError
from emulator.custom_vision.errors import CustomVisionError, GatewayError, bad_request, not_found
from emulator.custom_vision.image_files import ImageDimensionsError, ImageFormatError, inspect
from emulator.custom_vision.store.iterations import COMPLETED, Iteration
from emulator.custom_vision.store.predictions import NewPrediction, TagProbability
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.wire import prediction_json, probabilities_json, typed_probabilities_json

PREDICTIONS: Final = "predictions"
"""The monthly counter of an account's predictions."""


async def classify_image(backend: Backend, call: Call) -> Reply:
    """ClassifyImage: the image is kept with the answer."""
    iteration = _published(backend, call)
    image = await _uploaded_image(call, backend.limits(call.account).prediction_image_bytes)
    return await _classified(backend, call, iteration, image, store=True)


async def classify_image_with_no_store(backend: Backend, call: Call) -> Reply:
    """ClassifyImageWithNoStore."""
    iteration = _published(backend, call)
    image = await _uploaded_image(call, backend.limits(call.account).prediction_image_bytes)
    return await _classified(backend, call, iteration, image, store=False)


async def classify_image_url(backend: Backend, call: Call) -> Reply:
    """ClassifyImageUrl: the image is kept with the answer."""
    iteration = _published(backend, call)
    image = await _fetched_image(backend, call, backend.limits(call.account).prediction_image_bytes)
    return await _classified(backend, call, iteration, image, store=True)


async def classify_image_url_with_no_store(backend: Backend, call: Call) -> Reply:
    """ClassifyImageUrlWithNoStore."""
    iteration = _published(backend, call)
    image = await _fetched_image(backend, call, backend.limits(call.account).prediction_image_bytes)
    return await _classified(backend, call, iteration, image, store=False)


async def detect(backend: Backend, call: Call) -> Reply:
    """Refuse DetectImage and its kin: projects are classifiers."""
    raise bad_request(
        "BadRequestNotSupported",
        f"{call.operation} is for object detection, which this emulator does not have; use classify/iterations.",
    )


async def quick_test_image(backend: Backend, call: Call) -> Reply:
    """QuickTestImage: of any trained iteration; stored unless ``store=false``."""
    project, iteration = _iteration_to_test(backend, call)
    image = await _uploaded_image(call, backend.limits(call.account).training_image_bytes)
    return await _quick_tested(backend, call, project, iteration, image)


async def quick_test_image_url(backend: Backend, call: Call) -> Reply:
    """QuickTestImageUrl: of any trained iteration; stored unless ``store=false``."""
    project, iteration = _iteration_to_test(backend, call)
    image = await _fetched_image(backend, call, backend.limits(call.account).training_image_bytes)
    return await _quick_tested(backend, call, project, iteration, image)


def _published(backend: Backend, call: Call) -> Iteration:
    """Return the iteration that was published under the address's name to the account that is asked."""
    id = call.id_of("projectId")
    if backend.projects.find(id) is None:
        raise not_found("Project", id)
    iteration = backend.iterations.published(id, call.path["publishedName"])
    if iteration is None or (iteration.publish_target or "").lower() != call.account.key:
        raise CustomVisionError(404, "NotFoundIteration", "Invalid iteration")
    return iteration


def _iteration_to_test(backend: Backend, call: Call) -> tuple[Project, Iteration]:
    project = backend.project(call)
    id = call.query.guid("iterationId")
    if id is not None:
        iteration = backend.iteration(project, id)
        if iteration.status != COMPLETED:
            raise bad_request(
                "BadRequestIterationIsNotTrained", f"Iteration {id} is not trained: its status is {iteration.status}."
            )
        return project, iteration
    for iteration in backend.iterations.of_project(project.id):
        if iteration.status == COMPLETED:
            return project, iteration
    raise CustomVisionError(404, "NotFoundProjectDefaultIteration", "Project has no default iteration")


async def _uploaded_image(call: Call, limit: int) -> bytes:
    uploads = await call.uploads()
    if len(uploads) != 1:
        raise bad_request("BadRequestImageStream", f"One image is expected, not {len(uploads)}.")
    return await _checked(uploads[0].data, limit)


async def _fetched_image(backend: Backend, call: Call, limit: int) -> bytes:
    body = await call.json(bodies.IMAGE_URL, "BadRequestImageUrl", "The image's address is not valid.")
    try:
        return await _checked(await backend.downloader.fetch(body["url"], limit), limit)
    except DownloadError as error:
        raise bad_request("BadRequestImageUrl", str(error)) from error
    except TooLargeError as error:
        raise bad_request("BadRequestImageSizeBytes", str(error)) from error


async def _checked(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise bad_request("BadRequestImageSizeBytes", f"The image has {len(data)} bytes; at most {limit} are allowed.")
    try:
        await asyncio.to_thread(inspect, data)
    except ImageFormatError as error:
        raise bad_request("BadRequestImageFormat", str(error)) from error
    except ImageDimensionsError as error:
        raise bad_request("BadRequestImageDimensions", str(error)) from error
    return data


async def _classified(backend: Backend, call: Call, iteration: Iteration, image: bytes, *, store: bool) -> Reply:
    now = backend.clock.now()
    quota = backend.limits(call.account).predictions_per_month
    if quota is not None and backend.accounts.used(call.account, PREDICTIONS, now) >= quota:
        raise GatewayError(
            403, f"Out of call volume quota for {call.account.kind} {call.account.tier} pricing tier: {quota} a month."
        )
    probabilities = await backend.classification.classify(iteration, image)
    backend.accounts.use(call.account.key, PREDICTIONS, 1, now)
    backend.metrics.record(call.account.id, "CustomVisionTransactions", 1)
    if store:
        _store(backend, call, iteration, image, probabilities)
    return Reply(_answer(backend, call, iteration, typed_probabilities_json(probabilities)))


async def _quick_tested(backend: Backend, call: Call, project: Project, iteration: Iteration, image: bytes) -> Reply:
    probabilities = await backend.classification.classify(iteration, image)
    if call.query.boolean("store", True):
        _store(backend, call, iteration, image, probabilities)
    return Reply(_answer(backend, call, iteration, probabilities_json(probabilities)))


def _answer(backend: Backend, call: Call, iteration: Iteration, predictions: list[dict[str, Any]]) -> dict[str, Any]:
    return prediction_json(call.id, iteration.project, iteration.id, backend.clock.now(), predictions)


def _store(
    backend: Backend, call: Call, iteration: Iteration, image: bytes, probabilities: Sequence[TagProbability]
) -> None:
    if backend.projects.find(iteration.project) is None:
        raise not_found("Project", iteration.project)  # deleted while the model was asked
    backend.files.write(iteration.project, "predictions", call.id, image)
    backend.predictions.create(
        NewPrediction(
            id=call.id,
            project=iteration.project,
            iteration=iteration.id,
            domain_id=iteration.domain_id,
            created=backend.clock.now(),
            application=call.query.text("application"),
            uncertainty=uncertainty(probabilities),
            probabilities=probabilities,
        )
    )
