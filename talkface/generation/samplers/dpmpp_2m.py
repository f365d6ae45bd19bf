"""DPM-Solver++(2M), algorithm 2 of Lu et al. 2022 (arXiv:2211.01095), as a pure function over a denoiser.

Of second order with one call of the denoiser a step: the clean latents are extrapolated from the last two
predictions, in the logarithm of the signal-to-noise ratio. What that gains: docs/few_steps.md.

Shapes: N pictures, C channels, H, W latent height and width, K timesteps of the noise schedule, S sampling
steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from talkface.generation.samplers import Denoiser
from talkface.generation.samplers.ddim import ddim_timesteps


def sample(
    denoise: Denoiser,
    noise_SNCHW: Tensor,
    alpha_bar_K: Tensor,
    *,
    steps: int,
    eta: float = 0.0,
    known: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """As ``talkface.generation.samplers.Sample``; the last step lands on the predicted clean latents.

    Raises ``ValueError`` for ``eta`` above 0: the method takes no fresh noise.
    """
    if eta:
        raise ValueError(f"sampler.eta: {eta:g}, but dpmpp_2m takes no fresh noise; set it to 0")
    timesteps_S = ddim_timesteps(len(alpha_bar_K), steps)
    alpha_S = [float(alpha_bar_K[timestep]) for timestep in timesteps_S]
    log_snr_S = [0.5 * math.log(alpha / (1 - alpha)) for alpha in alpha_S]  # the paper's lambda
    x_NCHW, clean_NCHW, before_NCHW, before = noise_SNCHW[0], noise_SNCHW[0], None, 0.0
    for step in reversed(range(steps)):
        alpha = alpha_S[step]
        timestep_N = torch.full((len(x_NCHW),), int(timesteps_S[step]), device=x_NCHW.device)
        clean_NCHW = (x_NCHW - (1 - alpha) ** 0.5 * denoise(x_NCHW, timestep_N)) / alpha**0.5
        if known is not None:
            clean_NCHW = torch.where(known[1], known[0], clean_NCHW)
        if step == 0:
            break
        following, width = alpha_S[step - 1], log_snr_S[step - 1] - log_snr_S[step]
        ahead_NCHW = clean_NCHW
        if before_NCHW is not None:  # extrapolated from the last two predictions
            ahead_NCHW = clean_NCHW + width / (2 * before) * (clean_NCHW - before_NCHW)
        shrunk_NCHW = ((1 - following) / (1 - alpha)) ** 0.5 * x_NCHW
        x_NCHW = shrunk_NCHW - following**0.5 * math.expm1(-width) * ahead_NCHW
        before_NCHW, before = clean_NCHW, width
    return clean_NCHW
