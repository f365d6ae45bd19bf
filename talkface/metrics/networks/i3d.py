"""I3D (Carreira and Zisserman 2017) as the Fréchet video distance uses it: Inception-v1 in space and time.

Blocks and names are those of the PyTorch copies of DeepMind's network, trained on Kinetics-400.

Shapes: N windows of a film, T frames, H rows, W columns, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.metrics.networks.inception import resized

CLASSES = 400
SIDE = 224

_POOLS: Mapping[str, tuple[Sequence[int], Sequence[int]]] = {
    "Conv3d_1a_7x7": ((1, 3, 3), (1, 2, 2)),
    "Conv3d_2c_3x3": ((1, 3, 3), (1, 2, 2)),
    "Mixed_3c": ((3, 3, 3), (2, 2, 2)),
    "Mixed_4f": ((2, 2, 2), (2, 2, 2)),
}
"""Kernel and stride of the pool that follows a block."""
_STEM = {
    "Conv3d_1a_7x7": (3, 64, 7, 2),
    "Conv3d_2b_1x1": (64, 64, 1, 1),
    "Conv3d_2c_3x3": (64, 192, 3, 1),
}  # channels before and after, kernel, stride
_BLOCKS = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}
"""Channels of b0, b1a, b1b, b2a, b2b and b3b."""


class _Unit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(before, after, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(after, eps=0.001)

    def forward(self, x_NCTHW: Tensor) -> Tensor:
        x_NCTHW = padded(x_NCTHW, self.conv3d.kernel_size, self.conv3d.stride)
        return F.relu(self.bn(self.conv3d(x_NCTHW)))


class _Block(nn.Module):
    """Four branches side by side."""

    def __init__(self, before: int, widths: Sequence[int]) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0 = _Unit(before, b0)
        self.b1a, self.b1b = _Unit(before, b1a), _Unit(b1a, b1b, 3)
        self.b2a, self.b2b = _Unit(before, b2a), _Unit(b2a, b2b, 3)
        self.b3b = _Unit(before, b3b)
        self.width = b0 + b1b + b2b + b3b

    def forward(self, x_NCTHW: Tensor) -> Tensor:
        most_NCTHW = F.max_pool3d(padded(x_NCTHW, (3, 3, 3), (1, 1, 1)), 3, 1)
        branches = (
            self.b0(x_NCTHW),
            self.b1b(self.b1a(x_NCTHW)),
            self.b2b(self.b2a(x_NCTHW)),
            self.b3b(most_NCTHW),
        )
        return torch.cat(branches, dim=1)


class _Logits(nn.Module):
    def __init__(self, before: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(before, CLASSES, 1)

    def forward(self, x_NCTHW: Tensor) -> Tensor:
        return self.conv3d(x_NCTHW)


class I3d(nn.Module):
    """The classes' logits of windows of films, mean over their time."""

    def __init__(self) -> None:
        super().__init__()
        for name, own in _STEM.items():
            self.add_module(name, _Unit(*own))
        channels = _STEM["Conv3d_2c_3x3"][1]
        for name, widths in _BLOCKS.items():
            block = _Block(channels, widths)
            self.add_module(name, block)
            channels = block.width
        self.logits = _Logits(channels)

    def forward(self, window_NT3HW: Tensor) -> Tensor:
        """[N, T, 3, H, W] in [0, 1], at least nine frames -> ``[N, 400]``.

        Frames are made 224 pixels wide as by TensorFlow 1 and brought to [-1, 1], as in the code of the
        distance's authors.
        """
        wide_MCHW = resized(window_NT3HW.flatten(0, 1), SIDE)
        x_NCTHW = 2 * wide_MCHW.unflatten(0, window_NT3HW.shape[:2]).transpose(1, 2) - 1
        for name in (*_STEM, *_BLOCKS):
            x_NCTHW = self.get_submodule(name)(x_NCTHW)
            if name in _POOLS:
                kernel, stride = _POOLS[name]
                x_NCTHW = F.max_pool3d(padded(x_NCTHW, kernel, stride), tuple(kernel), tuple(stride))
        x_NCTHW = F.avg_pool3d(x_NCTHW, (2, 7, 7), 1)
        return self.logits(x_NCTHW).mean(dim=(2, 3, 4))


def padded(x_NCTHW: Tensor, kernel: Sequence[int], stride: Sequence[int]) -> Tensor:
    """Filled up with zeros as TensorFlow's "SAME" does: as many places as strides begin, odd ones behind."""
    sides: list[int] = []
    for length, reach, step in zip(x_NCTHW.shape[2:], kernel, stride, strict=True):
        lacking = max(reach - (length % step or step), 0)
        sides = [lacking // 2, lacking - lacking // 2, *sides]
    return F.pad(x_NCTHW, sides)


def i3d_tensors(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """:class:`I3d`'s tensors from a file of a copy, which may have put it into ``nn.DataParallel``."""
    return {name.removeprefix("module."): value for name, value in tensors.items()}
