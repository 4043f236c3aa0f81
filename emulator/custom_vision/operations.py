"""Every operation of the two APIs: its address, its query, its rate, and what carries it out.

Names and addresses: OpenAPI of the training API v3.3 and of the prediction API v3.1,
https://learn.microsoft.com/rest/api/customvision
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import Call, Download, Reply
from emulator.custom_vision.routes import (
    images,
    performance,
    prediction,
    predictions,
    projects,
    publishing,
    regions,
    suggestions,
    tags,
    training,
    transfer,
)
from emulator.custom_vision.throttle import CallClass

Handler = Callable[[Backend, Call], Awaitable[Reply | Download]]


@dataclass(frozen=True)
class Operation:
    """An operation; `segments` are those of its address below the API's, ``{name}`` for one that varies."""

    name: str
    method: str
    segments: Sequence[str]
    handler: Handler
    query: Sequence[str] = ()
    rate: CallClass = "other"

    def match(self, method: str, segments: Sequence[str]) -> dict[str, str] | None:
        """Return what varies in the address if it is this operation's, else None."""
        if method != self.method or len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for own, given in zip(self.segments, segments, strict=True):
            if own.startswith("{"):
                found[own[1:-1]] = given
            elif own.lower() != given.lower():
                return None
        return found


@dataclass(frozen=True)
class Api:
    """A version of one of the APIs: where it begins, whose key it takes in which header, what the gateway calls it."""

    segments: Sequence[str]
    account_kind: str
    key_header: str
    name: str
    operations: Sequence[Operation]


_P: Final = "projects/{projectId}"
_I: Final = f"{_P}/iterations/{{iterationId}}"
_PAGE: Final = ("orderBy", "take", "skip")


def _operation(
    name: str, method: str, path: str, handler: Handler, query: Sequence[str] = (), rate: CallClass = "other"
) -> Operation:
    return Operation(name, method, path.split("/"), handler, query, rate)


_TRAINING: Final = (
    _operation("GetDomains", "GET", "domains", projects.get_domains),
    _operation("GetDomain", "GET", "domains/{domainId}", projects.get_domain),
    _operation("GetProjects", "GET", "projects", projects.get_projects),
    _operation(
        "CreateProject",
        "POST",
        "projects",
        projects.create_project,
        ("name", "description", "domainId", "classificationType", "targetExportPlatforms"),
    ),
    _operation("GetProject", "GET", _P, projects.get_project),
    _operation("UpdateProject", "PATCH", _P, projects.update_project),
    _operation("DeleteProject", "DELETE", _P, projects.delete_project),
    _operation("GetArtifact", "GET", f"{_P}/artifacts", transfer.get_artifact, ("path",)),
    _operation("ExportProject", "GET", f"{_P}/export", transfer.export_project),
    _operation("ImportProject", "POST", "projects/import", transfer.import_project, ("token", "name")),
    _operation("GetTags", "GET", f"{_P}/tags", tags.get_tags, ("iterationId",)),
    _operation("CreateTag", "POST", f"{_P}/tags", tags.create_tag, ("name", "description", "type")),
    _operation("GetTag", "GET", f"{_P}/tags/{{tagId}}", tags.get_tag, ("iterationId",)),
    _operation("UpdateTag", "PATCH", f"{_P}/tags/{{tagId}}", tags.update_tag),
    _operation("DeleteTag", "DELETE", f"{_P}/tags/{{tagId}}", tags.delete_tag),
    _operation(
        "GetImages",
        "GET",
        f"{_P}/images",
        images.get_images,
        ("iterationId", "tagIds", "taggingStatus", "$filter", *_PAGE),
    ),
    _operation("CreateImagesFromData", "POST", f"{_P}/images", images.create_images_from_data, ("tagIds",)),
    _operation(
        "DeleteImages", "DELETE", f"{_P}/images", images.delete_images, ("imageIds", "allImages", "allIterations")
    ),
    _operation(
        "GetImageRegionProposals",
        "POST",
        f"{_P}/images/{{imageId}}/regionproposals",
        regions.get_image_region_proposals,
    ),
    _operation(
        "GetImageCount",
        "GET",
        f"{_P}/images/count",
        images.get_image_count,
        ("iterationId", "taggingStatus", "$filter", "tagIds"),
    ),
    _operation("CreateImagesFromFiles", "POST", f"{_P}/images/files", images.create_images_from_files),
    _operation("GetImagesByIds", "GET", f"{_P}/images/id", images.get_images_by_ids, ("imageIds", "iterationId")),
    _operation("UpdateImageMetadata", "POST", f"{_P}/images/metadata", images.update_image_metadata, ("imageIds",)),
    _operation(
        "CreateImagesFromPredictions", "POST", f"{_P}/images/predictions", images.create_images_from_predictions
    ),
    _operation("CreateImageRegions", "POST", f"{_P}/images/regions", regions.create_image_regions),
    _operation("DeleteImageRegions", "DELETE", f"{_P}/images/regions", regions.delete_image_regions, ("regionIds",)),
    _operation(
        "QuerySuggestedImages",
        "POST",
        f"{_P}/images/suggested",
        suggestions.query_suggested_images,
        ("iterationId",),
    ),
    _operation(
        "QuerySuggestedImageCount",
        "POST",
        f"{_P}/images/suggested/count",
        suggestions.query_suggested_image_count,
        ("iterationId",),
    ),
    _operation(
        "GetTaggedImages", "GET", f"{_P}/images/tagged", images.get_tagged_images, ("iterationId", "tagIds", *_PAGE)
    ),
    _operation(
        "GetTaggedImageCount",
        "GET",
        f"{_P}/images/tagged/count",
        images.get_tagged_image_count,
        ("iterationId", "tagIds"),
    ),
    _operation("CreateImageTags", "POST", f"{_P}/images/tags", images.create_image_tags),
    _operation("DeleteImageTags", "DELETE", f"{_P}/images/tags", images.delete_image_tags, ("imageIds", "tagIds")),
    _operation(
        "GetUntaggedImages", "GET", f"{_P}/images/untagged", images.get_untagged_images, ("iterationId", *_PAGE)
    ),
    _operation(
        "GetUntaggedImageCount", "GET", f"{_P}/images/untagged/count", images.get_untagged_image_count, ("iterationId",)
    ),
    _operation("CreateImagesFromUrls", "POST", f"{_P}/images/urls", images.create_images_from_urls),
    _operation("GetIterations", "GET", f"{_P}/iterations", training.get_iterations),
    _operation("GetIteration", "GET", _I, training.get_iteration),
    _operation("UpdateIteration", "PATCH", _I, training.update_iteration),
    _operation("DeleteIteration", "DELETE", _I, training.delete_iteration),
    _operation("GetExports", "GET", f"{_I}/export", publishing.get_exports),
    _operation("ExportIteration", "POST", f"{_I}/export", publishing.export_iteration, ("platform", "flavor")),
    _operation(
        "GetIterationPerformance",
        "GET",
        f"{_I}/performance",
        performance.get_iteration_performance,
        ("threshold", "overlapThreshold"),
    ),
    _operation(
        "GetImagePerformances",
        "GET",
        f"{_I}/performance/images",
        performance.get_image_performances,
        ("tagIds", *_PAGE),
    ),
    _operation(
        "GetImagePerformanceCount",
        "GET",
        f"{_I}/performance/images/count",
        performance.get_image_performance_count,
        ("tagIds",),
    ),
    _operation(
        "PublishIteration",
        "POST",
        f"{_I}/publish",
        publishing.publish_iteration,
        ("publishName", "predictionId", "overwrite"),
    ),
    _operation("UnpublishIteration", "DELETE", f"{_I}/publish", publishing.unpublish_iteration),
    _operation("DeletePrediction", "DELETE", f"{_P}/predictions", predictions.delete_prediction, ("ids",)),
    _operation("QueryPredictions", "POST", f"{_P}/predictions/query", predictions.query_predictions),
    _operation(
        "QuickTestImage", "POST", f"{_P}/quicktest/image", prediction.quick_test_image, ("iterationId", "store")
    ),
    _operation(
        "QuickTestImageUrl", "POST", f"{_P}/quicktest/url", prediction.quick_test_image_url, ("iterationId", "store")
    ),
    _operation(
        "SuggestTagsAndRegions",
        "POST",
        f"{_P}/tagsandregions/suggestions",
        suggestions.suggest_tags_and_regions,
        ("iterationId", "imageIds"),
    ),
    _operation(
        "TrainProject",
        "POST",
        f"{_P}/train",
        training.train_project,
        ("trainingType", "reservedBudgetInHours", "forceTrain", "notificationEmailAddress"),
        "training",
    ),
)


