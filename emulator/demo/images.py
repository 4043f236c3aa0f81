"""The images that the demo trains with: scikit-learn's digits, or a folder of the user's."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})
"""What Custom Vision takes (limits-and-quotas of Azure AI Custom Vision)."""

_DIGIT_PIXELS = 64
_LARGEST_BYTES = 6 * 1024 * 1024
"""Custom Vision's limit for a training image (limits-and-quotas of Azure AI Custom Vision)."""

_SEED = 7


class ImagesError(Exception):
    """The images cannot be used; the message names the folder, the label and what is needed."""


@dataclass(frozen=True)
class LabelledImage:
    """A file and the label it is uploaded under."""

    label: str
    path: Path


@dataclass(frozen=True)
class Rounds:
    """What is uploaded in each round, and what is kept out of both to judge the model by."""

    first: list[LabelledImage]
    second: list[LabelledImage]
    held_out: list[LabelledImage]
    first_per_label: int


@dataclass(frozen=True)
class BadUpload:
    """A file that no model should be trained with, the name it is uploaded under, and what is wrong with it."""

    name: str
    path: Path
    fault: str


def write_digits(folder: Path) -> list[LabelledImage]:
    """Write the 1,797 handwritten digits that scikit-learn ships below `folder` as ``<digit>/<number>.png|jpg``."""
    pictures, digits = load_digits(return_X_y=True)
    written: list[LabelledImage] = []
    for number, (pixels, digit) in enumerate(zip(pictures, digits, strict=True)):
        label = str(int(digit))
        path = folder / label / f"{number:04}.{'png' if number % 2 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((255 - pixels.reshape(8, 8) * (255 / 16)).astype(np.uint8))
        picture.resize((_DIGIT_PIXELS, _DIGIT_PIXELS), Image.Resampling.BICUBIC).save(path, quality=92)
        written.append(LabelledImage(label, path))
    return written


def read_folder(folder: Path) -> list[LabelledImage]:
    """Return the images of ``folder/<label>/<file>``.

    Raises:
        ImagesError: there is no such folder, or it has no image in a folder of its own.
    """
    if not folder.is_dir():
        raise ImagesError(f"--images {folder}: no such folder; it has to hold <label>/<file>")
    found = [
        LabelledImage(path.parent.name, path)
        for path in sorted(folder.glob("*/*"))
        if path.is_file() and path.suffix.lower() in SUFFIXES
    ]
    if not found:
        allowed = ", ".join(sorted(SUFFIXES))
        raise ImagesError(f"--images {folder}: no image found as <label>/<file> with one of the suffixes {allowed}")
    return found


def split(images: Sequence[LabelledImage], minimum: int, first: int, second: int, held_out: int) -> Rounds:
    """Share the images of each label out: at most `held_out` are kept out, `first` and `second` uploaded.

    A label with fewer images gets smaller shares in the same proportion, but never fewer than `minimum` in the first
    round, one in the second and one kept out. The same images always give the same shares.

    Raises:
        ImagesError: fewer than two labels, or a label with too few images.
    """
    by_label: dict[str, list[LabelledImage]] = defaultdict(list)
    for image in images:
        by_label[image.label].append(image)
    if len(by_label) < 2:
        raise ImagesError(f"the images have the labels {sorted(by_label)}; a model needs two labels at least")
    smallest = min(by_label.values(), key=len)
    if len(smallest) < minimum + 2:
        raise ImagesError(
            f"the label {smallest[0].label!r} has {len(smallest)} images; the demo needs {minimum + 2} of each label: "
            f"{minimum} for the first round, one for the second and one to judge the model by"
        )
    share = min(1.0, len(smallest) / (first + second + held_out))
    in_first = max(minimum, int(first * share))
    kept = max(1, int(held_out * share))
    rounds = Rounds([], [], [], in_first)
    shuffle = random.Random(_SEED)
    for label in sorted(by_label):
        of_label = sorted(by_label[label], key=lambda image: image.path.name)
        shuffle.shuffle(of_label)
        rounds.held_out.extend(of_label[:kept])
        rounds.first.extend(of_label[kept : kept + in_first])
        rounds.second.extend(of_label[kept + in_first :][: max(1, second)])
    return rounds


def write_wrong_labels(folder: Path, images: Sequence[LabelledImage]) -> list[LabelledImage]:
    """Write the pictures again, each a little lighter and under the label that follows its own: a labelling mistake.

    No rule on files can see it: they are good images with other bytes than those that were uploaded before.
    """
    labels = sorted({image.label for image in images})
    following = dict(zip(labels, [*labels[1:], labels[0]], strict=True))
    written: list[LabelledImage] = []
    for image in images:
        label = following[image.label]
        path = folder / label / f"{image.label}-{image.path.stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(image.path) as picture:
            lighter = np.clip(np.asarray(picture.convert("RGB"), np.int16) + 3, 0, 255).astype(np.uint8)
            Image.fromarray(lighter).save(path)
        written.append(LabelledImage(label, path))
    return written


def write_bad_uploads(folder: Path, label: str) -> list[BadUpload]:
    """Write one file for each way in which an upload can be useless; `label` is a label of the good images."""
    folder.mkdir(parents=True, exist_ok=True)
    empty = folder / "empty.jpg"
    empty.write_bytes(b"")
    text = folder / "notes.jpg"
    text.write_text("Shopping list: lenses, a tripod, more labels.\n", encoding="utf-8")
    rootless = folder / "no-label.png"
    Image.new("L", (_DIGIT_PIXELS, _DIGIT_PIXELS), 128).save(rootless)
    large = folder / "large.png"
    Image.new("RGB", (_DIGIT_PIXELS, _DIGIT_PIXELS), "navy").save(large)
    with large.open("ab") as file:
        file.write(bytes(_LARGEST_BYTES + 1024 * 1024 - file.tell()))
    return [
        BadUpload(f"{label}/{empty.name}", empty, "an empty file"),
        BadUpload(f"{label}/{text.name}", text, "text named .jpg"),
        BadUpload(rootless.name, rootless, "no label: it lies at the container's root"),
        BadUpload(f"{label}/{large.name}", large, "7 MB, where the service takes 6 MB"),
    ]
