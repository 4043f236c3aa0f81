"""Regions: boxes on images of the workspace, each with a tag. They are kept, and change nothing of a classifier."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from emulator.custom_vision.store.database import Database, marks, parse_time, time_text


@dataclass(frozen=True)
class Box:
    """Left and top edge, width and height as shares of the image's, and the tag's id."""

    tag: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Region:
    """A box on an image."""

    id: str
    image: str
    box: Box
    tag_name: str
    created: datetime


_SELECT = "SELECT r.*, t.name FROM image_regions r JOIN tags t ON t.id = r.tag"


class Regions:
    """The regions of all projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, image: str, box: Box, now: datetime) -> str:
        """Add a region and return its id."""
        id = str(uuid.uuid4())
        self._database.write(
            "INSERT INTO image_regions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            image,
            box.tag,
            box.left,
            box.top,
            box.width,
            box.height,
            time_text(now),
        )
        return id

    def of_images(self, images: Sequence[str]) -> dict[str, list[Region]]:
        """Return the regions of images in the order of their creation, by image."""
        found: dict[str, list[Region]] = {image: [] for image in images}
        for row in self._database.rows(f"{_SELECT} WHERE r.image IN ({marks(images)}) ORDER BY r.number", *images):
            found[row["image"]].append(_region(row))
        return found

    def count(self, project: str) -> int:
        """Return how many regions the images of a project's workspace have."""
        return self._database.number(
            "SELECT COUNT(*) FROM image_regions r JOIN images i ON i.id = r.image WHERE i.project = ?", project
        )

    def delete(self, project: str, ids: Sequence[str]) -> None:
        """Forget regions of the project; ids that are not there are passed over."""
        self._database.write(
            f"DELETE FROM image_regions WHERE id IN ({marks(ids)})"
            " AND image IN (SELECT id FROM images WHERE project = ?)",
            *ids,
            project,
        )

    def clear(self, images: Sequence[str], tags: Sequence[str]) -> None:
        """Forget what regions the images have with the tags."""
        self._database.write(
            f"DELETE FROM image_regions WHERE image IN ({marks(images)}) AND tag IN ({marks(tags)})", *images, *tags
        )


def _region(row: sqlite3.Row) -> Region:
    box = Box(row["tag"], row["x"], row["y"], row["width"], row["height"])
    return Region(row["id"], row["image"], box, row["name"], parse_time(row["created"]))
