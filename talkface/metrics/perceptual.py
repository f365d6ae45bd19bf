"""Distances of pictures by networks, on some frames of a clip: neighbours differ little.

Shapes: N frames, H rows, W columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from talkface.metrics.clip import Clip, Frames
from talkface.metrics.declaration import Score

EVERY = 5
"""Frames from one that is looked at to the next."""
_AT_ONCE = 8


def mean_distance(clip: Clip, network: Any) -> Score:
    """Mean of ``network``, a module of two batches in [-1, 1], over every fifth frame and its truth."""
    import torch  # not above: the Snakefile reads the declarations

    looked_at = list(range(0, clip.num_frames, EVERY))
    if not looked_at:
        return None, 0
    found = []
    for start in range(0, len(looked_at), _AT_ONCE):
        chosen = looked_at[start : start + _AT_ONCE]
        pair = [batch(some, chosen) * 2 - 1 for some in (clip.frames, clip.true_frames)]
        with torch.no_grad():
            found.append(network(*pair).numpy())
    return float(np.concatenate(found).mean(dtype=np.float64)), len(looked_at)


def batch(frames: Frames, chosen: list[int]) -> Any:
    """Some frames as a torch tensor ``[N, 3, H, W]`` in [0, 1]."""
    import torch

    pictures = np.concatenate([frames[frame : frame + 1] for frame in chosen])
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)
