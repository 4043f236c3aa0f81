"""Suggested tags for images without any: made, then found by tag and by how unsure the model is.

https://learn.microsoft.com/azure/ai-services/custom-vision-service/suggested-tags
"""

from __future__ import annotations

from typing import Any, Final, cast

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import Call, Reply, guid, offset
from emulator.custom_vision.classification import uncertainty
from emulator.custom_vision.errors import bad_request, not_found
from emulator.custom_vision.limits import IDS_PER_CALL, LARGEST_PAGE
from emulator.custom_vision.store.iterations import COMPLETED, Iteration
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.suggestions import Sorting, Suggestion, SuggestionFilter
from emulator.custom_vision.wire import stored_suggestion_json, suggestion_json

_PAGE: Final = 64
"""Results of a query with maxCount 0; the service's figure is not documented."""
_CODE: Final = "BadRequestInvalid"


async def suggest_tags_and_regions(backend: Backend, call: Call) -> Reply:
    """SuggestTagsAndRegions: asks an iteration's model about untagged images; tagged ones are left out."""
    project = backend.project(call)
    iteration = _iteration(backend, call, project)
    ids = call.query.required_guids("imageIds", IDS_PER_CALL)
    images = backend.images.by_ids(project.id, ids)
    known = {image.id for image in images}
    for id in ids:
        if id not in known:
            raise not_found("Image", id)
    taggings = backend.tags.of_images([image.id for image in images])
    answer: list[dict[str, Any]] = []
    for image in images:
        if taggings[image.id]:
            continue
        data = backend.files.read(project.id, "images", image.id)
        probabilities = await backend.classification.classify(iteration, data)
        suggestion = Suggestion(iteration.id, image.id, backend.clock.now(), uncertainty(probabilities), probabilities)
        if backend.images.find(project.id, image.id) is None or backend.iterations.find(iteration.id) is None:
            continue  # deleted while the model was asked
        backend.suggestions.keep(suggestion)
        answer.append(suggestion_json(suggestion, project.id))
    return Reply(answer)


async def query_suggested_images(backend: Backend, call: Call) -> Reply:
    """QuerySuggestedImages: the answer's token, sent again, continues."""
    token = await call.json(bodies.SUGGESTION_QUERY, _CODE, "The query is not valid.")
    project = backend.project(call)
    iteration = _iteration(backend, call, project)
    wanted: int = token.get("maxCount") or _PAGE
    if wanted > LARGEST_PAGE:
        raise bad_request(_CODE, f"'maxCount' is {wanted}; at most {LARGEST_PAGE} is allowed.")
    skip = offset(token.get("continuation"), _CODE)
    sorting = cast(Sorting, token.get("sortBy") or "UncertaintyAscending")
    found = backend.suggestions.query(_filter(iteration, token), sorting, wanted + 1, skip)
    page = found[:wanted]
    images = {image.id: image for image in backend.images.by_ids(project.id, [each.image for each in page])}
    now = backend.clock.now()
    return Reply(
        {
            "token": {
                "tagIds": token.get("tagIds"),
                "threshold": token.get("threshold") or 0.0,
                "session": token.get("session") or "1:1",
                "continuation": str(skip + wanted) if len(found) > wanted else None,
                "maxCount": token.get("maxCount") or 0,
                "sortBy": sorting,
            },
            "results": [
                stored_suggestion_json(each, images[each.image], iteration.domain_id, backend.urls, now)
                for each in page
            ],
        }
    )


async def query_suggested_image_count(backend: Backend, call: Call) -> Reply:
    """QuerySuggestedImageCount: for each tag, the untagged images for which it is suggested."""
    token = await call.json(bodies.TAG_FILTER, _CODE, "The filter is not valid.")
    project = backend.project(call)
    iteration = _iteration(backend, call, project)
    asked = _filter(iteration, token)
    tags = asked.tags or [tag.id for tag in backend.iterations.tags(iteration.id)]
    return Reply(
        {tag: backend.suggestions.count(SuggestionFilter(iteration.id, [tag], asked.threshold)) for tag in tags}
    )


def _iteration(backend: Backend, call: Call, project: Project) -> Iteration:
    call.query.required("iterationId")
    iteration = backend.iteration(project, call.query.guid("iterationId") or "")
    if iteration.status != COMPLETED:
        raise bad_request(
            "BadRequestIterationIsNotTrained",
            f"Iteration {iteration.id} is not trained: its status is {iteration.status}.",
        )
    return iteration


def _filter(iteration: Iteration, token: dict[str, Any]) -> SuggestionFilter:
    tags = [guid(tag, "tagIds") for tag in token.get("tagIds") or []]
    return SuggestionFilter(iteration.id, tags, token.get("threshold") or 0.0)
