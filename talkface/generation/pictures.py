"""Pictures as the networks and as the tables hold them.

Shapes: N pictures, H rows, W columns, 3 colours (RGB).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_network(images_NHW3: np.ndarray) -> Tensor:
    """uint8 ``[N, H, W, 3]`` -> float32 ``[N, 3, H, W]`` in [-1, 1]."""
    return torch.from_numpy(images_NHW3).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_pictures(x_N3HW: Tensor) -> np.ndarray:
    """Network output, about [-1, 1] -> uint8 ``[N, H, W, 3]``, rounded and clipped."""
    scaled_N3HW = ((x_N3HW.float() + 1.0) * 127.5).round().clamp(0, 255)
    return scaled_N3HW.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
