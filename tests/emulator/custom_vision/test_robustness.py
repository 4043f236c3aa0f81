"""Whatever is sent, the answer is a documented one: no call makes the service fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.custom_vision.operations import APIS, Operation
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import UNKNOWN, png
from tests.emulator.custom_vision.target import Target

OPERATIONS = [
    (api.account_kind, operation) for api in APIS if "preview" not in api.name for operation in api.operations
]

TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["0", "-1", "1e400", "nan", "true", "9" * 30, UNKNOWN, f"{UNKNOWN},{UNKNOWN}", "'", "%00", "Newest"]
    ),
)
WORDS = st.sampled_from(
    """images tagIds metadata url contents name id tags imageId tagId description type settings domainId selectedTags
    threshold maxCount continuation orderBy sortBy startTime iterationId session application minThreshold""".split()  # noqa: SIM905
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(WORDS, TEXT), inner, max_size=5)),
    max_leaves=12,
)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([png(1), b'"\\ud800"', b"[" * 5_000, b'{"name": "\\ud800", "images": [{"url": "\\udfff"}]}']),
)
KINDS = st.sampled_from(
    [
        "application/json",
        "application/octet-stream",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain; charset=none",
        "",
    ]
)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        pytest.param(kind, operation, id=operation.name)
        for kind, operation in OPERATIONS
        # What the other calls are about is to stay, and no worker is to be started for each example.
        if operation.name not in ("DeleteProject", "DeleteIteration", "TrainProject", "CreateProject", "ImportProject")
    ],
)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), content=BODIES, type=KINDS)
def test_nothing_that_is_sent_makes_the_service_fail(
    target: Target, kind: str, operation: Operation, data: st.DataObject, content: bytes, type: str
) -> None:
    names = st.sampled_from(list(operation.query)) if operation.query else st.nothing()
    query: dict[str, str] = data.draw(st.dictionaries(names, TEXT, max_size=4)) if operation.query else {}
    answer = target.call(kind, operation, query, content, type)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("name", "query", "body"),
    [
        ("QueryPredictions", {}, b'{"continuation": "%s"}' % (b"9" * 40)),
        ("QueryPredictions", {}, b'{"startTime": "0001-01-01T00:00:00+14:00"}'),
        ("QueryPredictions", {}, b'{"tags": [{"id": "%s", "minThreshold": NaN}]}' % UNKNOWN.encode()),
        ("QuerySuggestedImages", {}, b'{"threshold": NaN}'),
        ("UpdateTag", {}, b'{"name": "\\ud800"}'),
        ("UpdateProject", {}, b"[" * 100_000),
        ("CreateImagesFromUrls", {}, b'{"images": [{"url": "http://[::1"}]}'),
        ("CreateImagesFromUrls", {}, b'{"images": [{"url": "http://a:port/"}]}'),
        ("CreateTag", {"name": "\x00"}, b""),
    ],
)
def test_known_trap_is_refused_or_reported(target: Target, name: str, query: dict[str, str], body: bytes) -> None:
    (operation,) = [each for _, each in OPERATIONS if each.name == name]
    answer = target.call("CustomVision.Training", operation, query, body, "application/json")
    assert answer.status_code < 500, answer.text


def test_every_operation_of_the_openapi_has_a_route(openapi: OpenApi | None) -> None:
    if openapi is None:
        pytest.skip("the OpenAPI of Custom Vision is not at hand (SHARED_SPECS)")
    assert {operation.name for _, operation in OPERATIONS} == openapi.operations()
