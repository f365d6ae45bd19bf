"""Presence of the action units in the true frames, as labels.

Shape legend: T frames, A action units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from talkface.data.rows import read_clips
from talkface.schemas import AU_NAMES, AUS


@dataclass(frozen=True)
class Presence:
    """A clip's labels; frames without a detected face are not valid."""

    presence_TA: torch.Tensor  # bool
    valid_T: torch.Tensor  # bool


def presence_labels(aus: Iterable[Path], lengths: Mapping[str, int]) -> dict[str, Presence]:
    """The labels of the named clips, each as long as its frames (``ValueError`` otherwise)."""
    labels = {}
    for clip, table in read_clips(aus, AUS, lengths).items():
        if len(table) != lengths[clip]:
            raise ValueError(f"clip '{clip}': {len(table)} AU labels for {lengths[clip]} frames")
        presence_TA = np.array(table["presence"].to_pylist(), dtype=bool).reshape(-1, len(AU_NAMES))
        detected_T = table["detected"].to_numpy().astype(bool)
        labels[clip] = Presence(torch.from_numpy(presence_TA), torch.from_numpy(detected_T))
    return labels
