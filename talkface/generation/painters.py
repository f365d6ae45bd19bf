"""From a token to its picture: by diffusion in latents (paper A, with or without the photo), or at once.

Shapes: N frames of a batch, C channels of a token, H, W rows and columns, h, w of the latent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor

from talkface.artifacts.weights import load_model
from talkface.config import Sampler
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import hide_lower_half, lower_half
from talkface.data.stores import Identity
from talkface.generation import samplers
from talkface.generation.noise import frame_noise
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.renderer import Renderer
from talkface.models.trunk import FirstFace, Trunk


@dataclass(frozen=True)
class Batch:
    """Which frames of which clip are painted, and what may be seen of the true ones."""

    clip: str
    frames: range
    seed: int
    shown_NHW3: np.ndarray | None = None  # inpaint: the true frames, of which the upper half is looked at


class Painter(Protocol):
    """Tokens [N, C] of a batch to uint8 pictures [N, H, W, 3]."""

    def __call__(self, token_NC: Tensor, identity: Identity, batch: Batch) -> np.ndarray:
        """Paint one batch."""
        ...


class LatentPainter:
    """Denoises latents and decodes them."""

    def __init__(self, renderer: Renderer, autoencoder: VQAutoencoder, sampler: Sampler):
        self._renderer, self._autoencoder, self._sampler = renderer, autoencoder, sampler

    def __call__(self, token_NC: Tensor, identity: Identity, batch: Batch) -> np.ndarray:
        """Paint one batch; in the inpaint protocol the latents above the lower half are kept."""
        sampler, count, device = self._sampler, len(token_NC), token_NC.device
        identity_NChw, masked_NChw = (
            latent_Chw.float().to(device).expand(count, -1, -1, -1)
            for latent_Chw in (identity.identity_latent, identity.masked_latent)
        )
        known = None
        if batch.shown_NHW3 is not None:
            masked_NChw = self._autoencoder.to_latent(hide_lower_half(to_tensor(batch.shown_NHW3, device)))
            known = masked_NChw, self._kept(masked_NChw)
        noise_SNChw = _noise(tuple(identity.identity_latent.shape), batch, sampler).to(device)

        def denoise(x_NChw: Tensor, timestep_N: Tensor) -> Tensor:
            return self._renderer.denoise(x_NChw, timestep_N, token_NC, identity_NChw, masked_NChw)

        alpha_bar_K = self._renderer.schedule.alpha_bar_K
        sample = samplers.find(sampler.kind)
        latent_NChw = sample(
            denoise, noise_SNChw, alpha_bar_K, steps=sampler.steps, eta=sampler.eta, known=known
        )
        return to_images(self._autoencoder.from_latent(latent_NChw))

    @staticmethod
    def _kept(latent_NChw: Tensor) -> Tensor:
        # One row less than the visible half: the encoder's last visible row has looked below the edge.
        height = latent_NChw.shape[2]
        return (torch.arange(height, device=latent_NChw.device) < lower_half(height) - 1)[None, :, None]


class FramePainter:
    """Asks the renderer for the frames themselves."""

    def __init__(self, renderer: FrameNetwork):
        self._renderer = renderer

    def __call__(self, token_NC: Tensor, identity: Identity, batch: Batch) -> np.ndarray:
        """Paint one batch; in the inpaint protocol the true upper halves are pasted over it."""
        return _with_upper_halves(to_images(self._renderer.frames(token_NC, identity)), batch)


class SampledFramePainter:
    """Asks the renderer for frames, and hands it the sampler."""

    def __init__(self, renderer: SampledNetwork, sampler: Sampler):
        self._renderer, self._sampler = renderer, sampler

    def __call__(self, token_NC: Tensor, identity: Identity, batch: Batch) -> np.ndarray:
        """Paint one batch; in the inpaint protocol the true upper halves are pasted over it."""
        sampler = self._sampler

        def sample(denoise: samplers.Denoiser, shape_Chw: tuple[int, ...], alpha_bar_K: Tensor) -> Tensor:
            noise_SNChw = _noise(shape_Chw, batch, sampler).to(token_NC.device)
            chosen = samplers.find(sampler.kind)
            return chosen(denoise, noise_SNChw, alpha_bar_K, steps=sampler.steps, eta=sampler.eta)

        frame_N3HW = self._renderer.sampled_frames(token_NC, identity, sample)
        return _with_upper_halves(to_images(frame_N3HW), batch)


def _noise(shape_Chw: tuple[int, ...], batch: Batch, sampler: Sampler) -> Tensor:
    """All noise that a batch is sampled from."""
    return frame_noise(
        shape_Chw,
        batch.frames,
        clip=batch.clip,
        seed=batch.seed,
        steps=sampler.steps,
        eta=sampler.eta,
        shared=sampler.shared_noise,
    )


def _with_upper_halves(images_NHW3: np.ndarray, batch: Batch) -> np.ndarray:
    """Pictures with what the inpaint protocol knows of the true ones."""
    if batch.shown_NHW3 is not None:
        edge = lower_half(images_NHW3.shape[1])
        images_NHW3[:, :edge] = batch.shown_NHW3[:, :edge]
    return images_NHW3


class SampledNetwork(Protocol):
    """A renderer that gives frames once it has been lent a sampler."""

    def sampled_frames(self, token_NC: Tensor, face: FirstFace, sample: Callable[..., Tensor]) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        ...


class FrameNetwork(Protocol):
    """A renderer that gives frames in one step."""

    def frames(self, token_NC: Tensor, face: FirstFace) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        ...


def open_painter(
    renderer: Trunk, autoencoder: Path | None, sampler: Sampler, device: torch.device
) -> Painter:
    """What makes pictures of a renderer's tokens; ``autoencoder`` is opened for latents alone."""
    if isinstance(renderer, Renderer):
        assert autoencoder is not None, "latents are decoded by the autoencoder"
        return LatentPainter(renderer, load_model(autoencoder, VQAutoencoder, device), sampler)
    if hasattr(renderer, "sampled_frames"):
        return SampledFramePainter(cast("SampledNetwork", renderer), sampler)
    assert hasattr(renderer, "frames"), f"{renderer.name} gives neither latents nor frames"
    return FramePainter(cast("FrameNetwork", renderer))
