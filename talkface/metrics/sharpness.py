"""How sharp a picture is: the variance of its Laplacian. Needs no reference and no weights.

Shapes: T frames, H rows, W columns.
"""

from __future__ import annotations

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def laplacian_variance(images_THW3: np.ndarray) -> np.ndarray:
    """Variance of the 4-neighbour Laplacian of each frame's luma (range 0-255), float64 ``[T]``.

    Blur lowers it; noise raises it, so it is read beside a figure of fidelity and as a ratio to the truth's.
    Only pixels with all four neighbours count. (Pech-Pacheco et al. 2000, "variance of Laplacian" focus
    measure.)
    """
    luma_THW = images_THW3.astype(np.float64) @ _LUMA
    inner = luma_THW[:, 1:-1, 1:-1]
    laplacian_THW = (
        luma_THW[:, :-2, 1:-1]
        + luma_THW[:, 2:, 1:-1]
        + luma_THW[:, 1:-1, :-2]
        + luma_THW[:, 1:-1, 2:]
        - 4 * inner
    )
    return laplacian_THW.var(axis=(1, 2))


def sharpness_ratio(prediction_T: np.ndarray, reference_T: np.ndarray) -> float | None:
    """Mean sharpness over the reference's: below 1 is blurred; ``None`` for a reference without detail."""
    reference = float(np.mean(reference_T))
    return float(np.mean(prediction_T)) / reference if reference > 0 else None
