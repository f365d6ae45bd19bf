"""Euler steps along the probability flow, from pure noise on.

DDIM without fresh noise is Euler's method (Song et al. 2021, section 4.3); on the straight path of flow
matching, ``noise_path: flow``, its steps are exactly x + (t' - t) velocity. Here the first step starts at the
last timestep, where there is noise alone. ``ddim`` starts a step lower, as LDM does: where steps are few, it
tells the network that pure noise is almost clean (Lin et al. 2024, arXiv:2305.08891).

Shapes: N pictures, C channels, H, W latent height and width, K timesteps of the noise schedule, S sampling
steps.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from talkface.generation.samplers import Denoiser
from talkface.generation.samplers.ddim import descend


def euler_timesteps(num_timesteps: int, steps: int) -> np.ndarray:
    """Increasing timesteps int64 ``[S]``, evenly spaced, up to the last: K/S - 1, 2 K/S - 1, ... K - 1.

    Raises ``ValueError`` for more steps than timesteps.
    """
    if not 1 <= steps <= num_timesteps:
        raise ValueError(
            f"sampler.steps: {steps} is not between 1 and the schedule's {num_timesteps} timesteps"
        )
    return np.arange(1, steps + 1, dtype=np.int64) * num_timesteps // steps - 1


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
        raise ValueError(f"sampler.eta: {eta:g}, but euler takes no fresh noise; set it to 0")
    return descend(denoise, noise_SNCHW, alpha_bar_K, euler_timesteps(len(alpha_bar_K), steps), 0.0, known)
