"""Inception-v3 (Szegedy et al. 2016) as the Fréchet Inception distance uses it.

Google's training of 2015-12-05: blocks and names are those of ``pt_inception-2015-12-05-6726825d.pth``. It
differs from torchvision's own training in the pools, the resizing and the classes.

Shapes: N pictures, H rows, W columns, C channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 2048
SIDE = 299


@dataclass(frozen=True)
class _Conv:
    """A convolution by its name in the file."""

    name: str
    width: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    """2: without padding, which halves the map."""


@dataclass(frozen=True)
class _Branch:
    """Convolutions one after the other, behind a pool."""

    convs: tuple[_Conv, ...] = ()
    pool: str = ""
    """"mean" or "most" of 3 x 3, the edge left out; "half": the most of every second 3 x 3."""
    fork: tuple[_Conv, ...] = ()
    """Side by side after the last of ``convs``."""


def _branch(*convs: tuple[Any, ...], pool: str = "", fork: Iterable[tuple[Any, ...]] = ()) -> _Branch:
    return _Branch(tuple(_Conv(*own) for own in convs), pool, tuple(_Conv(*own) for own in fork))


_BY_3, _BY_7 = ((1, 3), (3, 1)), ((1, 7), (7, 1))
_DOUBLE = (("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3))


def _fine(pooled: int) -> tuple[_Branch, ...]:
    return (
        _branch(("branch1x1", 64)),
        _branch(("branch5x5_1", 48), ("branch5x5_2", 64, 5)),
        _branch(*_DOUBLE, ("branch3x3dbl_3", 96, 3)),
        _branch(("branch_pool", pooled), pool="mean"),
    )


def _middle(inner: int) -> tuple[_Branch, ...]:
    row, column = _BY_7
    double = ((inner, 1), (inner, column), (inner, row), (inner, column), (192, row))
    return (
        _branch(("branch1x1", 192)),
        _branch(("branch7x7_1", inner), ("branch7x7_2", inner, row), ("branch7x7_3", 192, column)),
        _branch(*((f"branch7x7dbl_{place}", *own) for place, own in enumerate(double, start=1))),
        _branch(("branch_pool", 192), pool="mean"),
    )


def _coarse(pool: str) -> tuple[_Branch, ...]:
    row, column = _BY_3
    return (
        _branch(("branch1x1", 320)),
        _branch(
            ("branch3x3_1", 384), fork=(("branch3x3_2a", 384, row), ("branch3x3_2b", 384, column))
        ),
        _branch(
            ("branch3x3dbl_1", 448), ("branch3x3dbl_2", 384, 3),
            fork=(("branch3x3dbl_3a", 384, row), ("branch3x3dbl_3b", 384, column)),
        ),
        _branch(("branch_pool", 192), pool=pool),
    )  # fmt: skip


_STEM: tuple[tuple[_Conv, int], ...] = (
    (_Conv("Conv2d_1a_3x3", 32, 3, 2), 0), (_Conv("Conv2d_2a_3x3", 32, 3), 0),
    (_Conv("Conv2d_2b_3x3", 64, 3), 1), (_Conv("Conv2d_3b_1x1", 80), 0), (_Conv("Conv2d_4a_3x3", 192, 3), 0),
)  # fmt: skip
"""Convolutions before the blocks, with their padding."""
_HALVED_AFTER = ("Conv2d_2b_3x3", "Conv2d_4a_3x3")
_BLOCKS: Mapping[str, Sequence[_Branch]] = {
    "Mixed_5b": _fine(32), "Mixed_5c": _fine(64), "Mixed_5d": _fine(64),
    "Mixed_6a": (
        _branch(("branch3x3", 384, 3, 2)),
        _branch(*_DOUBLE, ("branch3x3dbl_3", 96, 3, 2)),
        _branch(pool="half"),
    ),
    "Mixed_6b": _middle(128), "Mixed_6c": _middle(160), "Mixed_6d": _middle(160), "Mixed_6e": _middle(192),
    "Mixed_7a": (
        _branch(("branch3x3_1", 192), ("branch3x3_2", 320, 3, 2)),
        _branch(
            ("branch7x7x3_1", 192), ("branch7x7x3_2", 192, _BY_7[0]), ("branch7x7x3_3", 192, _BY_7[1]),
            ("branch7x7x3_4", 192, 3, 2),
        ),
        _branch(pool="half"),
    ),
    "Mixed_7b": _coarse("mean"), "Mixed_7c": _coarse("most"),
}  # fmt: skip


class _Unit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, own: _Conv, padding: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, own.width, own.kernel, own.stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(own.width, eps=0.001)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x_NCHW)))


class _Block(nn.Module):
    """Branches side by side."""

    def __init__(self, channels: int, branches: Sequence[_Branch]) -> None:
        super().__init__()
        self._branches = branches
        self.width = 0
        for branch in branches:
            inner = channels
            for own in branch.convs:
                self.add_module(own.name, _Unit(inner, own, _same(own)))
                inner = own.width
            for own in branch.fork:
                self.add_module(own.name, _Unit(inner, own, _same(own)))
            self.width += sum(own.width for own in branch.fork) or inner

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.cat([part for branch in self._branches for part in self._parts(branch, x_NCHW)], dim=1)

    def _parts(self, branch: _Branch, x_NCHW: Tensor) -> list[Tensor]:
        if branch.pool:
            x_NCHW = _pooled(branch.pool, x_NCHW)
        for own in branch.convs:
            x_NCHW = self.get_submodule(own.name)(x_NCHW)
        return [self.get_submodule(own.name)(x_NCHW) for own in branch.fork] or [x_NCHW]


def _same(own: _Conv) -> tuple[int, int]:
    """The padding that keeps a map's size; none where it is halved."""
    if own.stride == 2:
        return 0, 0
    rows, columns = (own.kernel, own.kernel) if isinstance(own.kernel, int) else own.kernel
    return rows // 2, columns // 2


