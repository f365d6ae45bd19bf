"""FVD: how far generated films as a whole are from true ones, by I3D's logits of short windows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.declaration import Measure, Metric, Score, WeightsFile, ahead_of
from talkface.metrics.perceptual import frechet_scores, window_features

if TYPE_CHECKING:
    from talkface.metrics.networks.i3d import I3d

WEIGHTS = "i3d"
WINDOW = 16
"""Frames of a window, as most papers take it."""


def score(clips: Iterable[Clip]) -> dict[str, Score]:
    """``fvd`` of a subset's clips together, with ``_low`` and ``_high``, ends of its interval.

    A clip's windows follow one another; what is left at its end is not looked at, nor is a clip of fewer
    frames than a window.
    """
    return frechet_scores(
        "fvd",
        clips,
        lambda clip, frames: window_features(
            _network(clip.weights[WEIGHTS]), frames, clip.num_frames, window=WINDOW
        ),
    )


@cache
def _network(weights: StateDict) -> I3d:
    from talkface.metrics.networks.fitting import fitted
    from talkface.metrics.networks.i3d import I3d, i3d_tensors

    return fitted(I3d(), i3d_tensors(weights.tensors), f"metrics.weights.{WEIGHTS}")


_SOURCE = (
    "Unterthiner et al. 2018, on I3D (Carreira and Zisserman 2017); windows of 16 frames of aligned crops: "
    "our own choice"
)
_BLIND = (
    "which film is which: a mouth that says other words is as good; few windows make it too large, and "
    "papers crop films and choose windows and levels differently, so theirs do not compare"
)

METRIC = Metric(
    score,
    needs=("frames", "true_frames", "weights"),
    measures=(
        Measure(
            "fvd", "FVD", "fvd", "mean", 1, "low",
            "Fréchet video distance, all clips of the subset; too large for few clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND,
            orders=(
                *ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "static", "other_face"),
            ),
        ),
        Measure(
            "fvd_low", "FVD from", "fvd_low", "mean", 1, "",
            "lower end of its 95 % interval by bootstrap over clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
        Measure(
            "fvd_high", "FVD to", "fvd_high", "mean", 1, "", "its upper end",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
    ),
    table="Looks, by networks",
    per="subset",
    weights=(
        WeightsFile(
            WEIGHTS, "I3D of Kinetics-400, Conv3d_1a_7x7.conv3d.weight to logits.conv3d.bias",
            "https://github.com/wilson1yan/VideoGPT (i3d_pretrained_400.pt)",
        ),
    ),
)  # fmt: skip
