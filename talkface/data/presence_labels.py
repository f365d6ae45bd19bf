"""Presence of the action units in the true frames, as labels.

Shape legend: T frames of a clip, N frames of all clips, A action units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.schemas import AU_NAMES, AUS
from talkface.data.rows import each_clip, starts, vectors


@dataclass(frozen=True)
class Presence:
    """A clip's labels; frames without a detected face are not valid."""

    presence_TA: torch.Tensor  # bool
    valid_T: torch.Tensor  # bool


class PresenceLabels(Mapping[str, Presence]):
    """The labels of clips by name; ``presence_NA`` and ``valid_N`` are those of all of them in turn.

    Six bytes a frame: the labels of the whole of GRID are 15 MB.
    """

    def __init__(self, lengths: Mapping[str, int]):
        self._lengths, self._starts = dict(lengths), starts(lengths)
        count = sum(self._lengths.values())
        self.presence_NA = torch.zeros(count, len(AU_NAMES), dtype=torch.bool)
        self.valid_N = torch.zeros(count, dtype=torch.bool)

    def __getitem__(self, clip: str) -> Presence:
        frames = slice(self._starts[clip], self._starts[clip] + self._lengths[clip])
        return Presence(self.presence_NA[frames], self.valid_N[frames])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lengths)

    def __len__(self) -> int:
        return len(self._lengths)


def presence_labels(aus: Iterable[Path], lengths: Mapping[str, int]) -> PresenceLabels:
    """The labels of the named clips, each as long as its frames (``ValueError`` otherwise)."""
    labels = PresenceLabels(lengths)
    for clip, table in each_clip(aus, AUS, lengths):
        if len(table) != lengths[clip]:
            raise ValueError(f"clip '{clip}': {len(table)} AU labels for {lengths[clip]} frames")
        own = labels[clip]
        own.presence_TA[:] = torch.from_numpy(vectors(table, "presence") != 0)
        own.valid_T[:] = torch.from_numpy(table["detected"].to_numpy().astype(np.bool_))
    return labels
