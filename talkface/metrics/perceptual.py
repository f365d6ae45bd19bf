"""Distances of pictures by networks, on some frames of a clip: neighbours differ little.

Shapes: N frames, H rows, W columns, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from talkface.metrics.clip import Clip, Frames
from talkface.metrics.declaration import Score
from talkface.metrics.frechet import with_interval

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


def frechet_scores(name: str, clips: Iterable[Clip], network: Callable[[Clip], Any]) -> dict[str, Score]:
    """Fréchet distance of all clips together, every fifth frame against the true ones.

    ``network`` gives for a clip the module from pictures in [0, 1] to features ``[N, F]``. The distance is
    called ``name``, the ends of its interval ``{name}_low`` and ``{name}_high``. With few frames it is too
    large: only rows of as many clips compare. Not defined below two frames.
    """
    generated, true = [], []
    for clip in clips:
        module = network(clip)
        generated.append(_features(module, clip.frames, clip.num_frames))
        true.append(_features(module, clip.true_frames, clip.num_frames))
    frames = sum(map(len, true))
    if frames < 2:
        return {name: (None, frames)}
    values = with_interval(generated, true)
    return {f"{name}{end}": (value, frames) for end, value in zip(("", "_low", "_high"), values, strict=True)}


def _features(network: Any, frames: Frames, num_frames: int) -> npt.NDArray[np.float64]:
    import torch

    looked_at = list(range(0, num_frames, EVERY))
    with torch.no_grad():
        return np.concatenate(
            [
                network(batch(frames, looked_at[start : start + _AT_ONCE])).double().numpy()
                for start in range(0, len(looked_at), _AT_ONCE)
            ]
        )


def batch(frames: Frames, chosen: list[int]) -> Any:
    """Some frames as a torch tensor ``[N, 3, H, W]`` in [0, 1]."""
    import torch

    pictures = np.concatenate([frames[frame : frame + 1] for frame in chosen])
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)
