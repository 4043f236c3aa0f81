"""JSON Schemas of the request bodies: what the OpenAPI of the training API v3.3 says, and that ids are GUIDs."""

from __future__ import annotations

from typing import Any, Final

from emulator.custom_vision.call import GUID

_ID: Final = {"type": "string", "pattern": GUID}
_IDS: Final = {"type": ["array", "null"], "items": _ID}
_METADATA: Final = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
_SHARE: Final = {"type": "number", "minimum": 0, "maximum": 1}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_BOX: Final = {"tagId": _ID, "left": _SHARE, "top": _SHARE, "width": _SHARE, "height": _SHARE}
_REGIONS: Final = {"type": ["array", "null"], "items": _object(list(_BOX), **_BOX)}


def _batch(required: list[str], **properties: Any) -> dict[str, Any]:
    entry = _object(required, **properties, tagIds=_IDS, regions=_REGIONS)
    images = {"type": "array", "minItems": 1, "items": entry}
    return _object(["images"], images=images, tagIds=_IDS, metadata=_METADATA)


URL_BATCH: Final = _batch(["url"], url={"type": "string"})
FILE_BATCH: Final = _batch(["contents"], name={"type": ["string", "null"]}, contents={"type": "string"})
PREDICTION_BATCH: Final = _batch(["id"], id=_ID)
IMAGE_TAGS: Final = _object(
    ["tags"], tags={"type": "array", "minItems": 1, "items": _object(["imageId", "tagId"], imageId=_ID, tagId=_ID)}
)
REGION_BATCH: Final = _object(
    ["regions"],
    regions={"type": "array", "minItems": 1, "items": _object(["imageId", *_BOX], imageId=_ID, **_BOX)},
)
METADATA: Final = {"type": "object", "additionalProperties": {"type": "string"}}
IMAGE_URL: Final = _object(["url"], url={"type": "string"})
TAG: Final = _object(
    [],
    name={"type": "string"},
    description={"type": ["string", "null"]},
    type={"enum": ["Regular", "Negative", "GeneralProduct"]},
)
ITERATION: Final = _object(["name"], name={"type": "string"})
PROJECT: Final = _object(
    [],
    name={"type": "string"},
    description={"type": ["string", "null"]},
    settings={
        "type": ["object", "null"],
        "properties": {
            "domainId": {"type": ["string", "null"]},
            "classificationType": {"type": ["string", "null"]},
            "targetExportPlatforms": {"type": ["array", "null"], "items": {"type": "string"}},
            "imageProcessingSettings": {
                "type": ["object", "null"],
                "properties": {
                    "augmentationMethods": {"type": ["object", "null"], "additionalProperties": {"type": "boolean"}}
                },
            },
        },
    },
)
TRAINING: Final = {**_object([], selectedTags=_IDS), "type": ["object", "null"], "additionalProperties": False}
TAG_FILTER: Final = _object([], tagIds=_IDS, threshold={"type": ["number", "null"], "minimum": 0, "maximum": 1})
SUGGESTION_QUERY: Final = _object(
    [],
    **TAG_FILTER["properties"],
    session={"type": ["string", "null"]},
    continuation={"type": ["string", "null"]},
    maxCount={"type": ["integer", "null"], "minimum": 0},
    sortBy={"enum": ["UncertaintyAscending", "UncertaintyDescending", None]},
)
NO_OPTIONS: Final = {"type": ["object", "null"], "maxProperties": 0}
"""CreateProjectOptions of v3.4-preview: storage hooks, which are not emulated."""
PREDICTION_QUERY: Final = _object(
    [],
    session={"type": ["string", "null"]},
    continuation={"type": ["string", "null"]},
    maxCount={"type": ["integer", "null"], "minimum": 0},
    orderBy={"enum": ["Newest", "Oldest", "Suggested", None]},
    tags={
        "type": ["array", "null"],
        "items": _object(
            ["id"],
            id=_ID,
            minThreshold={"type": ["number", "null"], "minimum": 0, "maximum": 1},
            maxThreshold={"type": ["number", "null"], "minimum": 0, "maximum": 1},
        ),
    },
    iterationId={"type": ["string", "null"], "pattern": GUID},
    startTime={"type": ["string", "null"]},
    endTime={"type": ["string", "null"]},
    application={"type": ["string", "null"]},
)
