"""Iterations: the trainings of a project, each with the tags and images it was made from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.custom_vision.store.database import Database, marks, parse_time, time_text
from emulator.custom_vision.store.projects import Project
from emulator.custom_vision.store.tags import Tag

TRAINING = "Training"
COMPLETED = "Completed"
FAILED = "Failed"


@dataclass(frozen=True)
class Iteration:
    """A training and what it made.

    `created` is when its workspace was opened, `trained` when the training was over. `begun` says whether the worker
    has taken it up: domain and type are shown from then on.
    """

    number: int
    id: str
    project: str
    name: str
    status: str
    created: datetime
    modified: datetime
    trained: datetime | None
    training_type: str
    budget: int
    minutes: int
    domain_id: str
    classification_type: str
    begun: bool
    signature: str
    publish_name: str | None
    publish_target: str | None


@dataclass(frozen=True)
class TrainingImage:
    """An image of a training with the ids of its tags."""

    image: str
    tags: Sequence[str]


@dataclass(frozen=True)
class TrainingRequest:
    """What a training is to be made from; `signature` is equal for equal content."""

    training_type: str
    budget: int
    tags: Sequence[Tag]
    images: Sequence[TrainingImage]
    signature: str


class Iterations:
    """The iterations of all projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def workspace_images(self, project: str) -> list[TrainingImage]:
        """Return the tagged images of the workspace in the order in which they were added."""
        rows = self._database.rows(
            "SELECT i.id, json_group_array(m.tag) AS tags FROM images i JOIN image_tags m ON m.image = i.id"
            " WHERE i.project = ? AND i.in_workspace GROUP BY i.id ORDER BY i.number",
            project,
        )
        return [TrainingImage(row["id"], sorted(json.loads(row["tags"]))) for row in rows]

    def create(self, project: Project, request: TrainingRequest, now: datetime) -> Iteration:
        """Make the project's workspace an iteration that is being trained."""
        id = project.workspace_id
        with self._database.transaction():
            self._database.write(
                "INSERT INTO iterations VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL, ?, ?, 0, ?, ?, 0, ?, NULL, NULL)",
                id,
                project.id,
                f"Iteration {project.trainings + 1}",
                TRAINING,
                time_text(project.workspace_created),
                time_text(now),
                request.training_type,
                request.budget,
                project.domain_id,
                project.classification_type,
                request.signature,
            )
            self._database.write_all(
                "INSERT INTO iteration_tags VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (id, position, tag.id, tag.name, tag.description, tag.type, tag.images)
                    for position, tag in enumerate(request.tags)
                ],
            )
            self._database.write_all(
                "INSERT INTO iteration_images VALUES (?, ?, ?, ?)",
                [
                    (id, position, image.image, json.dumps(list(image.tags)))
                    for position, image in enumerate(request.images)
                ],
            )
        return self._existing(id)

    def get(self, project: str, id: str) -> Iteration | None:
        """Return an iteration of the project."""
        row = self._database.row("SELECT * FROM iterations WHERE project = ? AND id = ?", project, id)
        return None if row is None else _iteration(row)

    def find(self, id: str) -> Iteration | None:
        """Return an iteration of any project."""
        row = self._database.row("SELECT * FROM iterations WHERE id = ?", id)
        return None if row is None else _iteration(row)

    def of_project(self, project: str) -> list[Iteration]:
        """Return the project's iterations, newest first."""
        rows = self._database.rows("SELECT * FROM iterations WHERE project = ? ORDER BY number DESC", project)
        return [_iteration(row) for row in rows]

    def in_training(self) -> list[Iteration]:
        """Return what is being trained, in any project, oldest first."""
        rows = self._database.rows("SELECT * FROM iterations WHERE status = ? ORDER BY number", TRAINING)
        return [_iteration(row) for row in rows]

    def published(self, project: str, name: str) -> Iteration | None:
        """Return the iteration that has the publish name."""
        row = self._database.row("SELECT * FROM iterations WHERE project = ? AND publish_name = ?", project, name)
        return None if row is None else _iteration(row)

    def tags(self, iteration: str) -> list[Tag]:
        """Return the tags that the iteration was trained with, in the order of the model's output."""
        rows = self._database.rows("SELECT * FROM iteration_tags WHERE iteration = ? ORDER BY position", iteration)
        return [Tag(row["tag"], row["name"], row["description"], row["type"], row["images"]) for row in rows]

    def images(self, iteration: str) -> list[TrainingImage]:
        """Return the images that the iteration was trained with, in the order of the evaluation's rows."""
        rows = self._database.rows(
            "SELECT image, tags FROM iteration_images WHERE iteration = ? ORDER BY position", iteration
        )
        return [TrainingImage(row["image"], json.loads(row["tags"])) for row in rows]

    def positions(self, iteration: str, images: Sequence[str]) -> dict[str, tuple[int, list[str]]]:
        """Return row of the evaluation and tags of images of the iteration, by image."""
        rows = self._database.rows(
            f"SELECT * FROM iteration_images WHERE iteration = ? AND image IN ({marks(images)})", iteration, *images
        )
        return {row["image"]: (row["position"], json.loads(row["tags"])) for row in rows}

    def begin(self, id: str, now: datetime) -> datetime:
        """Note that the worker has taken a training up; return when it first had, `now` or before a restart."""
        with self._database.transaction():
            self._database.write("INSERT OR IGNORE INTO training_starts VALUES (?, ?)", id, time_text(now))
            self._database.write("UPDATE iterations SET begun = 1, modified = ? WHERE id = ?", time_text(now), id)
            row = self._database.row("SELECT started FROM training_starts WHERE iteration = ?", id)
        return now if row is None else parse_time(row["started"])

    def complete(self, id: str, minutes: int, now: datetime) -> None:
        """Note that a training succeeded."""
        self._database.write(
            "UPDATE iterations SET status = ?, minutes = ?, trained = ?, modified = ? WHERE id = ?",
            COMPLETED,
            minutes,
            time_text(now),
            time_text(now),
            id,
        )

    def fail(self, id: str, now: datetime) -> None:
        """Note that a training failed."""
        self._database.write("UPDATE iterations SET status = ?, modified = ? WHERE id = ?", FAILED, time_text(now), id)

    def rename(self, id: str, name: str, now: datetime) -> None:
        """Give an iteration another name."""
        self._set(id, now, name=name)

    def publish(self, id: str, name: str, target: str, now: datetime) -> None:
        """Give an iteration a publish name, which the iteration that has it now loses."""
        with self._database.transaction():
            self._database.write(
                "UPDATE iterations SET publish_name = NULL, publish_target = NULL, modified = ? WHERE publish_name = ?"
                " AND project = (SELECT project FROM iterations WHERE id = ?)",
                time_text(now),
                name,
                id,
            )
            self._set(id, now, publish_name=name, publish_target=target)

    def unpublish(self, id: str, now: datetime) -> None:
        """Take an iteration's publish name away."""
        self._set(id, now, publish_name=None, publish_target=None)

    def delete(self, id: str) -> None:
        """Forget an iteration."""
        self._database.write("DELETE FROM iterations WHERE id = ?", id)

    def clear_images(self, project: str, images: Sequence[str]) -> None:
        """Take images out of every iteration of the project."""
        self._database.write(
            "DELETE FROM iteration_images WHERE iteration IN (SELECT id FROM iterations WHERE project = ?)"
            f" AND image IN ({marks(images)})",
            project,
            *images,
        )

    def clear_all_images(self, project: str) -> None:
        """Take every image out of every iteration of the project."""
        self._database.write(
            "DELETE FROM iteration_images WHERE iteration IN (SELECT id FROM iterations WHERE project = ?)"
            " AND image IN (SELECT id FROM images WHERE project = ?)",
            project,
            project,
        )

    def _set(self, id: str, now: datetime, **columns: Any) -> None:
        changes = ", ".join(f"{column} = ?" for column in columns)
        self._database.write(
            f"UPDATE iterations SET {changes}, modified = ? WHERE id = ?", *columns.values(), time_text(now), id
        )

    def _existing(self, id: str) -> Iteration:
        iteration = self.find(id)
        if iteration is None:
            raise LookupError(f"no iteration {id}")
        return iteration


def _iteration(row: sqlite3.Row) -> Iteration:
    return Iteration(
        number=row["number"],
        id=row["id"],
        project=row["project"],
        name=row["name"],
        status=row["status"],
        created=parse_time(row["created"]),
        modified=parse_time(row["modified"]),
        trained=None if row["trained"] is None else parse_time(row["trained"]),
        training_type=row["training_type"],
        budget=row["budget"],
        minutes=row["minutes"],
        domain_id=row["domain_id"],
        classification_type=row["classification_type"],
        begun=bool(row["begun"]),
        signature=row["signature"],
        publish_name=row["publish_name"],
        publish_target=row["publish_target"],
    )
