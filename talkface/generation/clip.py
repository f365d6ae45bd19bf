"""Generates a clip's frames from its first face and a sound, in constant memory.

Shapes: T frames of the clip, N frames of a batch, K hops of 10 ms, C cepstra or channels, F AU features,
H, W rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from talkface.config import Sampler
from talkface.data.sequences import sound_windows
from talkface.data.stores import Identity
from talkface.data.windows import HOPS_PER_FRAME
from talkface.generation.opening import open_renderer
from talkface.generation.painters import Batch, Painter, open_painter
from talkface.models.tcsan import stream_windows
from talkface.models.trunk import Trunk
from talkface.training.device import autocast


class Driving(Protocol):
    """What drives a clip, asked for in consecutive runs of frames."""

    @property
    def num_frames(self) -> int:
        """T, the number of pictures that this sound asks for."""
        ...

    def windows(self, frames_T: np.ndarray, window_hops: int) -> Tensor:
        """The networks' sound windows [T, C, W] of the given frames."""
        ...

    def told(self, frames_T: np.ndarray) -> Tensor | None:
        """Audio-to-AU features [T, F] of the given frames; none where the renderer is not told them."""
        ...


@dataclass(frozen=True)
class Sound:
    """What drives a clip: its cepstra, and of every frame the Audio-to-AU features (or an oracle's AUs)."""

    mfcc_KC: Tensor
    num_frames: int
    """T, the number of pictures that this sound asks for."""
    au_TF: Tensor | None = None

    def windows(self, frames_T: np.ndarray, window_hops: int) -> Tensor:
        """The networks' sound windows [T, C, W] of the given frames."""
        return sound_windows(self.mfcc_KC, frames_T, window_hops)

    def told(self, frames_T: np.ndarray) -> Tensor | None:
        """What is known of the action units [T, F] in the given frames."""
        return None if self.au_TF is None else self.au_TF[torch.from_numpy(frames_T)]

    def fitted(self, num_frames: int) -> Sound:
        """The sound cut to ``num_frames``, or held at its last hop and frame."""
        hops_K = torch.arange(HOPS_PER_FRAME * num_frames + 1).clamp(max=len(self.mfcc_KC) - 1)
        frames_T = torch.arange(num_frames).clamp(max=self.num_frames - 1)
        au_TF = None if self.au_TF is None else self.au_TF[frames_T]
        return Sound(self.mfcc_KC[hops_K], num_frames, au_TF)


def load_generator(
    renderer: Path, autoencoder: Path | None, sampler: Sampler, device: torch.device, precision: str
) -> ClipGenerator:
    """The generator of any trained renderer; ``autoencoder`` is opened by one that needs another's.

    Raises:
        CheckpointError: the file holds no renderer, or cannot be read.
    """
    trunk = open_renderer(renderer, Trunk, device)
    return ClipGenerator(trunk, open_painter(trunk, autoencoder, sampler, device), sampler, device, precision)


class ClipGenerator:
    """The frozen networks and the sampler's settings; keeps nothing from one clip to the next."""

    def __init__(self, trunk: Trunk, paint: Painter, sampler: Sampler, device: torch.device, precision: str):
        self._trunk, self._paint, self._sampler = trunk, paint, sampler
        self._device, self._precision = device, precision

    def pictures(
        self,
        identity: Identity,
        sound: Driving,
        *,
        clip: str,
        seed: int,
        shown: Callable[[range], np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """Consecutive pictures uint8 ``[N, H, W, 3]`` of a clip, N = ``sampler.batch_frames`` or fewer.

        ``clip`` and ``seed`` decide the noise. ``shown`` gives the true frames uint8 ``[N, H, W, 3]``, whose
        upper halves the inpaint protocol knows; without it the protocol is one-shot. Tokens run through the
        fusion in cross-faded windows (``sampler.fusion_window_frames``), so neither memory nor the result of
        a frame grows with what lies far away.
        """
        start = 0
        for token_NC in _regrouped(self._tokens(identity, sound), self._sampler.batch_frames):
            frames = range(start, start + len(token_NC))
            batch = Batch(clip, frames, seed, shown(frames) if shown is not None else None)
            with torch.inference_mode(), autocast(self._device, self._precision):
                picture_NHW3 = self._paint(token_NC, identity, batch)
            yield picture_NHW3
            start += len(token_NC)

    def _tokens(self, identity: Identity, sound: Driving) -> Iterator[Tensor]:
        step = self._sampler.batch_frames
        chunks = (
            self._fusion_input(identity, sound, np.arange(start, min(start + step, sound.num_frames)))
            for start in range(0, sound.num_frames, step)
        )
        window, overlap = self._sampler.fusion_window_frames, self._sampler.fusion_overlap_frames
        return stream_windows(self._fusion, chunks, window, overlap)

    @torch.inference_mode()
    def _fusion_input(self, identity: Identity, sound: Driving, frames_T: np.ndarray) -> Tensor:
        mfcc_TCW = sound.windows(frames_T, self._trunk.settings["window_hops"]).to(self._device)
        told_TF = sound.told(frames_T)
        au_1TF = None if told_TF is None else told_TF[None].float().to(self._device)
        face_3HW = identity.audio_face.to(self._device)
        with autocast(self._device, self._precision):
            return self._trunk.fusion_input(mfcc_TCW[None], face_3HW[None], au_1TF)[0]

    @torch.inference_mode()
    def _fusion(self, x_BTC: Tensor) -> Tensor:
        with autocast(self._device, self._precision):
            return self._trunk.fusion(x_BTC).float()


def _regrouped(pieces: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """Consecutive pieces ``[t, C]`` as batches ``[size, C]``, the last one as long as it comes."""
    waiting: list[Tensor] = []
    held = 0
    for piece_TC in pieces:
        waiting.append(piece_TC)
        held += len(piece_TC)
        while held >= size:
            joined_TC = torch.cat(waiting)
            yield joined_TC[:size]
            waiting, held = [joined_TC[size:]], held - size
    if held:
        yield torch.cat(waiting)
