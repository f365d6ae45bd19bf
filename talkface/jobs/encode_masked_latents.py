"""Rule ``encode_masked_latents``: crops -> latents of frames with a hidden lower half."""

from __future__ import annotations

from pathlib import Path

from talkface.config import Compute
from talkface.jobs.encode_latents import encode_latents


def encode_masked_latents(*, model: Path, faces: Path, latents: Path, compute: Compute) -> None:
    """Write LATENTS of one shard: all that the inpaint protocol may see of every frame."""
    encode_latents(model=model, faces=faces, latents=latents, compute=compute, lower_half_hidden=True)
