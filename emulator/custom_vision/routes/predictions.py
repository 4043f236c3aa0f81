"""Stored predictions: found and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply, guid, offset
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.limits import IDS_PER_CALL, PREDICTION_DAYS, PREDICTION_QUERY_TAGS
from emulator.custom_vision.store.predictions import PredictionQuery, TagRange
from emulator.custom_vision.wire import stored_prediction_json

_CODE: Final = "BadRequestPredictionInvalidQueryParameters"
_PAGE: Final = 64
"""Results of a query with maxCount 0; the service's figure is not documented."""
_LARGEST_PAGE: Final = 256


async def query_predictions(backend: Backend, call: Call) -> Reply:
    """QueryPredictions: the answer's token, sent again, continues."""
    token = await call.json(bodies.PREDICTION_QUERY, _CODE, "The query is not valid.")
    project = backend.project(call)
    tags = token.get("tags") or []
    if len(tags) > PREDICTION_QUERY_TAGS:
        raise bad_request(
            "BadRequestPredictionTagsExceededCount",
            f"'tags' has {len(tags)} members; at most {PREDICTION_QUERY_TAGS} are allowed.",
        )
    wanted: int = token.get("maxCount") or _PAGE
    if wanted > _LARGEST_PAGE:
        raise bad_request(
            "BadRequestPredictionResultsExceededCount", f"'maxCount' is {wanted}; at most {_LARGEST_PAGE} is allowed."
        )
    skip = offset(token.get("continuation"), _CODE)
    iteration = token.get("iterationId")
    oldest = backend.clock.now() - timedelta(days=PREDICTION_DAYS)
    start = _time("startTime", token.get("startTime"))
    query = PredictionQuery(
        project=project.id,
        iteration=None if iteration is None else guid(iteration, "iterationId"),
        start=oldest if start is None else max(oldest, start),
        end=_time("endTime", token.get("endTime")),
        application=token.get("application"),
        tags=[_range(tag) for tag in tags],
        order=token.get("orderBy") or "Newest",
        take=wanted + 1,
        skip=skip,
    )
    found = backend.predictions.query(query)
    now = backend.clock.now()
    return Reply(
        {
            "token": _token(token, str(skip + wanted) if len(found) > wanted else None),
            "results": [stored_prediction_json(each, backend.urls, now) for each in found[:wanted]],
        }
    )


async def delete_prediction(backend: Backend, call: Call) -> Reply:
    """DeletePrediction: ids that are not there are passed over."""
    project = backend.project(call)
    call.query.required("ids", "BadRequestPredictionIdsMissing")
    ids = call.query.guids("ids", IDS_PER_CALL, "BadRequestPredictionIdsExceededCount")
    backend.files.delete(project.id, "predictions", backend.predictions.delete(project.id, ids))
    return NO_CONTENT


def _range(tag: dict[str, Any]) -> TagRange:
    least, most = tag.get("minThreshold"), tag.get("maxThreshold")
    return TagRange(guid(tag["id"], "tags"), 0.0 if least is None else least, 1.0 if most is None else most)


def _time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise bad_request(_CODE, f"'{name}' is '{text}'; allowed: a time such as 2026-01-31T12:00:00Z.") from error


def _token(asked: dict[str, Any], continuation: str | None) -> dict[str, Any]:
    return {
        "session": asked.get("session") or "1:1",
        "continuation": continuation,
        "maxCount": asked.get("maxCount") or 0,
        "orderBy": asked.get("orderBy") or "Newest",
        "tags": asked.get("tags"),
        "iterationId": asked.get("iterationId"),
        "startTime": asked.get("startTime"),
        "endTime": asked.get("endTime"),
        "application": asked.get("application"),
    }
