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


def frechet_scores(
    name: str, clips: Iterable[Clip], features: Callable[[Clip, Frames], npt.NDArray[np.float64]]
) -> dict[str, Score]:
    """Fréchet distance of the features of all clips together from those of the true ones.

    ``features`` gives for a clip and its generated or true frames what is compared, ``[N, F]``. The distance
    is called ``name``, the ends of its interval ``{name}_low`` and ``{name}_high``. Of few features it is too
    large: only rows of as many clips compare. Not defined below two.
    """
    generated, true = [], []
    for clip in clips:
        own, given = features(clip, clip.frames), features(clip, clip.true_frames)
        if len(given):
            generated.append(own)
            true.append(given)
    count = sum(map(len, true))
    if count < 2:
        return {name: (None, count)}
    values = with_interval(generated, true)
    return {f"{name}{end}": (value, count) for end, value in zip(("", "_low", "_high"), values, strict=True)}


def picture_features(network: Any, frames: Frames, num_frames: int) -> npt.NDArray[np.float64]:
    """Features ``[N, F]`` of every fifth frame by ``network``, a module of pictures in [0, 1]."""
    import torch

    looked_at = list(range(0, num_frames, EVERY))
    with torch.no_grad():
        return np.concatenate(
            [
                network(batch(frames, looked_at[start : start + _AT_ONCE])).double().numpy()
                for start in range(0, len(looked_at), _AT_ONCE)
            ]
        )


def window_features(network: Any, frames: Frames, num_frames: int, *, window: int) -> npt.NDArray[np.float64]:
    """Features ``[N, F]`` of windows of so many frames, one after the other, by ``network``, a module of
    windows in [0, 1]. What is left at the end is not looked at."""
    import torch

    found = []
    for start in range(0, num_frames - window + 1, window):
        with torch.no_grad():
            found.append(network(batch(frames, list(range(start, start + window)))[None])[0].double().numpy())
    return np.stack(found) if found else np.empty((0, 0))


def batch(frames: Frames, chosen: list[int]) -> Any:
    """Some frames as a torch tensor ``[N, 3, H, W]`` in [0, 1]."""
    import torch

    pictures = np.concatenate([frames[frame : frame + 1] for frame in chosen])
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)
