"""Clips as sequences: which clips a stage uses, their sound, and windows of consecutive frames.

Shape legend: T frames, K hops, C cepstral coefficients, W hops of one sound window, A action units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.schemas import MEL
from talkface.config import Mfcc
from talkface.data.clip_store import ClipStore
from talkface.data.rows import halves as halves
from talkface.data.rows import vectors as vectors
from talkface.data.subsets import clip_lengths as clip_lengths
from talkface.data.windows import hop_indices
from talkface.features.mel import mfcc


def load_sound(tables: Iterable[Path], clips: Iterable[str], settings: Mfcc) -> ClipStore[torch.Tensor]:
    """Cepstra [K, C] of every named clip, read when asked for (``ValueError``: a clip has none)."""

    sound = ClipStore(tables, MEL, lambda rows: cepstra(vectors(rows, "mel"), settings))
    sound.require(clips)
    return sound


def cepstra(mel_KM: np.ndarray, settings: Mfcc) -> torch.Tensor:
    """What the networks hear of log-mel frames, float32 [K, C]."""
    return torch.from_numpy(mfcc(mel_KM, settings.coefficients).astype(np.float32))


def sound_windows(mfcc_KC: torch.Tensor, frames_T: np.ndarray, window_hops: int) -> torch.Tensor:
    """The networks' sound windows [T, C, W] of the given frames."""
    hops_TW = hop_indices(frames_T, len(mfcc_KC), window_hops)
    return mfcc_KC[torch.from_numpy(hops_TW)].transpose(1, 2)


def sound_statistics(sound: Iterable[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of every cepstral coefficient, [C] each, over all clips' cepstra [K, C].

    Clip by clip in double precision: nothing but the sums is held.
    """
    hops, total_C, square_C = 0, torch.zeros(1).double(), torch.zeros(1).double()
    for mfcc_KC in sound:
        exact_KC = mfcc_KC.double()
        hops += len(exact_KC)
        total_C = total_C + exact_KC.sum(0)
        square_C = square_C + exact_KC.square().sum(0)
    mean_C = total_C / hops
    variance_C = ((square_C - hops * mean_C.square()) / max(hops - 1, 1)).clamp_min(0)
    return mean_C.float(), variance_C.sqrt().float().clamp_min(1e-3)


def _balanced(clips: list[str]) -> list[str]:
    """The clips of speakers with fewer windows repeated, until all have about as many as the first."""
    windows = Counter(map(speaker_of, clips))
    most = max(windows.values())
    return [clip for clip in clips for _ in range(round(most / windows[speaker_of(clip)]))]


def speaker_of(clip: str) -> str:
    """Clips are named speaker/utterance."""
    return clip.split("/", 1)[0]


class WindowIndex:
    """Items of an epoch: as many windows of a clip as fit; where a window starts is drawn anew each time.

    ``balance_speakers``: every speaker has about as many items as the one with most.
    """

    def __init__(self, lengths: Mapping[str, int], size: int, balance_speakers: bool = False):
        self._lengths = dict(lengths)
        self._size = size
        self._items = [clip for clip, length in lengths.items() for _ in range(max(1, round(length / size)))]
        if balance_speakers and self._items:
            self._items = _balanced(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def draw(self, items: Sequence[int], rng: np.random.Generator) -> list[tuple[str, np.ndarray]]:
        """Clip and frames [T] of each window; a clip shorter than the window repeats its last frame."""
        drawn = []
        for item in items:
            clip = self._items[item]
            length = self._lengths[clip]
            start = int(rng.integers(0, max(1, length - self._size + 1)))
            drawn.append((clip, np.minimum(np.arange(start, start + self._size), length - 1)))
        return drawn