def _predicting(name: str, path: str, handlers: Mapping[CallClass, Handler]) -> list[Operation]:
    suffixes: Mapping[CallClass, tuple[str, str]] = {
        "prediction": ("", ""),
        "prediction_without_store": ("WithNoStore", "/nostore"),
    }
    return [
        _operation(
            f"{name}{suffixes[rate][0]}",
            "POST",
            f"{{projectId}}/{path}{suffixes[rate][1]}",
            handler,
            ("application",),
            rate,
        )
        for rate, handler in handlers.items()
    ]


_CLASSIFY: Final = "classify/iterations/{publishedName}"
_DETECT: Final = "detect/iterations/{publishedName}"
_DETECTING: Final[Mapping[CallClass, Handler]] = {
    "prediction": prediction.detect,
    "prediction_without_store": prediction.detect,
}
_PREDICTION: Final = (
    *_predicting(
        "ClassifyImage",
        f"{_CLASSIFY}/image",
        {
            "prediction": prediction.classify_image,
            "prediction_without_store": prediction.classify_image_with_no_store,
        },
    ),
    *_predicting(
        "ClassifyImageUrl",
        f"{_CLASSIFY}/url",
        {
            "prediction": prediction.classify_image_url,
            "prediction_without_store": prediction.classify_image_url_with_no_store,
        },
    ),
    *_predicting("DetectImage", f"{_DETECT}/image", _DETECTING),
    *_predicting("DetectImageUrl", f"{_DETECT}/url", _DETECTING),
)

APIS: Final = (
    Api(
        ("customvision", "v3.3", "training"),
        "CustomVision.Training",
        "Training-Key",
        "Custom_Vision_Training_3.3",
        _TRAINING,
    ),
    # What Microsoft's last Python SDK (3.1.1) calls. Answered as v3.3: what the preview adds is refused or left out.
    Api(
        ("customvision", "v3.4-preview", "training"),
        "CustomVision.Training",
        "Training-Key",
        "Custom_Vision_Training_3.4_preview",
        _TRAINING,
    ),
    Api(
        ("customvision", "v3.1", "prediction"),
        "CustomVision.Prediction",
        "Prediction-Key",
        "Custom_Vision_Prediction_3.1",
        _PREDICTION,
    ),
)
