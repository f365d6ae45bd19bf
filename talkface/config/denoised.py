"""Settings that every renderer with a denoiser has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from talkface.config.basics import Fraction, Strict


class Denoised(Strict):
    """How latents become noise, and what the network learns of it."""

    later = frozenset({"noise_path", "consistency_share", "consistency_stages"})

    timesteps: int = 1000
    """Length of the noise schedule."""
    beta_start: float = 0.0015
    """Noise variance of the first timestep."""
    beta_end: float = 0.0195
    """Noise variance of the last timestep."""
    noise_path: Literal["diffusion", "flow"] = "diffusion"
    """How latents become noise: diffusion (the papers), or flow, the straight path of flow matching, without
    variances."""
    preconditioned: bool
    """[own] the network gives what is left of the noise after copying its input."""
    even_timesteps: bool
    """[own] weigh the noise error so that high noise, where mouths open, counts."""
    consistency_share: Fraction = 0.0
    """Last share of the training that tunes the denoiser to give clean latents in one step or two (ECT);
    0: none."""
    consistency_stages: int = Field(4, ge=1, le=16)
    """Stages of that tuning; each halves the distance of the two points that are compared."""

    @model_validator(mode="after")
    def _velocity(self) -> Denoised:
        if self.noise_path == "flow" and not (self.preconditioned and self.even_timesteps):
            raise ValueError(
                "noise_path: flow learns a velocity; set preconditioned: true and even_timesteps: true"
            )
        if self.consistency_share and not self.preconditioned:
            raise ValueError(
                "consistency_share: a plain network magnifies its errors; set preconditioned: true"
            )
        return self
