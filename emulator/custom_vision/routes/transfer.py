"""Projects exported by a token and imported again, and files opened through the API.

https://learn.microsoft.com/azure/ai-services/custom-vision-service/copy-move-projects
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import Call, Download, Reply
from emulator.custom_vision.errors import CustomVisionError, bad_request
from emulator.custom_vision.signed_urls import parse_path
from emulator.custom_vision.store.copying import copy_contents
from emulator.custom_vision.store.images import Selection
from emulator.custom_vision.store.projects import Project, ProjectSettings
from emulator.custom_vision.trainer import evaluation_name, model_name
from emulator.custom_vision.wire import project_export_json, project_json

_TOKEN: Final = "project"
"""Stands in a token's address where a file's name stands otherwise."""


async def export_project(backend: Backend, call: Call) -> Reply:
    """ExportProject: its token, an address that is valid for a day, lets any training account import the project."""
    project = backend.project(call)
    iterations = backend.iterations.of_project(project.id)
    return Reply(
        project_export_json(
            # The service counts the workspace, too.
            len(iterations) + 1,
            backend.images.count(Selection(project.id)),
            len(backend.tags.of_project(project.id)),
            backend.regions.count(project.id),
            backend.urls.url(project.id, "exports", _TOKEN, backend.clock.now()),
        )
    )


async def import_project(backend: Backend, call: Call) -> Reply:
    """ImportProject: a copy of the project as it is now, with new ids and nothing published."""
    source = _exported(backend, call.query.required("token", "BadRequestInvalidImportToken"))
    most = backend.limits(call.account).projects
    if backend.projects.count(call.account.key) >= most:
        raise bad_request("BadRequestExceedProjectLimit", f"The account has {most} projects, as many as it may have.")
    names = {project.name for project in backend.projects.of_account(call.account.key)}
    settings = ProjectSettings(
        _free_name(call.query.text("name") or source.name, names),
        source.description,
        source.domain_id,
        source.classification_type,
        source.export_platforms,
        source.augmentation,
    )
    now = backend.clock.now()
    with backend.database.transaction():
        target = backend.projects.create(call.account.key, settings, now)
        _copy_files(backend, source, target, copy_contents(backend.database, source, target, now))
    backend.count_images(call.account)
    return Reply(project_json(target, None))


async def get_artifact(backend: Backend, call: Call) -> Download:
    """GetArtifact: the file at the path of an address that an answer carried."""
    project = backend.project(call)
    given = call.query.required("path", "BadRequestInvalidArtifactUri")
    found = parse_path(urlsplit(given).path.strip("/"))
    if found is None or found[0] != project.id:
        raise bad_request("BadRequestInvalidArtifactUri", f"'path' is '{given}', which is not of this project.")
    _, shelf, name, _ = found
    try:
        return Download(backend.files.read(project.id, shelf, name))
    except FileNotFoundError as error:
        raise CustomVisionError(404, "NotFound", f"There is no file at '{given}'.") from error


def _exported(backend: Backend, token: str) -> Project:
    address = urlsplit(token)
    query = parse_qs(address.query)
    path = address.path.strip("/")
    found = parse_path(path)
    expiry, signature = (query.get(name, [""])[0] for name in ("se", "sig"))
    if found is None or found[2] != _TOKEN or not backend.urls.verify(path, expiry, signature, backend.clock.now()):
        raise bad_request(
            "BadRequestInvalidImportToken", "'token' is not one that ExportProject answered, or is expired."
        )
    project = backend.projects.find(found[0])
    if project is None:
        raise bad_request("BadRequestInvalidImportToken", "'token' is of a project that was deleted.")
    return project


def _free_name(wanted: str, taken: set[str]) -> str:
    """Return the name, with a number behind it where the account has a project of that name: as recorded."""
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name


def _copy_files(backend: Backend, source: Project, target: Project, ids: dict[str, str]) -> None:
    for old, new in ids.items():
        backend.files.copy("images", (source.id, old), (target.id, new))
        for name in (model_name, evaluation_name):
            backend.files.copy("models", (source.id, name(old)), (target.id, name(new)))
