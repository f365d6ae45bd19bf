"""Task: paper A's renderer (E_a, E_f, TCSAN, conditional latent denoiser), by noise prediction alone, and,
where asked for, by consistency in the end (``talkface/training/denoising.py``).

Everything else is frozen and cached before this stage: latents of the frames, Audio-to-AU features of the
sound, and the two faces that AU-Attention makes of the first face. A sample is one denoised frame; the fusion
always sees the whole window around it.

Shape legend: B windows, T frames of a window, N denoised frames, C channels, H and W of the latent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.config import Fused, Mfcc
from talkface.config import Renderer as RendererConfig
from talkface.data.conditions import Conditions
from talkface.data.regions import mouth_box
from talkface.data.sequences import WindowIndex
from talkface.data.stores import latent_store
from talkface.data.subsets import clip_lengths
from talkface.models.renderer import Renderer
from talkface.training.denoising import DenoisingLoss
from talkface.training.given import Given
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

_NOT_OF_THE_NETWORK = {
    "training", "window_frames", "frames_per_window", "mouth_weight", "even_timesteps", "disentangled",
    "masked_frame", "audio_hops", "balance_speakers", "consistency_share", "consistency_stages",
}  # fmt: skip


class RendererTask(Task):
    """Data, network and loss, as the training loop asks for them."""

    def __init__(
        self,
        lengths: dict[str, int],
        latents: list[Path],
        masked_latents: list[Path],
        conditions: Conditions,
        config: RendererConfig,
        mfcc: Mfcc,
        crop_size: int,
    ):
        self._latents = latent_store(latents, crop_size)
        self._masked = latent_store(masked_latents, crop_size) if config.masked_frame == "every" else None
        self._conditions = conditions
        self._windows = WindowIndex(lengths, config.window_frames, config.balance_speakers)
        self._config = config
        channels = self._latents[next(iter(lengths))].shape[1]
        self.network = build_renderer(config, mfcc, crop_size, channels)
        if self.network.audio_encoder is not None:
            self.network.audio_encoder.sound_norm.set(*conditions.sound_statistics())
        self.schedule = self.network.schedule
        self.modules = {"renderer": self.network}
        self.optimizers = {"renderer": build_optimizer(self.network.parameters(), config.training)}
        self.size, self.samples_per_item = len(self._windows), config.frames_per_window
        weight_HW = region_weights(crop_size, config.mouth_weight)
        self._denoising = DenoisingLoss(self.schedule, config, weight_HW, config.training.samples)
        self._shape_CHW = (channels, *weight_HW.shape)

    @property
    def turns(self) -> dict[str, float]:
        """Consistency joins after a share of the training."""
        return self._denoising.turns

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on some frames of each drawn window; every frame draws its own timestep."""
        drawn = self._windows.draw(indices, context.rng)
        picks = [self._pick(frames, context.rng) for _, frames in drawn]
        count = len(drawn) * self.samples_per_item
        timestep_N = torch.randint(0, self.schedule.timesteps, (count,), generator=context.generator)
        noise_NCHW = torch.randn(count, *self._shape_CHW, generator=context.generator)
        share = context.share(len(drawn))
        drawn, picks = drawn[share], picks[share]
        timestep_N, noise_NCHW = (
            values_N[self._frames_of(share)].to(context.device) for values_N in (timestep_N, noise_NCHW)
        )
        return context.descend(
            len(drawn),
            lambda rows: self._losses(
                drawn[rows],
                picks[rows],
                timestep_N[self._frames_of(rows)],
                noise_NCHW[self._frames_of(rows)],
                context,
            ),
        )

    def _frames_of(self, rows: slice) -> slice:
        """The frames of some windows."""
        return slice(rows.start * self.samples_per_item, rows.stop * self.samples_per_item)

    def _losses(
        self,
        drawn: list[tuple[str, np.ndarray]],
        picks: list[np.ndarray],
        timestep_N: torch.Tensor,
        noise_NCHW: torch.Tensor,
        context: StepContext,
    ) -> dict[str, torch.Tensor]:
        device = context.device
        condition = self._conditions.batch(drawn, device)
        shown = [(clip, frames[pick]) for (clip, frames), pick in zip(drawn, picks, strict=True)]
        clean_NCHW = torch.cat([self._latents[clip][frames].float() for clip, frames in shown]).to(device)
        identity_NCHW, masked_NCHW = (latent.to(device) for latent in self._faces(shown))
        with context.autocast():
            token_BTC = self.network.fuse(condition.mfcc_BTCW, condition.face_B3HW, condition.au_BTF)
            rows = torch.arange(len(drawn)).repeat_interleave(len(picks[0]))
            token_NC = token_BTC[rows.to(device), torch.from_numpy(np.concatenate(picks)).to(device)]

            def denoise(noisy_NCHW: torch.Tensor, timestep_N: torch.Tensor) -> torch.Tensor:
                return self.network.denoise(noisy_NCHW, timestep_N, token_NC, identity_NCHW, masked_NCHW)

            losses = self._denoising(denoise, clean_NCHW, noise_NCHW, timestep_N, context.samples)
        loss = losses.pop("descended")
        return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}}

    def _pick(self, frames_T: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        count = self._config.frames_per_window
        return np.sort(rng.choice(len(frames_T), size=count, replace=False))

    def _faces(self, shown: list[tuple[str, np.ndarray]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of the identity face and of the masked face, a row for each denoised frame."""
        counts = torch.tensor([len(frames) for _, frames in shown])
        identities = self._conditions.identities(shown)
        identity_NCHW = torch.stack([face.identity_latent for face in identities]).repeat_interleave(
            counts, 0
        )
        if self._masked is not None:
            masked_NCHW = torch.cat([self._masked[clip][frames] for clip, frames in shown])
        else:
            masked_NCHW = torch.stack([face.masked_latent for face in identities]).repeat_interleave(
                counts, 0
            )
        return identity_NCHW.float(), masked_NCHW.float()


def build(given: Given, config: Fused) -> RendererTask:
    """The task on the split's training clips; ``masked_latents`` where ``masked_frame`` is "every"."""
    assert isinstance(config, RendererConfig)
    lengths = clip_lengths(given.split, "train")
    conditions = Conditions(
        given.identities, given.aus, given.mel, lengths, config, given.mfcc, given.crop_size
    )
    return RendererTask(
        lengths, given.latents, given.masked_latents, conditions, config, given.mfcc, given.crop_size
    )


def build_renderer(config: RendererConfig, mfcc: Mfcc, crop_size: int, latent_channels: int) -> Renderer:
    """The network of a configuration; ``Renderer(**settings)`` rebuilds it from a saved model.

    ``latent_channels``: those of the autoencoder whose latents it denoises.
    """
    return Renderer(
        **config.model_dump(exclude=_NOT_OF_THE_NETWORK),
        latent_channels=latent_channels,
        crop_size=crop_size,
        window_hops=config.audio_hops or mfcc.window_hops,
        coefficients=mfcc.coefficients,
    )


def region_weights(crop_size: int, mouth_weight: float) -> torch.Tensor:
    """Weights [h, w] of the noise loss on the latent's grid: mean one, more at the mouth."""
    size = crop_size // 4
    top, bottom, left, right = (round(edge / 4) for edge in mouth_box(crop_size))
    weight_HW = torch.ones(size, size)
    weight_HW[top:bottom, left:right] = mouth_weight
    return weight_HW / weight_HW.mean()
