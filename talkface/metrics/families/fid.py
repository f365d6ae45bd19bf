"""FID: how far generated pictures as a whole are from true ones, by Inception-v3's features."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.declaration import Measure, Metric, Score, WeightsFile, ahead_of
from talkface.metrics.perceptual import frechet_scores, picture_features

if TYPE_CHECKING:
    from talkface.metrics.networks.inception import Inception

WEIGHTS = "inception"


def score(clips: Iterable[Clip]) -> dict[str, Score]:
    """``fid`` of a subset's clips together, with ``_low`` and ``_high``, ends of its interval.

    Crops are made 299 pixels wide as in the authors' code.
    """
    return frechet_scores(
        "fid",
        clips,
        lambda clip, frames: picture_features(_network(clip.weights[WEIGHTS]), frames, clip.num_frames),
    )


@cache
def _network(weights: StateDict) -> Inception:
    from talkface.metrics.networks.fitting import fitted
    from talkface.metrics.networks.inception import Inception, inception_tensors

    return fitted(Inception(), inception_tensors(weights.tensors), f"metrics.weights.{WEIGHTS}")


_SOURCE = (
    "Heusel et al. 2017, on Inception-v3 of 2015-12-05; every fifth frame of aligned crops: our own choice"
)
_BLIND = (
    "which frame is which: frames in another order are as good, and so is a mouth out of time; papers crop "
    "and choose frames differently, so theirs do not compare"
)

METRIC = Metric(
    score,
    needs=("frames", "true_frames", "weights"),
    measures=(
        Measure(
            "fid", "FID", "fid", "mean", 2, "low",
            "Fréchet Inception distance, all clips of the subset; too large for few clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND,
            orders=(*ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "other_face")),
        ),
        Measure(
            "fid_low", "FID from", "fid_low", "mean", 2, "",
            "lower end of its 95 % interval by bootstrap over clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
        Measure(
            "fid_high", "FID to", "fid_high", "mean", 2, "", "its upper end",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
    ),
    table="Looks, by networks",
    per="subset",
    weights=(
        WeightsFile(
            WEIGHTS, "Inception-v3 of 2015-12-05, Conv2d_1a_3x3.conv.weight to Mixed_7c.branch_pool.bn.bias",
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
            "pt_inception-2015-12-05-6726825d.pth", "6726825d",
        ),
    ),
)  # fmt: skip
