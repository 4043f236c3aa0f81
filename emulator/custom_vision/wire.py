"""JSON of the training and prediction APIs, member by member as the service answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from emulator.custom_vision.domains import DOMAINS, EXPORTABLE_TO
from emulator.custom_vision.model.evaluation import Performance, Score
from emulator.custom_vision.signed_urls import THUMBNAIL, SignedUrls
from emulator.custom_vision.store.exports import Export
from emulator.custom_vision.store.files import Shelf
from emulator.custom_vision.store.images import Image
from emulator.custom_vision.store.iterations import COMPLETED, Iteration
from emulator.custom_vision.store.predictions import StoredPrediction, TagProbability
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.regions import Box, Region
from emulator.custom_vision.store.suggestions import Suggestion
from emulator.custom_vision.store.tags import Tag, Tagging


def moment(time: datetime) -> str:
    """Return e.g. ``2020-11-06T18:12:15.082Z``."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def image_moment(time: datetime) -> str:
    """Return e.g. ``2020-02-11T16:38:19.6811792``: of images and their tags, without zone, with seven decimals."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}0"


def project_json(project: Project, thumbnail: str | None) -> dict[str, Any]:
    """Return a Project; `thumbnail` is the address of its newest image's, if it has one."""
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "settings": {
            "domainId": project.domain_id,
            "classificationType": project.classification_type,
            "targetExportPlatforms": list(project.export_platforms),
            "useNegativeSet": True,
            "detectionParameters": None,
            "imageProcessingSettings": {"augmentationMethods": dict(project.augmentation)},
        },
        "created": moment(project.created),
        "lastModified": moment(project.modified),
        "thumbnailUri": thumbnail,
        "drModeEnabled": False,
        "status": project.status,
    }


def tag_json(tag: Tag) -> dict[str, Any]:
    """Return a Tag."""
    return {
        "id": tag.id,
        "name": tag.name,
        "description": tag.description,
        "type": tag.type,
        "imageCount": tag.images,
    }


def image_addresses(urls: SignedUrls, shelf: Shelf, project: str, id: str, now: datetime) -> dict[str, Any]:
    """Return the three addresses of an image; the resized one is the original, as far as clients can tell."""
    original = urls.url(project, shelf, id, now)
    return {
        "resizedImageUri": original,
        "thumbnailUri": urls.url(project, shelf, id, now, THUMBNAIL),
        "originalImageUri": original,
    }


def image_json(
    image: Image, tags: Sequence[Tagging], regions: Sequence[Region], urls: SignedUrls, now: datetime
) -> dict[str, Any]:
    """Return an Image; tags, regions and metadata are left out where there are none."""
    body: dict[str, Any] = {
        "id": image.id,
        "created": image_moment(image.created),
        "width": image.width,
        "height": image.height,
        **image_addresses(urls, "images", image.project, image.id, now),
    }
    if tags:
        body["tags"] = [tagging_json(tag) for tag in tags]
    if regions:
        body["regions"] = [region_json(region) for region in regions]
    if image.metadata:
        body["metadata"] = dict(image.metadata)
    return body


def created_image_json(
    image: Image, tags: Sequence[Tagging], regions: Sequence[Region], urls: SignedUrls, now: datetime
) -> dict[str, Any]:
    """Return an Image of an ImageCreateResult: there ``tagName`` is null."""
    body = image_json(image, tags, regions, urls, now)
    return {**body, "tags": [{**tag, "tagName": None} for tag in body["tags"]]} if tags else body


def tagging_json(tagging: Tagging) -> dict[str, Any]:
    """Return an ImageTag."""
    return {"tagId": tagging.tag, "tagName": tagging.name, "created": image_moment(tagging.created)}


def region_json(region: Region) -> dict[str, Any]:
    """Return an ImageRegion."""
    return {
        "regionId": region.id,
        "tagName": region.tag_name,
        "created": image_moment(region.created),
        **_box_json(region.box),
    }


def region_entry_json(image: str, box: Box) -> dict[str, Any]:
    """Return an ImageRegionCreateEntry."""
    return {"imageId": image, **_box_json(box)}


def _box_json(box: Box) -> dict[str, Any]:
    return {"tagId": box.tag, "left": box.left, "top": box.top, "width": box.width, "height": box.height}


