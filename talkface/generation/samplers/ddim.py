"""DDIM (Song et al. 2021) as pure functions over a denoiser ``callable(x, t) -> noise``.

Shapes: N pictures, C channels, H, W latent height and width, K timesteps of the noise schedule, S sampling
steps.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from talkface.generation.samplers import Denoiser


def ddim_timesteps(num_timesteps: int, steps: int) -> np.ndarray:
    """Increasing timesteps int64 ``[S]``, evenly spaced and moved up by one as in LDM: 1, 1 + K/S, ...

    Where S does not divide K, LDM takes more steps than asked and may leave the schedule; here they are
    rounded down and stay within. Raises ``ValueError`` for more steps than timesteps.
    """
    if not 1 <= steps <= num_timesteps:
        raise ValueError(
            f"sampler.steps: {steps} is not between 1 and the schedule's {num_timesteps} timesteps"
        )
    spaced_S = np.arange(steps, dtype=np.int64) * num_timesteps // steps
    return spaced_S + 1 if steps < num_timesteps else spaced_S


def sample(
    denoise: Denoiser,
    noise_SNCHW: Tensor,
    alpha_bar_K: Tensor,
    *,
    steps: int,
    eta: float = 0.0,
    known: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Denoise from pure noise ``noise_SNCHW[0]`` down to clean pictures ``[N, C, H, W]``.

    ``alpha_bar_K``: cumulative product of 1 - beta. ``eta``: 0 is deterministic (paper A), 1 is ancestral;
    above 0 step ``s`` takes fresh noise from ``noise_SNCHW[1 + s]``. All noise is handed in, so the result
    depends on the arguments alone. The last step lands on the predicted clean picture itself (LDM stops at
    ``alpha_bar[0]``, which leaves a last trace of noise in the picture). Equations 12 and 16 of the paper.

    ``known``: clean pictures and a mask [1, H, W] that is true where they are kept (inpaint protocol): there
    every step's predicted clean picture is replaced, and its noise follows from it.
    """
    timesteps_S = ddim_timesteps(len(alpha_bar_K), steps)
    return descend(denoise, noise_SNCHW, alpha_bar_K, timesteps_S, eta, known)


def descend(
    denoise: Denoiser,
    noise_SNCHW: Tensor,
    alpha_bar_K: Tensor,
    timesteps_S: np.ndarray,
    eta: float,
    known: tuple[Tensor, Tensor] | None,
) -> Tensor:
    """``sample`` by way of the given timesteps, increasing, ``[S]``."""
    steps, alpha_S = len(timesteps_S), [float(alpha_bar_K[t]) for t in timesteps_S]
    x_NCHW = noise_SNCHW[0]
    for step in reversed(range(steps)):
        alpha, previous = alpha_S[step], alpha_S[step - 1] if step else 1.0
        timestep_N = torch.full((len(x_NCHW),), int(timesteps_S[step]), device=x_NCHW.device)
        noise_NCHW = denoise(x_NCHW, timestep_N)
        clean_NCHW = (x_NCHW - (1 - alpha) ** 0.5 * noise_NCHW) / alpha**0.5
        if known is not None:
            clean_NCHW = torch.where(known[1], known[0], clean_NCHW)
            noise_NCHW = (x_NCHW - alpha**0.5 * clean_NCHW) / (1 - alpha) ** 0.5
        sigma = eta * ((1 - previous) / (1 - alpha) * (1 - alpha / previous)) ** 0.5
        x_NCHW = previous**0.5 * clean_NCHW + max(1 - previous - sigma**2, 0.0) ** 0.5 * noise_NCHW
        if sigma > 0:
            x_NCHW = x_NCHW + sigma * noise_SNCHW[steps - step]
    return x_NCHW
