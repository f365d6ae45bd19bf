"""Antialiased, soft-edged polygons on a small canvas: the brush of the drawn faces.

Shapes: points are [N, 2] in canvas pixels (x, y); the canvas is HWC uint8 RGB (+ alpha as 4th channel).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[Any]
_FULL = (255.0,)
_SHIFT = 4  # fractional bits of cv2's fixed-point coordinates


def polygon(
    canvas: np.ndarray,
    points: Points,
    colour: Sequence[float],
    *,
    opacity: float = 1.0,
    soften: float = 0.0,
    clip: np.ndarray | None = None,
) -> None:
    """Fill a polygon in place; ``soften``: standard deviation of its edge in pixels, ``clip``: an HW mask."""
    box = _box(canvas, points, soften)
    if box is None or opacity <= 0:
        return
    left, top, right, bottom = box
    mask = np.zeros((bottom - top, right - left), np.uint8)
    moved = np.round((points - (left, top)) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [moved], _FULL, cv2.LINE_AA, _SHIFT)
    _blend(canvas[top:bottom, left:right], _finish(mask, soften, clip, box), colour, opacity)


def stroke(
    canvas: np.ndarray,
    points: Points,
    colour: Sequence[float],
    *,
    width: float,
    opacity: float = 1.0,
    soften: float = 0.0,
    clip: np.ndarray | None = None,
) -> None:
    """Draw an open line of round ends in place; see :func:`polygon`."""
    box = _box(canvas, points, soften + width)
    if box is None or opacity <= 0:
        return
    left, top, right, bottom = box
    mask = np.zeros((bottom - top, right - left), np.uint8)
    moved = np.round((points - (left, top)) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(mask, [moved], False, _FULL, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    _blend(canvas[top:bottom, left:right], _finish(mask, soften, clip, box), colour, opacity)


def polygon_mask(shape: tuple[int, ...], points: Points) -> np.ndarray:
    """HW uint8 mask of an antialiased polygon; of ``shape`` the first two sizes count."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points * (1 << _SHIFT)).astype(np.int32)], _FULL, cv2.LINE_AA, _SHIFT)
    return mask


def lay_over(canvas: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> None:
    """Lay an HWC layer over an HW4 canvas in place: copy where the mask is full, blend along its edge."""
    np.copyto(canvas[..., :3], colour, where=(mask == 255)[..., None])
    rows, columns = np.nonzero((mask > 0) & (mask < 255))
    weight = mask[rows, columns, None].astype(np.float32) / 255
    below, above = canvas[rows, columns], colour[rows, columns]
    mixed = np.where(below[:, 3:] == 0, above, below[:, :3] * (1 - weight) + above * weight)
    np.maximum(canvas[..., 3], mask, out=canvas[..., 3])
    canvas[rows, columns, :3] = np.rint(mixed).astype(np.uint8)


def _finish(
    mask: np.ndarray, soften: float, clip: np.ndarray | None, box: tuple[int, int, int, int]
) -> np.ndarray:
    if soften > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), soften)
    if clip is not None:
        left, top, right, bottom = box
        mask = cv2.multiply(mask, clip[top:bottom, left:right], scale=1 / 255)
    return mask


def _box(canvas: np.ndarray, points: Points, margin: float) -> tuple[int, int, int, int] | None:
    reach = 3 * margin + 2
    height, width = canvas.shape[:2]
    left, top = np.floor(points.min(axis=0) - reach).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + reach).astype(int)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _blend(region: np.ndarray, mask: np.ndarray, colour: Sequence[float], opacity: float) -> None:
    """Lay a colour over a region; an alpha channel grows with the mask."""
    weight = mask.astype(np.float32)[..., None] * (opacity / 255)
    target = np.empty(region.shape[2], np.float32)
    target[:3] = colour
    target[3:] = 255
    mixed = region + (target - region) * weight
    np.copyto(region, np.rint(mixed), casting="unsafe")
