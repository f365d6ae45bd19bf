"""Landmark distance and lip correlation.

Shapes: T frames, P points, D coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STILL = 0.02
"""A mouth that moves less than this share of the truth's movement stands still: the mesh of a frozen picture,
smoothed over time, creeps by up to 0.007 of it, and what it creeps along with is chance."""


def hold_missed(points_TPD: np.ndarray, detected_T: np.ndarray, still_PD: np.ndarray) -> np.ndarray:
    """Points in which every frame without a detection takes ``still_PD``, the value of the control *static*.

    A generator that paints a face too bad to be found thus scores no better than a frozen picture; the share
    of such frames is reported beside it (docs/measurement.md, "Faces found").
    """
    return np.where(np.asarray(detected_T, dtype=bool)[:, None, None], points_TPD, still_PD[None])


def landmark_distance(prediction_TPD: np.ndarray, reference_TPD: np.ndarray) -> np.ndarray:
    """Mouth landmark distance of each frame ``[T]``, in the unit of the points (px of the crop).

    Each frame's points are centred on their own mean; then the mean Euclidean distance (LMD of ATVGnet, Chen
    et al. 2019, without normalisation of scale). Raises ``ValueError`` for different shapes.
    """
    if prediction_TPD.shape != reference_TPD.shape:
        raise ValueError(f"landmarks differ in shape: {prediction_TPD.shape} and {reference_TPD.shape}")
    prediction_TPD = prediction_TPD - prediction_TPD.mean(axis=1, keepdims=True)
    reference_TPD = reference_TPD - reference_TPD.mean(axis=1, keepdims=True)
    return np.linalg.norm(prediction_TPD - reference_TPD, axis=-1).mean(axis=1)


def correlation(prediction_T: np.ndarray, reference_T: np.ndarray) -> float | None:
    """Pearson correlation of two curves; ``None`` for a reference that is still or has under three frames.

    A prediction that stands still (:data:`STILL`) follows nothing: it scores 0 rather than dropping out of
    the median.
    """
    ratio = deviation_ratio(prediction_T, reference_T)
    if ratio is None:
        return None
    if ratio < STILL:
        return 0.0
    prediction_T = np.asarray(prediction_T, dtype=np.float64) - np.mean(prediction_T, dtype=np.float64)
    reference_T = np.asarray(reference_T, dtype=np.float64) - np.mean(reference_T, dtype=np.float64)
    return float(
        prediction_T @ reference_T / np.sqrt((prediction_T @ prediction_T) * (reference_T @ reference_T))
    )


def deviation_ratio(prediction_T: np.ndarray, reference_T: np.ndarray) -> float | None:
    """Standard deviation of the prediction over the reference's; ``None`` where the reference is still."""
    if len(reference_T) < 3 or _is_flat(reference_T):
        return None
    return float(np.std(prediction_T, dtype=np.float64) / np.std(reference_T, dtype=np.float64))


def spoken_frames(words_s: Sequence[tuple[float, float]], num_frames: int, fps: float) -> np.ndarray:
    """Which frames lie between the start of the first word and the end of the last: bool ``[T]``.

    ``words_s``: (start, end) of each word in seconds. A frame counts by its centre, ``(t + 0.5) / fps``.
    Without words the whole clip counts. Within the words, because sentences of one grammar share one rhythm
    of silence and speech, which would correlate by itself.
    """
    if not words_s:
        return np.ones(num_frames, dtype=bool)
    centre_T = (np.arange(num_frames) + 0.5) / fps
    return (centre_T >= min(start for start, _ in words_s)) & (centre_T < max(end for _, end in words_s))


def _is_flat(curve_T: np.ndarray) -> bool:
    # A held picture is constant up to the last bits of a mean; a "correlation" of those bits would be noise.
    return float(np.ptp(curve_T)) <= 1e-6 * max(1.0, float(np.max(np.abs(curve_T))))
