"""AU intensities measured on the face mesh: no model of its own, one frame at a time, pose-normalised.

Each frame's mesh is turned to the front by a rigid fit of skull points (eye corners, nose bridge, forehead,
temples) to a mean skull; lengths are then in units of the outer-eye distance. Five linear measures follow the
description of the units in FACS (Ekman & Friesen 1978):

=====  =================================================================================================
AU10   the upper lip's upper edge nears the nose, beyond a share of what parts the lips
AU14   corners drawn up and back; a smile (AU12) does that too and is not separated
AU20   mouth widened with the corners not raised
AU25   distance of the inner lips
AU26   chin lowered, beyond what parting the lips does to the mesh
=====  =================================================================================================

*Raw* intensity maps the span of each measure over people and expressions linearly to 0-5. Face length, lip
thickness and mouth width are part of a single frame's measure, so a face at rest lies above 0 in all but
AU25; only :func:`normalise` uses a speaker's own rest.

Shapes: T frames, P = 478 mesh points, C = 3 coordinates, A = 5 AUs in the order of
``talkface.artifacts.schemas.AU_NAMES``, K skull points.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from talkface.features.aus.base import ClipFrames, RawLabels
from talkface.features.aus.speaker import Statistics, fit_statistics, scale
from talkface.features.landmarks import CHIN, INNER_LIPS, MOUTH_CORNERS, SUBNASALE

Array = npt.NDArray[np.floating]

VERSION = "2"
_UPPER_LIP_EDGE = 0
_CHIN_BOSS = 200  # the mesh moves it with the jaw more surely than the chin's very edge

# Mean skull over eleven GRID speakers, mirrored and averaged (benchmarks/mean_skull.py prints it); outer-eye
# distance 1, y down, z into the head.
_SKULL = {
    33: (-0.5, 0.0, 0.0), 263: (0.5, 0.0, 0.0),
    133: (-0.1920, 0.0201, -0.0607), 362: (0.1920, 0.0201, -0.0607),
    168: (0.0, -0.0430, -0.2541), 6: (0.0, 0.0493, -0.3052),
    197: (0.0, 0.1328, -0.3637), 195: (0.0, 0.2081, -0.4271),
    8: (0.0, -0.1402, -0.2590), 9: (0.0, -0.2446, -0.2738),
    151: (0.0, -0.4507, -0.2406), 10: (0.0, -0.6389, -0.1966),
    67: (-0.3965, -0.5974, -0.1049), 297: (0.3965, -0.5974, -0.1049),
    54: (-0.6733, -0.4143, 0.1662), 284: (0.6733, -0.4143, 0.1662),
    127: (-0.7896, 0.0673, 0.5695), 356: (0.7896, 0.0673, 0.5695),
}  # fmt: skip

# Measures (in outer-eye distances) at raw 0 and raw 5: wide enough for GRID's speakers and the drawn ones.
_AT_ZERO = np.array([-0.30, -0.27, 0.52, 0.00, 0.56])
_AT_FIVE = np.array([-0.07, 0.06, 0.95, 0.22, 0.86])
_UNIT = (_AT_FIVE - _AT_ZERO) / 5
_EDGE_FROM_GAP = 0.08  # how far the upper lip rises when the lips part by 1: mean over ten GRID speakers
_CHIN_FROM_GAP = 0.3  # share of the lips' parting that the mesh hands on to the chin (drawn faces: 0.28-0.40)
_GAP_FROM_JAW = 0.9  # how far the lips part by themselves when the chin drops by 1 (drawn faces: 0.80-1.05)
_MOST_FROM_JAW = 0.6  # but some of an open gap is always left to AU25


def turn_to_front(points_TPC: Array) -> npt.NDArray[np.float64]:
    """Meshes in the mean skull's frame: upright, frontal, outer eyes about 1 apart, origin between them."""
    points = np.asarray(points_TPC, np.float64)
    skull_KC = np.array(list(_SKULL.values()))
    seen_TKC = points[:, list(_SKULL)]
    seen_mean, skull_mean = seen_TKC.mean(1, keepdims=True), skull_KC.mean(0)
    a, b = seen_TKC - seen_mean, skull_KC - skull_mean
    u, values, vt = np.linalg.svd(np.einsum("tki,kj->tij", a, b))  # orthogonal Procrustes (Kabsch), per frame
    sign = np.ones_like(values)
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = u @ (sign[..., None] * vt)
    size = (values * sign).sum(1) / np.maximum((a**2).sum((1, 2)), 1e-12)
    return size[:, None, None] * ((points - seen_mean) @ rotation) + skull_mean


