"""Puts generated crops back into the photo that their face is from.

Shapes: H and W of the photo, h and w of the part of it that may change, S crop size.
"""

from __future__ import annotations

import cv2
import numpy as np

_FEATHER = 0.12  # of the crop: how far inside its border the blending begins
_SAME, _OTHER = 6.0, 20.0
"""Of 255: differences up to which the photo stays, and from which the crop replaces it."""


class Pasting:
    """The part of a photo that a face's crops may change, and what they change there.

    Where a crop shows what the photo's own crop shows, the photo stays to the bit, and as sharp as it is.

    Args:
        own_SS3: the photo's own crop.
        picture_HW3: the photo.
        affine: [2, 3], from photo to crop.
    """

    def __init__(self, own_SS3: np.ndarray, picture_HW3: np.ndarray, affine: np.ndarray) -> None:
        size = len(own_SS3)
        corners = np.array([[[0, 0], [size, 0], [0, size], [size, size]]], np.float64)
        corners_42 = cv2.transform(corners, cv2.invertAffineTransform(affine))[0]
        # even, as films hold one colour for 2 x 2 pixels: the part can be encoded by itself
        first_2 = np.floor((corners_42.min(0) - 1) / 2).astype(int) * 2
        last_2 = np.ceil((corners_42.max(0) + 1) / 2).astype(int) * 2
        limits_2 = np.array(picture_HW3.shape[1::-1])
        self.left, self.top = (int(edge) for edge in np.clip(first_2, 0, (limits_2 - 1) // 2 * 2))
        right, bottom = (int(edge) for edge in np.clip(last_2, [self.left + 2, self.top + 2], limits_2))
        self._photo_hw3 = picture_HW3[self.top : bottom, self.left : right]
        self._shape = (right - self.left, bottom - self.top)
        self._own_SS3 = own_SS3.astype(np.float32)
        self._here = affine.astype(np.float64)
        self._here[:, 2] += self._here[:, :2] @ (self.left, self.top)
        ramp_S = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (_FEATHER * size), 0, 1)
        self._ramp_SS = np.minimum.outer(ramp_S, ramp_S).astype(np.float32)

    def part(self, face_SS3: np.ndarray) -> np.ndarray:
        """The part [h, w, 3] of the photo, at (``top``, ``left``), with what a generated crop changes."""
        share_SS = self._ramp_SS * self._changed(face_SS3)
        back = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
        face_hw3 = cv2.warpAffine(
            face_SS3, self._here, self._shape, flags=back, borderMode=cv2.BORDER_REPLICATE
        )
        share_hw = cv2.warpAffine(
            share_SS, self._here, self._shape, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        )
        part_hw3 = self._photo_hw3.copy()
        rows, columns = _box(share_hw)
        share_hw1, photo_hw3 = share_hw[rows, columns, None], self._photo_hw3[rows, columns]
        part_hw3[rows, columns] = (share_hw1 * face_hw3[rows, columns] + (1 - share_hw1) * photo_hw3).round()
        return part_hw3

    def _changed(self, face_SS3: np.ndarray) -> np.ndarray:
        """How far a crop replaces the photo's own, [S, S] from 0 to 1: by how much they differ
        thereabouts."""
        difference_SS = np.abs(face_SS3.astype(np.float32) - self._own_SS3).max(-1)
        near_SS = cv2.GaussianBlur(
            cv2.dilate(difference_SS, np.ones((5, 5))), (0, 0), 0.015 * len(self._own_SS3)
        )
        return np.clip((near_SS - _SAME) / (_OTHER - _SAME), 0, 1)


def _box(share_hw: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns beyond which the share is 0."""
    left, top, width, height = cv2.boundingRect((share_hw > 0).view(np.uint8))
    return slice(top, top + height), slice(left, left + width)
