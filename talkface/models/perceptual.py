"""Features for the perceptual loss: VGG-19 (papers B and C) or, without its weights, our own encoder's.

Legend: N pictures, H and W rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from talkface.models.autoencoder import VQAutoencoder

_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""VGG-19's blocks (Simonyan and Zisserman 2015, table 1, column E): channels, convolutions."""


class Vgg19Features(nn.Module):
    """VGG-19's convolutions; gives the last ReLU of each block: relu1_2, 2_2, 3_4, 4_4, 5_4 [own].

    Its weights carry torchvision's names (``features.0.weight`` to ``features.34.bias``), so that
    torchvision's file fits once the classifier is left out. Without a file it is as good as random:
    ``talkface.training.pretrained`` loads one.
    """

    mean_3: Tensor
    deviation_3: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width, convolutions in _BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])  # nothing looks at the last pool
        # ImageNet's statistics, on which torchvision's weights were trained.
        self.register_buffer("mean_3", torch.tensor([0.485, 0.456, 0.406]), persistent=False)
        self.register_buffer("deviation_3", torch.tensor([0.229, 0.224, 0.225]), persistent=False)

    def forward(self, image_N3HW: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in [-1, 1], H and W at least 16 -> five maps [N, c, h, w], the largest first."""
        unit_N3HW = 0.5 * image_N3HW + 0.5
        h_NCHW = (unit_N3HW - self.mean_3[:, None, None]) / self.deviation_3[:, None, None]
        maps = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(h_NCHW)
            h_NCHW = layer(h_NCHW)
        return [*maps, h_NCHW]


class EncoderFeatures(nn.Module):
    """The stand-in [own]: what the trained autoencoder's encoder knows of a picture, one map a level.

    It stops before the attention at the bottom. The layers are the autoencoder's own, not copies.
    """

    def __init__(self, autoencoder: VQAutoencoder) -> None:
        super().__init__()
        self.conv_in = autoencoder.encoder.conv_in
        self.levels = autoencoder.encoder.levels

    def forward(self, image_N3HW: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in [-1, 1] -> maps [N, c, h, w], the largest first: one before each halving, and the
        last."""
        h_NCHW = self.conv_in(image_N3HW)
        maps = []
        for layer in self.levels:
            if isinstance(layer, nn.Conv2d):  # the halving between two levels
                maps.append(h_NCHW)
            h_NCHW = layer(h_NCHW)
        return [*maps, h_NCHW]