def iteration_json(iteration: Iteration) -> dict[str, Any]:
    """Return an Iteration: without ``trainedAt`` until it is trained, domain and type null until that has begun."""
    body: dict[str, Any] = {
        "id": iteration.id,
        "name": iteration.name,
        "status": iteration.status,
        "created": moment(iteration.created),
        "lastModified": moment(iteration.modified),
    }
    if iteration.trained is not None:
        body["trainedAt"] = moment(iteration.trained)
    exportable = iteration.status == COMPLETED and DOMAINS[iteration.domain_id].exportable
    return body | {
        "projectId": iteration.project,
        "exportable": exportable,
        "exportableTo": (list(EXPORTABLE_TO) if exportable else []) if iteration.begun else None,
        "domainId": iteration.domain_id if iteration.begun else None,
        "classificationType": iteration.classification_type if iteration.begun else None,
        "trainingType": iteration.training_type,
        "reservedBudgetInHours": iteration.budget,
        "trainingTimeInMinutes": iteration.minutes,
        "publishName": iteration.publish_name,
        "originalPublishResourceId": iteration.publish_target,
    }


def performance_json(performance: Performance, tags: Sequence[Tag]) -> dict[str, Any]:
    """Return an IterationPerformance."""
    return {
        "perTagPerformance": [
            {"id": tag.id, "name": tag.name, **_score_json(score)}
            for tag, score in zip(tags, performance.tags, strict=True)
        ],
        **_score_json(performance.overall),
    }


def _score_json(score: Score) -> dict[str, float]:
    return {
        "precision": score.precision,
        "precisionStdDeviation": score.precision_deviation,
        "recall": score.recall,
        "recallStdDeviation": score.recall_deviation,
        "averagePrecision": score.average_precision,
    }


def probabilities_json(probabilities: Sequence[TagProbability]) -> list[dict[str, Any]]:
    """Return Predictions of the training API, most probable first."""
    return [
        {"probability": each.probability, "tagId": each.tag, "tagName": each.name}
        for each in sorted(probabilities, key=lambda each: -each.probability)
    ]


def typed_probabilities_json(probabilities: Sequence[TagProbability]) -> list[dict[str, Any]]:
    """Return Predictions of the prediction API, which have ``tagType`` besides."""
    ordered = sorted(probabilities, key=lambda each: -each.probability)
    return [{**body, "tagType": each.type} for body, each in zip(probabilities_json(ordered), ordered, strict=True)]


def prediction_json(
    id: str, project: str, iteration: str, created: datetime, predictions: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return an ImagePrediction."""
    return {
        "id": id,
        "project": project,
        "iteration": iteration,
        "created": moment(created),
        "predictions": predictions,
    }


def stored_prediction_json(prediction: StoredPrediction, urls: SignedUrls, now: datetime) -> dict[str, Any]:
    """Return a StoredImagePrediction."""
    return {
        **image_addresses(urls, "predictions", prediction.project, prediction.id, now),
        "domain": prediction.domain_id,
        **prediction_json(
            prediction.id,
            prediction.project,
            prediction.iteration,
            prediction.created,
            probabilities_json(prediction.probabilities),
        ),
    }


def export_json(export: Export, download: str | None) -> dict[str, Any]:
    """Return an Export: in status Exporting while there is no address to download it from."""
    return {
        "platform": export.platform,
        "status": "Exporting" if download is None else "Done",
        "downloadUri": download,
        "flavor": export.flavor,
        "newerVersionAvailable": False,
    }


def batch_json(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an ImageCreateSummary or ImageMetadataUpdateSummary."""
    return {"isBatchSuccessful": all(result["status"] == "OK" for result in results), "images": list(results)}


def suggestion_json(suggestion: Suggestion, project: str) -> dict[str, Any]:
    """Return a SuggestedTagAndRegion; its id is the image's."""
    body = prediction_json(
        suggestion.image,
        project,
        suggestion.iteration,
        suggestion.created,
        probabilities_json(suggestion.probabilities),
    )
    return {**body, "predictionUncertainty": suggestion.uncertainty}


def stored_suggestion_json(
    suggestion: Suggestion, image: Image, domain: str, urls: SignedUrls, now: datetime
) -> dict[str, Any]:
    """Return a StoredSuggestedTagAndRegion."""
    return {
        "width": image.width,
        "height": image.height,
        **image_addresses(urls, "images", image.project, image.id, now),
        "domain": domain,
        **suggestion_json(suggestion, image.project),
    }


def project_export_json(iterations: int, images: int, tags: int, regions: int, token: str) -> dict[str, Any]:
    """Return a ProjectExport."""
    return {
        "iterationCount": iterations,
        "imageCount": images,
        "tagCount": tags,
        "regionCount": regions,
        "estimatedImportTimeInMS": 0,
        "token": token,
    }
