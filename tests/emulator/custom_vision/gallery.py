"""What tests know of a service that has trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COLOURS = ("red", "lime", "blue")


@dataclass(frozen=True)
class Model:
    """A trained iteration: `path` is its project's below the API, `tags` are ids by colour."""

    path: str
    iteration: str
    tags: dict[str, str]

    @property
    def project(self) -> str:
        return self.path.removeprefix("projects/")


@dataclass(frozen=True)
class Trained:
    folder: Path
    model: Model
    keys: dict[str, str]
