"""The check of the prediction, on a stack whose workflow has trained and published a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.demo.images import write_digits
from emulator.demo.retraining import RetrainingStack, Upload
from tests.validation.stack import ValidatedStack, validated_stack
from validation.__main__ import main

LABELS = ("0", "1")
IMAGES = 6


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValidatedStack]:
    folder = tmp_path_factory.mktemp("published")
    with validated_stack(folder, minimumImagesPerTag="5", gateFirstModelFloor="0", gateTagFloor="0") as made:
        yield made


def uploads(folder: Path) -> list[Upload]:
    written = write_digits(folder)
    chosen = [[each for each in written if each.label == label][:IMAGES] for label in LABELS]
    return [Upload(f"{each.label}/{each.path.name}", each.path) for images in chosen for each in images]


def test_the_published_model_answers(stack: ValidatedStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    retraining = RetrainingStack(stack.arm, stack.outputs)
    retraining.upload(uploads(tmp_path), lambda: None)
    run = retraining.run()
    list(retraining.follow(run, lambda _: None))
    manifest = retraining.manifest(run)
    assert manifest["decision"] == "published", manifest["reason"]
    assert main([*stack.deployed(), "--read-only"]) == 0
    shown = capsys.readouterr().out
    (row,) = re.findall(r"^ok +prediction +(.*)$", shown, re.MULTILINE)
    production = retraining.production()
    assert production is not None
    assert re.fullmatch(r"iteration [0-9a-f-]{36}: [01] [01]\.\d\d for a grey square", row)
    assert production["iterationId"] in row
