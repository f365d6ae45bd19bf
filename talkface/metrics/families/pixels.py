"""PSNR, SSIM and sharpness, whole crop and mouth box (suffix ``_mouth``), before any video coding."""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Box, Clip
from talkface.metrics.declaration import Measure, Metric, Order, Score, ahead_of
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


_PSNR = "mean squared error over all pixels and channels, peak 255"
_SSIM = "Wang et al. 2004: Gaussian window 11 x 11, sigma 1.5"
_FIDELITY: tuple[Order, ...] = (("codec", "blurred"), ("codec", "other_face"), ("codec", "static"))

METRIC = Metric(
    score,
    needs=("frames", "true_frames", "mouth_box"),
    measures=(
        Measure(
            "psnr_db", "PSNR dB", "psnr", "mean", 2, "high", "peak signal-to-noise ratio, whole crop",
            unit="dB", range=(0, None), region="whole crop", source=_PSNR,
            blind="the mouth, which is a small part of the crop: a frozen picture comes close to the best",
            orders=_FIDELITY,
        ),
        Measure(
            "ssim", "SSIM", "ssim", "mean", 3, "high", "structural similarity, whole crop",
            unit="1", range=(-1, 1), region="whole crop", source=_SSIM,
            blind="the mouth, as PSNR is; shades that change slowly over the picture",
            orders=(("ground_truth", "codec"), *_FIDELITY),
        ),
        Measure(
            "psnr_mouth_db", "PSNR mouth dB", "psnr_mouth", "mean", 2, "high", "the same in the mouth box",
            unit="dB", range=(0, None), region="mouth box", source=_PSNR,
            blind="whether the mouth moves in time: its mean picture beats one that moves a little wrongly",
            orders=(*_FIDELITY, *ahead_of("codec", "early", "late")),
        ),
        Measure(
            "ssim_mouth", "SSIM mouth", "ssim_mouth", "mean", 3, "high", "the same in the mouth box",
            unit="1", range=(-1, 1), region="mouth box", source=_SSIM,
            blind="whether the mouth moves in time, as PSNR of the mouth is",
            orders=(("ground_truth", "codec"), *_FIDELITY, *ahead_of("codec", "early", "late")),
        ),
        Measure(
            "sharpness_mouth_ratio", "Sharpness mouth", "sharpness_mouth_ratio", "mean", 2, "near one",
            "variance of the Laplacian in the mouth box over the truth's",
            unit="1", range=(0, None), region="mouth box",
            source="Pech-Pacheco et al. 2000, variance of the Laplacian; the ratio is our own",
            blind="what is shown: noise and blocks count as sharp, and any sharp picture will do",
            orders=ahead_of("ground_truth", "blurred"),
        ),
    ),
)  # fmt: skip
