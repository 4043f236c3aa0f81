"""Domains and projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply
from emulator.custom_vision.domains import CLASSIFICATION_TYPES, DOMAINS, EXPORT_PLATFORMS, GENERAL, Domain
from emulator.custom_vision.errors import bad_request, not_found
from emulator.custom_vision.signed_urls import THUMBNAIL
from emulator.custom_vision.store.projects import AUGMENTATION, Project, ProjectSettings
from emulator.custom_vision.wire import project_json


async def get_domains(backend: Backend, call: Call) -> Reply:
    """GetDomains."""
    return Reply([domain.json() for domain in DOMAINS.values()])


async def get_domain(backend: Backend, call: Call) -> Reply:
    """GetDomain."""
    id = call.id_of("domainId")
    if id not in DOMAINS:
        raise not_found("Domain", id)
    return Reply(DOMAINS[id].json())


async def create_project(backend: Backend, call: Call) -> Reply:
    """CreateProject: everything is in the query."""
    if call.has_body:
        await call.json(bodies.NO_OPTIONS, "BadRequestNotSupported", "Options of CreateProject are not emulated.")
    platforms = call.query.text("targetExportPlatforms")
    settings = ProjectSettings(
        name=_name(call.query.text("name")),
        description=call.query.text("description") or "",
        domain_id=(call.query.text("domainId") or GENERAL.id).lower(),
        # What the service takes where the parameter is left out, as recorded.
        classification_type=call.query.text("classificationType") or "Multilabel",
        export_platforms=[each.strip() for each in platforms.split(",")] if platforms else [],
    )
    settings = _checked(settings)
    most = backend.limits(call.account).projects
    if backend.projects.count(call.account.key) >= most:
        raise bad_request("BadRequestExceedProjectLimit", f"The account has {most} projects, as many as it may have.")
    project = backend.projects.create(call.account.key, settings, backend.clock.now())
    return Reply(_json(backend, project))


async def get_projects(backend: Backend, call: Call) -> Reply:
    """GetProjects."""
    return Reply([_json(backend, project) for project in backend.projects.of_account(call.account.key)])


async def get_project(backend: Backend, call: Call) -> Reply:
    """GetProject."""
    return Reply(_json(backend, backend.project(call)))


async def update_project(backend: Backend, call: Call) -> Reply:
    """UpdateProject: members that are left out stay as they are."""
    body = await call.json(bodies.PROJECT, "BadRequestInvalid", "The project is not valid.")
    project = backend.project(call)
    settings: Mapping[str, Any] = body.get("settings") or {}
    processing: Mapping[str, Any] = settings.get("imageProcessingSettings") or {}
    changed = _checked(
        ProjectSettings(
            name=_name(body.get("name", project.name)),
            description=body.get("description", project.description) or "",
            domain_id=(settings.get("domainId") or project.domain_id).lower(),
            classification_type=settings.get("classificationType") or project.classification_type,
            export_platforms=_kept(settings.get("targetExportPlatforms"), project.export_platforms),
            augmentation=_augmentation(project, processing.get("augmentationMethods") or {}),
        )
    )
    return Reply(_json(backend, backend.projects.update(project.id, changed, backend.clock.now())))


async def delete_project(backend: Backend, call: Call) -> Reply:
    """DeleteProject: refused while an iteration is published."""
    project = backend.project(call)
    for iteration in backend.iterations.of_project(project.id):
        if iteration.publish_name is not None:
            raise bad_request(
                "BadRequestIterationIsPublished",
                f"You cannot delete a project with a published iteration; you must unpublish first: "
                f"{iteration.name} is published as: {iteration.publish_name}",
            )
    backend.projects.delete(project.id)
    backend.files.delete_project(project.id)
    backend.count_images(call.account)
    return NO_CONTENT


def _json(backend: Backend, project: Project) -> dict[str, Any]:
    newest = backend.images.newest(project.id)
    address = None
    if newest is not None:
        address = backend.urls.url(project.id, "images", newest.id, backend.clock.now(), THUMBNAIL)
    return project_json(project, address)


def _name(name: str | None) -> str:
    if not name or not name.strip():
        raise bad_request("BadRequestProjectName", "The project's 'name' is missing or empty.")
    return name


def _kept(given: Sequence[str] | None, present: Sequence[str]) -> Sequence[str]:
    return present if given is None else given


def _augmentation(project: Project, given: Mapping[str, bool]) -> Mapping[str, bool]:
    for method in given:
        if method not in AUGMENTATION:
            raise bad_request(
                "BadRequestProjectImagePreprocessingSettings",
                f"'augmentationMethods' has '{method}'; allowed: {', '.join(AUGMENTATION)}.",
            )
    return {**project.augmentation, **given}


def _checked(settings: ProjectSettings) -> ProjectSettings:
    domain = _domain(settings.domain_id)
    if settings.classification_type not in CLASSIFICATION_TYPES:
        raise bad_request(
            "BadRequestProjectUnknownClassification",
            f"'classificationType' is '{settings.classification_type}'; allowed: {', '.join(CLASSIFICATION_TYPES)}.",
        )
    for platform in settings.export_platforms:
        if platform not in EXPORT_PLATFORMS:
            raise bad_request(
                "BadRequestProjectUnsupportedExportPlatform",
                f"'targetExportPlatforms' has '{platform}'; allowed: {', '.join(EXPORT_PLATFORMS)}.",
            )
    if settings.export_platforms and not domain.exportable:
        compact = [each.name for each in DOMAINS.values() if each.exportable and each.type == domain.type]
        raise bad_request(
            "BadRequestProjectUnsupportedExportPlatform",
            f"'targetExportPlatforms' needs a domain that can be exported ({', '.join(compact)}), not {domain.name}.",
        )
    return settings


def _domain(id: str) -> Domain:
    domain = DOMAINS.get(id)
    if domain is None:
        allowed = ", ".join(f"{each.id} ({each.name})" for each in DOMAINS.values() if each.type == "Classification")
        raise bad_request("BadRequestProjectUnknownDomain", f"'domainId' is '{id}'; allowed: {allowed}.")
    if domain.type != "Classification":
        raise bad_request(
            "BadRequestUnsupportedDomain",
            f"'domainId' is that of {domain.name}, for object detection, which this emulator does not have: it trains "
            f"image classifiers only.",
        )
    return domain
