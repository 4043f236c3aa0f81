"""Domains, projects and tags."""

from __future__ import annotations

import httpx
import pytest

from tests.emulator.custom_vision.gallery import Model
from tests.emulator.custom_vision.studio import COMPACT, FOOD, UNKNOWN, Studio, png, project, tag, upload

GENERAL = "ee85a74c-405e-4adc-bb47-ffa8ca0c9f31"
DETECTION = "da2e3a8a-40a5-4171-82f4-58522f70fbc1"


async def test_domains_are_listed_and_found_by_id(training: httpx.AsyncClient) -> None:
    domains = (await training.get("domains")).json()
    assert {"id": FOOD, "name": "Food", "type": "Classification", "exportable": False, "enabled": True} in domains
    assert (await training.get(f"domains/{COMPACT}")).json()["exportable"] is True
    unknown = await training.get(f"domains/{UNKNOWN}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NotFoundDomain")


async def test_project_of_a_name_alone_has_the_recorded_defaults(training: httpx.AsyncClient) -> None:
    body = (await training.post("projects", params={"name": "Test Project"})).json()
    augmentation = ("rotation", "scaling", "translation", "horizontal flip", "equalize", "solarize", "padtosquare")
    assert body.pop("created") == body.pop("lastModified") == "2026-01-01T00:00:00.000Z"
    path = f"projects/{body.pop('id')}"
    assert body == {
        "name": "Test Project",
        "description": "",
        "settings": {
            "domainId": GENERAL,
            "classificationType": "Multilabel",
            "targetExportPlatforms": [],
            "useNegativeSet": True,
            "detectionParameters": None,
            "imageProcessingSettings": {"augmentationMethods": dict.fromkeys(augmentation, True)},
        },
        "thumbnailUri": None,
        "drModeEnabled": False,
        "status": "Succeeded",
    }
    assert (await training.get(path)).json()["name"] == "Test Project"


async def test_projects_may_share_a_name_and_are_listed(training: httpx.AsyncClient) -> None:
    paths = {await project(training), await project(training)}
    assert {f"projects/{each['id']}" for each in (await training.get("projects")).json()} == paths


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ({"name": ""}, "BadRequestProjectName", "name"),
        ({"domainId": UNKNOWN}, "BadRequestProjectUnknownDomain", UNKNOWN),
        ({"domainId": "general"}, "BadRequestProjectUnknownDomain", "general"),
        ({"domainId": DETECTION}, "BadRequestUnsupportedDomain", "object detection"),
        ({"classificationType": "Both"}, "BadRequestProjectUnknownClassification", "Multiclass, Multilabel"),
        ({"targetExportPlatforms": "ONNX"}, "BadRequestProjectUnsupportedExportPlatform", "General (compact)"),
        (
            {"targetExportPlatforms": "ONNX,Paper", "domainId": COMPACT},
            "BadRequestProjectUnsupportedExportPlatform",
            "Paper",
        ),
    ],
)
async def test_faulty_project_is_refused_naming_the_parameter(
    training: httpx.AsyncClient, query: dict[str, str], code: str, named: str
) -> None:
    answer = await training.post("projects", params={"name": "flowers", **query})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert named in answer.json()["message"]
    assert (await training.get("projects")).json() == []


async def test_update_leaves_alone_what_it_does_not_name(training: httpx.AsyncClient) -> None:
    path = await project(
        training, domainId=COMPACT, targetExportPlatforms="ONNX,CoreML", classificationType="Multiclass"
    )
    before = (await training.get(path)).json()
    answer = await training.patch(path, json={"name": "Another Name", "description": "Updated"})
    assert answer.json() == {**before, "name": "Another Name", "description": "Updated"}


async def test_update_changes_settings(training: httpx.AsyncClient) -> None:
    path = await project(training)
    settings = {
        "domainId": COMPACT.upper(),
        "classificationType": "Multiclass",
        "targetExportPlatforms": ["ONNX"],
        "imageProcessingSettings": {"augmentationMethods": {"rotation": False}},
    }
    changed = (await training.patch(path, json={"name": "n", "description": None, "settings": settings})).json()
    assert changed["settings"]["domainId"] == COMPACT
    assert changed["settings"]["classificationType"] == "Multiclass"
    assert changed["settings"]["targetExportPlatforms"] == ["ONNX"]
    methods = changed["settings"]["imageProcessingSettings"]["augmentationMethods"]
    assert (methods["rotation"], methods["scaling"]) == (False, True)


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b'{"name": 7}',
        b'{"name": ""}',
        b'{"settings": {"domainId": "x"}}',
        b'{"settings": {"imageProcessingSettings": {"augmentationMethods": {"blur": true}}}}',
    ],
)
async def test_faulty_update_is_refused_and_changes_nothing(training: httpx.AsyncClient, body: bytes) -> None:
    path = await project(training)
    before = (await training.get(path)).json()
    answer = await training.patch(path, content=body)
    assert answer.status_code == 400
    assert (await training.get(path)).json() == before


