"""Does the face stay that of the photo? First and last second outside the mouth, against the photo."""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Box, Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.pixels import mean_finite, psnr_where, ssim_where

_MARGIN = 5
"""Pixels around the mouth box, and at the picture's edge, whose SSIM windows see what lies beyond."""


def score(clip: Clip) -> dict[str, Score]:
    """``photo_psnr`` (dB) and ``photo_ssim``, each ``_first`` and ``_last``: means over that second's frames.

    The photo is the first true frame in which a face was found. The mouth box is left out, for SSIM with a
    margin around it. A frame equal to the photo has no PSNR
    and is left out. A clip of under a second is compared as a whole, twice.
    """
    photo = int(np.argmax(clip.true_landmarks.found_T))
    photo_1HWC = clip.true_frames[photo : photo + 1]
    second = min(round(clip.fps), clip.num_frames)
    parts = {"first": slice(0, second), "last": slice(clip.num_frames - second, clip.num_frames)}
    scores: dict[str, Score] = {}
    for part, which in parts.items():
        frames_THWC = clip.frames[which]
        photo_THWC = np.broadcast_to(photo_1HWC, frames_THWC.shape)
        outside_HW = outside(clip.mouth_box, frames_THWC.shape[1:3])
        inner_HW = outside(clip.mouth_box, frames_THWC.shape[1:3], _MARGIN)
        scores[f"photo_psnr_{part}"] = mean_finite(psnr_where(frames_THWC, photo_THWC, outside_HW))
        scores[f"photo_ssim_{part}"] = ssim_where(frames_THWC, photo_THWC, inner_HW).mean(), second
    return scores


def outside(box: Box, shape: tuple[int, ...], margin: int = 0) -> np.ndarray:
    """Where a picture ``[H, W]`` is at least ``margin`` pixels from the box and from its own edge."""
    top, bottom, left, right = box
    inside_HW = np.zeros(shape, dtype=bool)
    inside_HW[margin : shape[0] - margin, margin : shape[1] - margin] = True
    inside_HW[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin] = False
    return inside_HW


_PSNR = "mean squared error over pixels and channels, peak 255; against the photo: our own"
_SSIM = "Wang et al. 2004; against the photo: our own"
_BLIND = "a picture that stands still: a copy of the photo is perfect; true blinks and turns of the head cost"
_SAME_PERSON = ahead_of("ground_truth", "other_face")

METRIC = Metric(
    score,
    needs=("frames", "true_frames", "true_landmarks", "mouth_box"),
    measures=(
        Measure(
            "photo_psnr_first_db", "PSNR to photo dB, first s", "photo_psnr_first", "mean", 2, "high",
            "peak signal-to-noise ratio outside the mouth box, frames of the first second against the photo",
            unit="dB", range=(0, None), region="outside the mouth box", source=_PSNR,
            blind=_BLIND, orders=_SAME_PERSON,
        ),
        Measure(
            "photo_psnr_last_db", "PSNR to photo dB, last s", "photo_psnr_last", "mean", 2, "high",
            "the same of the last second",
            unit="dB", range=(0, None), region="outside the mouth box", source=_PSNR,
            blind=_BLIND, orders=_SAME_PERSON,
        ),
        Measure(
            "photo_ssim_first", "SSIM to photo, first s", "photo_ssim_first", "mean", 3, "high",
            "structural similarity outside the mouth box, frames of the first second against the photo",
            unit="1", range=(-1, 1), region="outside the mouth box", source=_SSIM,
            blind=_BLIND, orders=_SAME_PERSON,
        ),
        Measure(
            "photo_ssim_last", "SSIM to photo, last s", "photo_ssim_last", "mean", 3, "high",
            "the same of the last second",
            unit="1", range=(-1, 1), region="outside the mouth box", source=_SSIM,
            blind=_BLIND, orders=_SAME_PERSON,
        ),
    ),
    table="Person and stillness",
)  # fmt: skip
