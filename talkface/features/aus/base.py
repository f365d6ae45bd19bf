"""What every AU labeller offers.

Shapes: T frames, P = 478 mesh points, S crop size, A = 5 AUs in the order of
``talkface.artifacts.schemas.AU_NAMES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from talkface.features.aus.speaker import Statistics, fit_statistics, scale

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class AuError(ValueError):
    """A labeller that cannot be used, or labels that do not fit their clip; the message names the remedy."""


@dataclass(frozen=True)
class ClipFrames:
    """One clip as a labeller sees it: the mesh, and the crops for those who look at pictures."""

    clip: str  # "speaker/utterance"
    points: Floats  # [T, P, 3], crop pixels
    detected: Bools  # [T]
    images: Callable[[], npt.NDArray[np.uint8]]  # [T, S, S, 3], decoded when asked for


@dataclass(frozen=True)
class RawLabels:
    """Raw intensities of one clip, each frame by itself as far as the labeller allows."""

    raw: Floats  # [T, 5], 0-5
    detected: Bools  # [T]: seen, not bridged
    presence: Bools | None = None  # [T, 5] where the labeller decides it, else by threshold


class Labeller(Protocol):
    """One way to label AUs. ``name`` and ``version`` go beside every figure that rests on the labels."""

    name: str
    version: str

    def label(self, frames: ClipFrames) -> RawLabels:
        """Raw labels of one clip."""

    def speaker_statistics(self, raw_TA: Floats, detected_T: Bools) -> Statistics:
        """A speaker's scale over all the speaker's frames."""

    def normalise(self, raw_TA: Floats, statistics: Statistics) -> Floats:
        """Intensities 0-5 on the speaker's scale."""

    def close(self) -> None:
        """Free what the labeller holds."""


class PlainScale:
    """Speaker's scale for labellers that tell the units apart themselves."""

    def speaker_statistics(self, raw_TA: Floats, detected_T: Bools) -> Statistics:
        """A speaker's scale over all the speaker's frames."""
        return fit_statistics(raw_TA, detected_T)

    def normalise(self, raw_TA: Floats, statistics: Statistics) -> Floats:
        """Intensities 0-5 on the speaker's scale."""
        return scale(raw_TA, statistics)

    def close(self) -> None:
        """Nothing is held."""


def fill_missed(values_TA: Floats, seen_T: Bools) -> Floats:
    """Values of frames not seen, by interpolation between those that were; 0 where none was."""
    if not seen_T.any():
        return np.zeros_like(values_TA)
    every, known = np.arange(len(values_TA)), np.flatnonzero(seen_T)
    columns = [np.interp(every, known, values_TA[known, unit]) for unit in range(values_TA.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)
