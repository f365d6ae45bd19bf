"""Frames side by side, with labels. Imports no torch.

Shapes: H rows, W columns, 3 colours (RGB).
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

_LABEL_PX = 22
_INK, _PAPER = (40, 40, 40), 255


def enlarge(image_HW3: np.ndarray, factor: int) -> np.ndarray:
    """The picture ``factor`` times as large, by Lanczos interpolation."""
    height, width = image_HW3.shape[:2]
    return cv2.resize(image_HW3, (width * factor, height * factor), interpolation=cv2.INTER_LANCZOS4)


def label_below(image_HW3: np.ndarray, text: str) -> np.ndarray:
    """The picture with a strip of 22 px under it that carries the text in ASCII."""
    strip = np.full((_LABEL_PX, image_HW3.shape[1], 3), _PAPER, np.uint8)
    cv2.putText(strip, text, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return np.concatenate([image_HW3, strip])


def side_by_side(pictures: Mapping[str, np.ndarray], factor: int = 3) -> np.ndarray:
    """Pictures of one size in a row, enlarged, each with its name under it."""
    return np.concatenate(
        [label_below(enlarge(image_HW3, factor), name) for name, image_HW3 in pictures.items()], axis=1
    )
