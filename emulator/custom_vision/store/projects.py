"""Projects. Each has a workspace, the iteration to come: images and tags are added to it, training closes it."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from emulator.custom_vision.store.database import Database, parse_time, time_text

AUGMENTATION: Final[Mapping[str, bool]] = MappingProxyType(
    dict.fromkeys(
        ("rotation", "scaling", "translation", "horizontal flip", "equalize", "solarize", "padtosquare"), True
    )
)
"""``augmentationMethods`` of a new project, as the service answers them. They are kept and change nothing here."""


@dataclass(frozen=True)
class Project:
    """A project; `account` is the key of its training account."""

    id: str
    account: str
    name: str
    description: str
    domain_id: str
    classification_type: str
    export_platforms: Sequence[str]
    augmentation: Mapping[str, bool]
    created: datetime
    modified: datetime
    status: str
    workspace_id: str
    workspace_created: datetime
    trainings: int

    @property
    def exclusive(self) -> bool:
        """Whether an image has one tag at most."""
        return self.classification_type == "Multiclass"


@dataclass(frozen=True)
class ProjectSettings:
    """What is settled when a project is made and can be changed later."""

    name: str
    description: str
    domain_id: str
    classification_type: str
    export_platforms: Sequence[str]
    augmentation: Mapping[str, bool] = field(default_factory=lambda: AUGMENTATION)


class Projects:
    """The projects of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, account: str, settings: ProjectSettings, now: datetime) -> Project:
        """Add a project with an empty workspace."""
        id = str(uuid.uuid4())
        self._database.write(
            "INSERT INTO projects VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'Succeeded', ?, ?, 0)",
            id,
            account,
            *_columns(settings),
            time_text(now),
            time_text(now),
            str(uuid.uuid4()),
            time_text(now),
        )
        return self._existing(id)

    def get(self, account: str, id: str) -> Project | None:
        """Return a project of the account."""
        row = self._database.row("SELECT * FROM projects WHERE id = ? AND account = ?", id, account)
        return None if row is None else _project(row)

    def find(self, id: str) -> Project | None:
        """Return a project of any account."""
        row = self._database.row("SELECT * FROM projects WHERE id = ?", id)
        return None if row is None else _project(row)

    def of_account(self, account: str) -> list[Project]:
        """Return the account's projects, newest first."""
        rows = self._database.rows("SELECT * FROM projects WHERE account = ? ORDER BY number DESC", account)
        return [_project(row) for row in rows]

    def count(self, account: str) -> int:
        """Return how many projects the account has."""
        return self._database.number("SELECT COUNT(*) FROM projects WHERE account = ?", account)

    def update(self, id: str, settings: ProjectSettings, now: datetime) -> Project:
        """Change a project's settings."""
        self._database.write(
            "UPDATE projects SET name = ?, description = ?, domain_id = ?, classification_type = ?,"
            " export_platforms = ?, augmentation = ?, modified = ? WHERE id = ?",
            *_columns(settings),
            time_text(now),
            id,
        )
        return self._existing(id)

    def touch(self, id: str, now: datetime) -> None:
        """Note that something of the project changed."""
        self._database.write("UPDATE projects SET modified = ? WHERE id = ?", time_text(now), id)

    def open_workspace(self, id: str, now: datetime) -> None:
        """Give the project a new workspace, as a training begins."""
        self._database.write(
            "UPDATE projects SET workspace_id = ?, workspace_created = ?, trainings = trainings + 1, modified = ?"
            " WHERE id = ?",
            str(uuid.uuid4()),
            time_text(now),
            time_text(now),
            id,
        )

    def delete(self, id: str) -> None:
        """Forget a project with all that belongs to it."""
        self._database.write("DELETE FROM projects WHERE id = ?", id)

    def _existing(self, id: str) -> Project:
        project = self.find(id)
        if project is None:
            raise LookupError(f"no project {id}")
        return project


def _columns(settings: ProjectSettings) -> tuple[str, ...]:
    return (
        settings.name,
        settings.description,
        settings.domain_id,
        settings.classification_type,
        json.dumps(list(settings.export_platforms)),
        json.dumps(dict(settings.augmentation)),
    )


def _project(row: sqlite3.Row) -> Project:
    return Project(
        id=row["id"],
        account=row["account"],
        name=row["name"],
        description=row["description"],
        domain_id=row["domain_id"],
        classification_type=row["classification_type"],
        export_platforms=json.loads(row["export_platforms"]),
        augmentation=json.loads(row["augmentation"]),
        created=parse_time(row["created"]),
        modified=parse_time(row["modified"]),
        status=row["status"],
        workspace_id=row["workspace_id"],
        workspace_created=parse_time(row["workspace_created"]),
        trainings=row["trainings"],
    )
