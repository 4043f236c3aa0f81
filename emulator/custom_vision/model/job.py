"""One training as files: what is to be trained, and what came of it. No file holds code (no pickle)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emulator.custom_vision.model.evaluation import Evaluation


@dataclass(frozen=True)
class Job:
    """A training: image files, the columns of the tags that each has, and where the results go.

    `tags` are the tags' names, column by column; `labels` has for each of `images` the columns of its tags.
    """

    images: list[str]
    labels: list[list[int]]
    tags: list[str]
    exclusive: bool
    model: str
    evaluation: str

    def write(self, path: Path) -> None:
        """Write the job to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write the arrays, at once or not at all."""
    draft = path.with_name(f"{path.name}.part")
    with draft.open("wb") as file:
        np.savez(file, probabilities=evaluation.probabilities, truth=evaluation.truth, folds=evaluation.folds)
    os.replace(draft, path)


def read_evaluation(path: Path) -> Evaluation:
    """Read what `write_evaluation` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return Evaluation(arrays["probabilities"], arrays["truth"], arrays["folds"])