def measures(points_TPC: Array) -> npt.NDArray[np.float64]:
    """The five measures ``[T, 5]`` in outer-eye distances."""
    return measures_of_front(turn_to_front(points_TPC))


def measures_of_front(front: Array) -> npt.NDArray[np.float64]:
    """The five measures ``[T, 5]`` of meshes ``[T, P, C]`` that look to the front, linear in their points."""
    upper, lower = front[:, INNER_LIPS[0]], front[:, INNER_LIPS[1]]
    left, right = front[:, MOUTH_CORNERS[0]], front[:, MOUTH_CORNERS[1]]
    nose_y = front[:, SUBNASALE, 1]
    gap = lower[:, 1] - upper[:, 1]
    width = right[:, 0] - left[:, 0]
    corner_y = (left[:, 1] + right[:, 1]) / 2 - nose_y
    corner_z = (left[:, 2] + right[:, 2] - upper[:, 2] - lower[:, 2]) / 2
    edge_y = front[:, _UPPER_LIP_EDGE, 1] - nose_y
    chin_y = (front[:, CHIN, 1] + front[:, _CHIN_BOSS, 1]) / 2 - nose_y
    return np.stack(
        [
            -edge_y - _EDGE_FROM_GAP * gap,
            -corner_y + corner_z,
            width + 0.5 * corner_y,
            gap,
            chin_y - _CHIN_FROM_GAP * gap,
        ],
        axis=1,
    )


def raw_intensities(points_TPC: Array) -> npt.NDArray[np.float32]:
    """Raw intensities ``[T, 5]``, 0-5, each frame by itself."""
    raw = (measures(points_TPC) - _AT_ZERO) / _UNIT
    return np.clip(raw, 0, 5).astype(np.float32)


def activity(raw_TA: Array, neutral_A: Array) -> npt.NDArray[np.float64]:
    """Movement ``[T, 5]`` away from the speaker's rest, not below 0, in raw units.

    A dropping jaw parts the lips by itself: that share of the gap belongs to AU26 and is taken off AU25. It
    is never the whole gap, so shut lips stay at 0 and open ones above it.
    """
    moved = np.maximum(np.asarray(raw_TA, np.float64) - neutral_A, 0)
    gap = moved[:, 3] * _UNIT[3]
    jaw = moved[:, 4] * _UNIT[4] + _CHIN_FROM_GAP * gap
    moved[:, 3] = (gap - np.minimum(_MOST_FROM_JAW * gap, _GAP_FROM_JAW * jaw)) / _UNIT[3]
    return moved


def speaker_statistics(raw_TA: Array, detected_T: npt.NDArray[np.bool_] | None = None) -> Statistics:
    """A speaker's rest and range over all frames given; bridged frames are left out."""
    return fit_statistics(raw_TA, detected_T, activity)


def normalise(raw_TA: Array, statistics: Statistics) -> npt.NDArray[np.float32]:
    """Intensities ``[T, 5]``, 0-5, on the speaker's statistics."""
    return scale(raw_TA, statistics, activity)


class GeometricLabeller:
    """The default backend; see the head of this file."""

    name = "geometric"
    version = f"geometric {VERSION} on MediaPipe's face mesh"

    def label(self, frames: ClipFrames) -> RawLabels:
        """Raw labels of one clip from its mesh."""
        return RawLabels(raw_intensities(frames.points), frames.detected)

    def speaker_statistics(self, raw_TA: Array, detected_T: npt.NDArray[np.bool_]) -> Statistics:
        """A speaker's rest and range."""
        return speaker_statistics(raw_TA, detected_T)

    def normalise(self, raw_TA: Array, statistics: Statistics) -> npt.NDArray[np.float32]:
        """Intensities 0-5 on the speaker's scale."""
        return normalise(raw_TA, statistics)

    def close(self) -> None:
        """Nothing is held."""
