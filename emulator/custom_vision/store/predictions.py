"""Stored predictions: images that a model was asked about, with its answer; kept for 30 days."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from emulator.custom_vision.store.database import Database, marks, parse_time, time_text


@dataclass(frozen=True)
class TagProbability:
    """How probable a tag is, from 0 to 1."""

    probability: float
    tag: str
    name: str
    type: str


@dataclass(frozen=True)
class StoredPrediction:
    """An answer of a model; `number` grows with each."""

    number: int
    id: str
    project: str
    iteration: str
    domain_id: str
    created: datetime
    probabilities: Sequence[TagProbability]


@dataclass(frozen=True)
class NewPrediction:
    """An answer of a model that is to be stored; `uncertainty` from 0 (sure) to 1."""

    id: str
    project: str
    iteration: str
    domain_id: str
    created: datetime
    application: str | None
    uncertainty: float
    probabilities: Sequence[TagProbability]


@dataclass(frozen=True)
class TagRange:
    """A tag whose probability must lie within bounds, both included."""

    tag: str
    minimum: float
    maximum: float


@dataclass(frozen=True)
class PredictionQuery:
    """Which predictions of a project are meant, in which order, how many after how many."""

    project: str
    iteration: str | None
    start: datetime | None
    end: datetime | None
    application: str | None
    tags: Sequence[TagRange]
    order: Literal["Newest", "Oldest", "Suggested"]
    take: int
    skip: int


class Predictions:
    """The stored predictions of all projects; their images are kept by ImageFiles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, prediction: NewPrediction) -> None:
        """Store an answer."""
        self._database.write(
            "INSERT INTO predictions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            prediction.id,
            prediction.project,
            prediction.iteration,
            prediction.domain_id,
            time_text(prediction.created),
            prediction.application,
            prediction.uncertainty,
            json.dumps([asdict(each) for each in prediction.probabilities]),
        )

    def get(self, project: str, id: str) -> StoredPrediction | None:
        """Return a prediction of the project."""
        row = self._database.row("SELECT * FROM predictions WHERE project = ? AND id = ?", project, id)
        return None if row is None else _prediction(row)

    def query(self, query: PredictionQuery) -> list[StoredPrediction]:
        """Return a page of predictions."""
        parts = ["project = ?"]
        values: list[Any] = [query.project]
        for column, value in (("iteration = ?", query.iteration), ("application = ?", query.application)):
            if value is not None:
                parts.append(column)
                values.append(value)
        for column, moment in (("created >= ?", query.start), ("created <= ?", query.end)):
            if moment is not None:
                parts.append(column)
                values.append(time_text(moment))
        for tag in query.tags:
            parts.append(
                "EXISTS (SELECT 1 FROM json_each(predictions.predictions) j WHERE j.value ->> 'tag' = ?"
                " AND j.value ->> 'probability' BETWEEN ? AND ?)"
            )
            values.extend((tag.tag, tag.minimum, tag.maximum))
        order = {"Newest": "number DESC", "Oldest": "number", "Suggested": "uncertainty DESC, number DESC"}[query.order]
        rows = self._database.rows(
            f"SELECT * FROM predictions WHERE {' AND '.join(parts)} ORDER BY {order} LIMIT ? OFFSET ?",
            *values,
            query.take,
            query.skip,
        )
        return [_prediction(row) for row in rows]

    def delete(self, project: str, ids: Sequence[str]) -> list[str]:
        """Forget predictions of the project; return the ids of those that were there."""
        with self._database.transaction():
            rows = self._database.rows(
                f"SELECT id FROM predictions WHERE project = ? AND id IN ({marks(ids)})", project, *ids
            )
            found = [row["id"] for row in rows]
            self._database.write(f"DELETE FROM predictions WHERE id IN ({marks(found)})", *found)
        return found

    def older_than(self, moment: datetime) -> list[tuple[str, str]]:
        """Return project and id of what was stored before `moment`."""
        rows = self._database.rows("SELECT project, id FROM predictions WHERE created < ?", time_text(moment))
        return [(row["project"], row["id"]) for row in rows]


def _prediction(row: sqlite3.Row) -> StoredPrediction:
    return StoredPrediction(
        number=row["number"],
        id=row["id"],
        project=row["project"],
        iteration=row["iteration"],
        domain_id=row["domain_id"],
        created=parse_time(row["created"]),
        probabilities=[TagProbability(**each) for each in json.loads(row["predictions"])],
    )
