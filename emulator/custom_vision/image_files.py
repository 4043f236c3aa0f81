"""Images as files: what is accepted, and the pixels that the model sees."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from emulator.custom_vision.model.network import SIDE

FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF")
LARGEST_SIDE: Final = 10_240
LARGEST_ASPECT: Final = 25
"""Formats, pixels a side and ratio of the sides:
https://learn.microsoft.com/azure/ai-services/custom-vision-service/limits-and-quotas"""
THUMBNAIL_SIDE: Final = 256

# Pillow's own guard begins at 89 million pixels, below what the service takes.
Image.MAX_IMAGE_PIXELS = LARGEST_SIDE * LARGEST_SIDE

_UNDECODABLE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for damaged files of these formats."""


class ImageFormatError(Exception):
    """Not an image of an accepted format, or a damaged one."""


class ImageDimensionsError(Exception):
    """An image with too many pixels a side, or too long for its width."""


@dataclass(frozen=True)
class Dimensions:
    """Pixels of the upright image."""

    width: int
    height: int


def inspect(data: bytes) -> Dimensions:
    """Decode the whole image and return its size.

    Raises:
        ImageFormatError: it cannot be decoded.
        ImageDimensionsError: a side or their ratio is over the limit; found before a pixel is decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if max(width, height) > LARGEST_SIDE or max(width, height) > LARGEST_ASPECT * min(width, height):
                raise ImageDimensionsError(
                    f"{width} x {height} pixels; allowed: {LARGEST_SIDE} a side, ratio {LARGEST_ASPECT}:1"
                )
            image.load()
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except _UNDECODABLE as error:
        raise ImageFormatError(f"not a readable {', '.join(FORMATS)} image: {error}") from error
    return Dimensions(height, width) if turned else Dimensions(width, height)


def pixels(data: bytes) -> NDArray[np.uint8]:
    """Return what the model sees of an image that `inspect` accepts: [3, 224, 224], blue-green-red."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        # No draft: a JPEG decoded at a fraction of its size differs by more than what an exported model may differ.
        upright = _upright(image)
        small = upright.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(small)[:, :, ::-1].transpose(2, 0, 1))


def thumbnail(data: bytes) -> bytes:
    """Return a JPEG of the image with at most 256 pixels a side."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        small = _upright(image)
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=85)
    return out.getvalue()


def content_type(data: bytes) -> str:
    """Return the media type of an image that `inspect` accepts."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return f"image/{str(image.format).lower()}"


def _upright(image: Image.Image) -> Image.Image:
    """Return the first frame as RGB, turned as its EXIF data says, on white where it is transparent."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        # 16 bits a pixel; Pillow's own conversion would cut off instead of scaling.
        return Image.fromarray((np.asarray(upright).astype(np.float32) / 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if upright.has_transparency_data:
        visible = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", visible.size, "white"), visible).convert("RGB")
    return upright.convert("RGB")
