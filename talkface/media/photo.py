"""Reads a person's photo, as cameras, phones and drawing programs write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

_BACKGROUND = (255, 255, 255)
"""Behind what is transparent: colours hidden there must not appear."""


def read_photo(path: Path) -> np.ndarray:
    """A picture as RGB uint8 [H, W, 3], turned upright as its camera noted, on white where it is transparent.

    Of several pictures in one file the first is taken.

    Raises:
        ValueError: no such file, not a picture, a damaged or a far too large one; the message names it.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; give a PNG or JPEG picture that shows a face")
    try:
        with Image.open(path) as opened:
            picture = _eight_bits(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path}: too large a picture ({error}); make it smaller") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files of any kind
        raise ValueError(f"{path}: not a readable picture ({error}); give a PNG or JPEG file") from error
    if not picture.has_transparency_data:
        return np.array(picture.convert("RGB"))
    shown = Image.new("RGBA", picture.size, (*_BACKGROUND, 255))
    shown.alpha_composite(picture.convert("RGBA"))
    return np.array(shown.convert("RGB"))


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Pillow cuts off what is brighter than 255 in a grey picture of 16 bits."""
    if not picture.mode.startswith("I"):
        return picture
    return Image.fromarray((np.asarray(picture, np.float64) / 257).round().clip(0, 255).astype(np.uint8))
