"""Samplers of the diffusion renderer, one a file: ``sampler.kind`` names the file (docs/adding_sampler.md).

Shapes: N pictures, C channels, H, W latent height and width, K timesteps of the noise schedule, S sampling
steps.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast

from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""``(x_NCHW, timestep_N int64) -> predicted noise_NCHW``."""


class Sample(Protocol):
    """The function ``sample`` of a sampler's file."""

    def __call__(
        self,
        denoise: Denoiser,
        noise_SNCHW: Tensor,
        alpha_bar_K: Tensor,
        *,
        steps: int,
        eta: float,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Denoise from pure noise ``noise_SNCHW[0]`` to clean latents ``[N, C, H, W]``.

        Args:
            denoise: predicts the noise in latents at a timestep.
            noise_SNCHW: all noise that may be used: ``[1, N, ...]``, and with ``eta`` above 0 one more for
                each step.
            alpha_bar_K: cumulative product of 1 - beta.
            steps: number of calls of ``denoise``.
            eta: share of fresh noise in each step, 0 to 1.
            known: clean latents and a mask [1, H, W] that is true where they have to be kept (protocol
                inpaint).
        """
        ...


def find(kind: str) -> Sample:
    """The sampler of a name that the configuration has checked.

    It is imported by its name, so that the code version of ``generate_clips`` holds the chosen sampler alone.
    """
    return cast("Sample", importlib.import_module(f"{__name__}.{kind}").sample)
