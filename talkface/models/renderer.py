"""Paper A's renderer: the trunk and the denoiser, trained together by the noise prediction alone.

Legend: N frames, C channels, H and W of the latent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from talkface.models.denoiser import Denoiser
from talkface.models.noise_schedule import NoiseSchedule
from talkface.models.trunk import Trunk


class Renderer(Trunk, name="renderer"):
    """Sound, Audio-face and AU features to one token a frame; token and latents to the frame's noise.

    Args:
        width, multipliers, blocks, attention_levels, head_width: see ``Denoiser``.
        latent_channels: channels of a latent.
        token_in_embedding: see ``Denoiser``.
        timesteps, beta_start, beta_end: see ``NoiseSchedule``.
        noise_path: its ``path``.
        preconditioned: see ``NoiseSchedule.noise_of``; ``False`` is the paper.
        **trunk: see ``Trunk``.
    """

    def __init__(
        self,
        *,
        width: int = 256,
        multipliers: Sequence[int] = (1, 2, 3, 4),
        blocks: int = 2,
        attention_levels: Sequence[int] = (1, 2, 3),
        head_width: int = 32,
        latent_channels: int = 3,
        token_in_embedding: bool = True,
        timesteps: int = 1000,
        beta_start: float = 0.0015,
        beta_end: float = 0.0195,
        noise_path: str = "diffusion",
        preconditioned: bool = False,
        **trunk: Any,
    ) -> None:
        super().__init__(**trunk)
        self.schedule = NoiseSchedule(timesteps, beta_start, beta_end, noise_path)
        self.preconditioned = preconditioned
        self.denoiser = Denoiser(
            in_channels=3 * latent_channels,
            out_channels=latent_channels,
            width=width,
            multipliers=list(multipliers),
            blocks=blocks,
            attention_levels=list(attention_levels),
            head_width=head_width,
            context_width=self.settings["fusion_widths"][-1],
            token_in_embedding=token_in_embedding,
        )

    def denoise(
        self,
        noisy_NCHW: Tensor,
        timestep_N: Tensor,
        token_NC: Tensor,
        identity_latent_NCHW: Tensor,
        masked_latent_NCHW: Tensor,
    ) -> Tensor:
        """Noise in the latents of N frames, each with its timestep, its token and its clip's faces."""
        input_NCHW = torch.cat([noisy_NCHW, masked_latent_NCHW, identity_latent_NCHW], dim=1)
        output_NCHW = self.denoiser(input_NCHW, timestep_N, token_NC).float()
        if not self.preconditioned:
            return output_NCHW
        return self.schedule.noise_of(output_NCHW, noisy_NCHW, timestep_N)
