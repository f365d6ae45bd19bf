"""What a denoiser learns: the noise in latents, then, where asked for, to be consistent along a path.

Consistency tuning (ECT; Geng et al. 2024, arXiv:2406.14548) takes a denoiser that has learned the noise and
teaches it to give the clean latents in one step: what it makes of a noisy point has to be what it makes of a
point nearer to the clean latents, on the way with the same noise. The two points begin far apart, where the
nearer one is almost clean, and come closer stage by stage.

Legend: N frames, C channels, h and w of the latent, K timesteps.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from talkface.config import Denoised
from talkface.models.noise_schedule import NoiseSchedule

Denoise = Callable[[Tensor, Tensor], Tensor]
"""``(noisy_NChw, timestep_N) -> predicted noise``."""

_WIDER, _SLOPE = 8.0, 1.0
"""ECT's k and b: how much farther apart the two points are where there is little noise."""


class DenoisingLoss:
    """The loss of a denoiser over a whole training.

    Args:
        schedule: how clean latents become noise.
        config: the section's settings.
        weight_hw: weights of the latent's places, mean one.
        samples: length of the training.
    """

    def __init__(self, schedule: NoiseSchedule, config: Denoised, weight_hw: Tensor, samples: int):
        self._schedule, self._config, self._weight_hw = schedule, config, weight_hw
        self._begin, self._samples = (1 - config.consistency_share) * samples, samples

    @property
    def turns(self) -> dict[str, float]:
        """The setting that ties the loss to the training's length, and the share until which it does not."""
        share = self._config.consistency_share
        return {"consistency_share": 1 - share} if share else {}

    def stage(self, seen: int) -> int | None:
        """The stage of the consistency tuning after ``seen`` samples, from 0 on; None before it begins."""
        if not self._config.consistency_share or seen < self._begin:
            return None
        through = (seen - self._begin) / (self._samples - self._begin)
        return min(int(through * self._config.consistency_stages), self._config.consistency_stages - 1)

    def __call__(
        self, denoise: Denoise, clean_NChw: Tensor, noise_NChw: Tensor, timestep_N: Tensor, seen: int
    ) -> dict[str, Tensor]:
        """The term to descend, under "descended", and what it is made of by name ("noise", "consistency")."""
        self._weight_hw = self._weight_hw.to(clean_NChw.device)
        noisy_NChw = self._schedule.add_noise(clean_NChw, noise_NChw, timestep_N)
        told_NChw = denoise(noisy_NChw, timestep_N).float()
        error_Nhw = (told_NChw - noise_NChw).square().mean(1)
        stage = self.stage(seen)
        if stage is None:
            weight_N = (
                self._schedule.weights(timestep_N)
                if self._config.even_timesteps
                else torch.ones(1, device=error_Nhw.device)
            )
            loss = (weight_N[:, None, None] * error_Nhw * self._weight_hw).mean()
            return {"descended": loss, "noise": error_Nhw.mean()}
        nearer_N = nearer_timesteps(self._schedule.alpha_bar_K, timestep_N, stage)
        found_NChw = self._schedule.clean(noisy_NChw, told_NChw, timestep_N)
        with torch.no_grad():
            target_NChw = self._nearer(denoise, clean_NChw, noise_NChw, nearer_N)
        distance_N = ((found_NChw - target_NChw).square().mean(1) * self._weight_hw).mean((1, 2))
        level_K = noise_levels(self._schedule.alpha_bar_K)
        before_N = torch.where(nearer_N < 0, 0.0, level_K[nearer_N.clamp(min=0)])
        # ECT's weight; the root makes it the distance of Geng et al. with c = 0, finite at equal points
        loss = ((distance_N + 1e-8).sqrt() / (level_K[timestep_N] - before_N)).mean()
        return {"descended": loss, "noise": error_Nhw.mean(), "consistency": loss.detach()}

    def _nearer(self, denoise: Denoise, clean_NChw: Tensor, noise_NChw: Tensor, nearer_N: Tensor) -> Tensor:
        """The clean latents that the denoiser sees in the nearer points; the true ones at the path's end."""
        timestep_N = nearer_N.clamp(min=0)
        noisy_NChw = self._schedule.add_noise(clean_NChw, noise_NChw, timestep_N)
        found_NChw = self._schedule.clean(noisy_NChw, denoise(noisy_NChw, timestep_N).float(), timestep_N)
        return torch.where((nearer_N < 0)[:, None, None, None], clean_NChw, found_NChw)


def noise_levels(alpha_bar_K: Tensor) -> Tensor:
    """Deviation of the noise beside clean latents at each timestep, [K], rising."""
    return ((1 - alpha_bar_K) / alpha_bar_K).sqrt()


def nearer_timesteps(alpha_bar_K: Tensor, timestep_N: Tensor, stage: int) -> Tensor:
    """The timestep with which each one is compared, int64 [N]: smaller, -1 for the clean latents themselves.

    Its noise level is 1 - n / 2^(stage + 1) of the other's, at most, with ECT's n = 1 + 8 sigmoid(-level).
    """
    level_K = noise_levels(alpha_bar_K)
    level_N = level_K[timestep_N]
    apart_N = (1 + _WIDER * torch.sigmoid(-_SLOPE * level_N)) / 2 ** (stage + 1)
    wanted_N = level_N * (1 - apart_N).clamp(min=0)
    nearer_N = torch.searchsorted(level_K, wanted_N, right=True) - 1
    return torch.minimum(nearer_N, timestep_N - 1)
