"""Puts a generated crop back into the photo that its face is from.

Shapes: H and W of the photo, S crop size.
"""

from __future__ import annotations

import cv2
import numpy as np

_FEATHER = 0.12  # of the crop: how far inside its border the blending begins
_SAME, _OTHER = 6.0, 20.0
"""Of 255: differences up to which the photo stays, and from which the crop replaces it."""


def paste(
    face_SS3: np.ndarray, own_SS3: np.ndarray, picture_HW3: np.ndarray, affine: np.ndarray
) -> np.ndarray:
    """A copy of a photo with what a generated crop changes of its face.

    Where the crop shows what the photo's own crop shows, the photo stays to the bit, and as sharp as it is.

    Args:
        face_SS3: the generated crop.
        own_SS3: the photo's own.
        picture_HW3: the photo.
        affine: [2, 3], from photo to crop.
    """
    size = len(face_SS3)
    corners = np.array([[[0, 0], [size, 0], [0, size], [size, size]]], np.float64)
    corners_42 = cv2.transform(corners, cv2.invertAffineTransform(affine))[0]
    limits_2 = picture_HW3.shape[1::-1]
    left, top = np.clip(np.floor(corners_42.min(0)).astype(int) - 1, 0, limits_2)
    right, bottom = np.clip(np.ceil(corners_42.max(0)).astype(int) + 1, 0, limits_2)
    pasted_HW3 = picture_HW3.copy()
    if left == right or top == bottom:
        return pasted_HW3
    here, shape = affine.astype(np.float64), (int(right - left), int(bottom - top))
    here[:, 2] += here[:, :2] @ (left, top)
    ramp_S = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (_FEATHER * size), 0, 1)
    share_SS = (np.minimum.outer(ramp_S, ramp_S) * _changed(face_SS3, own_SS3)).astype(np.float32)
    back = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
    face_hw3 = cv2.warpAffine(face_SS3, here, shape, flags=back, borderMode=cv2.BORDER_REPLICATE)
    share_hw = cv2.warpAffine(share_SS, here, shape, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR)
    share_hw1 = share_hw[..., None]
    part_hw3 = pasted_HW3[top:bottom, left:right]
    part_hw3[:] = (share_hw1 * face_hw3 + (1 - share_hw1) * part_hw3).round()
    return pasted_HW3


def _changed(face_SS3: np.ndarray, own_SS3: np.ndarray) -> np.ndarray:
    """How far a crop replaces the photo's own, [S, S] from 0 to 1: by how much they differ thereabouts."""
    difference_SS = np.abs(face_SS3.astype(np.float32) - own_SS3).max(-1)
    near_SS = cv2.GaussianBlur(cv2.dilate(difference_SS, np.ones((5, 5))), (0, 0), 0.015 * len(face_SS3))
    return np.clip((near_SS - _SAME) / (_OTHER - _SAME), 0, 1)
