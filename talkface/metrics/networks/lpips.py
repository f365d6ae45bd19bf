"""LPIPS on AlexNet, and its shift-tolerant kin, under the names and shapes of their authors' files.

Shapes: N pictures, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_WIDTHS = (64, 192, 384, 256, 256)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON = 1.0e-10
_TRUNK = {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}
"""Torchvision's places of AlexNet's convolutions -> the slice of ours."""


class Lpips(nn.Module):
    """Weighted distance of AlexNet's maps after each of five ReLUs (Zhang et al. 2018, version 0.1)."""

    def __init__(self) -> None:
        super().__init__()
        self.scaling_layer = _Scaling()
        self.net = self.trunk()
        for number, width in enumerate(_WIDTHS):
            self.add_module(f"lin{number}", _Head(width))

    def trunk(self) -> nn.Module:
        """AlexNet in five slices."""
        layers = [
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
        ]  # fmt: skip
        return _Sliced(layers, (0, 2, 5, 8, 10, 12))

    def forward(self, first_N3HW: Tensor, second_N3HW: Tensor) -> Tensor:
        """Two batches in [-1, 1] -> their distances ``[N]``; 0 for equal pictures."""
        maps = [self.net(self.scaling_layer(image_N3HW)) for image_N3HW in (first_N3HW, second_N3HW)]
        total_N = first_N3HW.new_zeros(len(first_N3HW))
        for number, (first_NCHW, second_NCHW) in enumerate(zip(*maps, strict=True)):
            difference_NCHW = (_unit(first_NCHW) - _unit(second_NCHW)) ** 2
            head = self.get_submodule(f"lin{number}")
            total_N = total_N + head(difference_NCHW).mean(dim=(1, 2, 3))
        return total_N


class ShiftTolerantLpips(Lpips):
    """The same on an AlexNet whose strides are blurred (Ghildyal and Liu 2022)."""

    def trunk(self) -> nn.Module:
        """AlexNet with stride 1 and a blur with stride 2 in the place of each stride."""
        layers = [
            nn.Conv2d(3, 64, 11, 1, 2), _Blur(64), nn.ReLU(), nn.MaxPool2d(3, 1), _Blur(64),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 1), _Blur(192),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
        ]  # fmt: skip
        return _Sliced(layers, (0, 3, 7, 11, 13, 15))


def lpips_tensors(trunk: Mapping[str, Any], heads: Mapping[str, Any]) -> dict[str, Any]:
    """:class:`Lpips`' tensors from torchvision's AlexNet and from LPIPS' own file of heads."""
    found = dict(Lpips().scaling_layer.state_dict(prefix="scaling_layer."))
    for name, value in trunk.items():
        if not name.startswith("classifier."):
            kind, place, rest = [*name.split(".", 2), "", ""][:3]
            slice_ = _TRUNK.get(int(place)) if kind == "features" and place.isdigit() else None
            found[name if slice_ is None else f"net.slice{slice_}.{place}.{rest}"] = value
    return found | dict(heads)


class _Sliced(nn.Module):
    """Layers in five slices, each layer under its place among all."""

    def __init__(self, layers: Sequence[nn.Module], edges: Sequence[int]) -> None:
        super().__init__()
        for number in range(1, len(edges)):
            slice_ = nn.Sequential()
            for place in range(edges[number - 1], edges[number]):
                slice_.add_module(str(place), layers[place])
            self.add_module(f"slice{number}", slice_)

    def forward(self, image_N3HW: Tensor) -> list[Tensor]:
        maps = []
        for slice_ in self.children():
            image_N3HW = slice_(image_N3HW)
            maps.append(image_N3HW)
        return maps


class _Scaling(nn.Module):
    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(_SHIFT)[None, :, None, None])
        self.register_buffer("scale", torch.tensor(_SCALE)[None, :, None, None])

    def forward(self, image_N3HW: Tensor) -> Tensor:
        return (image_N3HW - self.shift) / self.scale


class _Head(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(width, 1, 1, bias=False))

    def forward(self, difference_NCHW: Tensor) -> Tensor:
        return self.model(difference_NCHW)


class _Blur(nn.Module):
    """A binomial blur of three pixels with stride 2; two pixels are mirrored at each edge."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0])
        kernel = line[:, None] * line[None]
        self.register_buffer("filt", (kernel / kernel.sum())[None, None].repeat(channels, 1, 1, 1))

    def forward(self, map_NCHW: Tensor) -> Tensor:
        padded = F.pad(map_NCHW, (2, 2, 2, 2), mode="reflect")
        return F.conv2d(padded, self.filt, stride=2, groups=map_NCHW.shape[1])


def _unit(map_NCHW: Tensor) -> Tensor:
    return map_NCHW / (map_NCHW.pow(2).sum(dim=1, keepdim=True).sqrt() + _EPSILON)
