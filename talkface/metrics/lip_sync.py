"""Distance, confidence and offset of lips and sound from the embeddings of any network with two towers.

Shapes: N windows, E numbers of an embedding, O offsets from -OFFSETS to OFFSETS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

OFFSETS = 15
"""Offsets from -15 to 15 frames are looked at."""
_EPSILON = 1e-6
"""torch's, added to each difference before the norm."""

Curve = npt.NDArray[np.float64]
"""Mean distance at each offset of the sound against the lips [O]; NaN where it is not looked at."""


def padded_distances(lips_NE: npt.NDArray[Any], sound_NE: npt.NDArray[Any]) -> Curve:
    """Over all windows; beyond the clip's ends the sound's embedding is zero (SyncNet's authors' code)."""
    windows = len(lips_NE)
    padded = np.pad(sound_NE.astype(np.float64), ((OFFSETS, OFFSETS), (0, 0)))
    return np.array([_distance(lips_NE, padded[start : start + windows]) for start in range(2 * OFFSETS + 1)])


def overlapping_distances(lips_NE: npt.NDArray[Any], sound_NE: npt.NDArray[Any]) -> Curve:
    """Over the windows that have a partner in the clip, for embeddings of unit length, to which zero is near.

    Offsets that leave fewer than half of the windows are not looked at.
    """
    windows = len(lips_NE)
    farthest = min(OFFSETS, windows // 2)
    curve_O = np.full(2 * OFFSETS + 1, np.nan)
    for offset in range(-farthest, farthest + 1):
        lips = lips_NE[max(0, -offset) : windows - max(0, offset)]
        sound = sound_NE[max(0, offset) : windows - max(0, -offset)]
        curve_O[OFFSETS + offset] = _distance(lips, sound)
    return curve_O


def of_curve(curve_O: Curve) -> tuple[float, float, int]:
    """Least distance (LSE-D), median less least distance (LSE-C; Prajwal et al. 2020), and the offset.

    The offset's sign is that of SyncNet's authors: positive where the sound is early.
    """
    least = int(np.nanargmin(curve_O))
    return float(curve_O[least]), float(np.nanmedian(curve_O) - curve_O[least]), OFFSETS - least


def at_offset_0(curve_O: Curve) -> float:
    """Median less the distance at offset 0: LSE-C of a clip in sync, but near 0 or below out of sync."""
    return float(np.nanmedian(curve_O) - curve_O[OFFSETS])


def _distance(one_NE: npt.NDArray[Any], other_NE: npt.NDArray[Any]) -> float:
    return float(np.linalg.norm(one_NE - other_NE.astype(np.float64) + _EPSILON, axis=-1).mean())
