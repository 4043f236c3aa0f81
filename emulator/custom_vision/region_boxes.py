"""Boxes as requests have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.custom_vision.call import guid
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.store.regions import Box

_ROUNDING: Final = 1e-6
"""Shares of single precision may add up to a little more than 1."""


def parse_box(entry: Mapping[str, Any]) -> Box:
    """Return the box of an entry that has the members of a Region.

    Raises:
        CustomVisionError: 400 BadRequestImageRegions, it is not within the image.
    """
    box = Box(
        guid(entry["tagId"], "tagId"),
        *(float(entry[name]) for name in ("left", "top", "width", "height")),
    )
    for edge, size in (("left", "width"), ("top", "height")):
        if entry[edge] + entry[size] > 1 + _ROUNDING:
            raise bad_request(
                "BadRequestImageRegions",
                f"A region's '{edge}' {entry[edge]} and '{size}' {entry[size]} add up to more than 1.",
            )
    return box
