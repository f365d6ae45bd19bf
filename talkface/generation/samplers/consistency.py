"""Multistep consistency sampling (Song et al. 2023, arXiv:2303.01469, algorithm 1), for a tuned denoiser.

Each step takes the clean latents that the denoiser sees and, but for the last, puts noise on them again, less
from step to step. ``renderer.consistency_share`` tunes a denoiser for it.

Shapes: N pictures, C channels, H, W latent height and width, K timesteps of the noise schedule, S sampling
steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from talkface.generation.samplers import Denoiser
from talkface.generation.samplers.euler import euler_timesteps


def sample(
    denoise: Denoiser,
    noise_SNCHW: Tensor,
    alpha_bar_K: Tensor,
    *,
    steps: int,
    eta: float = 0.0,
    known: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """As ``talkface.generation.samplers.Sample``.

    The noise that is put on again is fresh by ``eta``: 1 is the published method, 0 takes the first noise
    each time, so that what differs between two steps is the picture alone.
    """
    timesteps_S = euler_timesteps(len(alpha_bar_K), steps)
    x_NCHW = noise_SNCHW[0]
    for step in reversed(range(steps)):
        alpha = float(alpha_bar_K[timesteps_S[step]])
        timestep_N = torch.full((len(x_NCHW),), int(timesteps_S[step]), device=x_NCHW.device)
        clean_NCHW = (x_NCHW - (1 - alpha) ** 0.5 * denoise(x_NCHW, timestep_N)) / alpha**0.5
        if known is not None:
            clean_NCHW = torch.where(known[1], known[0], clean_NCHW)
        if step == 0:
            break
        following = float(alpha_bar_K[timesteps_S[step - 1]])
        noise_NCHW = (1 - eta**2) ** 0.5 * noise_SNCHW[0]
        if eta:
            noise_NCHW = noise_NCHW + eta * noise_SNCHW[steps - step]
        x_NCHW = following**0.5 * clean_NCHW + (1 - following) ** 0.5 * noise_NCHW
    return clean_NCHW
