"""Fréchet distance of two sets of features, with an interval by bootstrap over clips.

Shapes: C clips, N frames, F features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 100
_ENDS = (0.025, 0.975)


def frechet_distance(first_NF: npt.NDArray[np.float64], second_NF: npt.NDArray[np.float64]) -> float:
    """Distance of the Gaussians with the sets' means and sample covariances (Heusel et al. 2017).

    The trace of the covariances' geometric mean is the sum of the singular values of the product of the
    centred sets, which needs no root of a matrix, and no more numbers than there are frames. Few frames make
    the distance too large. Raises ``ValueError`` for fewer than two frames, or features that are not finite.
    """
    if min(len(first_NF), len(second_NF)) < 2:
        raise ValueError(f"two frames are needed on each side, got {len(first_NF)} and {len(second_NF)}")
    if not (np.isfinite(first_NF).all() and np.isfinite(second_NF).all()):
        raise ValueError("features are not finite")
    first_F, second_F = first_NF.mean(axis=0), second_NF.mean(axis=0)
    centred = [
        (features - mean) / np.sqrt(len(features) - 1)
        for features, mean in ((first_NF, first_F), (second_NF, second_F))
    ]
    if len(first_NF) + len(second_NF) > 2 * first_NF.shape[1]:
        centred = [
            np.linalg.qr(features, mode="r") for features in centred
        ]  # the same covariances, fewer rows
    shared = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    spread = sum(float((features**2).sum()) for features in centred)
    return max(float(((first_F - second_F) ** 2).sum()) + spread - 2 * float(shared), 0.0)


def with_interval(
    generated: Sequence[npt.NDArray[np.float64]], true: Sequence[npt.NDArray[np.float64]]
) -> tuple[float, float | None, float | None]:
    """The distance over all clips' frames, and the ends of its 95 % interval over clips.

    Features of each clip ``[N, F]``. Clips are drawn with replacement, in pairs; below five there is no
    interval. A clip that is drawn twice makes the set less varied, so the interval lies high.
    """
    whole = frechet_distance(np.concatenate(generated), np.concatenate(true))
    if len(generated) < 5:
        return whole, None, None
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(generated), size=len(generated))
        sides = [np.concatenate([features[clip] for clip in chosen]) for features in (generated, true)]
        drawn.append(frechet_distance(*sides))
    low, high = np.quantile(drawn, _ENDS)
    return whole, float(low), float(high)
