"""How far the lips' paths over time lie apart, whatever the face's size, and when small delays are forgiven.

Shapes: T frames, P = 20 mouth points, F coordinates of a frame.
"""

from __future__ import annotations

import math

import numpy as np

from talkface.features.landmarks import MOUTH_CORNERS, mouth_points
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.lips import hold_missed, landmark_distance

GAMMA = 1.0e-3
"""How soft the smallest of three paths is taken, in squared mouth widths."""
BAND = 10
"""Frames that a path may be early or late: without a bound a whole other sentence is bent to fit."""


def score(clip: Clip) -> dict[str, Score]:
    """``lmd_normalised`` and ``soft_dtw``; a missed frame takes the value of *static*.

    ``lmd_normalised``: distance of the mouth points, each set centred on its own mean, over the clip's mean
    true mouth width. ``soft_dtw``: :func:`soft_dtw_divergence` of these points in mouth widths, per frame.
    Frames in which the truth was missed are left out.
    """
    (found_TP3, detected_T), (true_TP3, known_T) = clip.landmarks, clip.true_landmarks
    frames = int(known_T.sum())
    if not frames:
        return {"lmd_normalised": (None, 0), "soft_dtw": (None, 0)}
    held_TP3 = hold_missed(found_TP3, detected_T, true_TP3[0])
    found_TP2, true_TP2 = mouth_points(held_TP3[known_T]), mouth_points(true_TP3[known_T])
    left, right = MOUTH_CORNERS
    corners_T2 = true_TP3[known_T][:, left, :2] - true_TP3[known_T][:, right, :2]
    width = float(np.linalg.norm(corners_T2, axis=-1).mean())
    if not width:
        return {"lmd_normalised": (None, frames), "soft_dtw": (None, frames)}
    distance = float(landmark_distance(found_TP2, true_TP2).mean()) / width
    found_TF, true_TF = _path(found_TP2) / width, _path(true_TP2) / width
    return {
        "lmd_normalised": (distance, frames),
        "soft_dtw": (soft_dtw_divergence(found_TF, true_TF) / frames, frames),
    }


def _path(points_TP2: np.ndarray) -> np.ndarray:
    """Centred points as one vector a frame ``[T, F]``, so scaled that squares are means over points."""
    centred_TP2 = points_TP2.astype(np.float64) - points_TP2.mean(axis=1, keepdims=True)
    return centred_TP2.reshape(len(centred_TP2), -1) / np.sqrt(points_TP2.shape[1])


def soft_dtw_divergence(
    first_TF: np.ndarray, second_TF: np.ndarray, gamma: float = GAMMA, band: int = BAND
) -> float:
    """Soft-DTW of two paths, less the mean of each with itself: 0 for equal paths.

    Soft-DTW: Cuturi and Blondel 2017, squared Euclidean distances; the difference: Blondel et al. 2021.
    """
    own = soft_dtw(first_TF, first_TF, gamma, band) + soft_dtw(second_TF, second_TF, gamma, band)
    return soft_dtw(first_TF, second_TF, gamma, band) - own / 2


def soft_dtw(first_TF: np.ndarray, second_TF: np.ndarray, gamma: float = GAMMA, band: int = BAND) -> float:
    """Soft-DTW with squared Euclidean distances, along paths at most ``band`` frames off the diagonal.

    Raises ``ValueError`` for paths of other lengths, or of none.
    """
    if first_TF.shape != second_TF.shape or not len(first_TF):
        raise ValueError(f"paths must be equally long, got {first_TF.shape} and {second_TF.shape}")
    length, far = len(first_TF), math.inf
    above = {0: 0.0}  # the row before, by column: a long clip's whole table would not fit into memory
    for row in range(1, length + 1):
        columns = range(max(1, row - band), min(length, row + band) + 1)
        cost = ((second_TF[columns.start - 1 : columns.stop - 1] - first_TF[row - 1]) ** 2).sum(axis=-1)
        current: dict[int, float] = {}
        for column, here in zip(columns, cost.tolist(), strict=True):
            before = (above.get(column, far), current.get(column - 1, far), above.get(column - 1, far))
            least = min(before)
            soft = sum(math.exp((least - value) / gamma) for value in before)
            current[column] = here + least - gamma * math.log(soft)
        above = current
    return above[length]


_IN_TIME = ahead_of("ground_truth", "early", "late", "other_clip", "static")

METRIC = Metric(
    score,
    needs=("landmarks", "true_landmarks"),
    measures=(
        Measure(
            "lmd_mouth_widths", "LMD / mouth width", "lmd_normalised", "mean", 4, "low",
            "distance of 20 centred mouth points over the true mouth's mean width",
            unit="mouth widths", range=(0, None), region="mouth landmarks",
            source="ATVGnet, Chen et al. 2019; over the mouth's width: our own",
            blind="a mouth that does not move, as LMD is",
            orders=_IN_TIME,
        ),
        Measure(
            "soft_dtw_lips", "Soft-DTW lips", "soft_dtw", "median", 5, "low",
            "soft-DTW divergence of the mouth points' paths in squared mouth widths per frame, within 10 "
            "frames, median over clips",
            unit="squared mouth widths", range=(0, None), region="mouth landmarks",
            source="Cuturi and Blondel 2017, Blondel et al. 2021; on lips in mouth widths: our own",
            blind="delays of some frames, which it forgives; a mouth that stays in its mean",
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
    ),
    table="Detail and shape of the lips",
)  # fmt: skip