async def test_deleted_project_is_gone_with_its_files(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    await upload(training, path, [png(1)])
    files = studio.folder / "custom_vision" / path
    assert files.exists()
    assert (await training.delete(path)).status_code == 204
    assert not files.exists()
    assert (await training.get(path)).json()["code"] == "NotFoundProject"
    assert (await training.delete(path)).status_code == 404


async def test_project_with_a_published_iteration_is_not_deleted(
    trainer: httpx.AsyncClient, model: Model, published: str
) -> None:
    answer = await trainer.delete(model.path)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestIterationIsPublished")
    assert "unpublish first" in answer.json()["message"]
    await trainer.delete(f"{model.path}/iterations/{model.iteration}/publish")
    assert (await trainer.delete(model.path)).status_code == 204


async def test_project_shows_the_thumbnail_of_its_newest_image(studio: Studio, training: httpx.AsyncClient) -> None:
    path = await project(training)
    added = (await upload(training, path, [png(1)])).json()["images"][0]["image"]
    assert (await training.get(path)).json()["thumbnailUri"] == added["thumbnailUri"]


async def test_tags_live_as_recorded(training: httpx.AsyncClient) -> None:
    path = await project(training)
    answer = await training.post(f"{path}/tags", params={"name": "Test Tag 1", "description": ""})
    made = answer.json()
    id = made.pop("id")
    assert made == {"name": "Test Tag 1", "description": None, "type": "Regular", "imageCount": 0}
    changed = await training.patch(f"{path}/tags/{id}", json={"name": "New Tag Name", "description": "Updated"})
    assert changed.json() == {
        "id": id,
        "name": "New Tag Name",
        "description": "Updated",
        "type": "Regular",
        "imageCount": 0,
    }
    assert (await training.get(f"{path}/tags")).json() == [changed.json()]
    assert (await training.delete(f"{path}/tags/{id}")).status_code == 204
    assert (await training.get(f"{path}/tags/{id}")).json()["code"] == "NotFoundTag"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"name": "ROSE"}, "BadRequestTagNameNotUnique"),
        ({"name": ""}, "BadRequestTagName"),
        ({"name": "other", "type": "Strange"}, "BadRequestTagType"),
        ({"name": "other", "type": "GeneralProduct"}, "BadRequestTagType"),
        ({"name": "other", "type": "Negative"}, "BadRequestMultipleNegativeTag"),
    ],
)
async def test_faulty_tag_is_refused(training: httpx.AsyncClient, query: dict[str, str], code: str) -> None:
    path = await project(training)
    await tag(training, path, "rose")
    await tag(training, path, "nothing", type="Negative")
    answer = await training.post(f"{path}/tags", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert len((await training.get(f"{path}/tags")).json()) == 2


async def test_tag_is_not_renamed_to_the_name_of_another(training: httpx.AsyncClient) -> None:
    path = await project(training)
    await tag(training, path, "rose")
    id = await tag(training, path, "tulip")
    answer = await training.patch(f"{path}/tags/{id}", json={"name": "rose"})
    assert answer.json()["code"] == "BadRequestTagNameNotUnique"
    assert (await training.patch(f"{path}/tags/{id}", json={"name": "Tulip"})).status_code == 200


async def test_deleted_tag_leaves_its_images_untagged(training: httpx.AsyncClient) -> None:
    path = await project(training)
    id = await tag(training, path, "rose")
    await upload(training, path, [png(1)], [id])
    assert (await training.get(f"{path}/tags/{id}")).json()["imageCount"] == 1
    await training.delete(f"{path}/tags/{id}")
    assert (await training.get(f"{path}/images/untagged/count")).json() == 1


async def test_tags_of_an_iteration_stay_as_they_were_trained(trainer: httpx.AsyncClient, model: Model) -> None:
    await trainer.delete(f"{model.path}/tags/{model.tags['red']}")
    now = (await trainer.get(f"{model.path}/tags")).json()
    then = (await trainer.get(f"{model.path}/tags", params={"iterationId": model.iteration})).json()
    assert [each["name"] for each in now] == ["lime", "blue"]
    assert [(each["name"], each["imageCount"]) for each in then] == [("red", 8), ("lime", 8), ("blue", 8)]
