"""Tags."""

from __future__ import annotations

from emulator.custom_vision import bodies
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply
from emulator.custom_vision.errors import bad_request, not_found
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.tags import Tag
from emulator.custom_vision.wire import tag_json

_TYPES = ("Regular", "Negative", "GeneralProduct")


async def create_tag(backend: Backend, call: Call) -> Reply:
    """CreateTag: everything is in the query."""
    project = backend.project(call)
    name = call.query.required("name", "BadRequestTagName")
    type = call.query.choice("type", _TYPES, "Regular", "BadRequestTagType")
    present = backend.tags.of_project(project.id)
    most = backend.limits(call.account).tags_per_project
    if len(present) >= most:
        raise bad_request("BadRequestExceedTagPerProjectLimit", f"The project has {most} tags, as many as it may have.")
    _check(name, type, present)
    tag = backend.tags.create(project.id, name, call.query.text("description"), type)
    backend.projects.touch(project.id, backend.clock.now())
    return Reply(tag_json(tag))


async def get_tags(backend: Backend, call: Call) -> Reply:
    """GetTags: of the workspace, or as an iteration was trained with them."""
    return Reply([tag_json(tag) for tag in _tags(backend, call, backend.project(call))])


async def get_tag(backend: Backend, call: Call) -> Reply:
    """GetTag."""
    id = call.id_of("tagId")
    for tag in _tags(backend, call, backend.project(call)):
        if tag.id == id:
            return Reply(tag_json(tag))
    raise not_found("Tag", id)


async def update_tag(backend: Backend, call: Call) -> Reply:
    """UpdateTag: members that are left out stay as they are."""
    body = await call.json(bodies.TAG, "BadRequestInvalid", "The tag is not valid.")
    project = backend.project(call)
    tag = backend.tag(project, call.id_of("tagId"))
    name: str = body.get("name", tag.name)
    type: str = body.get("type", tag.type)
    if not name.strip():
        raise bad_request("BadRequestTagName", "The tag's 'name' is empty.")
    _check(name, type, [each for each in backend.tags.of_project(project.id) if each.id != tag.id])
    backend.tags.update(tag.id, name, body.get("description", tag.description), type)
    backend.projects.touch(project.id, backend.clock.now())
    return Reply(tag_json(backend.tag(project, tag.id)))


async def delete_tag(backend: Backend, call: Call) -> Reply:
    """DeleteTag: its images stay, without it."""
    project = backend.project(call)
    backend.tags.delete(backend.tag(project, call.id_of("tagId")).id)
    backend.projects.touch(project.id, backend.clock.now())
    return NO_CONTENT


def _tags(backend: Backend, call: Call, project: Project) -> list[Tag]:
    iteration = call.query.guid("iterationId")
    if iteration is None:
        return backend.tags.of_project(project.id)
    return backend.iterations.tags(backend.iteration(project, iteration).id)


def _check(name: str, type: str, others: list[Tag]) -> None:
    for other in others:
        # The service's comparison is not documented; letters of either case are taken for the same, to be safe.
        if other.name.casefold() == name.casefold():
            raise bad_request("BadRequestTagNameNotUnique", f"The project has a tag '{other.name}' already.")
        if type == "Negative" == other.type:
            raise bad_request(
                "BadRequestMultipleNegativeTag", f"The project has a negative tag already: '{other.name}'."
            )
    if type == "GeneralProduct":
        raise bad_request("BadRequestTagType", "'type' is 'GeneralProduct', which is for object detection only.")
