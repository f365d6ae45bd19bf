"""Reads a person's photo, as cameras, phones and drawing programs write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

_BACKGROUND = (255, 255, 255)
"""Behind what is transparent: colours hidden there must not appear."""


def read_photo(
    path: Path, *, formats: tuple[str, ...] | None = None, longest_px: int | None = None
) -> np.ndarray:
    """A picture as RGB uint8 [H, W, 3], turned upright as its camera noted, on white where it is transparent.

    Of several pictures in one file the first is taken.

    Args:
        path: a file of any kind that Pillow reads.
        formats: Pillow's names of the only kinds that are read; None: all.
        longest_px: the longer side that a larger picture is brought down to; None: it stays as it is.

    Raises:
        ValueError: no such file, not a picture, a damaged or a far too large one; the message names it.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; give a PNG or JPEG picture that shows a face")
    try:
        with Image.open(path, formats=formats) as opened:
            picture = _eight_bits(ImageOps.exif_transpose(_shrunk(opened, longest_px)))
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path}: too large a picture ({error}); make it smaller") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files of any kind
        raise ValueError(f"{path}: not a readable picture ({error}); give a PNG or JPEG file") from error
    if not picture.has_transparency_data:
        return np.array(picture.convert("RGB"))
    shown = Image.new("RGBA", picture.size, (*_BACKGROUND, 255))
    shown.alpha_composite(picture.convert("RGBA"))
    return np.array(shown.convert("RGB"))


def _shrunk(picture: Image.Image, longest_px: int | None) -> Image.Image:
    """Before anything is copied: a large picture is held in memory once."""
    if longest_px is None or max(picture.size) <= longest_px:
        return picture
    if picture.mode in ("1", "P", "PA"):  # their numbers are no brightness that could be averaged
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture = _eight_bits(picture)
    picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Pillow cuts off what is brighter than 255 in a grey picture of 16 bits."""
    if not picture.mode.startswith("I"):
        return picture
    values_HW = np.asarray(picture, np.float32) / 257
    np.rint(values_HW, out=values_HW)
    return Image.fromarray(np.clip(values_HW, 0, 255, out=values_HW).astype(np.uint8))
