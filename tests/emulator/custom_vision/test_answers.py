"""What checks every answer of the suite finds what is wrong with one."""

from __future__ import annotations

import pytest

from tests.emulator.custom_vision.answers import fault_of
from tests.emulator.custom_vision.openapi import OpenApi

PATH = "/train/customvision/v3.3/training/projects"


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "found"),
    [
        ("GET", PATH, 200, b"[]", None),
        ("GET", PATH, 404, b'{"code": "NotFoundProject", "message": "none"}', None),
        ("GET", PATH, 429, b'{"error": {"code": "429", "message": "slower"}}', None),
        ("GET", PATH, 200, b'[{"colour": "red"}]', "GetProjects 200"),
        ("GET", PATH, 202, b"", "GetProjects answered 202"),
        ("GET", PATH, 400, b'{"message": "no code"}', "GetProjects default"),
        ("DELETE", f"{PATH}/p", 204, b"text", "DeleteProject 204 has a body"),
        ("GET", f"{PATH}/p/nonsense", 200, b"{}", "is not documented"),
    ],
)
def test_answer_that_is_not_documented_is_found(
    openapi: OpenApi | None, method: str, path: str, status: int, body: bytes, found: str | None
) -> None:
    if openapi is None:
        pytest.skip("the OpenAPI of Custom Vision is not at hand (SHARED_SPECS)")
    fault = fault_of(openapi, {"method": method, "raw_path": path.encode(), "path": path}, status, body)
    assert (fault is None) == (found is None)
    assert (found or "") in (fault or "")
