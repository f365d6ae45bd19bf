"""CPBD: how many of a picture's edges look sharp, without a look at the truth."""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score
from talkface.metrics.perceptual import EVERY
from talkface.metrics.sharpness import cpbd


def score(clip: Clip) -> dict[str, Score]:
    """``cpbd``: mean over every fifth generated frame of the share of edges whose blur is not noticed."""
    looked_at = range(0, clip.num_frames, EVERY)
    values = [cpbd(clip.frames[frame : frame + 1][0]) for frame in looked_at]
    return {"cpbd": (float(np.mean(values)), len(values))}


METRIC = Metric(
    score,
    needs=("frames",),
    measures=(
        Measure(
            "cpbd", "CPBD", "cpbd", "mean", 3, "high",
            "share of the edges whose blur is not noticed, whole crop, every fifth frame",
            unit="1", range=(0, 1), region="whole crop",
            source=(
                "Narvekar and Karam 2011, widths after Marziliano et al. 2002; blocks that overlap where a "
                "crop is no multiple of 64 pixels, and every fifth frame: our own"
            ),
            blind=(
                "the truth: noise, ringing and the sharp photo of another person are as good, and enlarging "
                "a crop makes it worse; read it beside the truth's"
            ),
            orders=(("ground_truth", "blurred"),),
        ),
    ),
    table="Detail and shape of the lips",
)  # fmt: skip
