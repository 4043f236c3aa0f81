"""Suggested tags: what an iteration's model says of images of the workspace that have no tag yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from emulator.custom_vision.store.database import Database, parse_time, time_text
from emulator.custom_vision.store.predictions import TagProbability

Sorting = Literal["UncertaintyAscending", "UncertaintyDescending"]


@dataclass(frozen=True)
class Suggestion:
    """What a model said of an image; `uncertainty` from 0 (sure) to 1."""

    iteration: str
    image: str
    created: datetime
    uncertainty: float
    probabilities: Sequence[TagProbability]


@dataclass(frozen=True)
class SuggestionFilter:
    """Suggestions of an iteration in which one of `tags` (empty: any) has a probability of `threshold` at least."""

    iteration: str
    tags: Sequence[str]
    threshold: float


class Suggestions:
    """The suggestions for all projects; only those for images that are still untagged are found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, suggestion: Suggestion) -> None:
        """Keep a suggestion, in place of an earlier one of the same iteration for the same image."""
        self._database.write(
            "INSERT OR REPLACE INTO suggestions VALUES (?, ?, ?, ?, ?)",
            suggestion.iteration,
            suggestion.image,
            time_text(suggestion.created),
            suggestion.uncertainty,
            json.dumps([asdict(each) for each in suggestion.probabilities]),
        )

    def query(self, filter: SuggestionFilter, sorting: Sorting, take: int, skip: int) -> list[Suggestion]:
        """Return a page of suggestions."""
        where, values = _condition(filter)
        direction = {"UncertaintyAscending": "ASC", "UncertaintyDescending": "DESC"}[sorting]
        rows = self._database.rows(
            f"SELECT s.* FROM suggestions s WHERE {where} ORDER BY s.uncertainty {direction}, s.image LIMIT ? OFFSET ?",
            *values,
            take,
            skip,
        )
        return [
            Suggestion(
                row["iteration"],
                row["image"],
                parse_time(row["created"]),
                row["uncertainty"],
                [TagProbability(**each) for each in json.loads(row["predictions"])],
            )
            for row in rows
        ]

    def count(self, filter: SuggestionFilter) -> int:
        """Return how many suggestions are meant."""
        where, values = _condition(filter)
        return self._database.number(f"SELECT COUNT(*) FROM suggestions s WHERE {where}", *values)


def _condition(filter: SuggestionFilter) -> tuple[str, list[Any]]:
    probable = "SELECT 1 FROM json_each(s.predictions) j WHERE j.value ->> 'probability' >= ?"
    values: list[Any] = [filter.iteration, filter.threshold]
    if filter.tags:
        probable += f" AND j.value ->> 'tag' IN ({', '.join('?' for _ in filter.tags)})"
        values.extend(filter.tags)
    untagged = (
        "EXISTS (SELECT 1 FROM images i WHERE i.id = s.image AND i.in_workspace)"
        " AND NOT EXISTS (SELECT 1 FROM image_tags m WHERE m.image = s.image)"
    )
    return f"s.iteration = ? AND EXISTS ({probable}) AND {untagged}", values
