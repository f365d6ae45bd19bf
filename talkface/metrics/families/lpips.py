"""LPIPS: how different two pictures look, by AlexNet and heads that were trained on people's judgements."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.declaration import Measure, Metric, Score, WeightsFile, ahead_of
from talkface.metrics.perceptual import mean_distance

if TYPE_CHECKING:
    from talkface.metrics.networks.lpips import Lpips

TRUNK, HEADS = "alexnet", "lpips_alex"


def score(clip: Clip) -> dict[str, Score]:
    """``lpips``: mean over every fifth frame, whole crop at its own size. 0 for equal frames."""
    return {"lpips": mean_distance(clip, _network(clip.weights[TRUNK], clip.weights[HEADS]))}


@cache
def _network(trunk: StateDict, heads: StateDict) -> Lpips:
    from talkface.metrics.networks.fitting import fitted
    from talkface.metrics.networks.lpips import Lpips, lpips_tensors

    what = f"metrics.weights.{TRUNK} and {HEADS}"
    return fitted(Lpips(), lpips_tensors(trunk.tensors, heads.tensors), what)


METRIC = Metric(
    score,
    needs=("frames", "true_frames", "weights"),
    measures=(
        Measure(
            "lpips", "LPIPS", "lpips", "mean", 4, "low", "perceptual distance by AlexNet, whole crop",
            unit="1", range=(0, None), region="whole crop", source="Zhang et al. 2018, version 0.1, AlexNet",
            blind="the mouth, a small part of the crop; a shift by a pixel costs more than it is seen",
            orders=(
                *ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "static", "other_face"),
            ),
        ),
    ),
    table="Looks, by networks",
    weights=(
        WeightsFile(
            TRUNK, "torchvision's AlexNet, features.0.weight to features.10.bias",
            "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79",
        ),
        WeightsFile(
            HEADS, "LPIPS 0.1's heads, lin0.model.1.weight to lin4.model.1.weight",
            "https://github.com/richzhang/PerceptualSimilarity/blob/master/lpips/weights/v0.1/alex.pth",
            "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
            "torchmetrics (torchmetrics/functional/image/lpips_models/alex.pth) and lpips 0.1.4",
        ),
    ),
)  # fmt: skip
