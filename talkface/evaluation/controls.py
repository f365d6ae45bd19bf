"""The control rows of every table: the scores of a frozen or a perfect mouth. Imports no torch.

Shapes: T frames, P mesh points, D coordinates.
"""

from __future__ import annotations

import numpy as np

from talkface.data.first_face import first_detected
from talkface.features.landmarks import mouth_points

COPIES = ("static", "mean_mouth", "ground_truth")
"""Controls that repeat true frames; the fourth, ``autoencoder``, passes them through the VQ autoencoder."""


def shown_frames(method: str, points_TPD: np.ndarray, detected_T: list[bool]) -> np.ndarray:
    """Which true frame a control shows at each frame, int ``[T]``.

    ``static``: the first with a detected face, held. ``mean_mouth``: the one whose mouth (20 points, centred
    on their mean) is nearest to the clip's mean mouth, held. ``ground_truth``: every frame itself. Raises
    ``ValueError`` for another method.
    """
    num_frames = len(detected_T)
    if method == "ground_truth":
        return np.arange(num_frames)
    if method == "static":
        return np.full(num_frames, first_detected(detected_T))
    if method != "mean_mouth":
        raise ValueError(f"unknown control '{method}': choose from {COPIES}")
    mouth_TP2 = mouth_points(points_TPD).astype(np.float64)
    mouth_TP2 -= mouth_TP2.mean(axis=1, keepdims=True)
    distance_T = np.linalg.norm(mouth_TP2 - mouth_TP2.mean(axis=0), axis=-1).mean(axis=1)
    return np.full(num_frames, int(distance_T.argmin()))


def mean_mouth_points(points_TPD: np.ndarray) -> np.ndarray:
    """The true landmarks' mean over the clip at every frame: ``[T, P, D]``.

    No picture has exactly these points. They are those of an oracle that knows the whole clip and freezes its
    mouth in the middle: a stricter control for landmark distances than any frozen frame, tracked or not.
    """
    mean_PD = np.asarray(points_TPD, dtype=np.float64).mean(axis=0).astype(np.float32)
    return np.repeat(mean_PD[None], len(points_TPD), axis=0)
