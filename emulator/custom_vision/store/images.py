"""Images of projects: in the workspace, or only in iterations that were trained with them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from emulator.custom_vision.store.database import Database, marks, parse_time, time_text

TaggingStatus = Literal["All", "Tagged", "Untagged"]
Order = Literal["Newest", "Oldest"]


@dataclass(frozen=True)
class Image:
    """An image; pixels of the upright image."""

    id: str
    project: str
    created: datetime
    width: int
    height: int
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Selection:
    """Which images of a project are meant: of the workspace or, with `iteration`, of that training's.

    With `tags`, those that have one of them; with `metadata`, those that have all of these pairs.
    """

    project: str
    iteration: str | None = None
    tags: Sequence[str] = ()
    status: TaggingStatus = "All"
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


class Images:
    """The images of all projects; their bytes are kept by ImageFiles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        project: str,
        content_hash: str,
        width: int,
        height: int,
        metadata: Mapping[str, str],
        now: datetime,
    ) -> Image:
        """Add an image to the workspace."""
        image = Image(str(uuid.uuid4()), project, now, width, height, metadata)
        self._database.write(
            "INSERT INTO images VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 1)",
            image.id,
            project,
            time_text(now),
            width,
            height,
            content_hash,
            json.dumps(dict(metadata)),
        )
        return image

    def by_content(self, project: str, content_hash: str) -> Image | None:
        """Return the image of the workspace with this content."""
        row = self._database.row(
            "SELECT * FROM images WHERE project = ? AND content_hash = ? AND in_workspace", project, content_hash
        )
        return None if row is None else _image(row)

    def by_ids(self, project: str, ids: Sequence[str], iteration: str | None = None) -> list[Image]:
        """Return those of the images that are in the workspace, or in the iteration, in the order asked for."""
        where, values = _condition(Selection(project, iteration))
        rows = self._database.rows(f"SELECT i.* FROM images i WHERE {where} AND i.id IN ({marks(ids)})", *values, *ids)
        found = {row["id"]: _image(row) for row in rows}
        return [found[id] for id in dict.fromkeys(ids) if id in found]

    def find(self, project: str, id: str) -> Image | None:
        """Return an image of the workspace or of any iteration."""
        row = self._database.row("SELECT * FROM images WHERE project = ? AND id = ?", project, id)
        return None if row is None else _image(row)

    def select(self, selection: Selection, order: Order, take: int, skip: int) -> list[Image]:
        """Return a page of images."""
        where, values = _condition(selection)
        direction = {"Newest": "DESC", "Oldest": "ASC"}[order]
        rows = self._database.rows(
            f"SELECT i.* FROM images i WHERE {where} ORDER BY i.number {direction} LIMIT ? OFFSET ?",
            *values,
            take,
            skip,
        )
        return [_image(row) for row in rows]

    def count(self, selection: Selection) -> int:
        """Return how many images are meant."""
        where, values = _condition(selection)
        return self._database.number(f"SELECT COUNT(*) FROM images i WHERE {where}", *values)

    def stored(self, account: str) -> int:
        """Return how many images the projects of an account hold in their workspaces."""
        return self._database.number(
            "SELECT COUNT(*) FROM images i JOIN projects p ON p.id = i.project WHERE p.account = ? AND i.in_workspace",
            account,
        )

    def set_metadata(self, id: str, metadata: Mapping[str, str]) -> None:
        """Replace an image's metadata."""
        self._database.write("UPDATE images SET metadata = ? WHERE id = ?", json.dumps(dict(metadata)), id)

    def remove(self, project: str, ids: Sequence[str]) -> None:
        """Take images out of the workspace with their tags and regions; iterations keep theirs."""
        with self._database.transaction():
            chosen = f"SELECT id FROM images WHERE project = ? AND id IN ({marks(ids)})"
            self._database.write(f"DELETE FROM image_tags WHERE image IN ({chosen})", project, *ids)
            self._database.write(f"DELETE FROM image_regions WHERE image IN ({chosen})", project, *ids)
            self._database.write(f"UPDATE images SET in_workspace = 0 WHERE id IN ({chosen})", project, *ids)

    def remove_all(self, project: str) -> None:
        """Take every image out of the workspace, as `remove` does."""
        with self._database.transaction():
            own = "SELECT id FROM images WHERE project = ? AND in_workspace"
            self._database.write(f"DELETE FROM image_tags WHERE image IN ({own})", project)
            self._database.write(f"DELETE FROM image_regions WHERE image IN ({own})", project)
            self._database.write("UPDATE images SET in_workspace = 0 WHERE project = ? AND in_workspace", project)

    def forget_unused(self, project: str) -> list[str]:
        """Forget the images that neither the workspace nor an iteration holds any more; return their ids."""
        unused = (
            "SELECT id FROM images WHERE project = ? AND NOT in_workspace"
            " AND NOT EXISTS (SELECT 1 FROM iteration_images x WHERE x.image = images.id)"
        )
        with self._database.transaction():
            ids = [row["id"] for row in self._database.rows(unused, project)]
            self._database.write(f"DELETE FROM images WHERE id IN ({unused})", project)
        return ids

    def newest(self, project: str) -> Image | None:
        """Return the image that was added last to the workspace."""
        found = self.select(Selection(project), "Newest", 1, 0)
        return found[0] if found else None


def _condition(selection: Selection) -> tuple[str, list[Any]]:
    """Return the SQL condition on ``images i`` and its values."""
    parts: list[str] = ["i.project = ?"]
    values: list[Any] = [selection.project]
    if selection.iteration is None:
        parts.append("i.in_workspace")
        tagged = "EXISTS (SELECT 1 FROM image_tags m WHERE m.image = i.id)"
        has_tag = "EXISTS (SELECT 1 FROM image_tags m WHERE m.image = i.id AND m.tag IN ({}))"
    else:
        member = "SELECT 1 FROM iteration_images x WHERE x.image = i.id AND x.iteration = ?"
        parts.append(f"EXISTS ({member})")
        values.append(selection.iteration)
        tagged = "1"
        has_tag = f"EXISTS ({member} AND EXISTS (SELECT 1 FROM json_each(x.tags) j WHERE j.value IN ({{}})))"
    if selection.status != "All":
        parts.append(tagged if selection.status == "Tagged" else f"NOT {tagged}")
    if selection.tags:
        parts.append(has_tag.format(marks(selection.tags)))
        if selection.iteration is not None:
            values.append(selection.iteration)
        values.extend(selection.tags)
    for key, value in selection.metadata.items():
        parts.append("EXISTS (SELECT 1 FROM json_each(i.metadata) j WHERE j.key = ? AND j.value = ?)")
        values.extend((key, value))
    return " AND ".join(parts), values


def _image(row: sqlite3.Row) -> Image:
    return Image(
        row["id"],
        row["project"],
        parse_time(row["created"]),
        row["width"],
        row["height"],
        json.loads(row["metadata"]),
    )
