"""The pictures that are measured with: scikit-learn's handwritten digits as JPEG files, and any number like them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SIDE: Final = 64


@dataclass(frozen=True)
class Digits:
    """Files and what they show, in an order that is no order."""

    files: list[Path]
    labels: list[int]


def write_digits(folder: Path, count: int) -> Digits:
    """Write `count` digits; beyond the 1,797 that there are, the same ones again with a little noise of their own."""
    random = np.random.default_rng(0)
    data, labels = load_digits(return_X_y=True)
    order = random.permutation(len(labels))
    files: list[Path] = []
    shown: list[int] = []
    for number in range(count):
        each = order[number % len(order)]
        picture = 255 - data[each].reshape(8, 8) * (255 / 16)
        if number >= len(order):
            picture = picture + random.normal(0, 6, (8, 8))
        image = Image.fromarray(picture.clip(0, 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        path = folder / f"{number}.jpg"
        image.save(path, quality=92)
        files.append(path)
        shown.append(int(labels[each]))
    return Digits(files, shown)
