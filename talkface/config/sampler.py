"""How the diffusion renderer is sampled: sampler, steps, noise, windows."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from talkface.config.basics import Fraction, Strict

SAMPLERS = Path(__file__).parents[1] / "generation" / "samplers"
"""One file for each sampler, which is found by its name."""


class Sampler(Strict):
    """How latents are sampled (paper A: DDIM, 200 steps, eta 0)."""

    kind: str = Field("ddim", pattern=r"^[a-z][a-z0-9_]*$")
    """The sampler: a file of talkface/generation/samplers/."""
    steps: int = Field(200, ge=1, le=1000)
    """Denoising steps."""
    eta: Fraction = 0.0
    """Share of fresh noise in each step: 0 is deterministic, 1 is ancestral."""
    shared_noise: bool = True
    """One noise image for a whole clip: no flicker between frames."""
    batch_frames: int = Field(64, ge=1)
    """Frames that are denoised together; more are faster and need more memory."""
    fusion_window_frames: int = Field(250, ge=10)
    """Long clips run in overlapping, cross-faded windows."""
    fusion_overlap_frames: int = Field(50, ge=2)
    """Frames over which two windows are cross-faded."""

    @field_validator("kind")
    @classmethod
    def _is_there(cls, kind: str) -> str:
        present = sorted(path.stem for path in SAMPLERS.glob("[a-z]*.py"))
        if kind not in present:
            raise ValueError(f"'{kind}' is not one of {', '.join(present)} (the files of {SAMPLERS})")
        return kind
