"""VGG-16's convolutions: torchvision's own training, or its authors' weights as Keras names them.

Shapes: N pictures, H rows, W columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and convolutions of each block (Simonyan and Zisserman 2015, table 1, column D)."""
_KERAS = re.compile(r"block([1-5])_conv([1-3])\w*/(convolution/ReadVariableOp|Squeeze):0$")


class Vgg16(nn.Module):
    """The mean over the picture of the last convolution's map: 512 numbers.

    Args:
        caffe: the pictures are prepared as for the authors' weights: blue first, 0 to 255, less a mean.
            Otherwise as for torchvision's: over ImageNet's mean and deviation.
    """

    mean_3: Tensor
    deviation_3: Tensor

    def __init__(self, caffe: bool = False) -> None:
        super().__init__()
        self.caffe = caffe
        layers: list[nn.Module] = []
        channels = 3
        for width, convolutions in _BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        mean = [123.68, 116.779, 103.939] if caffe else [0.485, 0.456, 0.406]
        deviation = [1.0] * 3 if caffe else [0.229, 0.224, 0.225]
        self.register_buffer("mean_3", torch.tensor(mean), persistent=False)
        self.register_buffer("deviation_3", torch.tensor(deviation), persistent=False)

    def forward(self, image_N3HW: Tensor) -> Tensor:
        """[N, 3, H, W] in [0, 1], H and W at least 16 -> ``[N, 512]``."""
        scaled_N3HW = image_N3HW * 255 if self.caffe else image_N3HW
        ready_N3HW = (scaled_N3HW - self.mean_3[:, None, None]) / self.deviation_3[:, None, None]
        if self.caffe:
            ready_N3HW = ready_N3HW.flip(1)
        return self.features(ready_N3HW).mean(dim=(2, 3))


def vgg16_tensors(tensors: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """:class:`Vgg16`'s tensors from a file, and whether they are the authors' (Keras' names)."""
    places = [place for place, layer in enumerate(Vgg16().features) if isinstance(layer, nn.Conv2d)]
    before = [sum(count for _, count in _BLOCKS[:block]) for block in range(len(_BLOCKS))]
    named = {}
    for name, value in tensors.items():
        found = _KERAS.search(name)
        if found is not None:
            place = places[before[int(found[1]) - 1] + int(found[2]) - 1]
            named[f"features.{place}.{'bias' if found[3] == 'Squeeze' else 'weight'}"] = value
    if named:
        return named, True
    return {name: value for name, value in tensors.items() if not name.startswith("classifier.")}, False
