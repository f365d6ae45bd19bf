"""AU-Attention: which pixels speech-related action units change (paper A; Pumarola et al. 2018, GANimation).

Legend: B batch, A action units (5), H, W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.network import Network

NUM_AUS = 5


def compose(image_B3HW: Tensor, colour_B3HW: Tensor, mask_B1HW: Tensor) -> Tensor:
    """The generator's picture: mask x image + (1 - mask) x colour. A mask near one keeps the input."""
    dtype = image_B3HW.dtype  # autocast leaves the heads in bfloat16
    return torch.lerp(colour_B3HW.to(dtype), image_B3HW, mask_B1HW.to(dtype))


def _normalised(*layers: nn.Module, channels: int) -> list[nn.Module]:
    return [*layers, nn.InstanceNorm2d(channels, affine=True)]


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_normalised(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), channels=channels),
            nn.ReLU(),
            *_normalised(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), channels=channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class AuGenerator(Network, name="au_attention"):
    """Image and target AUs to a colour picture and a mask.

    [own] No normalisation after the first convolution: the AUs are constant over the picture, and an
    instance norm would subtract all that they add there; only the zero padding at the borders would let them
    through.

    Args:
        width: channels of the trunk (64 in the paper); the residual blocks run at four times as many.
        residual_blocks: their number (6 in the paper).
    """

    def __init__(self, width: int = 64, residual_blocks: int = 6) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3 + NUM_AUS, width, 7, 1, 3), nn.ReLU()]
        for channels in (width, 2 * width):
            down = nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)
            layers += [*_normalised(down, channels=2 * channels), nn.ReLU()]
        layers += [_Residual(4 * width) for _ in range(residual_blocks)]
        for channels in (4 * width, 2 * width):
            up = nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False)
            layers += [*_normalised(up, channels=channels // 2), nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        self.colour = nn.Conv2d(width, 3, 7, 1, 3, bias=False)
        self.mask = nn.Conv2d(width, 1, 7, 1, 3, bias=False)

    def forward(self, image_B3HW: Tensor, au_BA: Tensor) -> tuple[Tensor, Tensor]:
        """Image in [-1, 1] and intensities / 5 [B, 5] -> colour [B, 3, H, W] in (-1, 1), mask [B, 1, H, W]
        in (0, 1).

        Raises:
            ValueError: sides that are not multiples of four.
        """
        height, width = image_B3HW.shape[2:]
        if height % 4 or width % 4:
            raise ValueError(f"AU-Attention: image sides {height} x {width} must be multiples of 4")
        au_BAHW = au_BA.to(image_B3HW.dtype)[:, :, None, None].expand(-1, -1, height, width)
        features = self.trunk(torch.cat([image_B3HW, au_BAHW], dim=1))
        return torch.tanh(self.colour(features)), torch.sigmoid(self.mask(features))


class AuCritic(Network):
    """Stride-2 convolutions, then a patch score (no sigmoid: Wasserstein) and the AUs of the whole picture.

    Odd sizes round up: 112 -> 56 -> 28 -> 14 -> 7 -> 4 -> 2 with six layers.

    Args:
        width: channels of the first layer (64 in the paper), doubled by each next one.
        layers: their number (6 in the paper).
        image_size: side of the picture in pixels.
    """

    def __init__(self, width: int = 64, layers: int = 6, image_size: int = 112) -> None:
        super().__init__()
        channels, size = 3, image_size
        self.convolutions = nn.ModuleList()
        for level in range(layers):
            after = width * 2**level
            self.convolutions.append(nn.Conv2d(channels, after, 4, 2, 1))
            channels, size = after, (size + 1) // 2
        self.patches = nn.Conv2d(channels, 1, 3, 1, 1, bias=False)
        self.aus = nn.Conv2d(channels, NUM_AUS, size, bias=False)

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, image_size, image_size] -> (patch scores [B, h, w], intensities / 5 [B, 5])."""
        h = image_B3HW
        for convolution in self.convolutions:
            h = F.leaky_relu(convolution(F.pad(h, (0, h.shape[3] % 2, 0, h.shape[2] % 2))), 0.01)
        return self.patches(h)[:, 0], self.aus(h)[:, :, 0, 0]
