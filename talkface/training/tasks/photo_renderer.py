"""Task: paper A's diffusion with the photo.

One training makes it all: the decoder by true latents; the denoiser by the noise in them; the part of speech
by action units and landmarks as well.

Loss = L1 of the decoded true latents (the mouth weighs more, and what shows between the lips more still) + L1
of the error's gradient + total variation of the flow + square error of the predicted noise + how far the
photo's landmarks, moved by the code, are from the true ones + the head's error, in value and in course.

Shape legend: B windows, M rendered frames of each, N of all windows, C latent channels, h and w of the
latent.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from talkface.artifacts.weights import load_model
from talkface.config import Fused, Mfcc
from talkface.config import PhotoRenderer as PhotoRendererConfig
from talkface.data.photo_windows import Batch, PhotoClips
from talkface.losses.warping import edge_loss, variation
from talkface.models.audio_to_au import AudioToAu
from talkface.models.photo_renderer import PhotoRenderer
from talkface.training.denoising import DenoisingLoss
from talkface.training.given import Given
from talkface.training.loop import StepContext
from talkface.training.schedule import build_optimizer
from talkface.training.tasks.photo_base import OF_TRAINING, PhotoTask, open_clips, weighted
from talkface.training.tasks.renderer import region_weights

_NOT_OF_THE_NETWORK = OF_TRAINING | {
    "latent_noise", "even_timesteps", "consistency_share", "consistency_stages",
}  # fmt: skip


class PhotoRendererTask(PhotoTask):
    """Windows, network and losses, as the training loop asks for them.

    Args:
        clips, audio_to_au, config: see ``PhotoTask``.
    """

    network: PhotoRenderer

    def __init__(self, clips: PhotoClips, audio_to_au: AudioToAu | None, config: PhotoRendererConfig):
        network = build_photo_renderer(config, clips.mfcc, clips.crop_size)
        super().__init__(clips, audio_to_au, config, network)
        self._config = config
        self.modules = {"renderer": self.network}
        self.optimizers = {"renderer": build_optimizer(self.network.parameters(), config.training)}
        weight_hw = region_weights(clips.crop_size, config.mouth_weight)
        self._denoising = DenoisingLoss(self.network.schedule, config, weight_hw, config.training.samples)

    @property
    def turns(self) -> dict[str, float]:
        """Consistency joins after a share of the training."""
        return self._denoising.turns

    def step(self, drawn: Batch, context: StepContext) -> dict[str, Tensor]:
        """One update on some frames of each drawn window; every frame draws its own timestep."""
        frames = drawn.at_BM.shape
        timestep_BM = torch.randint(0, self._config.timesteps, frames, generator=context.generator)
        noise_2BMChw = torch.randn(2, *frames, *self.network.latent_shape, generator=context.generator)
        share = context.share(len(drawn))
        own = drawn[share], timestep_BM[share], noise_2BMChw[:, share]
        return context.descend(len(own[0]), partial(self._losses, *own, context))

    def _losses(
        self, batch: Batch, timestep_BM: Tensor, noise_2BMChw: Tensor, context: StepContext, rows: slice
    ) -> dict[str, Tensor]:
        batch = batch[rows].to(context.device)
        timestep_N = timestep_BM[rows].flatten().to(context.device)
        noise_NChw, shaken_NChw = noise_2BMChw[:, rows].flatten(1, 2).to(context.device)
        network, varied = self.network, self.windows.vary(batch)
        with context.autocast():
            driven = self.drive(batch, varied)
            latent_NChw = network.encode(varied.truth_N3HW, varied.points_NP2, driven.looked)
            painted = network.decode(latent_NChw + self._config.latent_noise * shaken_NChw, driven.looked)
            moved = network.move(driven.code_NE, driven.looked)

            def denoise(noisy_NChw: Tensor, at_N: Tensor) -> Tensor:
                return network.denoise(noisy_NChw, at_N, driven.code_NE, driven.looked, moved)

            denoising = self._denoising(denoise, latent_NChw, noise_NChw, timestep_N, context.samples)
        error_N3HW, weight_N1HW = painted.frame_N3HW - varied.truth_N3HW, varied.weight_N1HW
        losses = {
            "reconstruction": (error_N3HW.abs() * weight_N1HW).mean(),
            "edges": edge_loss(error_N3HW, weight_N1HW),
            "flow_variation": variation(painted.flow_N2hw),
            "noise": denoising["descended"],
            **self.driving_losses(batch, varied, driven.told_BSTA, moved),
        }
        values = weighted(losses, self._config.losses)
        if "consistency" in denoising:
            values["loss/consistency"] = denoising["consistency"]
        return values

    def pictures(self, context: StepContext) -> dict[str, Tensor]:
        """Frames of one training window, and their way through the latents."""
        batch = self.windows.draw([0], context.rng).to(context.device)
        varied = self.windows.vary(batch)
        driven = self.drive(batch, varied)
        latent_NChw = self.network.encode(varied.truth_N3HW, varied.points_NP2, driven.looked)
        painted = self.network.decode(latent_NChw, driven.looked)
        return {"true": varied.truth_N3HW, "rebuilt": painted.frame_N3HW}


def build(given: Given, config: Fused) -> PhotoRendererTask:
    """The task on the split's training clips."""
    assert isinstance(config, PhotoRendererConfig)
    clips = open_clips(given)
    audio_to_au = None if given.audio_to_au is None else load_model(given.audio_to_au, AudioToAu)
    return PhotoRendererTask(clips, audio_to_au, config)


def build_photo_renderer(config: PhotoRendererConfig, mfcc: Mfcc, crop_size: int) -> PhotoRenderer:
    """The network of a configuration; ``PhotoRenderer(**settings)`` rebuilds it from a saved model."""
    return PhotoRenderer(
        **config.model_dump(exclude=_NOT_OF_THE_NETWORK),
        crop_size=crop_size,
        window_hops=config.audio_hops or mfcc.window_hops,
        coefficients=mfcc.coefficients,
    )
