"""Tags, and which image of the workspace has which."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from emulator.custom_vision.store.database import Database, marks, parse_time, time_text


@dataclass(frozen=True)
class Tag:
    """A tag with the number of images that have it, in the workspace or in the iteration that was asked for."""

    id: str
    name: str
    description: str | None
    type: str
    images: int


@dataclass(frozen=True)
class Tagging:
    """That an image has a tag."""

    image: str
    tag: str
    name: str
    created: datetime


_SELECT = (
    "SELECT t.id, t.name, t.description, t.type, (SELECT COUNT(*) FROM image_tags m JOIN images i ON i.id = m.image"
    " WHERE m.tag = t.id AND i.in_workspace) AS images FROM tags t"
)


class Tags:
    """The tags of all projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, project: str, name: str, description: str | None, type: str) -> Tag:
        """Add a tag."""
        id = str(uuid.uuid4())
        self._database.write("INSERT INTO tags VALUES (NULL, ?, ?, ?, ?, ?)", id, project, name, description, type)
        return Tag(id, name, description, type, 0)

    def get(self, project: str, id: str) -> Tag | None:
        """Return a tag of the project."""
        row = self._database.row(f"{_SELECT} WHERE t.project = ? AND t.id = ?", project, id)
        return None if row is None else _tag(row)

    def of_project(self, project: str) -> list[Tag]:
        """Return the project's tags in the order of their creation."""
        return [_tag(row) for row in self._database.rows(f"{_SELECT} WHERE t.project = ? ORDER BY t.number", project)]

    def types(self, project: str) -> dict[str, str]:
        """Return the type of each tag of the project, by id."""
        return {row["id"]: row["type"] for row in self._database.rows("SELECT * FROM tags WHERE project = ?", project)}

    def update(self, id: str, name: str, description: str | None, type: str) -> None:
        """Change a tag."""
        self._database.write(
            "UPDATE tags SET name = ?, description = ?, type = ? WHERE id = ?", name, description, type, id
        )

    def delete(self, id: str) -> None:
        """Forget a tag; images lose it, iterations that were trained with it do not."""
        self._database.write("DELETE FROM tags WHERE id = ?", id)

    def of_images(self, images: Sequence[str]) -> dict[str, list[Tagging]]:
        """Return what tags the images have in the workspace, by image."""
        found: dict[str, list[Tagging]] = {image: [] for image in images}
        rows = self._database.rows(
            "SELECT m.image, m.tag, t.name, m.created FROM image_tags m JOIN tags t ON t.id = m.tag"
            f" WHERE m.image IN ({marks(images)}) ORDER BY m.created, t.number",
            *images,
        )
        for row in rows:
            found[row["image"]].append(Tagging(row["image"], row["tag"], row["name"], parse_time(row["created"])))
        return found

    def attach(self, image: str, tags: Iterable[str], now: datetime) -> None:
        """Give an image tags that it does not have."""
        self._database.write_all(
            "INSERT INTO image_tags VALUES (?, ?, ?)", [(image, tag, time_text(now)) for tag in tags]
        )

    def detach(self, images: Sequence[str], tags: Sequence[str]) -> None:
        """Take tags from images."""
        self._database.write(
            f"DELETE FROM image_tags WHERE image IN ({marks(images)}) AND tag IN ({marks(tags)})", *images, *tags
        )


def _tag(row: sqlite3.Row) -> Tag:
    return Tag(row["id"], row["name"], row["description"], row["type"], row["images"])
