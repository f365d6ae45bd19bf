"""Names for the points of MediaPipe's 478-point face mesh, and the plain distances that are measured on them.

Shapes: T frames, P = 478 mesh points, C = 2 or 3 coordinates. "Left" and "right" are the image's sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

NUM_POINTS = 478

OUTER_EYES = (33, 263)  # outer corners, left and right in the image
INNER_EYES = (133, 362)
NOSE_BOTTOM = 2
NOSE_BRIDGE = (168, 6, 197, 195)
RIGID = (33, 133, 362, 263, 168, 6, 197, 195)
"""Eye corners and nose bridge: they follow the skull, not speech. The crop is aligned on them."""

INNER_LIPS = (13, 14)  # middle of the inner contour: upper, lower
INNER_CORNERS = (78, 308)  # of the inner contour
MOUTH_CORNERS = (61, 291)
SUBNASALE = 2
CHIN = 152

LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,  # outer
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,  # inner
)  # fmt: skip
"""All points of the mesh's two contours of the lips, each clockwise from the left corner."""

MOUTH = (
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,  # outer contour, clockwise from the left corner
    78, 81, 13, 311, 308, 402, 14, 178,  # inner contour, clockwise from the left corner
)  # fmt: skip
"""The twenty mouth points of the 68-point layout (its 48-67), for landmark distances."""


def lip_opening(points_TPC: Array) -> Array:
    """Opening of the inner lips over the distance of the outer eye corners, per frame ``[T]``."""
    plane_TP2 = np.asarray(points_TPC)[..., :2]
    upper, lower = INNER_LIPS
    left, right = OUTER_EYES
    gap_T = np.linalg.norm(plane_TP2[:, upper] - plane_TP2[:, lower], axis=-1)
    eyes_T = np.linalg.norm(plane_TP2[:, left] - plane_TP2[:, right], axis=-1)
    return (gap_T / np.maximum(eyes_T, 1e-6)).astype(np.float32)


def mouth_points(points_TPC: Array) -> Array:
    """The twenty mouth points in the image plane, ``[T, 20, 2]``."""
    return np.ascontiguousarray(np.asarray(points_TPC)[:, MOUTH, :2], dtype=np.float32)
