"""The drawn mouth: five action units and pucker -> lip contours in millimetres on the face (y down)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkface.corpora.synthetic.speaker_look import Identity

MAX_INTENSITY = 5.0
_SAMPLES = 41
U = np.linspace(-1.0, 1.0, _SAMPLES)  # along the mouth, corner to corner
_ARCH = 1.0 - U**2


@dataclass(frozen=True)
class Mouth:
    """Contours over ``U`` in mm; ``x`` is shared by the four."""

    x: np.ndarray
    outer_up: np.ndarray
    inner_up: np.ndarray
    inner_low: np.ndarray
    outer_low: np.ndarray
    jaw_drop: float  # mm by which the chin is lower than at rest
    raise_lip: float  # AU10, 0-1
    dimple: float  # AU14, 0-1
    stretch: float  # AU20, 0-1
    pucker: float  # 0-1

    @property
    def gap_mm(self) -> float:
        """Distance of the inner lips in the middle."""
        middle = _SAMPLES // 2
        return float(self.inner_low[middle] - self.inner_up[middle])

    @property
    def width_mm(self) -> float:
        """Distance of the corners."""
        return float(self.x[-1] - self.x[0])


def shape_mouth(identity: Identity, aus: Sequence[float] | np.ndarray, pucker: float = 0.0) -> Mouth:
    """Contours for AU10, AU14, AU20, AU25, AU26 (0-5 each) and ``pucker`` (0-1, rounding, none of the five).

    Each unit has its own degree of freedom: AU10 lifts the upper lip towards the nose, AU14 tightens and
    lifts the corners, AU20 stretches them apart and down, AU25 parts the lips, AU26 carries lower lip and
    chin down.
    """
    a10, a14, a20, a25, a26 = np.clip(np.asarray(aus, float), 0.0, MAX_INTENSITY) / MAX_INTENSITY
    pucker = float(np.clip(pucker, 0.0, 1.0))
    half = identity.mouth_width + 7.0 * a20 + 1.0 * a14 - 7.0 * pucker - 1.5 * a26
    up = 3.4 * a10 + 1.5 * a25
    low = -2.2 * a10 + (6.5 + 3.0 * pucker) * a25 + 11.5 * a26
    corner = 1.6 * a20 - 3.8 * a14 + 2.5 * a26 + 0.6 * a25
    thin = 1.0 - 0.16 * a20 - 0.22 * a14 + 0.10 * pucker
    roundness = 0.85 - 0.25 * pucker - 0.1 * a26
    corner_line = corner * np.abs(U) ** 2.2
    arch = _ARCH**roundness
    rest = 0.7 * np.cos(np.pi * U) * _ARCH  # a closed mouth's line is not straight
    inner_up = identity.mouth_y + corner_line - up * arch + rest
    inner_low = np.maximum(identity.mouth_y + corner_line + low * arch + rest, inner_up)
    bow = 1.0 - identity.cupid_bow * 0.24 * np.exp(-((U / 0.13) ** 2))
    bow += identity.cupid_bow * 0.1 * np.exp(-(((np.abs(U) - 0.27) / 0.14) ** 2))
    upper = (identity.upper_lip * thin + 1.4 * a10) * _ARCH**0.8 * bow
    lower = identity.lower_lip * thin * (1.0 + 0.06 * a26) * _ARCH**0.62
    return Mouth(
        x=half * U,
        outer_up=inner_up - upper,
        inner_up=inner_up,
        inner_low=inner_low,
        outer_low=inner_low + lower,
        jaw_drop=15.0 * a26 + 1.0 * a25,
        raise_lip=float(a10),
        dimple=float(a14),
        stretch=float(a20),
        pucker=pucker,
    )
