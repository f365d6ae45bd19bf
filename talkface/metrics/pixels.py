"""PSNR and SSIM on aligned crops in the uint8 range, whole crop and mouth box.

Shapes: T frames, H rows, W columns, C colour channels.
"""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Box

RADIUS = 5
_SIGMA = 1.5
_OFFSETS = np.arange(-RADIUS, RADIUS + 1)
_WINDOW = np.exp(-(_OFFSETS**2) / (2 * _SIGMA**2)) / np.exp(-(_OFFSETS**2) / (2 * _SIGMA**2)).sum()
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""SSIM's Gaussian window 11 x 11, one side, and its constants for a range of 255 (Wang et al. 2004)."""


def psnr(prediction_THWC: np.ndarray, reference_THWC: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each frame in dB, float64 ``[T]``; ``inf`` for equal frames.

    Peak 255; the mean squared error runs over all pixels and channels of the frame.
    Raises ``ValueError`` unless both are uint8 of one shape.
    """
    _check(prediction_THWC, reference_THWC)
    difference = prediction_THWC.astype(np.float64) - reference_THWC
    error_T = (difference**2).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(255.0**2 / error_T)


def psnr_where(prediction_THWC: np.ndarray, reference_THWC: np.ndarray, where_HW: np.ndarray) -> np.ndarray:
    """:func:`psnr` over some of the pixels only."""
    return psnr(prediction_THWC[:, where_HW][:, None], reference_THWC[:, where_HW][:, None])


def ssim(prediction_THWC: np.ndarray, reference_THWC: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Structural similarity of each frame (Wang et al. 2004): ``(whole [T], box [T])``, float64.

    1 for equal frames; a Gaussian window 11 x 11, sigma 1.5, population covariance, range 255, mean over
    colour channels. The whole frame's figure leaves out the outermost 5 pixels, whose windows leave the
    picture. The box's figure is the mean of the same map within the box, so that its windows see the pixels
    around it.
    """
    _check(prediction_THWC, reference_THWC)
    top, bottom, left, right = box
    whole_T, box_T = np.empty(len(prediction_THWC)), np.empty(len(prediction_THWC))
    for frame, (prediction_HWC, reference_HWC) in enumerate(
        zip(prediction_THWC, reference_THWC, strict=True)
    ):
        whole_T[frame], map_HWC = _ssim(prediction_HWC, reference_HWC)
        box_T[frame] = map_HWC[top:bottom, left:right].mean(dtype=np.float64)
    return whole_T, box_T


def ssim_where(prediction_THWC: np.ndarray, reference_THWC: np.ndarray, where_HW: np.ndarray) -> np.ndarray:
    """Mean of :func:`ssim`'s map over some of the pixels, float64 ``[T]``; windows see the pixels around."""
    _check(prediction_THWC, reference_THWC)
    return np.array(
        [
            _ssim(prediction_HWC, reference_HWC)[1][where_HW].mean(dtype=np.float64)
            for prediction_HWC, reference_HWC in zip(prediction_THWC, reference_THWC, strict=True)
        ]
    )


def crop(images_THWC: np.ndarray, box: Box) -> np.ndarray:
    """The box of every frame (a view)."""
    top, bottom, left, right = box
    return images_THWC[:, top:bottom, left:right]


def mean_finite(values_T: np.ndarray) -> tuple[float | None, int]:
    """Mean of the finite values and their number; ``(None, 0)`` without any.

    A frame equal to its reference has no PSNR: the control *static* begins with one, *ground truth* has no
    other.
    """
    finite_T = values_T[np.isfinite(values_T)]
    return (float(finite_T.mean()), len(finite_T)) if len(finite_T) else (None, 0)


def similarity(
    prediction_HWC: np.ndarray, reference_HWC: np.ndarray, *, edge_twice: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """SSIM's map and that of its factor of contrast and structure alone, float64 ``[H, W, C]`` each.

    Windows that leave the picture see it mirrored, ``edge_twice``: with its outermost pixels twice. OpenCV's
    separable filter takes less than half the time of ``skimage.metrics.structural_similarity``, whose map
    this is within 1e-12, and a fifth of that of torchmetrics.
    """
    import cv2  # not above: the Snakefile reads the declarations

    border = cv2.BORDER_REFLECT if edge_twice else cv2.BORDER_REFLECT_101
    prediction, reference = prediction_HWC.astype(np.float64), reference_HWC.astype(np.float64)

    def mean(values_HWC: np.ndarray) -> np.ndarray:
        return cv2.sepFilter2D(values_HWC, -1, _WINDOW, _WINDOW, borderType=border)

    mean_1, mean_2 = mean(prediction), mean(reference)
    between, product = mean_1**2 + mean_2**2, mean_1 * mean_2
    variances = mean(prediction**2 + reference**2) - between
    covariance = mean(prediction * reference) - product
    contrast_HWC = (2 * covariance + _C2) / (variances + _C2)
    return (2 * product + _C1) / (between + _C1) * contrast_HWC, contrast_HWC


def _ssim(prediction_HWC: np.ndarray, reference_HWC: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean without the outermost 5 pixels, and the map ``[H, W, C]``."""
    map_HWC, _ = similarity(prediction_HWC, reference_HWC)
    return float(map_HWC[RADIUS:-RADIUS, RADIUS:-RADIUS].mean()), map_HWC


def _check(prediction_THWC: np.ndarray, reference_THWC: np.ndarray) -> None:
    if prediction_THWC.dtype != np.uint8 or reference_THWC.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8, got {prediction_THWC.dtype} and {reference_THWC.dtype}")
    if prediction_THWC.shape != reference_THWC.shape or prediction_THWC.ndim != 4:
        shapes = f"{prediction_THWC.shape} and {reference_THWC.shape}"
        raise ValueError(f"pictures must be [T, H, W, C] of one shape, got {shapes}")