def _pooled(kind: str, x_NCHW: Tensor) -> Tensor:
    if kind == "half":
        return F.max_pool2d(x_NCHW, 3, 2)
    if kind == "most":
        return F.max_pool2d(x_NCHW, 3, 1, 1)
    return F.avg_pool2d(x_NCHW, 3, 1, 1, count_include_pad=False)


class Inception(nn.Module):
    """The mean over the picture of the last block's map: 2048 numbers."""

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for own, padding in _STEM:
            self.add_module(own.name, _Unit(channels, own, (padding, padding)))
            channels = own.width
        for name, branches in _BLOCKS.items():
            block = _Block(channels, branches)
            self.add_module(name, block)
            channels = block.width

    def forward(self, image_N3HW: Tensor) -> Tensor:
        """[N, 3, H, W] in [0, 1], uint8 levels over 255 -> ``[N, 2048]``."""
        x_NCHW = (resized(image_N3HW * 255) - 128) / 128
        for own, _ in _STEM:
            x_NCHW = self.get_submodule(own.name)(x_NCHW)
            if own.name in _HALVED_AFTER:
                x_NCHW = F.max_pool2d(x_NCHW, 3, 2)
        for name in _BLOCKS:
            x_NCHW = self.get_submodule(name)(x_NCHW)
        return x_NCHW.mean(dim=(2, 3))


def resized(image_NCHW: Tensor, side: int = SIDE) -> Tensor:
    """To ``side`` x ``side``, bilinear as in TensorFlow 1: pixel 0 stays at 0, and the last one is held."""
    for dim in (2, 3):
        length = image_NCHW.shape[dim]
        place_S = torch.arange(side, dtype=image_NCHW.dtype) * (length / side)
        low_S = place_S.long()
        high_S = (low_S + 1).clamp_max(length - 1)
        share_S = (place_S - low_S).view(-1, *[1] * (3 - dim))
        low, high = image_NCHW.index_select(dim, low_S), image_NCHW.index_select(dim, high_S)
        image_NCHW = low + (high - low) * share_S
    return image_NCHW


def inception_tensors(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """:class:`Inception`'s tensors from the file, which has those of its classes too."""
    return {name: value for name, value in tensors.items() if not name.startswith("fc.")}
