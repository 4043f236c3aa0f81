"""The rules by which an image of the workspace gets one more tag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.limits import TAGS_PER_IMAGE
from emulator.custom_vision.store.projects import Project

Outcome = Literal["created", "duplicated", "exceeded"]


class Tagger:
    """Tags images of one project; `types` are its tags' types by id."""

    def __init__(self, backend: Backend, project: Project, images: Sequence[str]) -> None:
        self.types = backend.tags.types(project.id)
        self._backend = backend
        self._project = project
        self._present = {
            image: {tagging.tag for tagging in taggings} for image, taggings in backend.tags.of_images(images).items()
        }

    def tag(self, image: str, tag: str) -> Outcome:
        """Give an image a tag: it may have it already, or too many. In a Multiclass project its old tag goes.

        Raises:
            CustomVisionError: 400 BadRequestNegativeAndRegularTagOnSameImage.
        """
        present = self._present[image]
        if tag in present:
            return "duplicated"
        if mixes_negative([self.types[each] for each in (*present, tag)]):
            raise bad_request(
                "BadRequestNegativeAndRegularTagOnSameImage",
                f"Image {image} cannot have the negative tag and another one.",
            )
        if self._project.exclusive and present:
            self._backend.tags.detach([image], sorted(present))
            self._backend.regions.clear([image], sorted(present))
            present.clear()
        if len(present) >= TAGS_PER_IMAGE:
            return "exceeded"
        self._backend.tags.attach(image, [tag], self._backend.clock.now())
        present.add(tag)
        return "created"


def mixes_negative(types: Sequence[str]) -> bool:
    """Tell whether an image with tags of these types would have the negative tag and another one."""
    return len(types) > 1 and "Negative" in types
