"""Marks that say that pictures are synthetic: tags in the file, and a label that is seen.

Tags are plain metadata of each container, which anybody can remove: docs/consent.md says what they are worth.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LABEL = "AI-generated"
"""The visible label."""
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture that was taken and in part generated, as C2PA uses it too."""
_HEIGHT_SHARE, _LEAST_PX = 0.026, 9
"""Size of the label's type, of the picture's shorter side."""
_SHADE = 0.55
"""How far the label's box darkens the picture."""
_PNG_HEADER_BYTES = 8 + 25
_GIF_TRAILER = b"\x3b"
_GIF_BLOCK = 255


def film_tags(model: str) -> dict[str, str]:
    """Tag -> text. MP4 has places for the first two; Matroska, WebM and PNG take any."""
    try:
        own = f"talkface {version('talkface')}"
    except PackageNotFoundError:
        own = "talkface"
    said = f"{LABEL}: synthetic talking face, made from a photo and a sound by {own}, model {model}"
    return {"comment": said, "description": f"{said}. Digital source type: {SOURCE_TYPE}"}


class VisibleLabel:
    """The label for pictures of one size, in the lower left corner."""

    def __init__(self, height: int, width: int):
        share_hw, ink_hw = _label(height, width)
        rows, columns = share_hw.shape
        edge = min(max(2, rows // 3), height - rows, width - columns)
        self._top, self._left = height - rows - edge, edge
        self._keep_hw1 = (1 - share_hw)[..., None]
        self._add_hw1 = 255 * ink_hw[..., None]

    def drawn_on(self, picture_HW3: np.ndarray, top: int = 0, left: int = 0) -> np.ndarray:
        """A copy of the picture with the label, or of a part that begins at row ``top``, column ``left``."""
        labelled_HW3 = picture_HW3.copy()
        rows, own_rows = _overlap(self._top - top, len(self._keep_hw1), len(picture_HW3))
        columns, own_columns = _overlap(self._left - left, self._keep_hw1.shape[1], picture_HW3.shape[1])
        below_hw3 = labelled_HW3[rows, columns]
        keep_hw1, add_hw1 = (whole[own_rows, own_columns] for whole in (self._keep_hw1, self._add_hw1))
        below_hw3[:] = (keep_hw1 * below_hw3 + add_hw1).round()
        return labelled_HW3


def _overlap(start: int, length: int, limit: int) -> tuple[slice, slice]:
    """Of a stretch that begins at ``start``: what is inside 0 to ``limit``, there and in the stretch."""
    first, last = (min(max(edge, 0), limit) for edge in (start, start + length))
    return slice(first, last), slice(first - start, last - start)


def _label(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """How far the label covers each pixel of its box, and how white it is there: [h, w] from 0 to 1."""
    size = max(_LEAST_PX, round(_HEIGHT_SHARE * min(height, width)))
    font = ImageFont.load_default(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(LABEL))
    margin = max(2, size // 3)
    columns, rows = right - left + 2 * margin, bottom - top + 2 * margin
    box = Image.new("L", (columns, rows))
    ImageDraw.Draw(box).text((margin - left, margin - top), LABEL, fill=255, font=font)
    scale = min(1.0, width / columns, height / rows)
    if scale < 1:
        box = box.resize((max(1, int(columns * scale)), max(1, int(rows * scale))))
    ink_hw = np.asarray(box, np.float32) / 255
    return np.maximum(_SHADE, ink_hw), ink_hw


def tagged_png(content: bytes, tags: Mapping[str, str]) -> bytes:
    """A PNG with the tags as text, behind its header."""
    chunks = b"".join(
        _png_chunk(name.capitalize().encode("latin-1") + b"\0" + text.encode("latin-1", "replace"))
        for name, text in tags.items()
    )
    return content[:_PNG_HEADER_BYTES] + chunks + content[_PNG_HEADER_BYTES:]


def _png_chunk(text: bytes) -> bytes:
    content = b"tEXt" + text
    return len(text).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")


def tag_gif(path: Path, text: str) -> None:
    """Put a comment before the end of a GIF: ffmpeg writes none."""
    content = text.encode("ascii", "replace")
    pieces = [content[start : start + _GIF_BLOCK] for start in range(0, len(content), _GIF_BLOCK)]
    comment = b"\x21\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
    with path.open("rb+") as file:
        file.seek(-1, 2)
        assert file.read(1) == _GIF_TRAILER, f"{path} does not end as a GIF does"
        file.seek(-1, 2)
        file.write(comment + _GIF_TRAILER)
