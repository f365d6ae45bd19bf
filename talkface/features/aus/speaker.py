"""A speaker's own scale: the face at rest, and the range of movement in speech.

Shapes: T frames, A = 5 AUs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Activity = Callable[[Array, Array], npt.NDArray[np.float64]]
"""(raw ``[T, A]``, neutral ``[A]``) -> movement away from rest ``[T, A]``, not below 0."""

_AU25 = 3
_REST_SHARE = 0.15  # the frames with the least parted lips show the face at rest
_REACH_PERCENTILE = 95.0
_REACH_INTENSITY = 3.5  # what that percentile is called on the scale of 0-5
_LEAST_REACH = 0.15  # raw units: a unit that a speaker hardly moves is not blown up into noise


@dataclass(frozen=True)
class Statistics:
    """Raw intensity at rest, and raw movement that counts as intensity 3.5; one value an AU."""

    neutral: tuple[float, ...]
    reach: tuple[float, ...]

    def as_dict(self) -> dict[str, list[float]]:
        """For the metadata of a table."""
        return {"neutral": list(self.neutral), "reach": list(self.reach)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Statistics:
        """Back from :meth:`as_dict`."""
        return cls(tuple(map(float, content["neutral"])), tuple(map(float, content["reach"])))


def plain_activity(raw_TA: Array, neutral_A: Array) -> npt.NDArray[np.float64]:
    """Movement away from rest where the labeller has already told the units apart."""
    return np.maximum(np.asarray(raw_TA, np.float64) - neutral_A, 0)


def fit_statistics(
    raw_TA: Array, detected_T: npt.NDArray[np.bool_] | None = None, activity: Activity = plain_activity
) -> Statistics:
    """Statistics over all of a speaker's frames; rest is 0 and reach minimal where no frame shows a face."""
    raw = np.asarray(raw_TA, np.float64)
    if detected_T is not None:
        raw = raw[np.asarray(detected_T, bool)]
    if len(raw) == 0:
        return Statistics((0.0,) * 5, (_LEAST_REACH,) * 5)
    parted = raw[:, _AU25]
    neutral = np.median(raw[parted <= np.quantile(parted, _REST_SHARE)], axis=0)
    reach = np.percentile(activity(raw, neutral), _REACH_PERCENTILE, axis=0)
    return Statistics(tuple(neutral.tolist()), tuple(np.maximum(reach, _LEAST_REACH).tolist()))


def scale(
    raw_TA: Array, statistics: Statistics, activity: Activity = plain_activity
) -> npt.NDArray[np.float32]:
    """Intensities ``[T, A]``, 0-5: rest is 0, the speaker's reach 3.5."""
    moved = activity(raw_TA, np.array(statistics.neutral))
    return np.clip(moved / np.array(statistics.reach) * _REACH_INTENSITY, 0, 5).astype(np.float32)
