"""One-shot generation of a clip: its first frame taken apart and a sound in, pictures out, memory constant.

Shapes: T frames of the clip, N frames of a batch, K hops of 10 ms, C cepstra or channels, W hops of a sound
window, F Audio-to-AU feature, H, W rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from talkface.config import Sampler
from talkface.data.frames import to_images
from talkface.data.sequences import sound_windows
from talkface.data.stores import Identity
from talkface.data.windows import HOPS_PER_FRAME
from talkface.generation.sampler import ddim, frame_noise
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.renderer import Renderer
from talkface.models.tcsan import stream_windows
from talkface.training.device import autocast


@dataclass(frozen=True)
class Sound:
    """All that is known of a clip beyond its first frame."""

    mfcc_KC: Tensor
    au_feature_TF: Tensor
    window_hops: int

    @property
    def num_frames(self) -> int:
        """T, the number of pictures that this sound asks for."""
        return len(self.au_feature_TF)

    def fitted(self, num_frames: int) -> Sound:
        """The sound cut to ``num_frames``, or held at its last hop and frame."""
        hops_K = torch.arange(HOPS_PER_FRAME * num_frames + 1).clamp(max=len(self.mfcc_KC) - 1)
        frames_T = torch.arange(num_frames).clamp(max=self.num_frames - 1)
        return Sound(self.mfcc_KC[hops_K], self.au_feature_TF[frames_T], self.window_hops)


class ClipGenerator:
    """The frozen networks and the sampler's settings; keeps nothing from one clip to the next."""

    def __init__(
        self,
        renderer: Renderer,
        autoencoder: VQAutoencoder,
        sampler: Sampler,
        device: torch.device,
        precision: str,
    ):
        self._renderer = renderer.to(device).eval()
        self._autoencoder = autoencoder.to(device).eval()
        self._sampler = sampler
        self._device, self._precision = device, precision

    def pictures(self, identity: Identity, sound: Sound, *, clip: str, seed: int) -> Iterator[np.ndarray]:
        """Consecutive pictures uint8 ``[N, H, W, 3]`` of a clip, N = ``sampler.batch_frames`` or fewer.

        ``clip`` and ``seed`` decide the noise. Tokens run through TCSAN in cross-faded windows
        (``sampler.fusion_window_frames``), so neither memory nor the result of a frame grows with what lies
        far away.
        """
        start = 0
        for token_NC in _regrouped(self._tokens(identity, sound), self._sampler.batch_frames):
            yield self._render(token_NC, identity, range(start, start + len(token_NC)), clip, seed)
            start += len(token_NC)

    def _tokens(self, identity: Identity, sound: Sound) -> Iterator[Tensor]:
        step = self._sampler.batch_frames
        chunks = (
            self._fusion_input(identity, sound, np.arange(start, min(start + step, sound.num_frames)))
            for start in range(0, sound.num_frames, step)
        )
        window, overlap = self._sampler.fusion_window_frames, self._sampler.fusion_overlap_frames
        return stream_windows(self._fusion, chunks, window, overlap)

    @torch.inference_mode()
    def _fusion_input(self, identity: Identity, sound: Sound, frames_T: np.ndarray) -> Tensor:
        mfcc_TCW = sound_windows(sound.mfcc_KC, frames_T, sound.window_hops).to(self._device)
        au_TF = sound.au_feature_TF[torch.from_numpy(frames_T)].float().to(self._device)
        face_3HW = identity.audio_face.to(self._device)
        with autocast(self._device, self._precision):
            return self._renderer.fusion_input(mfcc_TCW[None], face_3HW[None], au_TF[None])[0]

    @torch.inference_mode()
    def _fusion(self, x_BTC: Tensor) -> Tensor:
        with autocast(self._device, self._precision):
            return self._renderer.fusion(x_BTC).float()

    @torch.inference_mode()
    def _render(
        self, token_NC: Tensor, identity: Identity, frames: range, clip: str, seed: int
    ) -> np.ndarray:
        sampler, count = self._sampler, len(frames)
        identity_NCHW, masked_NCHW = (
            latent_CHW.float().to(self._device).expand(count, -1, -1, -1)
            for latent_CHW in (identity.identity_latent, identity.masked_latent)
        )
        noise_SNCHW = frame_noise(
            tuple(identity.identity_latent.shape),
            frames,
            clip=clip,
            seed=seed,
            steps=sampler.steps,
            eta=sampler.eta,
            shared=sampler.shared_noise,
        ).to(self._device)

        def denoise(x_NCHW: Tensor, timestep_N: Tensor) -> Tensor:
            return self._renderer.denoise(x_NCHW, timestep_N, token_NC, identity_NCHW, masked_NCHW)

        with autocast(self._device, self._precision):
            alpha_bar_K = self._renderer.schedule.alpha_bar_K
            latent_NCHW = ddim(denoise, noise_SNCHW, alpha_bar_K, steps=sampler.steps, eta=sampler.eta)
            return to_images(self._autoencoder.from_latent(latent_NCHW))


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
