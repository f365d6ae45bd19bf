"""PSNR, SSIM and sharpness, whole crop and mouth box (suffix ``_mouth``), before any video coding."""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Box, Clip
from talkface.metrics.declaration import Measure, Metric, Score
from talkface.metrics.pixels import crop, mean_finite, psnr, ssim
from talkface.metrics.sharpness import laplacian_variance, sharpness_ratio

_FRAMES_AT_ONCE = 100


def score(clip: Clip) -> dict[str, Score]:
    """``psnr`` (dB), ``ssim`` and ``sharpness_mouth``, means over frames.

    A frame equal to its truth has no PSNR and is left out, so that *ground truth* has none.
    ``sharpness_mouth``: variance of the Laplacian, and ``sharpness_mouth_ratio``, its ratio to the truth's.
    """
    starts = range(0, clip.num_frames, _FRAMES_AT_ONCE)
    pieces = [_figures(clip, slice(start, start + _FRAMES_AT_ONCE), clip.mouth_box) for start in starts]
    figures = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    sharpness = figures["sharpness_mouth"]
    means: dict[str, float | None] = {name: figures[name].mean() for name in ("ssim", "ssim_mouth")}
    means["sharpness_mouth"] = sharpness.mean()
    means["sharpness_mouth_ratio"] = sharpness_ratio(sharpness, figures["true_sharpness"])
    scores: dict[str, Score] = {name: mean_finite(figures[name]) for name in ("psnr", "psnr_mouth")}
    return scores | {name: (value, clip.num_frames) for name, value in means.items()}


def _figures(clip: Clip, which: slice, box: Box) -> dict[str, np.ndarray]:
    prediction_THWC, reference_THWC = clip.frames[which], clip.true_frames[which]
    ssim_T, ssim_mouth_T = ssim(prediction_THWC, reference_THWC, box)
    return {
        "psnr": psnr(prediction_THWC, reference_THWC),
        "psnr_mouth": psnr(crop(prediction_THWC, box), crop(reference_THWC, box)),
        "ssim": ssim_T,
        "ssim_mouth": ssim_mouth_T,
        "sharpness_mouth": laplacian_variance(crop(prediction_THWC, box)),
        "true_sharpness": laplacian_variance(crop(reference_THWC, box)),
    }


METRIC = Metric(
    score,
    needs=("frames", "true_frames", "mouth_box"),
    measures=(
        Measure("psnr_db", "PSNR dB", "psnr", "mean", 2, "high", "peak signal-to-noise ratio, whole crop"),
        Measure("ssim", "SSIM", "ssim", "mean", 3, "high", "structural similarity, whole crop"),
        Measure(
            "psnr_mouth_db", "PSNR mouth dB", "psnr_mouth", "mean", 2, "high", "the same in the mouth box"
        ),
        Measure("ssim_mouth", "SSIM mouth", "ssim_mouth", "mean", 3, "high", "the same in the mouth box"),
        Measure(
            "sharpness_mouth_ratio", "Sharpness mouth", "sharpness_mouth_ratio", "mean", 2, "near one",
            "variance of the Laplacian in the mouth box over the truth's",
        ),
    ),
)  # fmt: skip
