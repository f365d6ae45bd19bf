"""Noise schedule of the latent diffusion: how clean latents become noise, and what the network predicts.

Legend: N frames, C, H, W latent, K timesteps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from talkface.models.network import Network

PATHS = ("diffusion", "flow")


def flow_times(timesteps: int) -> Tensor:
    """The times of flow matching's timesteps, float64 [K]: even, without 0 and 1."""
    return torch.arange(1, timesteps + 1, dtype=torch.float64) / (timesteps + 1)


class NoiseSchedule(Network):
    """x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise; the network predicts the noise.

    ``path`` says how alpha_bar falls. ``diffusion``: betas that are linear in their root (Ho et al. 2020,
    LDM, paper A). ``flow``: the straight path of flow matching (Lipman et al. 2023; Liu et al. 2023),
    (1 - t) x_0 + t noise at K even times t between 0 and 1, scaled to unit variance. The scale changes
    nothing that is learned: an Euler step along the path's velocity is a step of DDIM here.

    Holds no weights; as a module it follows its network from device to device.

    Args:
        timesteps: length K of the schedule.
        beta_start: variance of the first step.
        beta_end: variance of the last step.
        path: ``diffusion`` or ``flow``, which has no variances of steps.

    Raises:
        ValueError: variances that are not 0 < beta_start <= beta_end < 1; another path.
    """

    alpha_bar_K: Tensor

    def __init__(
        self,
        timesteps: int = 1000,
        beta_start: float = 0.0015,
        beta_end: float = 0.0195,
        path: str = "diffusion",
    ) -> None:
        super().__init__()
        if path not in PATHS:
            raise ValueError(f"noise schedule: path '{path}' is none of {', '.join(PATHS)}")
        if not 0 < beta_start <= beta_end < 1:
            raise ValueError(f"noise schedule: 0 < {beta_start} <= {beta_end} < 1 does not hold")
        self.timesteps, self.path = timesteps, path
        if path == "flow":
            time_K = flow_times(timesteps)
            alpha_bar_K = (1 - time_K) ** 2 / ((1 - time_K) ** 2 + time_K**2)
        else:
            beta_K = torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2
            alpha_bar_K = (1 - beta_K).cumprod(0)
        self.register_buffer("alpha_bar_K", alpha_bar_K.float(), persistent=False)

    def add_noise(self, clean_NCHW: Tensor, noise_NCHW: Tensor, timestep_N: Tensor) -> Tensor:
        """x_t of clean latents, each frame at its own timestep (int64 [N], 0 .. K - 1)."""
        signal, noise = self._levels(timestep_N)
        return signal * clean_NCHW + noise * noise_NCHW

    def clean(self, noisy_NCHW: Tensor, noise_NCHW: Tensor, timestep_N: Tensor) -> Tensor:
        """The clean latents that a noise prediction implies: the inverse of ``add_noise``."""
        signal, noise = self._levels(timestep_N)
        return (noisy_NCHW - noise * noise_NCHW) / signal

    def noise_of(self, output_NCHW: Tensor, noisy_NCHW: Tensor, timestep_N: Tensor) -> Tensor:
        """Noise by a preconditioned network [own]: sqrt(1 - alpha_bar) x_t + sqrt(alpha_bar) output.

        At high noise almost all of x_t is the noise, and a network that has to copy it spends its precision
        on that; here it gives only the rest (the v of Salimans and Ho 2022).
        """
        signal, noise = self._levels(timestep_N)
        return noise * noisy_NCHW + signal * output_NCHW

    def weights(self, timestep_N: Tensor) -> Tensor:
        """Weights [N] of a noise error that make all timesteps equally hard: 1 / alpha_bar [own].

        The plain noise error (weight one) hardly sees high noise, where it is decided whether a mouth opens.
        On the path of flow matching: 1 / (1 - t)^2, which makes it the error of the velocity noise - x_0.
        """
        if self.path == "flow":
            return (1 - (timestep_N + 1) / (self.timesteps + 1)) ** -2
        return 1 / self._levels(timestep_N)[0].flatten().square()

    def _levels(self, timestep_N: Tensor) -> tuple[Tensor, Tensor]:
        if self.alpha_bar_K.device != timestep_N.device:
            self.to(timestep_N.device)
        alpha_bar = self.alpha_bar_K[timestep_N][:, None, None, None]
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
