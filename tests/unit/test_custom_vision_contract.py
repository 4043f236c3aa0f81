"""The client's calls, and the answers that it reads, against what the service's makers have published and recorded.

Neither is part of the project: where the folder is absent these tests skip, and say so.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.custom_vision_api import BASE_PATH, CustomVisionClient, Project, ProjectDefinition
from components.domains import CLASSIFICATION_TYPES, EXPORT_PLATFORMS
from tests.unit.recording import ROOT
from tests.unit.training_service import KEY, TrainingService

FOLDER = Path(os.environ.get("SHARED_SPECS", ROOT / "../shared/specs")) / "customvision"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the service's description is not at {FOLDER}")

DEFINITION = ProjectDefinition(
    "parts", "Retrains itself.", "0732100f-1a38-4e49-a514-c9b44c697ab5", "Multiclass", ("ONNX",)
)


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return json.loads((FOLDER / "training-v3.3.json").read_text(encoding="utf-8"))


@pytest.fixture
def service() -> Iterator[TrainingService]:
    service = TrainingService()
    yield service
    service.close()


def operation(description: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    for template, operations in description["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), f"/{path}") and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is no operation of the service")


def test_every_call_is_an_operation_of_the_service(service: TrainingService, description: dict[str, Any]):
    client = CustomVisionClient(service.endpoint, KEY)
    project = client.create_project(DEFINITION, "[mark]")
    client.get_project(project.id)
    client.update_project(project, DEFINITION)
    service.publish(project.id, "production")
    client.delete_project(project.id)

    assert description["basePath"] == f"/{BASE_PATH}"
    assert len(service.requests) == 7
    for request in service.requests:
        parameters = operation(description, request.method, request.path).get("parameters", [])
        query = {each["name"]: each for each in parameters if each.get("in") == "query"}
        assert set(request.query) <= set(query)
        assert {name for name, each in query.items() if each.get("required")} <= set(request.query)
        for name, value in request.query.items():
            assert value in query[name].get("enum", [value])
        assert (request.body is not None) == any(each.get("in") == "body" for each in parameters)


def test_an_update_sends_only_what_can_be_written(service: TrainingService, description: dict[str, Any]):
    client = CustomVisionClient(service.endpoint, KEY)
    client.update_project(client.create_project(DEFINITION, "[mark]"), DEFINITION)
    body = service.requests[-1].body
    definitions = description["definitions"]
    for sent, schema in ((body, definitions["Project"]), (body["settings"], definitions["ProjectSettings"])):
        assert set(sent) <= set(schema["properties"])
        assert not any(schema["properties"][member].get("readOnly") for member in sent)
    assert set(definitions["Project"]["required"]) <= set(body)


def test_the_allowed_values_are_those_of_the_service(description: dict[str, Any]):
    settings = description["definitions"]["ProjectSettings"]["properties"]
    assert list(CLASSIFICATION_TYPES) == settings["classificationType"]["enum"]
    assert list(EXPORT_PLATFORMS) == settings["targetExportPlatforms"]["items"]["enum"]


def test_recorded_projects_can_be_read():
    answers = [
        entry["response"]
        for path in sorted((FOLDER / "recordings").glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))
        if re.fullmatch(r"/*customvision/v[\d.]+/training/projects(/[0-9a-f-]+)?(\?.*)?", entry["uri"])
        and entry["status"] == 200
    ]
    bodies = [body for answer in answers for body in (answer if isinstance(answer, list) else [answer])]
    assert len(bodies) > 5
    for body in bodies:
        project = Project.parse(body)
        assert (project.id, project.name) == (body["id"], body["name"])
