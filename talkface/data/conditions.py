"""The inputs of every renderer for a clip: its first face, its sound and its action units.

Shape legend: B windows, T frames of a window, C cepstral coefficients, W hops of a sound window, F features
(Audio-to-AU 320, true AUs 5), H and W of the crop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from talkface.artifacts.schemas import AUS
from talkface.config import Fused, Mfcc
from talkface.data.clip_store import ClipStore
from talkface.data.rows import vectors
from talkface.data.sequences import load_sound, sound_statistics, sound_windows
from talkface.data.stores import Identity, au_feature_store, identity_store

Drawn = Sequence[tuple[str, np.ndarray]]
"""Clips and the frames [T] of a window in each."""


@dataclass(frozen=True)
class Condition:
    """A batch of windows, as ``fuse`` of both renderers takes it."""

    mfcc_BTCW: torch.Tensor | None  # None: the renderer does not hear the sound itself
    face_B3HW: torch.Tensor
    au_BTF: torch.Tensor | None  # None: it is not told action units


class Conditions:
    """The conditions of the training clips, read from the frozen stages' tables when they are asked for.

    Args:
        identities: IDENTITIES of the speakers: the first face taken apart, or whole.
        aus: AU_FEATURES, or AUS where the config asks for an oracle.
        mel: MEL of the speakers.
        clips: the clips that are drawn from.
    """

    def __init__(
        self,
        identities: Iterable[Path],
        aus: Iterable[Path],
        mel: Iterable[Path],
        clips: Mapping[str, int],
        config: Fused,
        mfcc: Mfcc,
        crop_size: int,
    ):
        self._identities = identity_store(identities, crop_size)
        self._aus = au_store(aus, config.oracle_aus)
        self._clips, self._sound = list(clips), load_sound(mel, clips, mfcc)
        self._speech = config.speech
        self._window_hops = config.audio_hops or mfcc.window_hops

    def identities(self, drawn: Drawn) -> list[Identity]:
        """The first face of each window's clip."""
        return [self._identities[clip] for clip, _ in drawn]

    def batch(self, drawn: Drawn, device: torch.device) -> Condition:
        """The conditions of some windows."""
        mfcc_BTCW = au_BTF = None
        if "audio" in self._speech:
            windows = [sound_windows(self._sound[clip], frames, self._window_hops) for clip, frames in drawn]
            mfcc_BTCW = torch.stack(windows).to(device)
        if "aus" in self._speech:
            au_BTF = torch.stack([self._aus[clip][frames].float() for clip, frames in drawn]).to(device)
        face_B3HW = torch.stack([face.audio_face for face in self.identities(drawn)])
        return Condition(mfcc_BTCW, face_B3HW.to(device), au_BTF)

    def sound_statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and deviation [C] of the training sound."""
        return sound_statistics(self._sound[clip] for clip in self._clips)


def au_store(tables: Iterable[Path], oracle: bool) -> ClipStore[torch.Tensor]:
    """What a renderer is told of the action units: [T, 320] of Audio-to-AU, or [T, 5] of the true frames."""
    return ClipStore(tables, AUS, _true_aus) if oracle else au_feature_store(tables)


def _true_aus(rows: pa.Table) -> torch.Tensor:
    return torch.from_numpy(vectors(rows, "normalised") / 5)
