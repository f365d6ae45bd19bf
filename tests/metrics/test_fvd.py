"""FVD with random weights of the published names and shapes, against plain functions and scipy's root."""

import numpy as np
import pytest
import torch
from test_fid import by_formula, enlarged, random_units
from torch.nn import functional as F

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.families import fvd
from talkface.metrics.networks.fitting import WeightsError
from talkface.metrics.networks.i3d import I3d, padded

STEM = {"Conv3d_1a_7x7": (64, 3, 7), "Conv3d_2b_1x1": (64, 64, 1), "Conv3d_2c_3x3": (192, 64, 3)}
MIXED = {
    "3b": (192, 64, 96, 128, 16, 32, 32), "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64), "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64), "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128), "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}  # fmt: skip


def shapes():
    """Name -> shape of each convolution of the published file: 58."""
    found = {name: (*pair, kernel, kernel, kernel) for name, (*pair, kernel) in STEM.items()}
    for name, (given, b0, b1a, b1b, b2a, b2b, b3b) in MIXED.items():
        units = {"b0": (b0, given, 1), "b1a": (b1a, given, 1), "b1b": (b1b, b1a, 3)}
        units |= {"b2a": (b2a, given, 1), "b2b": (b2b, b2a, 3), "b3b": (b3b, given, 1)}
        found.update({f"Mixed_{name}.{unit}": (*pair, *3 * (k,)) for unit, (*pair, k) in units.items()})
    return found | {"logits": (400, 1024, 1, 1, 1)}


@pytest.fixture(scope="module")
def state():
    units = {name: shape for name, shape in shapes().items() if name != "logits"}
    weight = torch.randn(shapes()["logits"], generator=torch.Generator().manual_seed(1)) / 32
    logits = {"logits.conv3d.weight": weight, "logits.conv3d.bias": torch.linspace(-1, 1, 400)}
    return logits | random_units(units, "conv3d")


class ByFunctions:
    """The published network on 16 frames of 224 pixels, whose paddings are then these numbers."""

    def __init__(self, state):
        self._state = state

    def unit(self, name, x, stride=1, pads=None):
        weight = self._state[f"{name}.conv3d.weight"]
        around = weight.shape[-1] // 2
        x = F.conv3d(F.pad(x, pads or 6 * (around,)), weight, stride=stride)
        parts = (
            self._state[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        mean, variance, gain, bias = (part[:, None, None, None] for part in parts)
        return F.relu((x - mean) / (variance + 0.001).sqrt() * gain + bias)

    def mixed(self, name, x):
        def unit(own, y):
            return self.unit(f"Mixed_{name}.{own}", y)

        around = F.max_pool3d(x, 3, 1, 1)
        parts = (unit("b0", x), unit("b1b", unit("b1a", x)), unit("b2b", unit("b2a", x)), unit("b3b", around))
        return torch.cat(parts, 1)

    def __call__(self, x):
        """[N, 3, 16, 224, 224] in [-1, 1] -> [N, 400]."""
        x = self.unit("Conv3d_1a_7x7", x, 2, (2, 3, 2, 3, 2, 3))
        x = F.max_pool3d(F.pad(x, (0, 1, 0, 1)), (1, 3, 3), (1, 2, 2))
        x = self.unit("Conv3d_2c_3x3", self.unit("Conv3d_2b_1x1", x))
        x = F.max_pool3d(F.pad(x, (0, 1, 0, 1)), (1, 3, 3), (1, 2, 2))
        x = self.mixed("3c", self.mixed("3b", x))
        x = F.max_pool3d(F.pad(x, (0, 1, 0, 1, 0, 1)), 3, 2)
        for name in ("4b", "4c", "4d", "4e", "4f"):
            x = self.mixed(name, x)
        x = self.mixed("5c", self.mixed("5b", F.max_pool3d(x, 2, 2)))
        assert x.shape[2:] == (2, 7, 7)
        weight, bias = (self._state[f"logits.conv3d.{part}"] for part in ("weight", "bias"))
        return x.mean((2, 3, 4)) @ weight[:, :, 0, 0, 0].T + bias


def test_fvd_is_the_distance_of_the_published_networks_logits(state):
    """Three clips of a window each and 4 frames more; a fourth that is shorter than a window."""
    rng, weights = np.random.default_rng(0), {"i3d": StateDict("0" * 64, state)}
    clips = []
    for number, length in enumerate((20, 20, 20, 15)):
        made, true = rng.integers(0, 255, (2, length, 112, 112, 3), dtype=np.uint8)
        true = np.sort(true, axis=number % 3)
        clips.append(Clip(f"s{number}/a", length, frames=made, true_frames=true, weights=weights))
    found = fvd.score(clips)

    network, sides = ByFunctions(state), []
    for kind in ("frames", "true_frames"):
        pictures = np.concatenate([getattr(clip, kind)[:16] for clip in clips[:3]]).astype(float)
        levels = torch.from_numpy(np.stack([enlarged(picture, 224) for picture in pictures])).float()
        wide = levels.unflatten(0, (3, 16)).permute(0, 4, 1, 2, 3)
        with torch.no_grad():
            sides.append(network(wide / 127.5 - 1).double().numpy())
    assert found["fvd"] == (pytest.approx(by_formula(*sides), rel=1e-3), 3)
    assert by_formula(*sides) > 1 and found["fvd_low"] == (None, 3)
    assert fvd.score(clips[3:]) == {"fvd": (None, 0)}
    same = [Clip(c.name, 20, frames=c.frames, true_frames=c.frames, weights=weights) for c in clips[:2]]
    assert fvd.score(same)["fvd"] == (pytest.approx(0, abs=1e-6), 2)


def test_its_names_and_shapes_are_the_published_ones(state):
    wanted = {f"{name}.conv3d.weight": shape for name, shape in shapes().items()}
    own = {name: tuple(value.shape) for name, value in I3d().state_dict().items() if value.ndim == 5}
    assert own == wanted and len(own) == 58
    fvd._network(StateDict("1" * 64, {f"module.{name}": value for name, value in state.items()}))
    with pytest.raises(WeightsError, match=r"metrics\.weights\.i3d: these are the weights of another"):
        fvd._network(StateDict("2" * 64, {name: state[name] for name in list(state)[:40]}))


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "before", "after"),
    [(16, 7, 2, 2, 3), (15, 7, 2, 3, 3), (8, 3, 2, 0, 1), (9, 3, 2, 1, 1), (4, 2, 2, 0, 0), (5, 1, 1, 0, 0)],
)
def test_it_is_filled_up_as_by_tensorflow(length, kernel, stride, before, after):
    x = torch.ones(1, 1, length, 1, 1)
    found = padded(x, (kernel, 1, 1), (stride, 1, 1)).flatten()
    assert found.tolist() == [0.0] * before + [1.0] * length + [0.0] * after
