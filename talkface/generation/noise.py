"""The noise that clips are generated from.

Shapes: N pictures, C channels, H, W latent height and width, S sampling steps.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor


def frame_noise(
    shape_CHW: tuple[int, ...], frames: range, *, clip: str, seed: int, steps: int, eta: float, shared: bool
) -> Tensor:
    """All noise of some frames of a clip, float32 ``[1 + S, N, C, H, W]`` (``[1, N, ...]`` for eta 0).

    A function of seed, clip and frame alone: neither the batch a frame falls into nor the clips before it
    change it. ``shared``: every frame of the clip takes the same, so that noise does not flicker from frame
    to frame.
    """
    draws = 1 + (steps if eta > 0 else 0)

    def draw(frame: int) -> Tensor:
        rng = np.random.default_rng([seed, zlib.crc32(clip.encode()), frame])
        return torch.from_numpy(rng.standard_normal((draws, *shape_CHW), dtype=np.float32))

    if shared:
        return draw(0)[:, None].expand(-1, len(frames), *shape_CHW)
    return torch.stack([draw(frame) for frame in frames], dim=1)
