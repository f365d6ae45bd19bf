"""FID with random weights of the published names and shapes, against plain functions and scipy's root."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch.nn import functional as F

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.families import fid
from talkface.metrics.networks.fitting import WeightsError
from talkface.metrics.networks.inception import Inception, resized

STEM = {"Conv2d_1a_3x3": (32, 3, 3, 3), "Conv2d_2a_3x3": (32, 32, 3, 3), "Conv2d_2b_3x3": (64, 32, 3, 3),
        "Conv2d_3b_1x1": (80, 64, 1, 1), "Conv2d_4a_3x3": (192, 80, 3, 3)}  # fmt: skip
TALL, WIDE = (7, 1), (1, 7)


def shapes():
    """Name -> shape of each convolution of the published file: 94."""
    found = dict(STEM)

    def put(block, **convs):
        found.update({f"{block}.{name}": shape for name, shape in convs.items()})

    for block, inner, pooled in (("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)):
        put(
            block, branch1x1=(64, inner, 1, 1), branch5x5_1=(48, inner, 1, 1), branch5x5_2=(64, 48, 5, 5),
            branch3x3dbl_1=(64, inner, 1, 1), branch3x3dbl_2=(96, 64, 3, 3), branch3x3dbl_3=(96, 96, 3, 3),
            branch_pool=(pooled, inner, 1, 1),
        )  # fmt: skip
    put(
        "Mixed_6a", branch3x3=(384, 288, 3, 3), branch3x3dbl_1=(64, 288, 1, 1),
        branch3x3dbl_2=(96, 64, 3, 3), branch3x3dbl_3=(96, 96, 3, 3),
    )  # fmt: skip
    for block, c in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        put(
            block, branch1x1=(192, 768, 1, 1), branch7x7_1=(c, 768, 1, 1), branch7x7_2=(c, c, *WIDE),
            branch7x7_3=(192, c, *TALL), branch7x7dbl_1=(c, 768, 1, 1), branch7x7dbl_2=(c, c, *TALL),
            branch7x7dbl_3=(c, c, *WIDE), branch7x7dbl_4=(c, c, *TALL), branch7x7dbl_5=(192, c, *WIDE),
            branch_pool=(192, 768, 1, 1),
        )  # fmt: skip
    put(
        "Mixed_7a", branch3x3_1=(192, 768, 1, 1), branch3x3_2=(320, 192, 3, 3),
        branch7x7x3_1=(192, 768, 1, 1), branch7x7x3_2=(192, 192, *WIDE), branch7x7x3_3=(192, 192, *TALL),
        branch7x7x3_4=(192, 192, 3, 3),
    )  # fmt: skip
    for block, inner in (("Mixed_7b", 1280), ("Mixed_7c", 2048)):
        put(
            block, branch1x1=(320, inner, 1, 1), branch3x3_1=(384, inner, 1, 1),
            branch3x3_2a=(384, 384, 1, 3), branch3x3_2b=(384, 384, 3, 1), branch3x3dbl_1=(448, inner, 1, 1),
            branch3x3dbl_2=(384, 448, 3, 3), branch3x3dbl_3a=(384, 384, 1, 3),
            branch3x3dbl_3b=(384, 384, 3, 1), branch_pool=(192, inner, 1, 1),
        )  # fmt: skip
    return found


def random_units(shapes, convolution):
    """Tensors of convolutions of these shapes by their names, each with its batch normalisation."""
    rng, tensors = torch.Generator().manual_seed(0), {}
    for name, shape in shapes.items():
        deviation = (2 / np.prod(shape[1:])) ** 0.5
        tensors[f"{name}.{convolution}.weight"] = (torch.randn(shape, generator=rng) * deviation).float()
        tensors[f"{name}.bn.weight"] = torch.rand(shape[0], generator=rng) + 0.5
        tensors[f"{name}.bn.bias"] = torch.randn(shape[0], generator=rng) * 0.1
        tensors[f"{name}.bn.running_mean"] = torch.randn(shape[0], generator=rng) * 0.1
        tensors[f"{name}.bn.running_var"] = torch.rand(shape[0], generator=rng) + 0.5
    return tensors


@pytest.fixture(scope="module")
def state():
    classes = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    return classes | random_units(shapes(), "conv")


class ByFunctions:
    """The published network, block by block as its authors' PyTorch code writes it down."""

    def __init__(self, state):
        self._state = state

    def unit(self, name, x, stride=1, padding=0):
        weight = self._state[f"{name}.conv.weight"]
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        parts = (
            self._state[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        mean, variance, gain, bias = (part[:, None, None] for part in parts)
        return F.relu((x - mean) / (variance + 0.001).sqrt() * gain + bias)

    def chain(self, block, x, *steps):
        for name, *where in steps:
            x = self.unit(f"{block}.{name}", x, *where)
        return x

    def fine(self, block, x):
        mean = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        double = (("branch3x3dbl_1",), ("branch3x3dbl_2", 1, 1), ("branch3x3dbl_3", 1, 1))
        return torch.cat(
            [
                self.chain(block, x, ("branch1x1",)),
                self.chain(block, x, ("branch5x5_1",), ("branch5x5_2", 1, 2)),
                self.chain(block, x, *double),
                self.chain(block, mean, ("branch_pool",)),
            ],
            1,
        )

    def middle(self, block, x):
        mean, wide, tall = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), (0, 3), (3, 0)
        double = ((f"branch7x7dbl_{n}", 1, tall if n % 2 == 0 else wide) for n in range(2, 6))
        return torch.cat(
            [
                self.chain(block, x, ("branch1x1",)),
                self.chain(block, x, ("branch7x7_1",), ("branch7x7_2", 1, wide), ("branch7x7_3", 1, tall)),
                self.chain(block, x, ("branch7x7dbl_1",), *double),
                self.chain(block, mean, ("branch_pool",)),
            ],
            1,
        )

    def coarse(self, block, x, pooled):
        single = self.chain(block, x, ("branch3x3_1",))
        double = self.chain(block, x, ("branch3x3dbl_1",), ("branch3x3dbl_2", 1, 1))
        return torch.cat(
            [
                self.chain(block, x, ("branch1x1",)),
                self.chain(block, single, ("branch3x3_2a", 1, (0, 1))),
                self.chain(block, single, ("branch3x3_2b", 1, (1, 0))),
                self.chain(block, double, ("branch3x3dbl_3a", 1, (0, 1))),
                self.chain(block, double, ("branch3x3dbl_3b", 1, (1, 0))),
                self.chain(block, pooled, ("branch_pool",)),
            ],
            1,
        )

    def __call__(self, levels):
        """Grey levels 0 to 255 [N, 3, 299, 299] -> [N, 2048]."""
        x = (levels - 128) / 128
        x = self.unit("Conv2d_2a_3x3", self.unit("Conv2d_1a_3x3", x, 2))
        x = F.max_pool2d(self.unit("Conv2d_2b_3x3", x, 1, 1), 3, 2)
        x = F.max_pool2d(self.unit("Conv2d_4a_3x3", self.unit("Conv2d_3b_1x1", x)), 3, 2)
        for block in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            x = self.fine(block, x)
        half = (("branch3x3dbl_1",), ("branch3x3dbl_2", 1, 1), ("branch3x3dbl_3", 2))
        x = torch.cat(
            [
                self.chain("Mixed_6a", x, ("branch3x3", 2)),
                self.chain("Mixed_6a", x, *half),
                F.max_pool2d(x, 3, 2),
            ],
            1,
        )
        for block in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = self.middle(block, x)
        seven = (("branch7x7x3_2", 1, (0, 3)), ("branch7x7x3_3", 1, (3, 0)), ("branch7x7x3_4", 2))
        x = torch.cat(
            [
                self.chain("Mixed_7a", x, ("branch3x3_1",), ("branch3x3_2", 2)),
                self.chain("Mixed_7a", x, ("branch7x7x3_1",), *seven),
                F.max_pool2d(x, 3, 2),
            ],
            1,
        )
        x = self.coarse("Mixed_7b", x, F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
        x = self.coarse("Mixed_7c", x, F.max_pool2d(x, 3, 1, 1))
        return x.mean((2, 3))


def enlarged(picture_HW3, side=299):
    """TensorFlow 1's bilinear resizing to so many pixels, line by line in one direction after the other."""
    for axis in (0, 1):
        length = picture_HW3.shape[axis]
        lines = []
        for place in range(side):
            low = int(place * length / side)
            one, two = (np.take(picture_HW3, min(at, length - 1), axis) for at in (low, low + 1))
            lines.append(one + (two - one) * (place * length / side - low))
        picture_HW3 = np.stack(lines, axis)
    return picture_HW3


def by_formula(first, second):
    """Fréchet distance of few frames: the trace of the root is that of a matrix of frames by frames."""
    one, two = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (first, second))
    root = np.real(sqrtm(one @ two.T @ two @ one.T))
    return (
        ((first.mean(0) - second.mean(0)) ** 2).sum() + (one**2).sum() + (two**2).sum() - 2 * np.trace(root)
    )


def test_pictures_are_enlarged_as_by_tensorflow_1():
    picture = np.random.default_rng(0).uniform(0, 255, (40, 31, 3))
    found = resized(torch.from_numpy(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.allclose(found.numpy(), enlarged(picture), atol=1e-3)
    plain = F.interpolate(torch.from_numpy(picture).permute(2, 0, 1)[None], (299, 299), mode="bilinear")
    assert not np.allclose(plain[0].permute(1, 2, 0).numpy(), enlarged(picture), atol=1), "as PyTorch does it"


def test_fid_is_the_distance_of_the_published_networks_features(state):
    rng = np.random.default_rng(0)
    clips = []
    for number in range(2):
        made, true = rng.integers(0, 255, (2, 6, 112, 112, 3), dtype=np.uint8)
        weights = {"inception": StateDict("0" * 64, state)}
        clips.append(Clip(f"s{number}/a", 6, frames=made, true_frames=true // (number + 1), weights=weights))
    found = fid.score(clips)

    network, sides = ByFunctions(state), []
    for kind in ("frames", "true_frames"):
        pictures = np.concatenate([getattr(clip, kind)[[0, 5]] for clip in clips]).astype(float)
        levels = torch.from_numpy(np.stack([enlarged(picture) for picture in pictures])).float()
        sides.append(network(levels.permute(0, 3, 1, 2)).double().numpy())
    assert found["fid"] == (pytest.approx(by_formula(*sides), rel=1e-3), 4)
    assert by_formula(*sides) > 1 and found["fid_low"] == (None, 4)


def test_its_names_and_shapes_are_the_published_ones(state):
    wanted = {f"{name}.conv.weight": shape for name, shape in shapes().items()}
    own = {name: tuple(value.shape) for name, value in Inception().state_dict().items() if value.ndim == 4}
    assert own == wanted and len(own) == 94
    with pytest.raises(WeightsError, match=r"metrics\.weights\.inception: these are the weights of another"):
        fid._network(StateDict("1" * 64, {name: state[name] for name in list(state)[:40]}))
