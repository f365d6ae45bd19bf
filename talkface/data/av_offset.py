"""By how much a corpus' own sound is early or late: lip opening against loudness, without any network.

Shape legend: T frames, O offsets, K hops, M mel bands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from talkface.artifacts.schemas import LANDMARKS, MEL
from talkface.data.clip_store import ClipStore
from talkface.data.face_shapes import crop_points, lip_gap
from talkface.data.rows import each_clip, vectors
from talkface.data.windows import HOPS_PER_FRAME

FARTHEST = 15
"""Offsets from -15 to 15 frames are looked at."""


@dataclass(frozen=True)
class DataOffset:
    """Where lip opening and loudness agree best, over many clips."""

    frames: int
    """At the highest mean correlation; positive: the sound is early, as SyncNet counts."""
    correlation: float
    """There, mean over clips."""
    share_within_2: float
    """Share of clips that agree with it within two frames by themselves."""


def data_offset(
    landmarks: Sequence[Path], mel: Sequence[Path], lengths: Mapping[str, int], crop_size: int
) -> DataOffset:
    """The offset of these clips. Lips open for quiet sounds too, so it is right to a frame or two.

    Raises ``ValueError`` where no clip has lips and sound that change.
    """
    sounds: ClipStore[np.ndarray] = ClipStore(mel, MEL, lambda rows: vectors(rows, "mel"))
    curves = []
    for clip, table in each_clip(landmarks, LANDMARKS, lengths):
        opening_T = lip_gap(crop_points(vectors(table, "points"), crop_size)).numpy()
        curve_O = _correlations(opening_T, _loudness(sounds[clip], len(opening_T)))
        if curve_O is not None:
            curves.append(curve_O)
    if not curves:
        raise ValueError(
            f"none of {len(lengths)} training clips has lips and sound that change: an evaluator of lips and "
            "sound cannot be trained on them (metrics.evaluators.sync_evaluator.enabled: false)"
        )
    mean_O = np.ma.masked_invalid(curves).mean(axis=0).filled(-np.inf)
    best = int(mean_O.argmax())
    near = [abs(int(np.nanargmax(curve_O)) - best) <= 2 for curve_O in curves]
    return DataOffset(FARTHEST - best, float(mean_O[best]), float(np.mean(near)))


def _loudness(mel_KM: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float64]:
    """Mean log-power of each frame's four hops [T]; the last hop goes on where the sound ends before."""
    hops_T4 = HOPS_PER_FRAME * np.arange(frames)[:, None] + np.arange(HOPS_PER_FRAME)
    loud_K = mel_KM.astype(np.float64).mean(axis=1)
    return loud_K[np.minimum(hops_T4, len(loud_K) - 1)].mean(axis=1)


def _correlations(
    opening_T: npt.NDArray[np.float32], loud_T: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """Pearson correlation at each offset [O]; NaN at one that leaves less than half of the frames; None where
    lips or sound are still."""
    farthest = min(FARTHEST, len(opening_T) // 2)
    curve_O = np.full(2 * FARTHEST + 1, np.nan)
    for offset in range(-farthest, farthest + 1):
        lips = opening_T[max(0, -offset) : len(opening_T) - max(0, offset)].astype(np.float64)
        sound = loud_T[max(0, offset) : len(loud_T) - max(0, -offset)]
        if lips.std() < 1e-9 or sound.std() < 1e-9:
            return None
        curve_O[FARTHEST + offset] = np.corrcoef(lips, sound)[0, 1]
    return curve_O
